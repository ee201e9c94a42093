"""Which share of a cluster's requests an endpoint gets: priorities, weights of places, weights of endpoints.

Source: Envoy's documentation of load balancing (priority levels, locality weighted). A priority takes 140 % (the
overprovisioning factor) of the share of its endpoints that are healthy, at most all; the next takes what is left.
Algorithms are not looked at: these are the shares in the long run, with even endpoints. Where too little is healthy in
all priorities together, their parts are scaled up to 100 %.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from meshtutor.xray.result import Endpoint, Target

_OVERPROVISIONING: Final = 1.4


def shares(target: Target) -> dict[Endpoint, float]:
    """Percent of the cluster's requests by endpoint; those that get none are not named."""
    found: dict[Endpoint, float] = {}
    for priority, load in _loads(target.endpoints).items():
        members = [endpoint for endpoint in target.endpoints if endpoint.priority == priority]
        weights = _weights(members, by_locality=target.by_locality)
        total = sum(weights.values())
        found |= {endpoint: load * weight / total for endpoint, weight in weights.items() if load}
    return found


def _loads(endpoints: Iterable[Endpoint]) -> dict[int, float]:
    """Percent by priority."""
    held = list(endpoints)
    loads, left = {}, 100.0
    for priority in sorted({endpoint.priority for endpoint in held}):
        members = [endpoint for endpoint in held if endpoint.priority == priority]
        loads[priority] = min(left, 100 * _available(members))
        left -= loads[priority]
    taken = sum(loads.values())
    return {priority: 100 * load / taken for priority, load in loads.items()} if taken else {}


def _available(members: list[Endpoint]) -> float:
    return min(1.0, _OVERPROVISIONING * sum(e.healthy for e in members) / len(members))


def _weights(members: list[Endpoint], *, by_locality: bool) -> dict[Endpoint, float]:
    """Healthy endpoints of one priority by weight; with weights of places, a place's is parted among its own."""
    healthy = [endpoint for endpoint in members if endpoint.healthy]
    if not by_locality:
        return {endpoint: float(endpoint.weight) for endpoint in healthy}
    found = {}
    for endpoint in healthy:
        place = [other for other in members if other.locality == endpoint.locality]
        own = sum(other.weight for other in place if other.healthy)
        found[endpoint] = endpoint.locality_weight * _available(place) * endpoint.weight / own
    return found
