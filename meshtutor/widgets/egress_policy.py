"""`EgressPolicy`: what may leave the namespace, and a table of destinations that are really called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from meshtutor.display import surroundings, text
from meshtutor.errors import MeshtutorError
from meshtutor.kube.cleaning import clean
from meshtutor.kube.kinds import SERVICE_ENTRY, SIDECAR
from meshtutor.mesh import Mesh
from meshtutor.mesh.changes import Applied
from meshtutor.widgets import egress_rules
from meshtutor.widgets.egress_model import HEADINGS, EgressModel, Passage
from meshtutor.widgets.own_rules import restore


class EgressPolicy:
    """A switch between ALLOW_ANY and REGISTRY_ONLY, a tick for each host to register, and who can be reached then.

    `hosts` gives the addresses of each host outside the mesh, where the study's application serves; `others` are more
    destinations, as for `mesh.send`. Without a browser
    `egress.model.policy = {"mode": "REGISTRY_ONLY", "registered": [HOST]}` puts a policy in force, and
    `egress.model.passages` says what came of it. MeshtutorError if there is no host.
    """

    def __init__(
        self,
        mesh: Mesh,
        hosts: Mapping[str, Sequence[str]],
        others: Sequence[str] = (),
        *,
        path: str = "/",
        from_pod: str = "client",
    ) -> None:
        if not hosts:
            raise MeshtutorError(
                "There is no host to register.", 'For instance {"api.partner.example": [IP]}'
            )
        self.mesh = mesh
        self._path, self._from_pod = path, from_pod
        self._view: Any = None
        found = [
            clean(obj) for kind in (SIDECAR, SERVICE_ENTRY) for obj in mesh.api.list(kind, mesh.namespace)
        ]
        around = egress_rules.surroundings(hosts, found)
        self.model = EgressModel(around, (*hosts, *others), self._apply, self._call)

    def restore(self) -> None:
        """The rules as they were before this widget: the learner's own again, or none."""
        around = self.model.around
        made = [around.sidecar("ALLOW_ANY"), *map(around.entry, around.hosts)]
        restore(self.mesh, made, around.own)
        self.model.forget()

    def close(self) -> None:
        """Take the widget out of the page; the policy stays."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def _apply(self, objects: list[dict[str, Any]]) -> Applied:
        """Entries that are not among the objects go first: a host that was struck out must not be known any more."""
        kept = {obj["metadata"]["name"] for obj in objects if obj["kind"] == SERVICE_ENTRY.kind}
        doomed = {
            entry["metadata"]["name"]: entry
            for entry in map(self.model.around.entry, self.model.around.hosts)
        }
        if gone := [entry for name, entry in doomed.items() if name not in kept]:
            self.mesh.delete(gone)
        return self.mesh.apply(objects)

    def _call(self, destination: str) -> Passage:
        target = (
            f"http://{destination}{self._path}" if destination in self.model.around.hosts else destination
        )
        (outcome,) = self.mesh.send(target, n=1, from_pod=self._from_pod)
        who = " ".join(part for part in (outcome.service, outcome.version) if part)
        why = self.mesh.explain(target, from_pod=self._from_pod)
        return Passage(destination, outcome.status, outcome.flag, who, why.cluster or why.result.virtual_host)

    def __repr__(self) -> str:
        head = f"Egress policy: {self.model.message or 'not applied yet'}"
        rows = [one.words for one in self.model.passages]
        usage = f'{type(self).__name__}.model.policy = {{"mode": "REGISTRY_ONLY"}} puts one in force'
        return "\n".join([head, *([text.columns([HEADINGS, *rows])] if rows else []), f"  {usage}"])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        if self._view is None:
            from meshtutor.widgets.egress_view import EgressView

            self._view = EgressView(self.model)
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": repr(self)}
