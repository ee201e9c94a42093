"""What the sidecars have counted up to this moment, from the very pages that Prometheus scrapes, at once.

A pod's annotations (prometheus.io/port and /path) say where its page is, in this lab and on a cluster; it is read
through the API server's `pods/proxy`. Prometheus has the same numbers later, and for everybody; a page has them now.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.errors import ApiStatusError
from meshtutor.kube import objects
from meshtutor.kube.client import KubeClient, proxy_path
from meshtutor.kube.kinds import POD
from meshtutor.telemetry.counters import growth
from meshtutor.telemetry.istio import REQUESTS
from meshtutor.telemetry.results import Labels, Sample, Vector

_ANNOTATION: Final = "prometheus.io/"
_AT_ONCE: Final = 8
_GONE: Final = (404, 500, 502, 503, 504)  # what a proxy says of a pod that begins or ends
_IN_FLIGHT: Final = "envoy_cluster_upstream_rq_active"
# Envoy shows no more than is asked for; Istio's agent, which stands before it on a cluster, shows everything.
_FILTER: Final = {"usedonly": "", "filter": "requests_total|inbound.*upstream_rq_active"}
# a stock Envoy puts its own name before what its access loggers count
_WANTED: Final = re.compile(rf"(?:envoy_)?({REQUESTS}\{{.*)|({_IN_FLIGHT}\{{.*)")
_Key = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Page:
    """One sidecar: requests by their labels, and how many are with its application now (None: it does not say)."""

    requests: Mapping[_Key, float]
    in_flight: int | None


@dataclass(frozen=True)
class Reading:
    """The pages of some pods, by the pods' names, read at about the same moment."""

    pages: Mapping[str, Page]

    def in_flight(self, pods: Iterable[str]) -> int | None:
        """How many requests are with the applications in these pods; None if that is unknown of all of them."""
        known = [
            page.in_flight for pod in pods if (page := self.pages.get(pod)) and page.in_flight is not None
        ]
        return sum(known) if known else None

    def since(self, before: Reading) -> Vector:
        """By labels, the requests that were counted after another reading; a sidecar that is new began at zero."""
        nothing = Page({}, None)
        found = (
            Sample(dict(labels), grown)
            for pod, page in self.pages.items()
            for labels, value in page.requests.items()
            if (grown := growth(before.pages.get(pod, nothing).requests.get(labels, 0.0), value))
        )
        return Vector(REQUESTS, tuple(found))


def is_scraped(pod: Mapping[str, Any]) -> bool:
    """Whether a pod asks Prometheus to be scraped, as Istio's injection makes sidecars do."""
    return objects.annotations(pod).get(f"{_ANNOTATION}scrape") == "true"


def read_pages(kube: KubeClient, pods: Iterable[Mapping[str, Any]], wanted: Labels) -> Reading:
    """The pages of those `pods` that are annotated to be scraped; of the requests those with the labels `wanted`.

    ApiStatusError if the API server refuses; a pod that does not answer (it ends, it begins) is left out.
    """
    scraped = [pod for pod in pods if is_scraped(pod)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        texts = list(pool.map(lambda pod: _text(kube, pod), scraped))
    found = {objects.name(pod): text for pod, text in zip(scraped, texts, strict=True)}
    return Reading({name: parsed(text, wanted) for name, text in found.items() if text is not None})


def parsed(text: str, wanted: Labels) -> Page:
    """A page in Prometheus' text format; of the requests those with the labels `wanted`."""
    from prometheus_client.parser import text_string_to_metric_families

    lines = [found[1] or found[2] for line in text.splitlines() if (found := _WANTED.fullmatch(line))]
    samples = [
        one for family in text_string_to_metric_families("\n".join(lines) + "\n") for one in family.samples
    ]
    inbound = [
        one.value
        for one in samples
        if one.name == _IN_FLIGHT and one.labels.get("cluster_name", "").startswith("inbound|")
    ]
    requests = {
        frozenset(one.labels.items()): one.value
        for one in samples
        if one.name == REQUESTS and wanted.items() <= one.labels.items()
    }
    return Page(requests, round(sum(inbound)) if inbound else None)


def _text(kube: KubeClient, pod: Mapping[str, Any]) -> str | None:
    namespace = objects.namespace(pod)
    port, path = (objects.annotations(pod).get(_ANNOTATION + what, "") for what in ("port", "path"))
    url = proxy_path(POD, namespace, objects.name(pod), port, path)
    try:
        return kube.request("GET", url, params=_FILTER).text
    except ApiStatusError as error:
        if error.code in _GONE:
            return None
        hint = f"counting by the sidecars takes the right to get pods/proxy in {namespace}"
        raise ApiStatusError(error.status, hint if error.code == 403 else error.hint) from error
