"""A sentence that shows as itself, in a notebook and in a console."""

from __future__ import annotations

from meshtutor.display import html


class Note(str):
    """Text whose repr is the text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return html.notice(str(self))
