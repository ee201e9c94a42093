"""Why a graph has no edges, or lacks somebody: the questions that Kiali's FAQ answers with a page.

Source: https://kiali.io/docs/faq/graph/ ("Why is my graph empty?"): no traffic, no sidecar, or fewer than two scrapes
in the window, from which no rate can be computed. Beside these: a Telemetry that switches the metrics off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from meshtutor.display import text
from meshtutor.kube.client import KubeClient
from meshtutor.telemetry.graph import queries, silence
from meshtutor.telemetry.graph.model import Edge
from meshtutor.telemetry.graph.standing import Standing, Workload
from meshtutor.telemetry.prometheus import Prometheus

_NAMED: Final = 5
_ENOUGH: Final = 4  # scrapes in a window, as Prometheus' manual advises for rate()


def notes(
    prometheus: Prometheus,
    standing: Standing,
    namespaces: Sequence[str],
    window: float,
    edges: Sequence[Edge],
    *,
    kube: KubeClient,
) -> tuple[str, ...]:
    """Sentences: why there is no edge at all, or else what is missing in the picture.

    The Kubernetes API is asked only where there is no edge.
    """
    missing = [
        *_without_sidecar(standing, namespaces),
        *(f"Namespace {n} may not be read." for n in standing.unread),
    ]
    if edges:
        return tuple(missing)
    here = [workload for workload in standing.workloads if workload.namespace in namespaces]
    with_proxy = [workload for workload in here if workload.sidecar]
    where, off = " and ".join(namespaces), silence.reasons(kube, with_proxy)
    if why := _why_uncounted(standing, here, with_proxy, off, where):
        return (why, *missing)
    return (_why_unseen(prometheus, window, where, namespaces), *_silent(off), *missing)


def _why_uncounted(
    standing: Standing,
    here: Sequence[Workload],
    with_proxy: Sequence[Workload],
    off: Mapping[Workload, str],
    where: str,
) -> str:
    """The first cause for which nobody counts that holds, or ""."""
    if not here and not standing.unread:
        return f"There are no pods in {where}."
    if here and not with_proxy:
        return f"No pod in {where} has a sidecar: nobody counts its requests (notebook 02 injects them)."
    if with_proxy and len(off) == len(with_proxy):
        return f"No request from or to {where} is counted: {'; '.join(dict.fromkeys(off.values()))}."
    return ""


def _why_unseen(prometheus: Prometheus, window: float, where: str, namespaces: Sequence[str]) -> str:
    """The first cause that holds for which nothing is seen of what is counted."""
    scrapes = [sample.value for sample in prometheus.query(queries.scrapes(f"{round(window * 1000)}ms"))]
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


def _silent(off: Mapping[Workload, str]) -> list[str]:
    """Who alone of the workloads here counts nothing."""
    return [
        f"Counted by others at most: {_named(sorted(w.name for w in off if off[w] == why))}; {why}."
        for why in dict.fromkeys(off.values())
    ]


def _without_sidecar(standing: Standing, namespaces: Sequence[str]) -> list[str]:
    bare = [w.name for w in standing.workloads if w.namespace in namespaces and not w.sidecar]
    if not bare:
        return []
    return [f"Without a sidecar, and so seen only from the other side: {_named(bare)}."]


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
