"""The panel beside a graph: the numbers of a node or an edge, and the YAML of the rules that concern it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from meshtutor.charts.graphing import COLORS
from meshtutor.display import html, text
from meshtutor.display.html import Html
from meshtutor.display.yaml import Listing, dump
from meshtutor.kube.cleaning import clean
from meshtutor.mesh.concerning import Rule
from meshtutor.telemetry.graph import Edge, Graph, Node
from meshtutor.telemetry.graph.health import Health

HINT: Final = "Click a node, or the numbers on an edge."
_COMPACT: Final = Html('<div style="line-height:1.4">')
LEGEND: Final = "5xx: any is degraded, from 10 % failure · 4xx: from 10 % and 20 % (Kiali's defaults)"


def numbers(graph: Graph, chosen: Node | Edge | None) -> Html:
    """What was measured of what was clicked: new with each scrape."""
    if chosen is None:
        return html.join(html.muted(HINT), Html("<br>"), html.muted(LEGEND))
    told = _node(chosen) if isinstance(chosen, Node) else _edge(graph, chosen)
    return html.join(_COMPACT, told, Html("</div>"))


def rules(chosen: Node | Edge | None, concerned: Iterable[Rule]) -> Html:
    """The objects that concern what was clicked, each folded, its YAML inside; equal as long as they are."""
    if chosen is None:
        return Html("")
    return html.join(_COMPACT, *_rules(list(concerned)), Html("</div>"))


def _node(node: Node) -> Html:
    rows = [
        ("in", _rate(node.rate_in)),
        ("errors in", _errors(node.inbound)),
        ("out", _rate(node.rate_out)),
        ("errors out", _errors(node.outbound)),
    ]
    if node.pods:
        rows += [("pods ready", f"{node.ready}/{node.pods}"), ("sidecar", "yes" if node.sidecar else "no")]
    if node.app:
        rows += [("app, version", f"{node.app} {node.version}")]
    place = f" in {node.namespace}" if node.namespace else ""
    return html.join(_title(f"{node.kind} {node.name}{place}", node.health), _table(rows))


def _edge(graph: Graph, edge: Edge) -> Html:
    ends = graph.node(edge.source).name, graph.node(edge.target).name
    unit = "B/s" if edge.protocol == "tcp" else "requests/s"
    secure = "no server reported it" if edge.mtls is None else f"{edge.mtls:.0%}"
    rows = [
        ("protocol", edge.protocol),
        ("rate", f"{edge.rate:.3g} {unit}"),
        ("errors", f"{edge.errors:.1%}"),
        ("p95", text.milliseconds(edge.p95) if edge.p95 is not None else "not known yet"),
        ("mutual TLS", secure),
        *((f"code {code}", f"{rate:.3g}/s") for code, rate in sorted(edge.codes.items())),
        *((f"flag {flag}", f"{rate:.3g}/s") for flag, rate in sorted(edge.flags.items())),
    ]
    return html.join(_title(" → ".join(ends), edge.health), _table(rows))


def _title(words: str, health: Health) -> Html:
    return html.join(Html("<b>"), words, Html("</b> "), html.named(health, COLORS[health]))


def _table(rows: Iterable[tuple[str, str]]) -> Html:
    return html.table(("", ""), rows, right=(1,))


def _rules(rules: list[Rule]) -> list[Html]:
    """Each rule folded, its YAML inside."""
    if not rules:
        return [html.muted("No rule of Istio's or the Gateway API's concerns it.")]
    return [
        html.join(
            Html('<details style="margin:0.3em 0"><summary style="cursor:pointer">'),
            rule.title,
            " ",
            html.muted(rule.why),
            Html("</summary>"),
            Html(Listing(dump(clean(rule.object)))._repr_html_()),
            Html("</details>"),
        )
        for rule in rules
    ]


def _rate(rate: float) -> str:
    return f"{rate:.3g} requests/s"


def _errors(rates: Mapping[tuple[str, str], float]) -> str:
    """The share of errors of all codes, as on an edge."""
    codes: dict[str, float] = {}
    for (protocol, code), rate in rates.items():
        if protocol != "tcp":
            codes[code] = codes.get(code, 0.0) + rate
    total = Edge("", "", "http", sum(codes.values()), codes)
    return f"{total.errors:.1%}" if total.rate else ""
