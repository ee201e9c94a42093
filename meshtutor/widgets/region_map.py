"""`RegionMap`: regions, the pods in them, where a caller's requests go; and buttons that make a region fail."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from meshtutor.charts import mapping
from meshtutor.errors import MeshtutorError
from meshtutor.kube.kinds import SERVICE
from meshtutor.mesh.crossings import Crossings, crossings
from meshtutor.mesh.places import Places
from meshtutor.traffic.outcome import Outcome
from meshtutor.widgets.answers_widget import AnswersWidget
from meshtutor.widgets.live_widget import View
from meshtutor.widgets.pod_watch import PodWatch
from meshtutor.widgets.recorder import Recorder
from meshtutor.widgets.region_model import RegionModel

_SECONDS: Final = 10.0
_FAULT: Final = 503


class RegionMap(AnswersWidget[RegionModel]):
    """A map with measured shares; choices for `localityLbSetting`; a switch for each region that breaks its pods.

    Without a browser `regions.model.locality = {"mode": "distribute", "near": 80}` does what the controls do, and
    `regions.model.failed = {"europe"}` what the switches do. MeshtutorError where the nodes are not in two regions.
    """

    written_kind = "DestinationRule"

    @property
    def title(self) -> str:
        """See AnswersWidget."""
        return f"Where requests for {self.service} go"

    @property
    def usage(self) -> str:
        """See AnswersWidget."""
        return f"{type(self).__name__}.model.locality = {dict(self.model.draft)!r} applies it"

    def crossings(self, requests: Iterable[Outcome] | None = None) -> Crossings:
        """Where requests went, those of a Report say, for `mt.charts.region_map`.

        By default those of the background load of the last seconds, but none from before the last change of the rule
        or of the regions.
        """
        if requests is None:
            outcomes, states = self._live.observer.under_the_rule(_SECONDS), self._watch.states
        else:
            outcomes, states = list(requests), self._watch.look()
        return crossings(self._caller, self._home, self._places, outcomes, states)

    def restore(self) -> None:
        """See AnswersWidget; what the switches broke is healed as well."""
        self.model.failed = ()
        super().restore()

    def _make_model(self) -> RegionModel:
        self._find_caller()
        self._places = self._find_places()
        if len(self._places.regions) < 2 or not self._home:
            have = ", ".join(self._places.regions) or "no region"
            raise MeshtutorError(
                f"A map needs two regions, and {self._caller} in one of them; the nodes are in {have}, "
                f"{self._caller} is in {self._home or 'none'}.",
                "Label nodes: kubectl label node NAME topology.kubernetes.io/region=europe; then restart the pods",
            )
        model = RegionModel(self.rules, self._places.regions, self.mesh.apply, self._break)
        model.observe(self._broken, "broken")
        return model

    def _find_caller(self) -> None:
        self._caller = str(self.mesh.pod(self._from_pod)["metadata"]["name"])
        self._home = self.mesh.places()[self._caller].region

    def _find_places(self) -> Places:
        selector = self.mesh.api.get(SERVICE, self.service, self.mesh.namespace)["spec"].get("selector") or {}
        return self.mesh.places(",".join(f"{key}={value}" for key, value in selector.items()))

    def _break(self, region: str, broken: bool) -> None:
        self._places = self._find_places()
        for pod in self._places.pods(region):
            self.mesh.disturb(pod, **({"status": _FAULT} if broken else {}))

    def _broken(self, change: object) -> None:
        del change
        self._live.observer.since = time.time()
        self._draw()

    @property
    def _watch(self) -> PodWatch:
        watch = self._live.observer
        assert isinstance(watch, PodWatch)
        return watch

    def _make_recorder(self) -> Recorder:
        return PodWatch(self._draw, self._look)

    def _look(self) -> dict[str, str]:
        states = self.mesh.pod_states(self.service, self._from_pod)
        if set(states) - set(self._places):  # pods came or went, perhaps the caller as well
            self._find_caller()
            self._places = self._find_places()
        return states

    def _make_view(self) -> View:
        from meshtutor.widgets.region_view import RegionView

        title = f"{self.title}, from {self._caller}"
        return RegionView(title, self.model, self._live, self._watch, self.crossings)

    def __repr__(self) -> str:
        state = self.model.message or "nothing changed yet"
        return f"{self.title}: {state}\n  {mapping.words(self.crossings())}\n  {self.usage}"
