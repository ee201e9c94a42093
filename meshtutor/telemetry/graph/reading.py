"""From Prometheus' answers and the cluster's objects to a Graph.

A call from a workload to a Service that some workload answered is two edges, workload -> Service -> workload, as in
Kiali: the first says what the caller saw, the second which version answered.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Final

from meshtutor.kube.client import KubeClient
from meshtutor.telemetry.counters import seconds_of
from meshtutor.telemetry.graph import emptiness, queries
from meshtutor.telemetry.graph.building import Builder, Call, End
from meshtutor.telemetry.graph.model import Graph
from meshtutor.telemetry.graph.standing import Standing, read_standing
from meshtutor.telemetry.prometheus import Prometheus
from meshtutor.telemetry.results import Labels, Vector

_UNKNOWN: Final = ("", "unknown")
_ADDRESS: Final = re.compile(r"\d+\.\d+\.\d+\.\d+(:\d+)?")
_SPECIAL: Final = {
    "PassthroughCluster": "passthrough",
    "InboundPassthroughCluster": "passthrough",
    "InboundPassthroughClusterIpv4": "passthrough",
    "BlackHoleCluster": "blackhole",
}


def read_graph(
    prometheus: Prometheus,
    kube: KubeClient,
    namespaces: Sequence[str],
    window: str | float = "60s",
    *,
    standing: Standing | None = None,
) -> Graph:
    """The graph of the last `window`, which ends now by Prometheus' clock.

    `standing` saves asking the Kubernetes API again, where a live picture has asked a moment ago. QueryError if
    Prometheus does not answer.
    """
    seconds = seconds_of(window)
    reach, asked = f"{round(seconds * 1000)}ms", tuple(dict.fromkeys(namespaces))
    known = standing or read_standing(kube, asked)
    builder = Builder()
    requests = prometheus.query(queries.requests(asked, reach))
    for sample in (*requests, *prometheus.query(queries.tcp(asked, reach))):
        if sample.value > 0 and (call := call_of(sample.labels, sample.value)):
            builder.add(call)
    _add_latencies(builder, prometheus.query(queries.latency(asked, reach)))
    _add_security(builder, prometheus.query(queries.mutual_tls(asked, reach)))
    if standing is None:
        known = _with_others(known, kube, builder.namespaces - set(asked))
    nodes, edges = builder.finish(known, asked)
    notes = emptiness.notes(prometheus, known, asked, seconds, edges, kube=kube)
    until = max((sample.time for sample in requests), default=0.0)
    return Graph(nodes, edges, asked, seconds, until, notes)


def call_of(labels: Labels, rate: float) -> Call | None:
    """One of Prometheus' rows as a call; None for what Kiali leaves out as broken telemetry."""
    source, service, workload = source_of(labels), service_of(labels), workload_of(labels)
    broken_source = labels.get("source_workload_namespace") not in _UNKNOWN and source.name == "unknown"
    if broken_source or (workload is None and service and _ADDRESS.fullmatch(service.name)):
        return None
    if service is None and workload is None:
        service = End("unknown", "", "unknown")
    protocol = labels.get("request_protocol", "tcp")
    return Call(source, service, workload, protocol, code_of(labels), labels.get("response_flags", "-"), rate)


def code_of(labels: Labels) -> str:
    """The response code: gRPC's own where HTTP's says nothing is wrong, and `-` where no answer came."""
    code, grpc = labels.get("response_code", ""), labels.get("grpc_response_status", "")
    if code == "0":
        return "-"
    if labels.get("request_protocol") == "grpc" and code[:1] not in ("4", "5") and grpc:
        return grpc
    return code


def source_of(labels: Labels) -> End:
    """Who called."""
    name, namespace = labels.get("source_workload", ""), labels.get("source_workload_namespace", "")
    if name in _UNKNOWN:
        return End("unknown", "", "unknown")
    return End("workload", namespace, name, *_app(labels, "source"))


def service_of(labels: Labels) -> End | None:
    """The Service (or host outside the mesh) that was called; None where the metrics name none."""
    name = labels.get("destination_service_name", "")
    if name in _UNKNOWN:
        return None
    if special := _SPECIAL.get(name):
        return End(special, "", name)
    namespace = labels.get("destination_service_namespace", "")
    return End("service", "" if namespace in _UNKNOWN else namespace, name)


def workload_of(labels: Labels) -> End | None:
    """The workload that answered; None where none did."""
    name, namespace = labels.get("destination_workload", ""), labels.get("destination_workload_namespace", "")
    if name in _UNKNOWN:
        return None
    return End("workload", namespace, name, *_app(labels, "destination"))


def _app(labels: Labels, side: str) -> tuple[str, str]:
    return labels.get(f"{side}_canonical_service", ""), labels.get(f"{side}_canonical_revision", "")


def _add_latencies(builder: Builder, answers: Vector) -> None:
    for sample in answers:
        if math.isnan(sample.value):
            continue
        service, workload = service_of(sample.labels), workload_of(sample.labels)
        if "source_workload" in sample.labels:
            builder.latency(source_of(sample.labels), service, sample.value)
        else:
            builder.latency(service, workload, sample.value)


def _add_security(builder: Builder, answers: Vector) -> None:
    for sample in answers:
        secure = sample.labels.get("connection_security_policy") == "mutual_tls"
        ends = source_of(sample.labels), service_of(sample.labels), workload_of(sample.labels)
        builder.security(*ends, rate=sample.value, secure=secure)


def _with_others(known: Standing, kube: KubeClient, namespaces: Iterable[str]) -> Standing:
    """The workloads of namespaces that came in by traffic as well, such as the gateway's."""
    others = read_standing(kube, sorted(set(namespaces) - {""}))
    return Standing((*known.workloads, *others.workloads), known.services, known.unread, known.selectors)
