"""YAML as it is shown: highlighted in the colours of the reader's theme, with marked lines.

The tokens come from Pygments (it comes with Jupyter); their colours are JupyterLab's editor variables, so
that a listing looks like the editor beside it, in light and in dark themes. In a terminal a marked line has a
`▶`.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import yaml

_COLORS: Final = (  # the first that matches a token's type, written as Pygments prints it
    ("Token.Comment", "var(--jp-mirror-editor-comment-color, #7a7a7a)"),
    ("Token.Name.Tag", "var(--jp-mirror-editor-keyword-color, #0072B2)"),
    ("Token.Literal.Number", "var(--jp-mirror-editor-number-color, #009E73)"),
    ("Token.Literal.String", "var(--jp-mirror-editor-string-color, #b35900)"),
    ("Token.Literal.Scalar", "var(--jp-mirror-editor-string-color, #b35900)"),
    ("Token.Keyword", "var(--jp-mirror-editor-atom-color, #CC79A7)"),
    ("Token.Punctuation", "var(--jp-mirror-editor-punctuation-color, #808080)"),
)
_MARK: Final = "background:rgba(230,159,0,0.22);border-left:3px solid #E69F00"
_PLAIN: Final = "border-left:3px solid transparent"


@dataclass(frozen=True)
class Listing:
    """YAML text with marked lines (numbers from 1)."""

    text: str
    marked: frozenset[int] = frozenset()

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        lines = enumerate(self.text.splitlines(), 1)
        return "\n".join(f"{'▶' if number in self.marked else ' '} {line}".rstrip() for number, line in lines)

    def _repr_html_(self) -> str:
        lines = (
            f'<div style="padding-left:0.6em;{self._edge(number)}">{line or " "}</div>'
            for number, line in enumerate(_highlight(self.text), 1)
        )
        return (
            '<pre style="line-height:1.35;margin:0.2em 0;padding:0.4em 0;overflow-x:auto;background:none;'
            f'font-family:var(--jp-code-font-family, monospace);font-size:0.9em">{"".join(lines)}</pre>'
        )

    def _edge(self, number: int) -> str:
        return _MARK if number in self.marked else _PLAIN


def listing(text: str, mark: Collection[str | int] = ()) -> Listing:
    """Text with marks: `mark` has line numbers (from 1), or texts that mark each line they are in."""
    numbers = {m for m in mark if isinstance(m, int)}
    wanted = [m for m in mark if isinstance(m, str)]
    lines = enumerate(text.splitlines(), 1)
    return Listing(
        text, frozenset(numbers | {n for n, line in lines if any(part in line for part in wanted)})
    )


def dump(obj: Mapping[str, Any]) -> str:
    """An object as YAML in the order it is written, without anchors."""
    return yaml.dump(
        dict(obj), Dumper=_Readable, sort_keys=False, default_flow_style=False, allow_unicode=True
    )


class _Readable(yaml.SafeDumper):
    """Repeats instead of using anchors, as people do."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def changed_lines(before: str, after: str) -> frozenset[int]:
    """The numbers (from 1) of lines in `after` that are new or different."""
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    return frozenset(
        number + 1
        for tag, _, _, start, end in matcher.get_opcodes()
        if tag in ("replace", "insert")
        for number in range(start, end)
    )


def _highlight(content: str) -> list[str]:
    from pygments import lex
    from pygments.lexers import YamlLexer

    lines = [""]
    for kind, value in lex(content, YamlLexer(stripnl=False)):
        color = next((color for prefix, color in _COLORS if str(kind).startswith(prefix)), "")
        for index, piece in enumerate(value.split("\n")):
            if index:
                lines.append("")
            if piece:
                lines[-1] += f'<span style="color:{color}">{escape(piece)}</span>' if color else escape(piece)
    while lines and not lines[-1]:
        lines.pop()
    return lines
