"""`RouteTranslator`: one route as a VirtualService and as an HTTPRoute, side by side, and who answers under each."""

from __future__ import annotations

from collections import Counter
from typing import Any

from meshtutor.display import surroundings, text
from meshtutor.errors import MeshtutorError
from meshtutor.kube.kinds import HTTP_ROUTE, SERVICE, VIRTUAL_SERVICE, Kind
from meshtutor.mesh import Mesh
from meshtutor.mesh.changes import Applied
from meshtutor.widgets.match_rules import Probe
from meshtutor.widgets.own_rules import find_rules, restore
from meshtutor.widgets.translator_model import Counts, TranslatorModel
from meshtutor.widgets.translator_rules import FORMS, PROBES, Backends, written


class RouteTranslator:
    """Controls for a route of a service, its YAML in both APIs, and a table of requests that are really sent.

    What matches goes to the service's last version by a share, the rest to its first. Without a browser
    `translator.model.route = {"form": "HTTPRoute", "path": "/reviews", "percent": 30}` puts a form in force, and
    `translator.model.compare()` both in turn. MeshtutorError if the service has fewer than two versions.
    """

    def __init__(
        self,
        mesh: Mesh,
        service: str,
        probes: tuple[Probe, ...] = PROBES,
        n: int = 12,
        from_pod: str = "client",
    ) -> None:
        self.mesh = mesh
        self.service = service
        self.rules = find_rules(mesh, service)
        self._n, self._from_pod = n, from_pod
        self._view: Any = None
        if len(self.rules.subsets) < 2:
            raise MeshtutorError(
                f"A route shows itself by who answers, and {service} has one version only.",
                "Its pods need a label `version` with at least two values; reviews has v1, v2 and v3",
            )
        called = mesh.api.get(SERVICE, service, mesh.namespace)
        backends = Backends(self.rules, called, self.rules.subsets[0], self.rules.subsets[-1])
        self.model = TranslatorModel(backends, probes, self._apply, self._send)

    def restore(self) -> None:
        """The rules as they were before this widget: the learner's own again, or none."""
        made = [
            obj for form in FORMS for obj in written(self.model.backends, {**self.model.draft, "form": form})
        ]
        restore(self.mesh, made, self.rules.own)
        self.model.forget()

    def close(self) -> None:
        """Take the widget out of the page; the route stays."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def _apply(self, objects: list[dict[str, Any]]) -> Applied:
        """The other form first goes: of both, the HTTPRoute would hold, and the table would say nothing."""
        other = VIRTUAL_SERVICE if objects[0]["kind"] == HTTP_ROUTE.kind else HTTP_ROUTE
        if self._is_there(other):
            self.mesh.delete(other.kind, self._name(other))
        return self.mesh.apply(objects)

    def _is_there(self, kind: Kind) -> bool:
        listed = self.mesh.api.list(kind, self.mesh.namespace)
        return self._name(kind) in [obj["metadata"]["name"] for obj in listed]

    def _name(self, kind: Kind) -> str:
        return (
            str(self.rules.virtual_service["metadata"]["name"]) if kind == VIRTUAL_SERVICE else self.service
        )

    def _send(self, probe: Probe) -> Counts:
        """Counts by the version that answered, or by status where none did."""
        report = self.mesh.send(
            self.service,
            self._n,
            path=probe.path,
            method=probe.method,
            headers=probe.headers,
            from_pod=self._from_pod,
        )
        return Counter(one.version or str(one.status) for one in report)

    def __repr__(self) -> str:
        head = f"Route for {self.service}: {self.model.message or 'not applied yet'}"
        rows = [
            (
                probe.words,
                *(
                    shares(self.model.answers[form][i]) if form in self.model.answers else ""
                    for form in FORMS
                ),
            )
            for i, probe in enumerate(self.model.probes)
        ]
        usage = f"{type(self).__name__}.model.compare() tries both forms"
        return "\n".join([head, text.columns([("request", *FORMS), *rows]), f"  {usage}"])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        if self._view is None:
            from meshtutor.widgets.translator_view import TranslatorView

            self._view = TranslatorView(f"One route for {self.service}, in two languages", self.model)
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": repr(self)}


def shares(counts: Counts) -> str:
    """`v1 8 · v3 4`."""
    return " · ".join(f"{name} {count}" for name, count in sorted(counts.items()))
