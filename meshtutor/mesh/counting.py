"""Counting what reaches a service while something is done, by its own sidecars, which see copies, too.

Nobody waits for the answer to a copy, so copies are under way when the last request has long been answered: counting
begins and ends with a scrape that brought nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from meshtutor.telemetry.istio import RequestSamples, read_requests
from meshtutor.telemetry.prometheus import Prometheus
from meshtutor.telemetry.served import Served, served
from meshtutor.traffic.tally import Tally

_MOST_SCRAPES: Final = 20  # something else may be sending to the service for ever


@dataclass
class Counting:
    """What reached a service; empty until the `with` block is over.

    `versions` and `callers` are tallies of the requests and copies; `failed` counts those that a version answered
    with an error. `sent` is what the callers' sidecars counted in the meantime, which know no copies.
    """

    service: str
    versions: Tally = field(default_factory=Tally)
    sent: Tally = field(default_factory=Tally)
    callers: Tally = field(default_factory=lambda: Tally({}, "caller"))
    failed: Mapping[str, int] = field(default_factory=dict)

    def copies(self, live: str, dark: str) -> Tally:
        """How many of the requests for `live` were copied to `dark`, if nothing else reaches that version."""
        asked, copied = self.versions[live].count, self.versions[dark].count
        return Tally({"copied": copied, "not copied": max(asked - copied, 0)}, "requests")

    def __repr__(self) -> str:
        return f"reached {self.service}: {self.versions!r}"


@contextmanager
def counting(
    prometheus: Prometheus, service: str, namespace: str, wait: Callable[[], object]
) -> Iterator[Counting]:
    """Count between two scrapes of every target, for which `wait` waits: before the block and behind it."""
    found = Counting(service)
    start = _calm(prometheus, service, namespace, wait)
    yield found
    samples, end = _settled(prometheus, service, namespace, wait, start)
    reached: Mapping[str, Served] = served(samples, start, end)
    found.versions = Tally({version: one.requests for version, one in reached.items()})
    found.failed = {version: one.failed for version, one in reached.items()}
    asked = read_requests(prometheus, service, namespace, end - start)
    found.sent = Tally(asked.count("version", start, end))
    found.callers = Tally(samples.count("source", start, end), "caller")


def _calm(prometheus: Prometheus, service: str, namespace: str, wait: Callable[[], object]) -> float:
    """When the first scrape from now on was over that brought nothing new: what was sent before has all arrived."""
    since = prometheus.now() - prometheus.scrape_interval
    for _ in range(_MOST_SCRAPES):
        wait()
        now = prometheus.now()
        samples = read_requests(prometheus, service, namespace, now - since, reporter="destination")
        if not any(samples.count("version", since, now).values()):
            break
        since = now
    return now


def _settled(
    prometheus: Prometheus, service: str, namespace: str, wait: Callable[[], object], start: float
) -> tuple[RequestSamples, float]:
    """What reached the service since `start`, and until when, as soon as a scrape adds nothing to it."""
    before: dict[str, int] | None = None
    for _ in range(_MOST_SCRAPES):
        wait()
        end = prometheus.now()
        samples = read_requests(prometheus, service, namespace, end - start, reporter="destination")
        now = samples.count("version", start, end)
        if now == before:
            break
        before = now
    return samples, end
