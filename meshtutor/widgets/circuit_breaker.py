"""`CircuitBreaker`: limits for a service, the answers under them, and which pod is ejected when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from meshtutor.widgets.answers_widget import AnswersWidget
from meshtutor.widgets.breaker_model import BreakerModel
from meshtutor.widgets.pod_watch import PodWatch
from meshtutor.widgets.recorder import Recorder

if TYPE_CHECKING:
    from meshtutor.widgets.answers_view import AnswersView


class CircuitBreaker(AnswersWidget[BreakerModel]):
    """Sliders for connectionPool and outlierDetection, a live chart of answers and one of the pods' part in them.

    Without a browser `breaker.model.breaker = {"consecutive_5xx": 3, "max_ejection_percent": 100}` does what the
    sliders do, `breaker.states()` says which pods the sender's proxy sends to, and
    `breaker.wait_for("reviews-v2", "ejected")` waits until it does not.
    """

    written_kind = "DestinationRule"

    @property
    def title(self) -> str:
        """See AnswersWidget."""
        return f"Circuit breaker for {self.service}"

    @property
    def usage(self) -> str:
        """See AnswersWidget."""
        return f"{type(self).__name__}.model.breaker = {dict(self.model.draft)!r} applies it"

    def states(self) -> Mapping[str, str]:
        """By pod: `in`, `ejected` or `unhealthy`, as the sender's Envoy has it now."""
        return self._watch.look()

    def wait_for(self, pod: str, state: str, timeout: float = 30.0) -> float:
        """Wait until a pod (by the beginning of its name) is in a state; the seconds that took. NotReadyError."""
        return self._watch.wait_for(pod, state, timeout)

    @property
    def _watch(self) -> PodWatch:
        watch = self._live.observer
        assert isinstance(watch, PodWatch)
        return watch

    def _make_model(self) -> BreakerModel:
        return BreakerModel(self.rules, self.mesh.apply)

    def _make_recorder(self) -> Recorder:
        return PodWatch(self._draw, self._look)

    def _make_view(self) -> AnswersView:
        from meshtutor.widgets.breaker_view import BreakerView

        return BreakerView(self.title, self.model, self._live, self._watch)

    def _look(self) -> Mapping[str, str]:
        return self.mesh.pod_states(self.service, self._from_pod)
