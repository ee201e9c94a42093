"""A sentence that shows as itself, in a notebook and in a console."""

from __future__ import annotations

import re

from meshtutor.display import html


class Note(str):
    """Text whose repr is the text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return html.notice(prose(self))


def prose(text: str) -> html.Html:
    """Text as HTML; what stands between backticks is code."""
    return html.Html(re.sub(r"`([^`]+)`", r"<code>\1</code>", html.cell(str(text))))
