"""Mirroring: copies of requests to another destination, whose answers nobody waits for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from envoy.config.route.v3 import route_components_pb2 as route

from meshtutor.embedded.istio.reading import boolean
from meshtutor.embedded.istio.routes import percentages
from meshtutor.embedded.istio.routes.client import Client


def policies(rule: Mapping[str, Any], client: Client, namespace: str, port: int) -> list[Any]:
    """The mirror policies of a rule: `mirror` with its percentage, then `mirrors`; 0 % is none."""
    found = []
    for destination, share in _copies(rule):
        if share.numerator > 0:
            cluster = client.cluster_of(destination, namespace, port)
            policy = route.RouteAction.RequestMirrorPolicy(
                cluster=cluster, trace_sampled=boolean(False), disable_shadow_host_suffix_append=True
            )
            policy.runtime_fraction.default_value.CopyFrom(share)
            found.append(policy)
    return found


def _copies(rule: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """(destination, share of requests); without a percentage all are copied."""
    if mirror := rule.get("mirror"):
        if "mirrorPercentage" in rule:
            yield mirror, percentages.of_value(rule["mirrorPercentage"] or {})
        else:
            yield mirror, percentages.of_integer(int(rule.get("mirrorPercent", 100)))
    for mirror in rule.get("mirrors") or ():
        if mirror.get("destination"):
            whole = {"value": 100}
            yield mirror["destination"], percentages.of_value(mirror.get("percentage", whole) or {})
