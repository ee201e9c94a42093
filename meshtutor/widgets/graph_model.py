"""What a graph's widget shows: the graph, what is selected in it, and the rules that concern that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traitlets import HasTraits, Instance, Int, Unicode, observe

from meshtutor.charts.layering import Layout
from meshtutor.errors import MeshtutorError
from meshtutor.mesh import Mesh, concerning
from meshtutor.mesh.concerning import Rule
from meshtutor.telemetry.graph import Edge, Graph, Node, read_graph
from meshtutor.telemetry.graph.standing import Standing, read_standing


class GraphModel(HasTraits):  # type: ignore[misc]  # traitlets has no types
    """The newest `graph`, and in `selected` the id of a node or an edge ("" for none).

    `refresh` asks Prometheus, `look_around` the Kubernetes API for pods and rules: they change more seldom. `drawn`
    counts graphs; `error` says why there is no new one.
    """

    graph = Instance(Graph)
    selected = Unicode()
    error = Unicode()
    drawn = Int()

    def __init__(self, mesh: Mesh, window: float, namespaces: tuple[str, ...]) -> None:
        self._mesh = mesh
        self.window = window
        self.namespaces = namespaces
        self.layout = Layout()
        self._standing: Standing | None = None
        self._rules: list[dict[str, Any]] = []
        super().__init__(graph=Graph((), (), namespaces, window))

    @property
    def chosen(self) -> Node | Edge | None:
        """The selected node or edge, if it is in the graph now."""
        found = (*self.graph.nodes, *self.graph.edges)
        return next((one for one in found if one.id == self.selected), None)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The objects that concern what is selected."""
        one = self.chosen
        standing = self._standing or Standing()
        if isinstance(one, Node):
            return concerning.of_node(one, standing, self._rules)
        return concerning.of_edge(self.graph, one, standing, self._rules) if one else ()

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What can be selected, as (words, id)."""
        names = {node.id: _called(node) for node in self.graph.nodes}
        nodes = [(names[node.id], node.id) for node in self.graph.nodes]
        edges = [(f"{names[edge.source]} → {names[edge.target]}", edge.id) for edge in self.graph.edges]
        return [("nothing", ""), *sorted(nodes), *edges]

    def refresh(self) -> bool:
        """Ask Prometheus for the graph of the last seconds; False if it does not answer, then `error` says why."""
        if self._standing is None:
            self.look_around()
        try:
            found = read_graph(
                self._mesh.prometheus, self._mesh.api, self.namespaces, self.window, standing=self._standing
            )
        except MeshtutorError as error:
            self.error = error.message
            return False
        self.layout.update(found)
        self.error, self.graph = "", found
        self.drawn += 1
        return True

    def look_around(self) -> None:
        """Ask the Kubernetes API for pods, Services and rules; what does not answer stays as it was."""
        try:
            elsewhere = {node.namespace for node in self.graph.nodes} - {""}
            known = read_standing(
                self._mesh.api, dict.fromkeys((*self.namespaces, *sorted(elsewhere), concerning.ROOT))
            )
            self._standing, self._rules = known, concerning.read_rules(self._mesh.api)
        except MeshtutorError as error:
            self.error = error.message

    @observe("selected")  # type: ignore[untyped-decorator]
    def _selected(self, change: Mapping[str, Any]) -> None:
        if change["new"] and change["old"] != change["new"] and self._standing is not None:
            self.look_around()


def _called(node: Node) -> str:
    return f"{node.name} ({node.kind})" if node.kind in ("service", "gateway") else node.name
