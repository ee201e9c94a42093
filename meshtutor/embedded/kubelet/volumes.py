"""A pod's volumes as directories under the pod's own, and where containers find them.

There is no root and there are no mount namespaces, so nothing can appear at `/etc/config`. Instead a
container's command, arguments and environment are rewritten: wherever a `mountPath` (or a path below it)
stands, the volume's real path comes in its place. A program that has a mount path built in does not find it;
one that is told it does.

ConfigMaps, Secrets, downward API and projected volumes are written as Kubernetes' atomic writer does it
(pkg/volume/util/atomic_writer.go): files are links into `..data`, itself a link that is swapped, so that a
reader sees all of an update or nothing of it. A `subPath` is copied when the container starts and not updated
after, as there.

Left out: persistent volumes, hostPath, CSI and all others (refused with a FailedMount event); service account
tokens in projected volumes; file ownership (`fsGroup`); `mountPropagation`; read-only mounts are not
enforced.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from meshtutor.embedded.kubelet.environment import Lookup, data_of, field
from meshtutor.embedded.kubelet.place import Place
from meshtutor.errors import MeshtutorError

_DATA = "..data"
_SUPPORTED = ("configMap", "secret", "emptyDir", "downwardAPI", "projected")
Files = dict[str, tuple[bytes, int]]
"""Relative path -> content and mode."""


def materialise(place: Place, lookup: Lookup) -> None:
    """Write or update all volumes of the pod; MeshtutorError if one cannot be had (yet)."""
    for volume in place.pod["spec"].get("volumes") or ():
        directory = _directory(place, volume["name"])
        directory.mkdir(parents=True, exist_ok=True)
        kind = next((k for k in volume if k in _SUPPORTED), None)
        if kind is None:
            named = ", ".join(k for k in volume if k != "name") or "nothing"
            raise MeshtutorError(
                f"volume {volume['name']!r} is of a kind that the embedded cluster does not have: {named}",
                f"Use one of {', '.join(_SUPPORTED)}.",
            )
        if kind != "emptyDir":
            _write_atomically(directory, _files({kind: volume[kind]}, place, lookup))


def references(pod: Mapping[str, Any]) -> set[tuple[str, str]]:
    """("ConfigMap" or "Secret", name) of all that the pod's volumes are made of."""
    found = set()
    for volume in pod["spec"].get("volumes") or ():
        for source in [volume, *((volume.get("projected") or {}).get("sources") or ())]:
            if name := (source.get("configMap") or {}).get("name"):
                found.add(("ConfigMap", name))
            secret = source.get("secret") or {}
            if name := secret.get("secretName") or secret.get("name"):
                found.add(("Secret", name))
    return found


class Mounts:
    """Where a container's mount paths really are."""

    def __init__(self, place: Place, container: Mapping[str, Any]) -> None:
        self._root = place.directory / "root" / str(container["name"])
        mounts = container.get("volumeMounts") or ()
        self._real = {m["mountPath"].rstrip("/") or "/": _source(place, container, m) for m in mounts}
        # A path begins at the start or after one of = : , space or a quote, and ends likewise or goes on with /.
        # The longest comes first; one pass, so that nothing is looked for in what was put in.
        longest_first = sorted(map(re.escape, self._real), key=len, reverse=True)
        self._pattern = re.compile(rf"(?<![^\s=:,;'\"(])({'|'.join(longest_first)})(?=[/\s:,;'\")]|$)")

    def rewrite(self, text: str) -> str:
        """The text with every mount path in it replaced by the real one."""
        return self._pattern.sub(lambda found: str(self._real[found[1]]), text) if self._real else text

    def working_directory(self, path: str) -> Path:
        """The real directory for `workingDir`; one that no volume covers is made below the pod's own."""
        if path:
            rewritten = self.rewrite(path)
            if rewritten != path:
                return Path(rewritten)
        directory = self._root / path.lstrip("/")
        directory.mkdir(parents=True, exist_ok=True)
        return directory


def _directory(place: Place, volume: str) -> Path:
    return place.directory / "volumes" / volume


def _source(place: Place, container: Mapping[str, Any], mount: Mapping[str, Any]) -> Path:
    volume = _directory(place, mount["name"])
    if not volume.is_dir():
        raise MeshtutorError(
            f"container {container['name']!r} mounts volume {mount['name']!r}, which the pod has not"
        )
    if not mount.get("subPath"):
        return volume
    source = volume / str(mount["subPath"])
    if not (volume / _DATA).is_symlink():
        source.mkdir(parents=True, exist_ok=True)
        return source
    copy = place.directory / "subpaths" / str(container["name"]) / str(mount["name"]) / str(mount["subPath"])
    copy.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, copy, dirs_exist_ok=True)
    else:
        shutil.copy(source, copy)
    return copy


def _files(volume: Mapping[str, Any], place: Place, lookup: Lookup) -> Files:
    if projected := volume.get("projected"):
        files: Files = {}
        for source in projected.get("sources") or ():
            files |= _source_files(source, projected.get("defaultMode"), place, lookup)
        return files
    ((_, body),) = volume.items()
    return _source_files(volume, body.get("defaultMode"), place, lookup)


def _source_files(source: Mapping[str, Any], mode: int | None, place: Place, lookup: Lookup) -> Files:
    mode = 0o644 if mode is None else mode
    if "downwardAPI" in source:
        return {
            item["path"]: (field(item["fieldRef"]["fieldPath"], place).encode(), item.get("mode") or mode)
            for item in source["downwardAPI"].get("items") or ()
            if "fieldRef" in item
        }
    kind = "ConfigMap" if "configMap" in source else "Secret" if "secret" in source else ""
    if not kind:
        named = ", ".join(source)
        raise MeshtutorError(f"projected volume source {named} is not implemented in the embedded cluster")
    return _keys(kind, source.get("configMap") or source.get("secret") or {}, mode, lookup)


def _keys(kind: str, body: Mapping[str, Any], mode: int, lookup: Lookup) -> Files:
    name, optional = body.get("name") or body.get("secretName") or "", body.get("optional")
    obj = lookup(kind, name)
    if obj is None:
        if optional:
            return {}
        raise MeshtutorError(f'{kind.lower()} "{name}" not found')
    data = data_of(obj)
    items: Sequence[Mapping[str, Any]] = body.get("items") or [{"key": key, "path": key} for key in data]
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not optional:
        raise MeshtutorError(f"{kind.lower()} references non-existent config key: {missing[0]}")
    return {i["path"]: (data[i["key"]], i.get("mode") or mode) for i in items if i["key"] in data}


def _write_atomically(directory: Path, files: Files) -> None:
    if _unchanged(directory, files):
        return
    fresh = directory / f"..{secrets.token_hex(6)}"
    fresh.mkdir()
    for path, (content, mode) in files.items():
        target = fresh / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(mode)
    stale = (directory / _DATA).resolve() if (directory / _DATA).is_symlink() else None
    swap = directory / f"{_DATA}_tmp"
    swap.symlink_to(fresh.name)
    swap.replace(directory / _DATA)
    _link(directory, {path.split("/")[0] for path in files})
    if stale is not None:
        shutil.rmtree(stale, ignore_errors=True)


def _link(directory: Path, names: set[str]) -> None:
    for entry in os.scandir(directory):
        if not entry.name.startswith("..") and entry.name not in names:
            Path(entry.path).unlink()
    for name in names:
        if not (directory / name).is_symlink():
            (directory / name).symlink_to(f"{_DATA}/{name}")


def _unchanged(directory: Path, files: Files) -> bool:
    current = directory / _DATA
    if not current.is_symlink():
        return False
    held = {str(p.relative_to(current)): p for p in current.rglob("*") if p.is_file()}
    return held.keys() == files.keys() and all(held[p].read_bytes() == c for p, (c, _) in files.items())
