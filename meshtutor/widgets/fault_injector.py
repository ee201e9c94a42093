"""`FaultInjector`: sliders that delay and abort a share of the requests for a service, and the answers as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshtutor.widgets.answers_widget import AnswersWidget
from meshtutor.widgets.fault_model import FaultModel

if TYPE_CHECKING:
    from meshtutor.widgets.answers_view import AnswersView


class FaultInjector(AnswersWidget[FaultModel]):
    """Sliders for the share and kind of faults, and a live chart of statuses and latencies.

    Without a browser `faults.model.fault = {"abort_percent": 30, "abort_status": 503}` does what the sliders do, and
    returns when every proxy has acknowledged the rule.
    """

    @property
    def title(self) -> str:
        """See AnswersWidget."""
        return f"Faults on the way to {self.service}"

    @property
    def usage(self) -> str:
        """See AnswersWidget."""
        return f"{type(self).__name__}.model.fault = {dict(self.model.draft)!r} injects it"

    def _make_model(self) -> FaultModel:
        return FaultModel(self.rules, self.mesh.apply)

    def _make_view(self) -> AnswersView:
        from meshtutor.widgets.fault_view import FaultView

        return FaultView(self.title, self.model, self._live)
