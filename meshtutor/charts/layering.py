"""Where the nodes of a graph are drawn: columns from caller to called, a band for each namespace.

A layered layout (K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System
Structures", 1981) in its simplest form, since a mesh that fits a screen is small: cycles are broken, a column is the
longest way from a start, rows follow the mean of the callers' rows. The same graph always gives the same places.

A `Layout` remembers: edges that are not seen any more still count, so that nodes keep their places while traffic comes
and goes. It is settled when nothing new has come for a few graphs, as the first seconds of traffic bring an edge after
the other; from then on only a new edge that runs against the columns moves nodes with
traffic; what is idle stands below them, and steps down for a new row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from meshtutor.telemetry.graph import Graph

_STRIP: Final = 6  # idle nodes in a row, at least
_CALM: Final = 4  # graphs without a new edge, until the picture is settled
_BAND_GAP: Final = 0.5
Edges = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Box:
    """The place of a namespace's nodes; `top` <= `bottom`, as rows grow downwards."""

    left: float
    top: float
    right: float
    bottom: float


class Layout:
    """Places as (column, row) by a node's id; rows grow downwards."""

    def __init__(self) -> None:
        self.places: dict[str, tuple[float, float]] = {}
        self.boxes: dict[str, Box] = {}
        self._edges: dict[tuple[str, str], None] = {}
        self._homes: dict[str, str] = {}
        self._inner: dict[str, tuple[int, float]] = {}
        self._slots: dict[str, dict[str, int]] = {}
        self._calm = 0

    @property
    def settled(self) -> bool:
        """Whether nodes keep their places from now on."""
        return self._calm >= _CALM

    @property
    def extent(self) -> tuple[float, float]:
        """The last column and the last row."""
        columns, rows = zip(*self.places.values(), strict=True) if self.places else ((0.0,), (0.0,))
        return max(columns), max(rows)

    def update(self, graph: Graph) -> bool:
        """Give every node of the graph a place; whether one that had a place has moved."""
        before = dict(self.places)
        self._homes |= {node.id: node.namespace for node in graph.nodes}
        new = {(edge.source, edge.target) for edge in graph.edges} - self._edges.keys()
        self._edges |= dict.fromkeys(sorted(new))
        columns = columns_of(self._edges)
        against = any(columns[name] != column for name, (column, _) in self._inner.items())
        if against or (new and not self.settled):
            self._inner, self._slots = {}, {}
        for name, row in rows_of(
            columns, self._edges, {n: r for n, (_, r) in self._inner.items()}, self._homes
        ):
            self._inner[name] = (columns[name], row)
        self._stack(graph)
        if not self.settled:
            self._calm = self._calm + 1 if self._edges and not new else 0
        return any(before[name] != place for name, place in self.places.items() if name in before)

    def _stack(self, graph: Graph) -> None:
        """The namespaces' bands one below the other, each with what is idle in it at its bottom."""
        top, width = 0.0, max([_STRIP - 1, *(column for column, _ in self._inner.values())])
        self.places, self.boxes = {}, {}
        for namespace in self._bands():
            busy = {name: at for name, at in self._inner.items() if self._homes[name] == namespace}
            idle = [n.id for n in graph.nodes if n.namespace == namespace and n.id not in self._inner]
            if placed := _band(busy, self._slotted(namespace, idle), width + 1, top):
                self.places |= placed
                self.boxes[namespace] = _around(placed.values())
                top = self.boxes[namespace].bottom + 1 + _BAND_GAP

    def _slotted(self, namespace: str, idle: list[str]) -> dict[str, int]:
        """Where in its namespace's strip each idle node stands; it keeps its slot when others leave."""
        known = self._slots.get(namespace, {})
        slots = {name: slot for name, slot in known.items() if name in idle}
        free = (slot for slot in range(len(known) + len(idle)) if slot not in set(known.values()))
        slots |= {name: next(free) for name in sorted(idle) if name not in slots}
        self._slots[namespace] = slots
        return slots

    def _bands(self) -> list[str]:
        """The namespaces from the first column on; what has no namespace comes last."""
        first: dict[str, int] = {}
        for name, namespace in self._homes.items():
            column = self._inner[name][0] if name in self._inner else 1
            first[namespace] = min(first.get(namespace, column), column)
        return sorted(
            first,
            key=lambda namespace: (not namespace, first[namespace], namespace != "istio-system", namespace),
        )


def columns_of(edges: Edges) -> dict[str, int]:
    """The column of each end: the longest way to it; a start stands just before the first that it calls."""
    forward = _without_cycles(sorted(edges))
    columns = {name: 0 for edge in forward for name in edge}
    for _ in columns:  # at most as many rounds as the longest way has nodes
        moved = {
            target: columns[source] + 1 for source, target in forward if columns[target] <= columns[source]
        }
        if not moved:
            break
        columns |= moved
    called = {target for _, target in forward}
    for name in sorted(set(columns) - called):
        columns[name] = min(columns[target] for source, target in forward if source == name) - 1
    return columns


def rows_of(
    columns: Mapping[str, int], edges: Edges, kept: Mapping[str, float], homes: Mapping[str, str]
) -> list[tuple[str, float]]:
    """A row for each name that has none yet, near the rows of its callers; no two of a namespace share a place."""
    rows, callers = dict(kept), list(edges)
    for column in sorted(set(columns.values())):
        for home in sorted(set(homes.values())):
            here = [name for name in columns if columns[name] == column and homes[name] == home]
            wishes = {name: _wish(name, callers, rows) for name in here if name not in rows}
            taken = [rows[name] for name in here if name in rows]
            rows |= _spread(wishes, taken)
    return [(name, row) for name, row in rows.items() if name not in kept]


def _wish(name: str, edges: Edges, rows: Mapping[str, float]) -> float:
    near = [rows[source] for source, target in edges if target == name and source in rows]
    return sum(near) / len(near) if near else 0.0


def _spread(wishes: Mapping[str, float], taken: list[float]) -> dict[str, float]:
    """Rows at least one apart, in the order of the wishes and in the middle of them; around those that are taken."""
    if not wishes:
        return {}
    order = sorted(wishes, key=lambda name: (wishes[name], name))
    found: dict[str, float] = {}
    for name in order:
        found[name] = max([wishes[name], *(row + 1 for row in found.values())])
    if not taken:
        shift = (sum(wishes.values()) - sum(found.values())) / len(found)
        return {name: row + shift for name, row in found.items()}
    below = max(taken) + 1
    return {name: below + index for index, name in enumerate(order)}


def _band(
    busy: Mapping[str, tuple[int, float]], idle: Mapping[str, int], width: int, top: float
) -> dict[str, tuple[float, float]]:
    """Places of a namespace from row `top` on; the idle ones in lines of `width` below the others."""
    highest = min((row for _, row in busy.values()), default=0.0)
    placed = {name: (float(column), top + row - highest) for name, (column, row) in busy.items()}
    strip = max((row + 1 for _, row in placed.values()), default=top)
    return placed | {name: (float(slot % width), strip + slot // width) for name, slot in idle.items()}


def _around(places: Iterable[tuple[float, float]]) -> Box:
    columns, rows = zip(*places, strict=True)
    return Box(min(columns), min(rows), max(columns), max(rows))


def _without_cycles(edges: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The edges that do not lead back to where a walk in the order of names came from."""
    kept: list[tuple[str, str]] = []
    done: set[str] = set()
    starts = sorted({source for source, _ in edges} - {target for _, target in edges})

    def walk(name: str, way: tuple[str, ...]) -> None:
        done.add(name)
        for edge in (edge for edge in edges if edge[0] == name):
            if edge[1] not in (*way, name):
                kept.append(edge)
                if edge[1] not in done:
                    walk(edge[1], (*way, name))

    for name in (*starts, *sorted({source for source, _ in edges})):
        if name not in done:
            walk(name, ())
    return kept
