"""Istio's standard metrics, asked for by their meaning.

Metric and label names: https://istio.io/latest/docs/reference/config/metrics/. The `source` reporter (the
client's sidecar) is asked by default, because it also sees requests that never reached a server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from meshtutor.errors import NotReadyError
from meshtutor.telemetry.counters import by_label, first_scrapes, seconds_of, selector, target_of
from meshtutor.telemetry.prometheus import Prometheus
from meshtutor.telemetry.results import Matrix

REQUESTS: Final = "istio_requests_total"
# a lesson says "version"; the metric has one label per side
SHORT_LABELS: Final = {
    "version": "destination_version",
    "app": "destination_app",
    "workload": "destination_workload",
    "source": "source_workload",
    "status": "response_code",
    "flags": "response_flags",
}
_SHORTEST_LOOKBACK: Final = 6.0
_SHORTEST_PATIENCE: Final = 15.0
# when each target was scraped, 0 if it did not answer
_ANSWERED: Final = "timestamp(up) * up unless max_over_time(up[5m]) == 0"


@dataclass(frozen=True)
class Counted:
    """Requests by a label, over the `seconds` until `until` (Prometheus' clock)."""

    counts: dict[str, int]
    until: float
    seconds: float


@dataclass(frozen=True)
class RequestSamples:
    """Raw samples of `istio_requests_total` for one service; counting them costs no further query."""

    requests: Matrix
    up: Matrix

    def scrape_times(self, since: float) -> list[float]:
        """When the target with the most requests was scraped after `since`, oldest first.

        Each target is scraped at its own moment; mixing them would show every request twice in part.
        """
        grown: dict[tuple[str, ...], float] = {}
        times: dict[tuple[str, ...], set[float]] = {}
        for one in filter(lambda series: series.points, self.requests):
            target = target_of(one.labels)
            grown[target] = grown.get(target, 0.0) + one.values[-1] - one.values[0]
            times.setdefault(target, set()).update(one.times)
        busiest = max(grown, key=lambda target: (grown[target], len(times[target])), default=None)
        return sorted(when for when in times.get(busiest, ()) if when > since) if busiest else []

    def count(self, by: str, start: float, end: float) -> dict[str, int]:
        """Requests by a label (or its short name) that were counted after `start` and until `end`."""
        return by_label(self.requests, SHORT_LABELS.get(by, by), start, end, first_scrapes(self.up))


def read_requests(
    prometheus: Prometheus,
    service: str,
    namespace: str,
    window: float,
    *,
    reporter: str = "source",
    source: str = "",
) -> RequestSamples:
    """The samples of requests to a service during the last `window` seconds, and a little before."""
    labels = {
        "reporter": reporter,
        "destination_service_name": service,
        "destination_service_namespace": namespace,
    }
    if source:
        labels["source_workload"] = source
    lookback = max(
        _SHORTEST_LOOKBACK, 1.5 * prometheus.scrape_interval
    )  # the sample before the window counts, too
    reach = f"{int((window + lookback) * 1000)}ms"
    return RequestSamples(
        prometheus.samples(selector(REQUESTS, labels), reach), prometheus.samples("up", reach)
    )


def count_requests(
    prometheus: Prometheus, service: str, namespace: str, by: str = "version", window: str | float = "10s", *,
    reporter: str = "source", source: str = "",
) -> Counted:  # fmt: skip
    """Requests to a service by a label, during a window that ends with the newest scrape."""
    seconds = seconds_of(window)
    samples = read_requests(prometheus, service, namespace, seconds, reporter=reporter, source=source)
    end = prometheus.now()
    return Counted(samples.count(by, end - seconds, end), end, seconds)


def patience(prometheus: Prometheus) -> float:
    """How long to wait for a scrape of each target, in seconds: two intervals, because one may fail."""
    return max(_SHORTEST_PATIENCE, 2 * prometheus.scrape_interval)


def wait_for_scrape(
    prometheus: Prometheus,
    timeout: float,
    pause: Callable[[float], None],
    pods: Iterable[str] = (),
    clock: Callable[[], float] | None = None,
) -> float:
    """Wait until every target has answered a scrape after now; Prometheus' time of the last of them. NotReadyError.

    What was counted before this call is in Prometheus' answers after it. A target that did not answer in time is
    waited for (its series are gone until it does), but not one that has been silent for long. `pods` are those that
    are meant, and only they: nodes and other people's pods have a pace of their own, and right after their start
    Prometheus may not have heard of pods yet. (Where no target has a label `pod`, nobody can tell them apart.)
    """
    import time

    monotonic = clock or time.monotonic
    deadline, begun, wanted = monotonic() + timeout, prometheus.now(), set(pods)
    while True:
        scraped = list(prometheus.query(_ANSWERED))
        known = {s.labels.get("pod", "") for s in scraped} - {""}
        unheard = sorted(wanted - known) if known else []
        if wanted and known:
            scraped = [s for s in scraped if s.labels.get("pod") in wanted]
        times = [s.value for s in scraped]
        if times and min(times) > begun and not unheard:
            return max(times)
        if monotonic() > deadline:
            late = [s.labels.get("pod") or s.labels.get("instance", "?") for s in scraped if s.value <= begun]
            late += unheard
            raise NotReadyError(
                f"Prometheus did not scrape {', '.join(late[:5]) or 'anything'} within {timeout:g} s.",
                'mesh.prometheus.query("up") shows its targets; meshtutor status shows the pods',
            )
        pause(0.1)
