"""`CostOfMesh`: what proxies cost on the learner's own machine: direct, through one, through two with mTLS."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from meshtutor.config import settings, study
from meshtutor.display import surroundings
from meshtutor.errors import NotReadyError
from meshtutor.kube import manifests
from meshtutor.mesh import Mesh
from meshtutor.telemetry import proxies
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.racing import Runner, race
from meshtutor.widgets.cost_model import ROUNDS, SMALL_ROUNDS, WAYS, Cost, CostModel, OnRound

BARE: Final = ("03_see_the_mesh", "bare.yaml")
_PATH: Final = "/health"  # the same few lines of the same program in every pod


class CostOfMesh:
    """The same small request on three ways, in turns, one after the other: no proxy, the server's, both with mTLS.

    For the time of the measurement two pods without a sidecar are started. `cost.model.measure()` does what the button
    does, and returns the Cost; MeshtutorError if a request fails (with mTLS STRICT there is no way with one proxy).
    """

    def __init__(self, mesh: Mesh, server: str = "details", rounds: int | None = None) -> None:
        self.mesh = mesh
        self.server = server
        self.model = CostModel(self._measure, rounds or (SMALL_ROUNDS if settings().small else ROUNDS))
        self._view: Any = None

    def close(self) -> None:
        """Take the widget out of the page."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def _measure(self, rounds: int, each: int, on_round: OnRound) -> Cost:
        bare = manifests.load(study().joinpath("manifests", *BARE))
        try:
            self.mesh.apply(bare)
            timed = race(self._runners(), rounds, each, on_round)
        finally:
            self.mesh.delete(bare)
        return Cost(timed, self._memory())

    def _memory(self) -> dict[str, float]:
        """Of the two proxies on the way; Envoy says it some seconds after its start, and a scrape later it is known."""
        pods = [self._pod(app)["metadata"]["name"] for app in ("client", self.server)]
        with suppress(NotReadyError):
            self.mesh.wait_for_metrics(f"count({proxies.memory_of(pods)})", at_least=len(pods))
        return proxies.memory(self.mesh.prometheus, pods)

    def _runners(self) -> list[Runner]:
        """The bare client addresses pods by their IP; what goes through its own proxy has to be a Service's name."""
        direct, one, two = WAYS
        return [
            self._runner(direct, self._url("bare-server"), "bare-client"),
            self._runner(one, self._url(self.server), "bare-client"),
            self._runner(two, f"{self.server}{_PATH}", "client"),
        ]

    def _runner(self, name: str, target: str, pod: str) -> Runner:
        # where pods have addresses of this machine, it sends itself: no pod without a sidecar is nearer to them
        outside = "://" in target and self.mesh._doors.is_outside(target)
        sender = None if outside else pod

        def send(n: int) -> tuple[Outcome, ...]:
            return self.mesh.send(target, n, from_pod=sender, concurrency=1).outcomes

        return Runner(name, send)

    def _url(self, app: str) -> str:
        pod = self._pod(app)
        port = pod["spec"]["containers"][0]["ports"][0]["containerPort"]
        return f"http://{pod['status']['podIP']}:{port}{_PATH}"

    def _pod(self, app: str) -> dict[str, Any]:
        found: dict[str, Any] = self.mesh.pod(app)
        return found

    def __repr__(self) -> str:
        usage = f"{type(self).__name__}.model.measure() measures"
        return f"The cost of the mesh\n{self.model.cost or 'not measured yet'}\n  {usage}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        if self._view is None:
            from meshtutor.widgets.cost_view import CostView

            self._view = CostView(self.model)
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": repr(self)}
