"""Small HTML for JupyterLab: tables, bars and one-line notices that are readable in light and dark themes.

Colours come from JupyterLab's own CSS variables, with fallbacks for VS Code and static pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, Literal

BORDER: Final = "var(--jp-border-color2, #8884)"
MUTED: Final = "var(--jp-ui-font-color2, #808080)"
_PADDING: Final = "padding:0.15em 0.7em 0.15em 0.3em"  # widgets have no style for tables
_TONES: Final = {
    "good": "var(--jp-success-color1, #2e7d32)",
    "bad": "var(--jp-error-color1, #c62828)",
    "warn": "var(--jp-warn-color1, #b26a00)",
    "plain": BORDER,
}
Tone = Literal["good", "bad", "warn", "plain"]


class Html(str):
    """Text that is HTML already, so `table` must not escape it."""

    __slots__ = ()


def cell(value: object) -> str:
    """A value as HTML; `Html` stays, everything else is escaped."""
    return value if isinstance(value, Html) else escape(str(value))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()) -> Html:
    """A table; columns whose index is in `right` are aligned to the right, as numbers should be."""
    head = "".join(
        f'<th style="{_PADDING};text-align:{_align(i, right)}">{escape(h)}</th>'
        for i, h in enumerate(headings)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_PADDING};text-align:{_align(i, right)}">{cell(v)}</td>' for i, v in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return Html(f'<table style="margin:0.3em 0"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>')


def bar(share: float, color: str, width_em: float = 8.0) -> Html:
    """A horizontal bar; `share` is 0..1."""
    filled = max(0.0, min(1.0, share)) * width_em
    return Html(
        f'<span style="display:inline-block;width:{width_em}em;background:#8883;border-radius:2px">'
        f'<span style="display:block;width:{filled:.2f}em;height:0.7em;background:{color};border-radius:2px">'
        "</span></span>"
    )


def named(name: str, color: str) -> Html:
    """A name after a dot in its colour."""
    return Html(f'<span style="color:{color}">●</span> {escape(name)}')


def notice(text: object, tone: Tone = "plain") -> Html:
    """A paragraph with a coloured edge."""
    edge = _TONES[tone]
    return Html(
        f'<div style="border-left:4px solid {edge};padding:0.15em 0.7em;margin:0.2em 0">{cell(text)}</div>'
    )


def muted(text: object) -> Html:
    """A remark in a quieter colour."""
    return Html(f'<span style="color:{MUTED}">{cell(text)}</span>')


def join(*parts: object) -> Html:
    """Several pieces, one after the other."""
    return Html("".join(cell(part) for part in parts))


def _align(index: int, right: Sequence[int]) -> str:
    return "right" if index in right else "left"
