"""Counting what reaches a service while something is done, by its own sidecars, which see copies, too.

Nobody waits for the answer to a copy, so copies are under way when the last request has long been answered: counting
begins and ends when the sidecars' counters rest and none of the service's pods has a request.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from meshtutor.errors import NotFoundError
from meshtutor.kube import kinds, objects
from meshtutor.kube.client import KubeClient
from meshtutor.telemetry.istio import REQUESTS
from meshtutor.telemetry.pages import Reading, read_pages
from meshtutor.telemetry.results import Labels, Sample, Vector
from meshtutor.telemetry.served import is_wrong
from meshtutor.traffic.tally import Tally

_MOST_READINGS: Final = 20  # something else may be sending to the service for ever
# Seconds between two readings that must be the same: enough for a copy to reach its pod; and where no sidecar tells
# what is in flight (Istio's keep only some of Envoy's statistics), for its pod to answer it.
_ON_THE_WAY: Final = 0.3
_ANSWERED: Final = 1.0


@dataclass
class Counting:
    """What reached a service; empty until the `with` block is over.

    `versions` and `callers` are tallies of the requests and copies; `failed` counts those that a version answered
    with an error. `sent` is what the sidecars of callers in the namespace counted in the meantime, which know no
    copies. `lost` are pods that ended before they could be asked; what they counted is missing.
    """

    service: str
    versions: Tally = field(default_factory=Tally)
    sent: Tally = field(default_factory=Tally)
    callers: Tally = field(default_factory=lambda: Tally({}, "caller"))
    failed: Mapping[str, int] = field(default_factory=dict)
    lost: tuple[str, ...] = ()

    def copies(self, live: str, dark: str) -> Tally:
        """How many of the requests for `live` were copied to `dark`, if nothing else reaches that version."""
        asked, copied = self.versions[live].count, self.versions[dark].count
        return Tally({"copied": copied, "not copied": max(asked - copied, 0)}, "requests")

    def __repr__(self) -> str:
        missing = f"; {', '.join(self.lost)} ended, and what it counted is missing" if self.lost else ""
        return f"reached {self.service}: {self.versions!r}{missing}"


@contextmanager
def counting(kube: KubeClient, service: str, namespace: str) -> Iterator[Counting]:
    """Count between two readings of the sidecars' counters: before the block and behind it."""
    found = Counting(service)
    wanted = {"destination_service_name": service, "destination_service_namespace": namespace}
    before = at_rest(kube, namespace, wanted, service)
    yield found
    after = at_rest(kube, namespace, wanted, service)
    grown = after.since(before)
    reached = [one for one in grown if one.labels.get("reporter") == "destination"]
    found.versions = Tally(_by("destination_version", reached))
    found.callers = Tally(_by("source_workload", reached), "caller")
    found.sent = Tally(
        _by("destination_version", (one for one in grown if one.labels.get("reporter") == "source"))
    )
    wrong = _by("destination_version", (one for one in reached if is_wrong(one.labels)))
    found.failed = {version: wrong.get(version, 0) for version in found.versions.counts}
    found.lost = tuple(sorted(before.pages.keys() - after.pages.keys()))


def at_rest(
    kube: KubeClient, namespace: str, wanted: Labels, service: str = "", pause: float = _ON_THE_WAY
) -> Reading:
    """The counters of the requests `wanted` in the sidecars of a namespace, once they do not grow any more.

    Not before the pods behind `service` (without one: all) have answered what they were asked. If that never happens,
    the last of 20 readings, which are `pause` seconds apart: shorter where nothing is copied.
    """
    selector = _selector(kube, service, namespace)
    last: Reading | None = None
    for _ in range(_MOST_READINGS):
        pods = kube.list(kinds.POD, namespace)
        reading = read_pages(kube, pods, wanted)
        in_flight = reading.in_flight(_matching(pods, selector))
        if last and not in_flight and not reading.since(last):
            break
        last = reading
        time.sleep(_ANSWERED if in_flight is None else pause)
    return reading


def _selector(kube: KubeClient, service: str, namespace: str) -> Labels:
    """What the labels of its pods are; nothing for a host that is no Service."""
    try:
        found = kube.get(kinds.SERVICE, service, namespace) if service else {}
    except NotFoundError:
        return {}
    return objects.spec(found).get("selector") or {}


def _matching(pods: Iterable[Mapping[str, Any]], selector: Labels) -> list[str]:
    return [objects.name(pod) for pod in pods if selector.items() <= objects.labels(pod).items()]


def _by(label: str, samples: Iterable[Sample]) -> dict[str, int]:
    """Whole requests by the value of a label."""
    return {name: round(count) for name, count in Vector(REQUESTS, tuple(samples)).by(label).items()}
