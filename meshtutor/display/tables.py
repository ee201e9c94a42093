"""A list of Kubernetes objects that shows itself as `kubectl get` would."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from meshtutor.display import html, text

Column = tuple[str, Callable[[dict[str, Any]], object]]


class Objects(Sequence[dict[str, Any]]):
    """Plain Kubernetes objects; indexing and iterating give them, printing gives a table."""

    def __init__(
        self, objects: Sequence[dict[str, Any]], columns: Sequence[Column], empty: str = "none"
    ) -> None:
        self._objects = list(objects)
        self._columns = columns
        self._empty = empty

    @property
    def names(self) -> list[str]:
        """The objects' names."""
        return [str(obj["metadata"]["name"]) for obj in self._objects]

    def __len__(self) -> int:
        return len(self._objects)

    def __getitem__(self, index: Any) -> Any:
        return self._objects[index]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._objects)

    def _rows(self) -> list[list[object]]:
        return [[value(obj) for _, value in self._columns] for obj in self._objects]

    def __repr__(self) -> str:
        headings = [name.upper() for name, _ in self._columns]
        return text.columns([headings, *self._rows()], indent="") if self._objects else self._empty

    def _repr_html_(self) -> str:
        if not self._objects:
            return html.muted(self._empty)
        return html.table([name for name, _ in self._columns], self._rows())
