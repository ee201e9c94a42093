"""A trace drawn as a waterfall: a line for each span, its bar where it was in time, the critical path marked.

In text for terminals, in HTML for notebooks: plain elements and JupyterLab's own colours, so that it is readable in
both themes, costs no library and stays in an exported page. `charts.waterfall` is the interactive one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Final

from meshtutor.display import html, text
from meshtutor.display.colors import BAD, color_of
from meshtutor.telemetry.critical_path import Segment
from meshtutor.telemetry.spans import Span

if TYPE_CHECKING:
    from meshtutor.telemetry.trace import Trace

_WIDTH: Final = 40
_ROWS_SHOWN: Final = 100
_ON_PATH, _BESIDE = "━", "─"
_INK: Final = "var(--jp-ui-font-color0, CanvasText)"
_ONE_LINE: Final = (
    "max-width:24em;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;text-align:inherit"
)
_LEGEND: Final = "The line in a bar is the critical path: what the request waited for."


def title(trace: Trace) -> str:
    """One sentence: id, when, how long, how much of it failed."""
    words = [
        text.milliseconds(trace.milliseconds),
        text.count(len(trace.spans), "span"),
        text.count(len(trace.services), "service"),
    ]
    for found, noun in ((trace.errors, "error"), (trace.retries, "retry"), (trace.faults, "fault")):
        if found:
            words.append(text.count(len(found), noun, "retries" if noun == "retry" else ""))
    return f"trace {trace.id}: {', '.join(words)}"


def as_text(trace: Trace) -> str:
    """The waterfall in block characters; `━` is the critical path."""
    rows = []
    on_path = segments_of(trace)
    for depth, span in list(trace.walk())[:_ROWS_SHOWN]:
        rows.append(
            [
                f"{'  ' * depth}{span.name}",
                span.kind,
                span.request,
                text.milliseconds(span.milliseconds),
                _line(span, on_path[span.id], trace.milliseconds),
                " ".join(trace.marks(span)),
            ]
        )
    rest = len(trace.spans) - len(rows)
    drawn = text.columns([["service", "kind", "request", "took", "", ""], *rows], right=(3,))
    waited = ", ".join(f"{name} {text.milliseconds(ms)}" for name, ms in trace.waited_for("name").items())
    more = f"\n  ... and {rest} more spans" if rest else ""
    return f"{title(trace)}\n{drawn}{more}\n  critical path ({_ON_PATH}): {waited}"


def segments_of(trace: Trace) -> dict[str, list[Segment]]:
    """Span id -> its segments of the critical path."""
    found: dict[str, list[Segment]] = defaultdict(list)
    for segment in trace.critical_path:
        found[segment.span.id].append(segment)
    return found


def _line(span: Span, segments: Iterable[Segment], total: float) -> str:
    cells = [" "] * _WIDTH

    def fill(start: float, end: float, character: str) -> None:
        first = min(_WIDTH - 1, int(start / (total or 1) * _WIDTH))
        last = max(first + 1, round(end / (total or 1) * _WIDTH))
        cells[first:last] = character * (min(last, _WIDTH) - first)

    fill(span.offset, span.end, _BESIDE)
    for segment in segments:
        fill(segment.start, segment.end, _ON_PATH)
    return "".join(cells)


def as_html(trace: Trace) -> html.Html:
    """The waterfall as a table whose bars are placed in percent of the trace."""
    on_path = segments_of(trace)
    walked = list(trace.walk())
    rows = [
        _row(trace, depth, span, on_path[span.id], color_of(span.name))
        for depth, span in walked[:_ROWS_SHOWN]
    ]
    rest = f" ... and {len(walked) - len(rows)} more spans." if len(walked) > len(rows) else ""
    head = html.Html(f"<b>{escape(title(trace))}</b>")
    return html.join(
        html.Html("<div>"),
        head,
        html.table(("service", "request", "took", _scale(trace), ""), rows, right=(2,)),
        html.muted(_LEGEND + rest),
        html.Html("</div>"),
    )


def _scale(trace: Trace) -> str:
    return f"0 to {text.milliseconds(trace.milliseconds)}"


def _row(trace: Trace, depth: int, span: Span, segments: Iterable[Segment], color: str) -> list[object]:
    name = html.Html(
        f'<div title="{escape(span.service)} {escape(span.pod)}" style="{_ONE_LINE};padding-left:{depth * 0.8:.1f}em">'
        f"{html.named(span.name, color)} {html.muted(span.kind)}</div>"
    )
    tone = BAD if span.is_error else "inherit"
    return [
        name,
        _one_line(span.request),
        _one_line(text.milliseconds(span.milliseconds)),
        _bar(trace, span, segments, color),
        _one_line(" ".join(trace.marks(span)), tone),
    ]


def _one_line(words: str, color: str = "inherit") -> html.Html:
    return html.Html(f'<div style="{_ONE_LINE};color:{color}">{escape(words)}</div>')


def _bar(trace: Trace, span: Span, segments: Iterable[Segment], color: str) -> html.Html:
    total = trace.milliseconds or 1.0
    ink = f"top:42%;height:16%;background:{_INK}"
    own = f"top:15%;height:70%;background:{color};opacity:0.75"
    pieces = [_block(span.offset / total, span.milliseconds / total, own)]
    pieces += [_block(s.start / total, s.milliseconds / total, ink) for s in segments]
    return html.Html(f'<div style="position:relative;width:20em;height:1.1em">{"".join(pieces)}</div>')


def _block(start: float, length: float, look: str) -> str:
    """A rectangle; start and length are shares of the whole width."""
    place = f"left:{start:.2%};width:{length:.2%};min-width:2px"
    return f'<div style="position:absolute;border-radius:2px;{place};{look}"></div>'
