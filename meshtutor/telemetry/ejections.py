"""Which pods of a service a proxy sends to at the moment, by its own word: Envoy's admin page /clusters.

Health flags: https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--clusters (failed_outlier_check).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

IN: Final = "in"
EJECTED: Final = "ejected"
UNHEALTHY: Final = "unhealthy"
_STATES: Final = (IN, EJECTED, UNHEALTHY)


@dataclass(frozen=True)
class Spell:
    """A time in which a pod was in one state; `start` and `end` are seconds since the epoch."""

    pod: str
    state: str
    start: float
    end: float


def states_of(page: Mapping[str, Any], host: str, pods: Mapping[str, str]) -> dict[str, str]:
    """State by pod of the endpoints of a host's clusters; `pods` are their names by address.

    A pod that any of the clusters (a subset's, say) has ejected counts as ejected.
    """
    found: dict[str, str] = {}
    for cluster in page.get("cluster_statuses", ()):
        if cluster.get("name", "").split("|")[-1] != host:
            continue
        for endpoint in cluster.get("host_statuses", ()):
            address = endpoint.get("address", {}).get("socket_address", {}).get("address", "")
            if name := pods.get(address):
                found[name] = max(
                    found.get(name, IN), _state(endpoint.get("health_status", {})), key=_STATES.index
                )
    return dict(sorted(found.items()))


def spells(samples: Iterable[tuple[float, Mapping[str, str]]]) -> list[Spell]:
    """The times of each state, from ordered samples (seconds, state by pod); a state lasts until the next sample."""
    found: dict[str, Spell] = {}
    ended: list[Spell] = []
    for when, states in samples:
        for pod, state in states.items():
            open_ = found.get(pod)
            if open_ is not None:
                open_ = found[pod] = Spell(pod, open_.state, open_.start, when)
            if open_ is None or open_.state != state:
                ended += [open_] if open_ else []
                found[pod] = Spell(pod, state, when, when)
    return sorted([*ended, *found.values()], key=lambda spell: (spell.pod, spell.start))


def ejections(found: Iterable[Spell]) -> Iterator[Spell]:
    """The spells in which a pod got nothing."""
    return (spell for spell in found if spell.state == EJECTED)


def _state(health: Mapping[str, Any]) -> str:
    if health.get("failed_outlier_check"):
        return EJECTED
    return IN if health.get("eds_health_status", "HEALTHY") == "HEALTHY" else UNHEALTHY
