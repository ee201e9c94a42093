"""Envoy's configuration dump as tables by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]


class Envoy:
    """What an Envoy serves now: listeners, route configurations, clusters, endpoints; each by name, as JSON."""

    def __init__(
        self, listeners: list[Json], routes: list[Json], clusters: list[Json], endpoints: list[Json]
    ) -> None:
        self.listeners = {listener["name"]: listener for listener in listeners if "name" in listener}
        self.routes = {route["name"]: route for route in routes if "name" in route}
        self.clusters = {cluster["name"]: cluster for cluster in clusters}
        self.endpoints = {e["cluster_name"]: e for e in endpoints if "cluster_name" in e}

    @classmethod
    def of(cls, dump: Mapping[str, Any]) -> Envoy:
        """The JSON of `/config_dump`; with `?include_eds` endpoints are known too."""
        by_kind = {
            str(section.get("@type", "")).rpartition(".")[2]: section for section in dump.get("configs", ())
        }
        clusters = by_kind.get("ClustersConfigDump", {})
        listeners = by_kind.get("ListenersConfigDump", {})
        routes = by_kind.get("RoutesConfigDump", {})
        endpoints = by_kind.get("EndpointsConfigDump", {})
        return cls(
            list(_pick(listeners, "listener", "static_listeners"))
            + [
                d["active_state"]["listener"]
                for d in listeners.get("dynamic_listeners", ())
                if "active_state" in d
            ],
            list(_pick(routes, "route_config", "static_route_configs", "dynamic_route_configs")),
            list(_pick(clusters, "cluster", "static_clusters", "dynamic_active_clusters")),
            list(_pick(endpoints, "endpoint_config", "static_endpoint_configs", "dynamic_endpoint_configs")),
        )


def _pick(section: Json, field: str, *lists: str) -> Iterator[Json]:
    for name in lists:
        for entry in section.get(name, ()):
            if field in entry:
                yield entry[field]
