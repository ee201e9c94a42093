"""Rows of Istio's metrics as Prometheus gives them, and a Prometheus that answers with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from meshtutor.errors import ApiStatusError
from meshtutor.kube.kinds import TELEMETRY, Kind
from meshtutor.telemetry.graph import queries
from meshtutor.telemetry.results import Sample, Vector


def labels(source: str, service: str, workload: str, **more: str) -> dict[str, str]:
    """The labels of a call within namespace default; "unknown" where there is none."""
    known = lambda name: "default" if name != "unknown" else "unknown"  # noqa: E731
    return {
        "source_workload": source, "source_workload_namespace": known(source),
        "source_canonical_service": source.rsplit("-", 1)[0], "source_canonical_revision": "v1",
        "destination_service": f"{service}.default.svc.cluster.local", "destination_service_name": service,
        "destination_service_namespace": known(service),
        "destination_workload": workload, "destination_workload_namespace": known(workload),
        "destination_canonical_service": service, "destination_canonical_revision": workload.rsplit("-", 1)[-1],
        "request_protocol": "http", "response_code": "200", "response_flags": "-",
    } | more  # fmt: skip


class Answers:
    """A Prometheus that knows the answers to a graph's queries by the metric in them."""

    scrape_interval = 15.0

    def __init__(
        self, requests=(), tcp=(), latency=(), security=(), scrapes=(4.0,), total: float = 0.0
    ) -> None:
        self.rows: Mapping[str, list[tuple[Mapping[str, str], float]]] = {
            queries.LATENCY: list(latency),
            queries.TCP_SENT: list(tcp),
            "connection_security_policy": list(security),
            "count_over_time(up": [({}, scrapes_) for scrapes_ in scrapes],
            f"sum({queries.REQUESTS}": [({}, total)],
            queries.REQUESTS: list(requests),
        }

    def query(self, promql: str) -> Vector:
        key = next(part for part in self.rows if part in promql)
        return Vector(promql, tuple(Sample(dict(found), value, 1000.0) for found, value in self.rows[key]))


class Objects:
    """A Kubernetes API with some Telemetries (NAMESPACE/NAME: spec) and a MeshConfig; "": it may not be read."""

    def __init__(self, telemetries: Mapping[str, str] | None = None, mesh: str = "") -> None:
        self.telemetries, self.mesh, self.asked = telemetries, mesh, 0

    def list(self, kind: Kind, namespace: str) -> list[dict[str, Any]]:
        self.asked += 1
        if self.telemetries is None:
            raise ApiStatusError({"message": "forbidden", "code": 403})
        assert kind is TELEMETRY
        return [
            {"metadata": {"namespace": place, "name": name}, "spec": yaml.safe_load(spec)}
            for place, _, name in (key.partition("/") for key in self.telemetries)
            for spec in (self.telemetries[f"{place}/{name}"],)
            if place == namespace
        ]

    def get(self, kind: Kind, name: str, namespace: str) -> dict[str, Any]:
        self.asked += 1
        if not self.mesh:
            raise ApiStatusError({"message": "forbidden", "code": 403})
        return {"metadata": {"name": name, "namespace": namespace}, "data": {"mesh": self.mesh}}
