"""Slips that Istio's API takes without a word, said as a sentence beside a failed check.

Each was somebody's lost afternoon in Istio's issue tracker: rules for gateways only, a general rule above a
special one, 0.3 that means 0.3 %, retries beside a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from meshtutor.display.text import count

Object = dict[str, Any]


def slips(objects: Iterable[Object]) -> Iterator[str]:
    """What looks unintended in these objects, one sentence each."""
    for obj in objects:
        if obj["kind"] == "VirtualService":
            yield from _not_in_the_mesh(obj)
            routes = obj["spec"].get("http") or []
            yield from _never_reached(routes)
            for index, route in enumerate(routes):
                yield from _small_percentages(f"http[{index}]", route)
                yield from _retried_fault(f"http[{index}]", route)


def _not_in_the_mesh(rule: Object) -> Iterator[str]:
    gateways = rule["spec"].get("gateways") or []
    if "*" in (rule["spec"].get("hosts") or []):
        return  # a rule for every host can only be a gateway's
    if gateways and "mesh" not in gateways:
        named = ", ".join(gateways)
        yield f"It holds for requests through {named} only: `gateways` does not name `mesh`, the sidecars."


def _never_reached(routes: list[Object]) -> Iterator[str]:
    for index, route in enumerate(routes[:-1]):
        if not route.get("match"):
            rest = count(len(routes) - index - 1, "rule")
            yield f"http[{index}] has no match, so it takes every request; the {rest} below it never get one."
            return


def _small_percentages(where: str, route: Object) -> Iterator[str]:
    fault = route.get("fault") or {}
    for part in ("abort", "delay"):
        value = (fault.get(part, {}).get("percentage") or {}).get("value", 100)
        if 0 < value <= 1:
            yield f"{where}.fault.{part}.percentage.value is in percent: {value:g} means {value:g} of 100 requests."


def _retried_fault(where: str, route: Object) -> Iterator[str]:
    if route.get("fault") and (route.get("retries") or route.get("timeout")):
        yield (
            f"{where} has a fault beside its timeout or retries: what the fault fails or delays, they never see; "
            "they hold only for what it lets through."
        )
