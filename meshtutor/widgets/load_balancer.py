"""`LoadBalancer`: algorithms and sticky keys for a service, and what each of its pods gets."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from meshtutor.charts import balancing
from meshtutor.traffic.load import Load
from meshtutor.traffic.outcome import Request
from meshtutor.traffic.report import Report
from meshtutor.traffic.targets import DEFAULT_PATHS, service_name
from meshtutor.widgets.answers_widget import AnswersWidget
from meshtutor.widgets.balancer_model import BalancerModel
from meshtutor.widgets.balancer_rules import NAME

if TYPE_CHECKING:
    from meshtutor.widgets.rule_view import RuleView

USERS: Final = tuple(f"user-{n:02d}" for n in range(20))


class LoadBalancer(AnswersWidget[BalancerModel]):
    """A choice of algorithm and hash key, live the share of each pod and the percentiles of the latency.

    Without a browser `balancer.model.balancer = {"algorithm": "ringHash", "key": "httpHeaderName"}` does what the
    controls do, and `balancer.send(60, user="alice")` sends as the background load does: a name in a header, a
    cookie and a query parameter, each called `end-user`.
    """

    written_kind = "DestinationRule"

    @property
    def title(self) -> str:
        """See AnswersWidget."""
        return f"Load balancing for {self.service}"

    @property
    def usage(self) -> str:
        """See AnswersWidget."""
        return f"{type(self).__name__}.model.balancer = {dict(self.model.draft)!r} applies it"

    def send(self, n: int, user: str = "alice", concurrency: int = 8) -> Report:
        """`n` requests of one user, for who wants to count by hand."""
        asked = sent_by(user, Request(DEFAULT_PATHS.get(service_name(self.service), "/")))
        return self.mesh.send(
            self.service,
            n,
            path=asked.url,
            headers=asked.headers,
            from_pod=self._from_pod,
            concurrency=concurrency,
        )

    def _make_model(self) -> BalancerModel:
        return BalancerModel(self.rules, self.mesh.apply)

    def _make_view(self) -> RuleView:
        from meshtutor.widgets.balancer_view import BalancerView

        return BalancerView(self.title, self.model, self._live)

    def _make_load(self) -> Load:
        load, everybody = super()._make_load(), itertools.cycle(USERS)
        load.vary = lambda request: sent_by(self.model.draft["user"] or next(everybody), request)
        return load

    def __repr__(self) -> str:
        return f"{super().__repr__()}\n{balancing.words([self._live.observer.under_the_rule()], ('',))}"


def sent_by(user: str, request: Request) -> Request:
    """The request with the user's name in a header, a cookie and a query parameter, each called `end-user`."""
    return replace(
        request, url=f"{request.url}?{NAME}={user}", headers={NAME: user, "cookie": f"{NAME}={user}"}
    )
