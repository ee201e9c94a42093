"""The golden signals of services, or of the workloads behind one: how much, how many fail, how slow, how many bytes.

The questions are those of Istio's Grafana dashboards (istio/istio, manifests/addons/dashboards: mesh, service and
workload): requests per second, the share of 5xx, percentiles of the duration, bytes of requests and responses. A
service is judged by its callers' proxies, which also see what never arrived; a workload by its own.

Left out: TCP's signals, which have no requests to judge.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from meshtutor.display import html, text
from meshtutor.telemetry.counters import selector
from meshtutor.telemetry.prometheus import Prometheus
from meshtutor.telemetry.results import Series

NAMES: Final = ("rate", "errors", "p50", "p90", "p99", "received", "sent")
QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
_HEADINGS: Final = ("", "requests", "5xx", "p50", "p90", "p99", "responses")
_POINTS: Final = 60
_SCRAPES: Final = 4  # in a rate's window, as Prometheus' manual advises
_FAILED: Final = 'response_code=~"5..|0"'
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Signals:
    """One service's or workload's signals over time: points are (seconds since the epoch, value).

    Of `NAMES`: rate in requests per second, errors as a share 0..1, p50 to p99 in ms, received and sent in bytes per
    second (requests and responses). A moment without requests has neither errors nor percentiles.
    """

    name: str
    points: Mapping[str, Points] = field(default_factory=dict)

    def last(self, signal: str) -> float | None:
        """The newest value of a signal, None where there is none."""
        found = self.points.get(signal)
        return found[-1][1] if found else None


@dataclass(frozen=True)
class Board:
    """`parts` are all services of a namespace; or the workloads of one service, whose own signals are `total`."""

    parts: tuple[Signals, ...]
    total: Signals | None = None
    until: float = 0.0
    seconds: float = 60.0

    def __repr__(self) -> str:
        rows = [_row(one) for one in (*((self.total,) if self.total else ()), *self.parts)]
        return text.columns([_HEADINGS, *rows], indent="", right=range(1, 7)) if rows else "No requests yet."

    def _repr_html_(self) -> str:
        rows = [_row(one) for one in (*((self.total,) if self.total else ()), *self.parts)]
        return html.table(_HEADINGS, rows, right=range(1, 7)) if rows else html.muted("No requests yet.")


def read_signals(prometheus: Prometheus, namespace: str, seconds: float = 60.0, service: str = "") -> Board:
    """The signals of all services of a namespace; or of one, with those of its workloads.

    About sixty points over the last `seconds`, none closer than scrapes are; sorted by name. QueryError if Prometheus
    does not answer.
    """
    step = max(seconds / _POINTS, prometheus.scrape_interval)
    window = f"{round(1000 * max(step, _SCRAPES * prometheus.scrape_interval))}ms"
    now = time.time()
    found = _ask(prometheus, promql(namespace, window, service), seconds, step, now)
    if not service:
        return Board(found, None, now, seconds)
    parts = _ask(prometheus, promql(namespace, window, service, workloads=True), seconds, step, now)
    return Board(parts, found[0] if found else None, now, seconds)


def promql(namespace: str, window: str, service: str = "", *, workloads: bool = False) -> str:
    """One expression for all signals; each series says in label `signal` what it is and in `name` whose."""
    labels = {
        "reporter": "destination" if workloads else "source",
        "destination_service_namespace": namespace,
    }
    if service:
        labels["destination_service_name"] = service
    by = "destination_workload" if workloads else "destination_service_name"
    asked = _expressions(labels, by, window)
    return " or ".join(_named(expression, signal, by) for signal, expression in asked.items())


def _expressions(labels: Mapping[str, str], by: str, window: str) -> dict[str, str]:
    def rate(metric: str, more: str = "", group: str = by) -> str:
        chosen = selector(metric, labels)
        return f"sum by ({group}) (rate({chosen[:-1]}{',' if more else ''}{more}}}[{window}]))"

    requests, durations = rate("istio_requests_total"), "istio_request_duration_milliseconds_bucket"
    failed = f"({rate('istio_requests_total', _FAILED)} or 0 * {requests})"
    return {
        "rate": requests,
        "errors": f"{failed} / {requests}",
        **{
            name: f"histogram_quantile({q}, {rate(durations, group=f'le, {by}')})"
            for name, q in QUANTILES.items()
        },
        "received": rate("istio_request_bytes_sum"),
        "sent": rate("istio_response_bytes_sum"),
    }


def _named(expression: str, signal: str, by: str) -> str:
    return f'label_replace(label_replace({expression}, "signal", "{signal}", "", ""), "name", "$1", "{by}", "(.*)")'


def _ask(
    prometheus: Prometheus, expression: str, seconds: float, step: float, now: float
) -> tuple[Signals, ...]:
    return gathered(prometheus.query_range(expression, seconds, step, now))


def _row(one: Signals) -> tuple[str, ...]:
    rate, errors, sent = one.last("rate"), one.last("errors"), one.last("sent")
    times = (one.last(name) for name in QUANTILES)
    return (
        one.name,
        "" if rate is None else f"{rate:.1f}/s",
        "" if errors is None else f"{errors:.1%}",
        *("" if value is None else text.milliseconds(value) for value in times),
        "" if sent is None else f"{sent:.0f} B/s",
    )


def gathered(series: Iterable[Series]) -> tuple[Signals, ...]:
    """Series by the names in their labels; what is not a number is no point."""
    found: dict[str, dict[str, Points]] = {}
    for one in series:
        points = tuple((at, value) for at, value in one.points if math.isfinite(value))
        if name := one.labels.get("name", ""):
            found.setdefault(name, {})[one.labels["signal"]] = points
    return tuple(Signals(name, points) for name, points in sorted(found.items()))
