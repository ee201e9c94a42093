"""Whose answers a caller got: pod by pod, and how many requests stayed in its region or left it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshtutor.mesh.places import Places
from meshtutor.telemetry.ejections import IN
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.tally import Share


@dataclass(frozen=True)
class Spot:
    """A pod on the map: what it answered, what it failed, and its `state` for the caller (in, ejected, unhealthy)."""

    pod: str
    version: str
    region: str
    answered: int = 0
    failed: int = 0
    state: str = IN

    @property
    def n(self) -> int:
        """The requests that reached it."""
        return self.answered + self.failed


@dataclass(frozen=True)
class Crossings:
    """Requests of one caller, which is in the region `home`; `lost` reached no pod that is known."""

    caller: str
    home: str
    regions: tuple[str, ...]
    spots: tuple[Spot, ...]
    lost: int = 0

    @property
    def n(self) -> int:
        """All requests."""
        return self.lost + sum(spot.n for spot in self.spots)

    @property
    def failed(self) -> int:
        """The requests that were not answered, or with an error."""
        return self.lost + sum(spot.failed for spot in self.spots)

    def within(self, region: str) -> tuple[Spot, ...]:
        """The pods of a region."""
        return tuple(spot for spot in self.spots if spot.region == region)

    def share(self, region: str) -> Share:
        """The share of the requests that reached a region."""
        return Share(sum(spot.n for spot in self.within(region)), self.n)


def crossings(
    caller: str, home: str, places: Places, outcomes: Iterable[Outcome], states: Mapping[str, str]
) -> Crossings:
    """From where the service's pods are, what came of the requests, and the caller's Envoy's view of the pods."""
    counts = Counter((outcome.pod, outcome.ok) for outcome in outcomes)
    spots = tuple(
        Spot(pod, place.version, place.region, counts[pod, True], counts[pod, False], states.get(pod, IN))
        for pod, place in places.items()
    )
    lost = sum(count for (pod, _), count in counts.items() if pod not in places)
    return Crossings(caller, home, places.regions, spots, lost)
