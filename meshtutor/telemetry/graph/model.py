"""The graph as values: nodes, the edges between them, and a table of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from meshtutor.display import html, text
from meshtutor.errors import MeshtutorError
from meshtutor.telemetry.graph import health
from meshtutor.telemetry.graph.health import Health

Kind = Literal["workload", "gateway", "service", "passthrough", "blackhole", "unknown"]
_HEADINGS: Final = ("from", "to", "protocol", "rate", "errors", "p95", "mTLS")
_NUMBERS: Final = (3, 4, 5, 6)


@dataclass(frozen=True)
class Node:
    """A workload of one version, a gateway, a Service, or what Istio calls unknown, passthrough and black hole.

    `id` is `KIND:NAMESPACE/NAME`; `inbound` and `outbound` are rates per second by (protocol, code); `ready` of `pods`
    are ready, and `sidecar` says whether each of them has one (None where nothing is known of its pods).
    """

    id: str
    kind: Kind
    namespace: str
    name: str
    app: str = ""
    version: str = ""
    inbound: Mapping[tuple[str, str], float] = field(default_factory=dict)
    outbound: Mapping[tuple[str, str], float] = field(default_factory=dict)
    pods: int = 0
    ready: int = 0
    sidecar: bool | None = None

    @property
    def rate_in(self) -> float:
        """Requests per second that it got; TCP's bytes are not requests."""
        return _requests(self.inbound)

    @property
    def rate_out(self) -> float:
        """Requests per second that it sent."""
        return _requests(self.outbound)

    @property
    def health(self) -> Health:
        """By Kiali's rules: the worst of what it answers, what it is answered, and of its pods."""
        asked = health.worst([*_by_protocol(self.inbound), *_by_protocol(self.outbound)])
        pods = health.of_pods(self.ready, self.pods)
        return health.worst([asked, pods]) if pods in ("failure", "degraded") else asked

    @property
    def idle(self) -> bool:
        """Whether there was no traffic."""
        return not self.inbound and not self.outbound


@dataclass(frozen=True)
class Edge:
    """Calls from one node to another by one protocol (http, grpc, tcp).

    `rate` in requests per second (tcp: bytes sent per second), `codes` and `flags` are parts of it; `p95` in ms (None:
    no latency known), `mtls` the share 0..1 of mutual TLS by the server's own word (None: no server reported it).
    """

    source: str
    target: str
    protocol: str
    rate: float
    codes: Mapping[str, float] = field(default_factory=dict)
    flags: Mapping[str, float] = field(default_factory=dict)
    p95: float | None = None
    mtls: float | None = None

    @property
    def id(self) -> str:
        """`SOURCE -> TARGET (PROTOCOL)`."""
        return f"{self.source} -> {self.target} ({self.protocol})"

    @property
    def errors(self) -> float:
        """The share 0..1 of requests that failed, as Kiali's percentage: 4xx, 5xx, gRPC's codes but 0, no answer."""
        failed = sum(rate for code, rate in self.codes.items() if health.is_error(code, self.protocol))
        return failed / self.rate if self.rate else 0.0

    @property
    def health(self) -> Health:
        """By Kiali's rules for response codes."""
        return health.of_codes(self.codes or {"": self.rate}, self.protocol)


@dataclass(frozen=True)
class Graph:
    """What happened in the last `window` seconds until `until` (Prometheus' clock); `namespaces` were asked for.

    `notes` are sentences for whoever wonders: why there is nothing, or why something is missing.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    namespaces: tuple[str, ...]
    window: float
    until: float = 0.0
    notes: tuple[str, ...] = ()

    def node(self, name: str) -> Node:
        """A node by its id, else by its name (a Service before a workload); MeshtutorError if there is none."""
        if name in self._nodes:
            return self._nodes[name]
        named = sorted((n for n in self.nodes if n.name == name), key=lambda n: n.kind != "service")
        if not named:
            have = ", ".join(sorted({n.name for n in self.nodes})) or "none"
            raise MeshtutorError(f"No node {name!r} in the graph.", f"There are: {have}")
        return named[0]

    def edge(self, source: str, target: str) -> Edge:
        """The busiest edge between two nodes, named as for `node`; MeshtutorError if there is none."""
        ends = self.node(source).id, self.node(target).id
        found = [edge for edge in self.edges if (edge.source, edge.target) == ends]
        if not found:
            raise MeshtutorError(
                f"No traffic from {source} to {target} in the last {self.window:g} s.",
                "; ".join(self.notes) or "print(mesh.graph()) shows all edges",
            )
        return max(found, key=lambda edge: edge.rate)

    def into(self, name: str) -> tuple[Edge, ...]:
        """The edges that end at a node, named as for `node`."""
        target = self.node(name).id
        return tuple(edge for edge in self.edges if edge.target == target)

    def out_of(self, name: str) -> tuple[Edge, ...]:
        """The edges that begin at a node."""
        source = self.node(name).id
        return tuple(edge for edge in self.edges if edge.source == source)

    @cached_property
    def _nodes(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (_label(self._nodes[e.source]), _label(self._nodes[e.target]), *numbers(e)) for e in self.edges
        ]

    def __repr__(self) -> str:
        rows = [_HEADINGS, *self._rows()] if self.edges else []
        drawn = text.columns(rows, indent="", right=_NUMBERS) if rows else ""
        return "\n".join(part for part in (drawn, *self.notes) if part)

    def _repr_html_(self) -> str:
        drawn = html.table(_HEADINGS, self._rows(), right=_NUMBERS) if self.edges else ""
        return html.join(
            drawn, *(html.notice(note, "plain" if self.edges else "warn") for note in self.notes)
        )


def numbers(edge: Edge) -> tuple[str, str, str, str, str]:
    """An edge's protocol, rate, error share, p95 and mTLS share, with their units."""
    rate = f"{edge.rate:.3g} B/s" if edge.protocol == "tcp" else f"{edge.rate:.3g}/s"
    latency = text.milliseconds(edge.p95) if edge.p95 is not None else ""
    share = f"{edge.mtls:.0%}" if edge.mtls is not None else ""
    return edge.protocol, rate, f"{edge.errors:.1%}" if edge.protocol != "tcp" else "", latency, share


def _label(node: Node) -> str:
    return f"{node.name} (service)" if node.kind == "service" else node.name


def _requests(rates: Mapping[tuple[str, str], float]) -> float:
    return sum(rate for (protocol, _), rate in rates.items() if protocol != "tcp")


def _by_protocol(rates: Mapping[tuple[str, str], float]) -> list[Health]:
    protocols = {protocol for protocol, _ in rates}
    return [
        health.of_codes({code: rate for (p, code), rate in rates.items() if p == protocol}, protocol)
        for protocol in sorted(protocols)
    ]
