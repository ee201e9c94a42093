"""The PromQL of Istio's own Grafana dashboards (manifests/addons/dashboards of istio/istio) and of Kiali's graph.

A known load goes out; each query must return what was sent. `$w` stands for Grafana's `$__rate_interval`. Where a
panel asks for `irate` (the last two scrapes), `rate` over the window asks the same of the whole load.
"""

# ruff: noqa: E501 - tables

from __future__ import annotations

import threading
from bisect import bisect
from dataclasses import dataclass
from typing import Any

import pytest

import meshtutor as mt
from meshtutor.errors import MeshtutorError
from meshtutor.kube.kinds import POD
from meshtutor.providers import embedded
from meshtutor.traffic.report import percentile

WINDOW = 60
FINE, MISSING, ABORTED, SLOW = 400, 100, 50, 60
RATE = 20.0
RULES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ratings}
spec:
  hosts: [ratings]
  http:
  - match: [{headers: {end-user: {exact: nobody}}}]
    fault: {abort: {httpStatus: 503, percentage: {value: 100}}}
    route: [{destination: {host: ratings}}]
  - fault: {delay: {fixedDelay: 0.3s, percentage: {value: 100}}}
    route: [{destination: {host: ratings}}]
"""
REFUSED = RULES.replace("istio.io/v1", "istio.io/v1beta1").replace("httpStatus: 503", "httpStatus: 99")
PACE = {"any": 200, "slow": 30, "slowest": 8}
PACES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: details}
spec:
  hosts: [details]
  http:
  - match: [{headers: {pace: {exact: slow}}}]
    fault: {delay: {fixedDelay: 0.07s, percentage: {value: 100}}}
    route: [{destination: {host: details}}]
  - match: [{headers: {pace: {exact: slowest}}}]
    fault: {delay: {fixedDelay: 0.7s, percentage: {value: 100}}}
    route: [{destination: {host: details}}]
  - fault: {delay: {fixedDelay: 0.03s, percentage: {value: 100}}}
    route: [{destination: {host: details}}]
"""
EDGES = (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)  # of Istio's buckets, in ms
SOURCE = 'reporter=~"source|waypoint"'
DETAILS = 'destination_service="details.default.svc.cluster.local"'
RATINGS = 'destination_service="ratings.default.svc.cluster.local"'
BUCKETS = "istio_request_duration_milliseconds_bucket"


@dataclass(frozen=True)
class Panel:
    """A query of a dashboard, and what it must return: a number (within `off` of it), or one between two."""

    name: str
    query: str
    least: float
    most: float


def about(name: str, query: str, expected: float, off: float = 0.12) -> Panel:
    return Panel(name, query, expected * (1 - off), expected * (1 + off))


def per_second(count: float) -> float:
    return count / WINDOW


PANELS = (
    # mesh
    about("mesh: volume", f"sum(rate(istio_requests_total{{{SOURCE}}}[$w]))", per_second(FINE + MISSING + ABORTED + SLOW)),
    about("mesh: success", f'sum(rate(istio_requests_total{{{SOURCE},response_code!~"5.."}}[$w])) / sum(rate(istio_requests_total{{{SOURCE}}}[$w]))', (FINE + MISSING + SLOW) / (FINE + MISSING + SLOW + ABORTED), 0.02),
    about("mesh: 4xxs", f'sum(rate(istio_requests_total{{{SOURCE},response_code=~"4.."}}[$w])) or vector(0)', per_second(MISSING)),
    about("mesh: 5xxs", f'sum(rate(istio_requests_total{{{SOURCE},response_code=~"5.."}}[$w])) or vector(0)', per_second(ABORTED)),
    about("mesh: a workload", f'label_join(sum by (destination_workload,destination_workload_namespace,destination_service) (rate(istio_requests_total{{{SOURCE},destination_workload="details-v1"}}[$w])), "destination_workload_var", ".", "destination_workload", "destination_workload_namespace")', per_second(FINE + MISSING)),
    Panel("mesh: p50 of a workload", f'histogram_quantile(0.5, sum by (le,destination_workload) (rate({BUCKETS}{{{SOURCE},destination_workload="ratings-v1"}}[$w])))', 250, 500),
    about("mesh: versions, the control plane", 'sum by (component,tag) (istio_build{component="pilot"})', 1, 0),
    about("mesh: versions, the proxies", 'sum by (component,tag) (istio_build{component="proxy"})', 8, 0),
    about("mesh: versions, all the same", "count(count by (tag) (istio_build))", 1, 0),
    # service
    about("service: client volume", f'sum(rate(istio_requests_total{{reporter=~"source",{DETAILS}}}[$w]))', per_second(FINE + MISSING)),
    about("service: server volume", f'sum(rate(istio_requests_total{{reporter="destination",{DETAILS}}}[$w]))', per_second(FINE + MISSING)),
    about("service: an abort is seen by clients", f'sum(rate(istio_requests_total{{reporter="source",{RATINGS},response_code!~"5.*"}}[$w])) / (sum(rate(istio_requests_total{{reporter="source",{RATINGS}}}[$w])) or on () vector(1))', SLOW / (SLOW + ABORTED), 0.05),
    about("service: and not by servers", f'sum(rate(istio_requests_total{{reporter="destination",{RATINGS},response_code!~"5.*"}}[$w])) / sum(rate(istio_requests_total{{reporter="destination",{RATINGS}}}[$w]))', 1, 0.001),
    Panel("service: client p90 in seconds", f'histogram_quantile(0.90, sum(rate({BUCKETS}{{reporter="source",{RATINGS}}}[$w])) by (le)) / 1000', 0.25, 0.5),
    Panel("service: the delay is the client's alone", f'histogram_quantile(0.50, sum(rate({BUCKETS}{{reporter="destination",{RATINGS}}}[$w])) by (le)) / 1000', 0, 0.25),
    about("service: by source, mutual TLS", f'sum(rate(istio_requests_total{{connection_security_policy="mutual_tls",{DETAILS},reporter="destination",source_workload=~"client",source_workload_namespace=~"default"}}[$w])) by (source_workload, source_workload_namespace, response_code)', per_second(FINE)),
    # a GET has no body: a request's size is that of its headers on the wire, which HTTP/2 has compressed between proxies
    Panel("service: size of requests", f'histogram_quantile(0.50, sum(rate(istio_request_bytes_bucket{{reporter="destination",connection_security_policy="mutual_tls",{DETAILS}}}[$w])) by (source_workload, le))', 25, 1000),
    Panel("service: size of responses", f'histogram_quantile(0.50, sum(rate(istio_response_bytes_bucket{{reporter="destination",connection_security_policy="mutual_tls",{DETAILS}}}[$w])) by (source_workload, le))', 100, 1000),
    # workload
    about("workload: incoming", 'sum(rate(istio_requests_total{reporter=~"destination",destination_workload_namespace=~"default",destination_workload=~"details-v1"}[$w]))', per_second(FINE + MISSING)),
    about("workload: outgoing by destination", f'sum(rate(istio_requests_total{{reporter="source",connection_security_policy!="mutual_tls",source_workload_namespace=~"default",source_workload=~"client",{DETAILS},response_code="404"}}[$w])) by (destination_service)', per_second(MISSING)),
    # performance
    Panel("performance: bytes", 'sum(rate(istio_response_bytes_sum{source_workload_namespace!="istio-system",reporter="source"}[$w])) + sum(rate(istio_request_bytes_sum{source_workload_namespace!="istio-system",reporter="source"}[$w]))', per_second(FINE * 100), per_second(FINE * 2000)),
    Panel("performance: memory of istiod", 'process_resident_memory_bytes{app="istiod"}', 20e6, 400e6),
    # control plane
    about("control plane: connections", "sum(pilot_xds)", 8, 0),
    about("control plane: and as the proxies see them", 'sum(envoy_cluster_upstream_cx_active{cluster_name="xds-grpc"})', 8, 0),
    Panel("control plane: pushes of routes", 'sum(pilot_xds_pushes{type="rds"})', 1, 1e6),
    about("control plane: refusals", "sum(pilot_total_xds_rejects) or vector(0)", 0, 0),
    about("control plane: errors", "pilot_total_xds_internal_errors", 0, 0),
    Panel("control plane: a rule was written", 'sum by (type,event) (pilot_k8s_cfg_events{type="VirtualService",event="add"})', 1, 1e6),
    Panel("control plane: pushes by trigger", 'sum by (type) (pilot_push_triggers{type="config"})', 1, 1e6),
    Panel("control plane: convergence p90", "histogram_quantile(0.9, sum(pilot_proxy_convergence_time_bucket) by (le))", 0, 5),
    Panel("control plane: push time p90 of routes", 'histogram_quantile(0.9, sum(pilot_xds_push_time_bucket{type="rds"}) by (le))', 0, 1),
    Panel("control plane: validation passed", 'sum(galley_validation_passed{group="networking.istio.io",version="v1",resource="virtualservices"})', 1, 1e6),
    about("control plane: validation failed", 'sum(galley_validation_failed{group="networking.istio.io",version="v1beta1",resource="virtualservices",reason="invalid_resource"})', 1, 0),
    Panel("control plane: injections", "sum(sidecar_injection_success_total)", 7, 1e6),
    about("control plane: each injection had its outcome", "sum(sidecar_injection_requests_total) - sum(sidecar_injection_success_total) - sum(sidecar_injection_skip_total)", 0, 0),
    about("control plane: failed injections", "sum(sidecar_injection_failure_total)", 0, 0),
    Panel("control plane: sizes", "sum(pilot_xds_config_size_bytes_count)", 10, 1e9),
    # Kiali (graph/telemetry/istio)
    about("Kiali: an edge", f'sum(rate(istio_requests_total{{reporter="source",source_workload_namespace="default",source_workload="client",{DETAILS},response_code="200"}}[$w])) by (source_workload_namespace,source_workload,source_canonical_service,source_canonical_revision,destination_service_namespace,destination_service,destination_service_name,destination_workload_namespace,destination_workload,destination_canonical_service,destination_canonical_revision,request_protocol,response_code,grpc_response_status,response_flags)', per_second(FINE)),
    about("Kiali: what a rule aborted has its flag and no workload", f'sum(rate(istio_requests_total{{reporter="source",source_workload_namespace="default",{RATINGS},response_flags="FI",destination_workload="unknown"}}[$w]))', per_second(ABORTED)),
    about("Kiali: mutual TLS", f'sum(rate(istio_requests_total{{reporter="destination",{DETAILS},connection_security_policy="mutual_tls"}}[$w])) / sum(rate(istio_requests_total{{reporter="destination",{DETAILS}}}[$w]))', 1, 0.001),
)  # fmt: skip


@pytest.fixture(scope="module")
def mesh():
    """A lab of its own: a panel shows a minute of everything, so nobody else may have sent anything."""
    with mt.connect("dashboards") as connected:
        yield connected
    embedded.down("dashboards")


def send_all(mesh: Any, share: float) -> float:
    """A share of the whole load; the median of the delayed ones, as their client saw it, in ms.

    It takes its time: rate() adds up to a second (a scrape) at both ends of a series, which should be little beside it.
    """
    mesh.send("details", n=round(FINE * share), path="/details/0", rate=RATE)
    mesh.send("details", n=round(MISSING * share), path="/nowhere")
    mesh.send("ratings", n=round(ABORTED * share), path="/ratings/0", headers={"end-user": "nobody"})
    slow = mesh.send("ratings", n=round(SLOW * share), path="/ratings/0", concurrency=20).latencies()
    return float(slow[len(slow) // 2])


@pytest.fixture(scope="module")
def asked(mesh) -> tuple[dict[str, list[float]], float]:
    """The values that each panel's query returns for the load, all at one time; and the client's median."""
    mesh.apply(RULES)
    with pytest.raises(MeshtutorError):
        mesh.apply(REFUSED)
    send_all(mesh, 0.02)  # a counter that Prometheus sees for the first time has not grown yet
    mesh.wait_for_metrics()
    at = mesh.prometheus.now()
    median = send_all(mesh, 1.0)
    mesh.wait_for_metrics()
    assert mesh.prometheus.now() - at < WINDOW - 10, "the load took longer than the window"
    found = {
        one.name: [s.value for s in mesh.prometheus.query(one.query.replace("$w", f"{WINDOW}s"))]
        for one in PANELS
    }
    return found, median


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_a_panel_shows_what_was_sent(asked, panel: Panel):
    values = asked[0][panel.name]
    assert values, panel.query
    assert any(panel.least <= value <= panel.most for value in values), (values, panel)


def test_the_clients_own_percentile_lies_in_the_histograms_bucket(asked):
    found, median = asked
    edges = (250, 500)
    assert edges[0] <= median <= edges[1]
    assert edges[0] <= found["mesh: p50 of a workload"][0] <= edges[1]


def test_none_of_10_000_requests_is_lost_by_either_reporter_when_the_control_plane_restarts(mesh):
    total = f'sum(istio_requests_total{{reporter="%s",{DETAILS},source_workload="client",destination_workload="details-v1",response_code="200"}})'
    mesh.wait_for_metrics()
    before = {who: mesh.prometheus.query(total % who).value for who in ("source", "destination")}
    (istiod,) = mesh.pods("app=istiod", namespace="istio-system")
    restart = threading.Timer(2.0, lambda: mesh.api.delete(POD, istiod["metadata"]["name"], "istio-system"))
    restart.start()
    sent = mesh.send("details", n=10_000, path="/details/0")
    restart.join()
    assert sent.ok == 10_000
    mesh.wait_ready()
    mesh.wait_for_metrics()
    assert [pod["metadata"]["name"] for pod in mesh.pods("app=istiod", namespace="istio-system")] != [
        istiod["metadata"]["name"]
    ]
    after = {who: mesh.prometheus.query(total % who).value for who in before}
    assert {who: after[who] - before[who] for who in before} == {"source": 10_000, "destination": 10_000}


def test_histograms_and_the_client_agree_on_percentiles_within_a_bucket(mesh):
    """Most requests take 0.03 s, some 0.07 s, a few 0.7 s: three percentiles in three places of the histogram.

    Long enough all of them for what a busy client adds, which no proxy sees, to be within a bucket.
    """
    mesh.apply(PACES)
    for pace in PACE:  # see send_all
        mesh.send("details", n=2, path="/details/0", headers={"pace": pace})
    mesh.wait_for_metrics()
    at, taken = mesh.prometheus.now(), []
    for pace, n in PACE.items():
        taken += mesh.send("details", n=n, path="/details/0", headers={"pace": pace}).latencies()
    for _ in range(3):  # Envoy shows in a histogram what it had counted a second ago: at its last flush
        mesh.wait_for_metrics()
    window = round(1000 * (mesh.prometheus.now() - at))
    for share in (0.5, 0.9, 0.99):
        counted = f'{BUCKETS}{{reporter="source",{DETAILS}}}'
        grown = f"{counted} - {counted} offset {window}ms"  # a rate would miss what the first scrape brings
        seen = mesh.prometheus.query(f"histogram_quantile({share}, sum by (le) ({grown}))").value
        own = percentile(sorted(taken), 100 * share)
        assert abs(bisect(EDGES, seen) - bisect(EDGES, own)) <= 1, (share, seen, own)
