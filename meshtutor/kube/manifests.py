"""Manifests in, objects out: YAML text, a file, a directory, a glob, a dict, or any list of these.

    found = load("manifests/06_split_traffic/")
    for obj in found: ...                       # plain dicts, exactly what the YAML says
    found.origin(obj).where("spec.http[0]")     # "manifests/06_split_traffic/reviews.yaml:12"

Where each object came from is kept beside the objects, not in them: an object is sent as it was written.
A directory is read as `kubectl apply -f DIR` does: its .yaml, .yml and .json files by name, not its folders.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, overload

from meshtutor.config import study
from meshtutor.errors import ManifestError
from meshtutor.kube.objects import Object, ObjectKey, join, steps
from meshtutor.kube.yamltext import Document, documents, refuse

Source = str | Path | Mapping[str, Any] | Sequence["Source"]
_SUFFIXES: Final = (".yaml", ".yml", ".json")
_IN_TEXT: Final = "the YAML text"


@dataclass(frozen=True)
class Origin:
    """Where one object was written. `file` is None for text and dicts; `document` and lines count from 1."""

    name: str
    file: Path | None
    document: int
    prefix: str = ""
    lines: Mapping[str, int] = field(default_factory=dict, repr=False)

    @property
    def line(self) -> int:
        """The object's first line, or 0 where there is none (a dict)."""
        return self.line_of("")

    def line_of(self, path: str) -> int:
        """The line of a field such as `spec.http[0].route`, or of the nearest field around it."""
        whole = [*steps(self.prefix), *steps(path)]
        while whole and _joined(whole) not in self.lines:
            whole.pop()
        return self.lines.get(_joined(whole), 0)

    def where(self, path: str = "") -> str:
        """`FILE:LINE`, as editors and terminals understand it."""
        line = self.line_of(path)
        return f"{self.name}:{line}" if line else self.name


class Manifests(Sequence[Object]):
    """Objects in the order they were written, and the origin of each."""

    def __init__(self, objects: Sequence[Object], origins: Sequence[Origin]) -> None:
        self._objects, self._origins = list(objects), list(origins)

    @overload
    def __getitem__(self, index: int) -> Object: ...
    @overload
    def __getitem__(self, index: slice) -> list[Object]: ...
    def __getitem__(self, index: int | slice) -> Object | list[Object]:
        return self._objects[index]

    def __len__(self) -> int:
        return len(self._objects)

    @property
    def origins(self) -> list[Origin]:
        """The origin of each object, in the same order."""
        return self._origins

    def origin(self, obj: Mapping[str, Any]) -> Origin | None:
        """Where this object, or the one of the same kind, namespace and name, was written."""
        pairs = list(zip(self._objects, self._origins, strict=True))
        same = (origin for candidate, origin in pairs if candidate is obj)
        named = (origin for candidate, origin in pairs if ObjectKey.of(candidate) == ObjectKey.of(obj))
        return next(same, None) or next(named, None)

    def overlaid(self, upper: Manifests) -> Manifests:
        """These and `upper`, whose objects take the place of those of the same kind, namespace and name."""
        replaced = {ObjectKey.of(obj) for obj in upper}
        kept = self.only(lambda obj: ObjectKey.of(obj) not in replaced)
        return Manifests([*kept, *upper], [*kept.origins, *upper.origins])

    def only(self, wanted: Callable[[Object], bool]) -> Manifests:
        """Those that are wanted, with their origins; there may be none."""
        pairs = zip(self._objects, self._origins, strict=True)
        kept = [(obj, origin) for obj, origin in pairs if wanted(obj)]
        return Manifests([obj for obj, _ in kept], [origin for _, origin in kept])


def load(*sources: Source) -> Manifests:
    """All objects of all sources, at least one; `kind: List` is taken apart.

    ManifestError says which file, document and line cannot be read, and what was expected there.
    """
    objects: list[Object] = []
    origins: list[Origin] = []
    for obj, origin in _read_all(sources):
        objects.append(obj)
        origins.append(origin)
    if not objects:
        raise ManifestError(
            f"no Kubernetes object in {', '.join(_label(source) for source in sources) or 'nothing'}",
            "Expected at least one document with apiVersion, kind and metadata.",
        )
    return Manifests(objects, origins)


def _read_all(sources: Sequence[Source]) -> Iterator[tuple[Object, Origin]]:
    for source in sources:
        if isinstance(source, Mapping):
            yield from _objects(Document(1, copy.deepcopy(dict(source)), {}), "the dict", None)
        elif isinstance(source, str) and _is_text(source):
            yield from _read_text(source, _IN_TEXT, None)
        elif isinstance(source, str | Path):
            for file in files(source):
                yield from _read_text(_contents(file), _short(file), file)
        elif isinstance(source, Sequence):
            yield from _read_all(source)
        else:
            raise ManifestError(
                f"a {type(source).__name__} is not a manifest",
                "Expected YAML text, a path, a dict, or a list of these.",
            )


def files(path: str | Path) -> list[Path]:
    """The files that a path, directory or glob means; a relative one also counts from the study's folder."""
    for root in (Path(), *Path.cwd().parents[:1], study()):
        candidate = root / Path(path).expanduser()
        if candidate.is_dir():
            return _in_directory(candidate)
        if candidate.exists():
            return [candidate]
        if found := _matching(candidate):
            return found
    raise ManifestError(
        f"{str(path)!r} is neither a file, a directory nor a glob that matches a file",
        f"Expected a path from {Path.cwd()} or from {study()}; YAML as text has at least one `key: value`.",
    )


def _matching(pattern: Path) -> list[Path]:
    root = Path(pattern.anchor or ".")
    inside = str(pattern.relative_to(pattern.anchor) if pattern.anchor else pattern)
    return sorted(found for found in root.glob(inside) if found.suffix in _SUFFIXES)


def _in_directory(directory: Path) -> list[Path]:
    found = sorted(file for file in directory.iterdir() if file.suffix in _SUFFIXES and file.is_file())
    if not found:
        raise ManifestError(
            f"the directory {str(directory)!r} holds no .yaml, .yml or .json file",
            "Name the folder that holds the manifests; folders inside it are not read.",
        )
    return found


def _is_text(source: str) -> bool:
    return "\n" in source or ": " in source or source.lstrip().startswith("{") or not source.strip()


def _contents(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"{_short(file)} is not UTF-8 text ({error.reason})", "Save the file as UTF-8."
        ) from error
    except OSError as error:
        raise ManifestError(
            f"{_short(file)} cannot be read: {error.strerror}", "Check the path and its rights."
        ) from error


def _read_text(text: str, name: str, file: Path | None) -> Iterator[tuple[Object, Origin]]:
    for document in documents(text, name):
        yield from _objects(document, name, file)


def _objects(
    document: Document, name: str, file: Path | None, prefix: str = ""
) -> Iterator[tuple[Object, Origin]]:
    """The object at `prefix` of a document, or the items of a List."""
    origin = Origin(name, file, document.index, prefix, document.lines)
    obj = _checked(_at(document.value, prefix), origin)
    if _is_list(obj):
        for index in range(len(obj["items"])):
            yield from _objects(document, name, file, join(join(prefix, "items"), index))
    else:
        yield obj, origin


def _checked(obj: Any, origin: Origin) -> Object:
    """`obj` if it has the three parts that every object has; a List needs no metadata."""
    if not isinstance(obj, dict):
        found = f"expected a Kubernetes object, found {_described(obj)}"
        raise _refuse(origin, "", found, "Expected `apiVersion: ...`, `kind: ...`, `metadata: ...`.")
    for key, example in (("apiVersion", "networking.istio.io/v1"), ("kind", "VirtualService")):
        if not isinstance(obj.get(key), str) or not obj[key]:
            raise _refuse(
                origin, key, f"{key} is missing or is not text", f"Expected for instance `{key}: {example}`."
            )
    meta = obj.get("metadata")
    named = isinstance(meta, dict) and (meta.get("name") or meta.get("generateName"))
    if not named and not _is_list(obj):
        hint = "Expected `metadata:` and below it, two spaces further right, `name: ...`."
        raise _refuse(origin, "metadata", f"this {obj['kind']} has no metadata.name", hint)
    return obj


def _is_list(obj: Object) -> bool:
    return obj["kind"].endswith("List") and isinstance(obj.get("items"), list)


def _refuse(origin: Origin, path: str, what: str, hint: str) -> ManifestError:
    return refuse(origin.name, origin.document, origin.line_of(path), what, hint)


def _at(value: Any, prefix: str) -> Any:
    for step in steps(prefix):
        value = value[step]
    return value


def _joined(parts: Sequence[str | int]) -> str:
    path = ""
    for part in parts:
        path = join(path, part)
    return path


def _described(value: Any) -> str:
    return "a list" if isinstance(value, list) else f"{value!r}"[:60]


def _label(source: Source) -> str:
    return _IN_TEXT if isinstance(source, str) and _is_text(source) else repr(source)[:80]


def _short(file: Path) -> str:
    """The path as a person would type it."""
    for root in (Path.cwd(), study()):
        if file.absolute().is_relative_to(root):
            return str(file.absolute().relative_to(root))
    return str(file)
