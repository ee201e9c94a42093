"""Traces and access logs of a running lab: one request, every hop of it."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

import meshtutor as mt
from meshtutor.telemetry.trace import Trace

GATEWAY = "istio-ingressgateway.istio-system"
RATED = """
kind: VirtualService
apiVersion: networking.istio.io/v1
metadata: {name: reviews}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v2}}]}]}
"""
SUBSETS = "manifests/06_split_traffic/destination-rule.yaml"
FAULTS = """
kind: VirtualService
apiVersion: networking.istio.io/v1
metadata: {name: ratings}
spec:
  hosts: [ratings]
  http:
  - fault: {delay: {fixedDelay: 0.2s, percentage: {value: 100}}}
    route: [{destination: {host: ratings}}]
"""
RETRIES = """
kind: VirtualService
apiVersion: networking.istio.io/v1
metadata: {name: details}
spec:
  hosts: [details]
  http:
  - retries: {attempts: 2, retryOn: 5xx}
    route: [{destination: {host: details}}]
"""
LINE = re.compile(
    r'^\[\S+\] "GET (?P<path>\S+) HTTP/1\.1" (?P<code>\d+) (?P<flags>\S+) \S+ \S+ "(?P<failure>[^"]*)" '
    r'\d+ \d+ \d+ \S+ "[^"]*" "[^"]*" "(?P<id>[^"]+)" "(?P<authority>[^"]+)" "(?P<upstream>[^"]+)" '
    r"(?P<cluster>\S+) \S+ \S+ \S+ \S+ (?P<route>\S+)$"
)
"""Istio's default text format (istio.io, "Envoy Access Logs")."""


@pytest.fixture(scope="module")
def connected(lab):
    del lab
    with mt.connect() as mesh:
        yield mesh


@pytest.fixture
def mesh(connected):
    connected.reset()
    return connected


def trace_of(mesh: Any, complete: Any, path: str = "/productpage") -> Trace:
    """The trace of one request through the gateway."""
    asked = f"{path}?u=trace-{time.monotonic_ns()}"
    mesh.send(mesh.gateway + asked, n=1)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for trace in mesh.traces.search(GATEWAY, tags={"http.url": mesh.gateway + asked}):
            if complete(trace):
                return trace
    pytest.fail("no complete trace within 20 s")


def test_one_request_is_one_trace_with_every_hop_and_istios_tags(mesh):
    mesh.apply([SUBSETS, RATED])
    trace = trace_of(mesh, lambda trace: len(trace.roots) == 1 and len(trace.spans) == 9)
    hops = [(depth, span.name, span.kind) for depth, span in trace.walk()]
    assert hops == [
        (0, "istio-ingressgateway", "server"), (1, "istio-ingressgateway", "client"),
        (2, "productpage", "server"), (3, "productpage", "client"), (4, "details", "server"),
        (3, "productpage", "client"), (4, "reviews", "server"), (5, "reviews", "client"), (6, "ratings", "server"),
    ]  # fmt: skip
    reviews = next(span for span in trace.spans if (span.name, span.kind) == ("reviews", "server"))
    expected = {
        "component": "proxy", "istio.canonical_service": "reviews", "istio.canonical_revision": "v2",
        "istio.mesh_id": "cluster.local", "istio.namespace": "default", "istio.cluster_id": "Kubernetes",
        "http.method": "GET", "http.status_code": "200", "response_flags": "-", "upstream_cluster": "inbound|9080||",
    }  # fmt: skip
    assert expected.items() <= reviews.tags.items()
    assert reviews.tags["node_id"].startswith("sidecar~")
    assert len({span.request_id for span in trace.spans if span.request_id}) == 1
    assert len(trace.roots) == 1


def test_a_rules_delay_is_on_the_critical_path_of_who_calls(mesh):
    mesh.apply([SUBSETS, RATED, FAULTS])
    trace = trace_of(mesh, lambda trace: len(trace.roots) == 1 and len(trace.spans) == 9)
    (delayed,) = trace.faults
    assert (delayed.name, delayed.kind, delayed.fault) == ("reviews", "client", "delayed")
    assert next(iter(trace.waited_for("name"))) == "reviews"
    assert trace.milliseconds > 200


def test_retries_are_spans_below_one_call_and_are_marked(mesh):
    mesh.apply(RETRIES)
    assert mesh.send("details", n=1, path="/fault", method="PUT", body={"status": 503}).ok == 1
    trace = trace_of(mesh, lambda trace: len(trace.roots) == 1 and _count(trace, "details") == 3)
    attempts = [span for span in trace.spans if span.name == "details"]
    assert [trace.attempt(span) for span in attempts] == [1, 2, 3]
    assert [trace.marks(span) for span in attempts] == [("503",), ("503", "retry 1"), ("503", "retry 2")]
    assert len({span.parent for span in attempts}) == 1
    found = mesh.traces.search("details.default", tags={"error": "true"}, seconds=60)
    assert trace.id in {one.id for one in found}


def _count(trace: Trace, name: str) -> int:
    return sum(span.name == name for span in trace.spans)


def test_both_sidecars_log_a_request_in_istios_default_format(mesh, kubectl):
    asked = f"/details/0?u={time.monotonic_ns()}"
    assert mesh.send("details", n=1, path=asked).ok == 1
    client, server = (logged(mesh, pod, asked) for pod in ("client", "details"))
    assert (client["code"], client["flags"], client["authority"]) == ("200", "-", "details:9080")
    assert client["id"] == server["id"]
    assert client["cluster"].startswith("outbound|9080||details.default.svc.cluster.local")
    assert (server["cluster"].rstrip(";"), server["route"]) == ("inbound|9080||", "default")
    (pod,) = mesh.pods("app=details")
    assert client["id"] in kubectl("logs", pod["metadata"]["name"], "-c", "istio-proxy")


def logged(mesh: Any, pod: str, path: str) -> dict[str, str]:
    """The fields of a sidecar's line about a path; Envoy writes its log every so often."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        lines = mesh.logs(pod, container="istio-proxy", tail=200).splitlines()
        if found := [line for line in lines if path in line]:
            match = LINE.match(found[0])
            assert match, found[0]
            return match.groupdict()
    pytest.fail(f"{pod} logged nothing about {path} within 20 s")
