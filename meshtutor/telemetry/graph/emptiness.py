"""Why a graph has no edges, or lacks somebody: the questions that Kiali's FAQ answers with a page.

Source: https://kiali.io/docs/faq/graph/ ("Why is my graph empty?"): no traffic, no sidecar, or fewer than two scrapes
in the window, from which no rate can be computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meshtutor.display import text
from meshtutor.telemetry.graph import queries
from meshtutor.telemetry.graph.model import Edge
from meshtutor.telemetry.graph.standing import Standing
from meshtutor.telemetry.prometheus import Prometheus

_NAMED: Final = 5
_ENOUGH: Final = 4  # scrapes in a window, as Prometheus' manual advises for rate()


def notes(
    prometheus: Prometheus,
    standing: Standing,
    namespaces: Sequence[str],
    window: float,
    edges: Sequence[Edge],
) -> tuple[str, ...]:
    """Sentences: why there is no edge at all, or else what is missing in the picture."""
    missing = [
        *_without_sidecar(standing, namespaces),
        *(f"Namespace {n} may not be read." for n in standing.unread),
    ]
    if edges:
        return tuple(missing)
    return (_why_empty(prometheus, standing, namespaces, window), *missing)


def _why_empty(prometheus: Prometheus, standing: Standing, namespaces: Sequence[str], window: float) -> str:
    """The first of the possible causes that holds."""
    where = " and ".join(namespaces)
    scrapes = [sample.value for sample in prometheus.query(queries.scrapes(f"{round(window * 1000)}ms"))]
    here = [workload for workload in standing.workloads if workload.namespace in namespaces]
    if not here and not standing.unread:
        return f"There are no pods in {where}."
    if here and not any(workload.sidecar for workload in here):
        return f"No pod in {where} has a sidecar: nobody counts its requests (notebook 02 injects them)."
    if not scrapes:
        return (
            f"Prometheus scraped nothing in the last {window:g} s; prometheus.query('up') shows its targets."
        )
    if max(scrapes) < 2:
        interval = prometheus.scrape_interval
        return (
            f"The last {window:g} s have fewer than two scrapes, and a rate needs two. "
            f"Prometheus scrapes every {interval:g} s: ask for a window of {_ENOUGH * interval:g}s or more."
        )
    counted = prometheus.query(queries.totals(namespaces)).value
    if not counted:
        return f"No traffic yet: no request from or to {where} was ever counted."
    return (
        f"No growth in the last {window:g} s. {text.count(round(counted), 'request was', 'requests were')} counted "
        "before; the first value of a new series is only its start, so send again, or ask for a wider window."
    )


def _without_sidecar(standing: Standing, namespaces: Sequence[str]) -> list[str]:
    bare = [w.name for w in standing.workloads if w.namespace in namespaces and not w.sidecar]
    if not bare:
        return []
    named = ", ".join(bare[:_NAMED]) + (f" and {len(bare) - _NAMED} more" if len(bare) > _NAMED else "")
    return [f"Without a sidecar, and so seen only from the other side: {named}."]
