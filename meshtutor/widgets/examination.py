"""`Examination`: one request under three instruments: what came back, what the proxy has, what was written."""

from __future__ import annotations

from typing import Any

from meshtutor.display import surroundings
from meshtutor.mesh import Mesh
from meshtutor.widgets.examination_model import REQUESTS, ExaminationModel, Instrument, Patient


class Examination:
    """A form for a request, and below it who answered, why it went there, and what is suspicious in the rules.

    A target that begins with a slash is a path of the gateway. Without a browser `exam.model.target = "ratings"` and
    `exam.model.examine()` do what the form does, and `exam.model.answers` holds what was found. It changes nothing in
    the mesh.
    """

    def __init__(self, mesh: Mesh, target: str = "reviews", user: str = "", sender: str = "") -> None:
        self.mesh = mesh
        self._view: Any = None
        self.model = ExaminationModel(
            (
                Instrument("send", f"Who answered {REQUESTS} requests?", self._send),
                Instrument("explain", "What does the sender's proxy do with such a request?", self._explain),
                Instrument("analyze", "What is suspicious in what was written?", self._analyze),
            )
        )
        self.model.target, self.model.user, self.model.sender = target, user, sender

    def close(self) -> None:
        """Take the widget out of the page."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def _send(self, patient: Patient) -> Any:
        return self.mesh.send(
            self._url(patient), REQUESTS, headers=patient.headers, from_pod=patient.sender or None
        )

    def _explain(self, patient: Patient) -> Any:
        return self.mesh.explain(self._url(patient), headers=patient.headers, from_pod=patient.sender or None)

    def _analyze(self, _: Patient) -> Any:
        return self.mesh.analyze()

    def _url(self, patient: Patient) -> str:
        return self.mesh.gateway + patient.target if patient.target.startswith("/") else patient.target

    def __repr__(self) -> str:
        patient = self.model.patient()
        head = f"Examination of {patient.target}: {type(self).__name__}.model.examine() looks at it"
        parts = (f"{answer.asked}\n{answer.error or repr(answer.shown)}" for answer in self.model.answers)
        return "\n\n".join([head, *parts])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        if self._view is None:
            from meshtutor.widgets.examination_view import ExaminationView

            self._view = ExaminationView(self.model)
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": repr(self)}
