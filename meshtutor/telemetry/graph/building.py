"""Adds calls up to nodes and edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar, cast

from meshtutor.telemetry.graph.model import Edge, Kind, Node
from meshtutor.telemetry.graph.standing import Standing, Workload

_K = TypeVar("_K")


@dataclass(frozen=True)
class End:
    """One end of a call, by Istio's labels."""

    kind: str
    namespace: str
    name: str
    app: str = ""
    version: str = ""

    @property
    def id(self) -> str:
        """The node's id."""
        return f"{self.kind}:{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Call:
    """Requests (or bytes) per second of one kind: who called, what was called, who answered, and what."""

    source: End
    service: End | None
    workload: End | None
    protocol: str
    code: str
    flags: str
    rate: float

    def hops(self) -> Iterator[tuple[End, End]]:
        """The edges that it belongs to: caller -> Service -> workload, without those that are not known."""
        return pairwise(end for end in (self.source, self.service, self.workload) if end is not None)


@dataclass
class _Sums:
    codes: dict[str, float] = field(default_factory=dict)
    flags: dict[str, float] = field(default_factory=dict)
    rate: float = 0.0


@dataclass
class _Sides:
    end: End
    inbound: dict[tuple[str, str], float] = field(default_factory=dict)
    outbound: dict[tuple[str, str], float] = field(default_factory=dict)


class Builder:
    """Collects calls, latencies and security, and makes the nodes and edges of them."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Sides] = {}
        self._edges: dict[tuple[str, str, str], _Sums] = {}
        self._latency: dict[tuple[str, str], float] = {}
        self._secure: dict[tuple[str, str], list[float]] = {}

    @property
    def namespaces(self) -> set[str]:
        """The namespaces of all nodes so far."""
        return {sides.end.namespace for sides in self._nodes.values()}

    def add(self, call: Call) -> None:
        """One more kind of calls."""
        for source, target in call.hops():
            sums = self._edges.setdefault((source.id, target.id, call.protocol), _Sums())
            sums.rate += call.rate
            if call.code:
                _add(sums.codes, call.code, call.rate)
            if call.flags not in ("", "-"):
                _add(sums.flags, call.flags, call.rate)
            kind = (call.protocol, call.code)
            _add(self._sides(source).outbound, kind, call.rate)
            _add(self._sides(target).inbound, kind, call.rate)

    def latency(self, source: End | None, target: End | None, milliseconds: float) -> None:
        """The percentile of an edge."""
        if source and target:
            self._latency[source.id, target.id] = milliseconds

    def security(
        self, source: End, service: End | None, workload: End | None, *, rate: float, secure: bool
    ) -> None:
        """How so many requests per second were secured."""
        for one, other in Call(source, service, workload, "", "", "", rate).hops():
            sums = self._secure.setdefault((one.id, other.id), [0.0, 0.0])
            sums[0] += rate if secure else 0.0
            sums[1] += rate

    def finish(
        self, standing: Standing, namespaces: Sequence[str]
    ) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
        """Everything collected, and of these namespaces what stands there without traffic; sorted by id."""
        workloads = {f"workload:{w.namespace}/{w.name}": w for w in standing.workloads}
        nodes = {id_: _node(sides, workloads.get(id_)) for id_, sides in self._nodes.items()}
        for id_, workload in workloads.items():
            if id_ not in nodes and workload.namespace in namespaces:
                end = End("workload", workload.namespace, workload.name, workload.app, workload.version)
                nodes[id_] = _node(_Sides(end), workload)
        for namespace, name in standing.services:
            end = End("service", namespace, name)
            if namespace in namespaces and end.id not in nodes:
                nodes[end.id] = _node(_Sides(end), None)
        edges = (self._edge(*key, sums) for key, sums in sorted(self._edges.items()))
        return tuple(nodes[id_] for id_ in sorted(nodes)), tuple(edges)

    def _edge(self, source: str, target: str, protocol: str, sums: _Sums) -> Edge:
        latency = self._latency.get((source, target)) if protocol != "tcp" else None
        secure, total = self._secure.get((source, target), (0.0, 0.0))
        share = secure / total if total else None
        return Edge(source, target, protocol, sums.rate, sums.codes, sums.flags, latency, share)

    def _sides(self, end: End) -> _Sides:
        return self._nodes.setdefault(end.id, _Sides(end))


def _node(sides: _Sides, workload: Workload | None) -> Node:
    end = sides.end
    kind = "gateway" if workload is not None and workload.gateway else end.kind
    pods = (workload.pods, workload.ready, workload.sidecar) if workload else (0, 0, None)
    return Node(end.id, cast("Kind", kind), end.namespace, end.name, end.app, end.version,
                sides.inbound, sides.outbound, *pods)  # fmt: skip


def _add(sums: dict[_K, float], key: _K, value: float) -> None:
    sums[key] = sums.get(key, 0.0) + value
