"""`RetryTuner`: retries and timeouts for a service, and the answers as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshtutor.widgets.answers_widget import AnswersWidget
from meshtutor.widgets.retry_model import RetryModel

if TYPE_CHECKING:
    from meshtutor.widgets.answers_view import AnswersView


class RetryTuner(AnswersWidget[RetryModel]):
    """Sliders for attempts and timeouts, and a live chart of statuses and latencies.

    Without a browser `tuner.model.policy = {"attempts": 2, "retry_on": "5xx", "per_try_timeout": 0.3}` does what the
    sliders do, and returns when every proxy has acknowledged the rule.
    """

    @property
    def title(self) -> str:
        """See AnswersWidget."""
        return f"Retries and timeouts for {self.service}"

    @property
    def usage(self) -> str:
        """See AnswersWidget."""
        return f"{type(self).__name__}.model.policy = {dict(self.model.draft)!r} applies it"

    def _make_model(self) -> RetryModel:
        return RetryModel(self.rules, self.mesh.apply)

    def _make_view(self) -> AnswersView:
        from meshtutor.widgets.retry_view import RetryView

        return RetryView(self.title, self.model, self._live)
