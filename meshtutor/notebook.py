"""`connect()` and `show()`: the first two words of every notebook."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from meshtutor.display import exceptions, surroundings
from meshtutor.display.progress import Progress
from meshtutor.display.yaml import Listing, dump, listing
from meshtutor.kube import manifests
from meshtutor.mesh import Mesh


def connect(
    name: str | None = None, provider: str | None = None, *, start: bool = True, namespace: str | None = None
) -> Mesh:
    """The mesh of a lab, which is started if it does not run; prints one line about it.

    `name` and `provider` default to what MESHTUTOR_LAB and MESHTUTOR_PROVIDER say. LabError if it does not
    run and `start` is false, or if it cannot be started. In a notebook this registers `%%apply`, `%%exercise`
    and short error messages.
    """
    from meshtutor.providers.resolve import resolve

    if shell := surroundings.shell():
        exceptions.install(shell)
    began = time.monotonic()
    with Progress("Starting the mesh") as progress:
        parts = itertools.count(1)
        found = resolve(
            name, provider, start=start, progress=lambda said: progress(next(parts), 0, _part(said))
        )
    mesh = Mesh(found, namespace)
    _furnish(shell, mesh)
    sys.stdout.write(_line(mesh, began) + "\n")
    return mesh


def _furnish(shell: Any, mesh: Mesh) -> None:
    """The exercises and the magics work on this mesh from now on."""
    from meshtutor.exercises.book import BOOK

    BOOK.connect(mesh)
    mesh.panels |= {
        "kiali": lambda: _widgets().MeshGraph(mesh),
        "grafana": lambda: _widgets().Dashboard(mesh),
        "jaeger": lambda: _widgets().Traces(mesh),
    }
    if shell:
        from meshtutor import magics
        from meshtutor.exercises import magic

        magics.register(shell, mesh)
        magic.register(shell)


def _widgets() -> Any:
    """Loaded when one is wanted: they take a moment."""
    from meshtutor import widgets

    return widgets


def _part(said: Mapping[str, Any]) -> str:
    """What the lab's daemon says has become ready."""
    return str(said.get("part", ""))


def _line(mesh: Mesh, began: float) -> str:
    info = mesh.info()
    ready = "ready" if info.ready else "not all pods are ready: meshtutor status"
    names = ", ".join(name for name in mesh.services().names if name != "kubernetes") or "no services"
    why = f" ({info.why})" if info.why else ""
    parts = (
        f"provider: {info.provider}{why}",
        f"lab {info.name}",
        names,
        info.gateway,
        f"{ready} in {time.monotonic() - began:.1f} s",
    )
    return " · ".join(parts)


def show(source: str | Path | Mapping[str, Any] | list[Any], mark: Collection[str | int] = ()) -> Listing:
    """YAML, highlighted; `mark` are line numbers (from 1) or texts, and every line that has one is marked.

    `source` is a path, a folder, YAML text, an object or a list of objects; ManifestError if it cannot be
    read.
    """
    return listing(_text(source), mark)


def _text(source: str | Path | Mapping[str, Any] | list[Any]) -> str:
    if isinstance(source, Mapping):
        return dump(source)
    if isinstance(source, list):
        return "---\n".join(map(_text, source))
    if isinstance(source, str) and "\n" in source:
        return source
    files = manifests.files(source)
    return "---\n".join(file.read_text(encoding="utf-8") for file in files)
