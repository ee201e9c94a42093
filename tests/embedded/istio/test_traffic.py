"""A running mesh: order of updates under load, refusals, metrics, identities, access logs, what is unknown."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
import pytest_asyncio

from .support import objects as make
from .support.mesh import Mesh, running

SUBSETS = """
kind: DestinationRule
metadata: {name: reviews}
spec: {host: reviews, subsets: [%s]}
"""
ROUTES = """
kind: VirtualService
metadata: {name: reviews}
spec: {hosts: [reviews], http: [{route: [%s]}]}
"""
URL = "http://reviews:9080/"


@pytest_asyncio.fixture
async def mesh(tmp_path):
    async with running(tmp_path) as mesh:
        mesh.client = await mesh.pod("client")
        mesh.reviews = {version: await mesh.pod("reviews", version) for version in ("v1", "v2")}
        mesh.service = make.service("reviews")
        await mesh.apply(mesh.service, make.endpoint_slice(mesh.service, *mesh.reviews.values()))
        await mesh.until_ready(mesh.client, *mesh.reviews.values())
        yield mesh


def subsets(*versions: str) -> dict:
    listed = ", ".join(f"{{name: {v}, labels: {{version: {v}}}}}" for v in versions)
    return make.parse(SUBSETS % listed)[0]


def routes(**weights: int) -> dict:
    listed = ", ".join(
        f"{{destination: {{host: reviews, subset: {v}}}, weight: {w}}}" for v, w in weights.items()
    )
    return make.parse(ROUTES % listed)[0]


async def test_adding_shifting_and_removing_subsets_loses_no_request(mesh: Mesh):
    answers, stop = [], asyncio.Event()

    async def load() -> None:
        while not stop.is_set():
            answers.append((await mesh.get(URL, mesh.client)).status)

    clients = [asyncio.create_task(load()) for _ in range(8)]
    for _ in range(15):
        mesh.store.apply(subsets("v1", "v2"), routes(v1=50, v2=50))
        await mesh.apply(routes(v2=100))
        mesh.store.apply(routes(v1=100))
        await mesh.apply(subsets("v1"))
        await mesh.delete(routes(v1=100))
        await mesh.delete(subsets("v1"))
    stop.set()
    await asyncio.gather(*clients)
    assert len(answers) > 100
    assert set(answers) == {200}


async def test_a_rule_is_in_force_when_its_distribution_is_complete(mesh: Mesh):
    await mesh.apply(subsets("v1", "v2"))
    for version in ("v1", "v2") * 20:
        report = await mesh.apply(routes(**{version: 100}))
        assert [row["types"] for row in report["proxies"]] == [["RDS"]] * 3
        assert all(row["state"] == "ACK" and 0 < row["milliseconds"] < 1000 for row in report["proxies"])
        assert (await mesh.get(URL, mesh.client)).version == version


async def test_a_refusal_is_reported_with_envoys_text_and_the_old_rule_stays(mesh: Mesh):
    await mesh.apply(subsets("v1", "v2"), routes(v2=100))
    broken = make.parse(ROUTES % "{destination: {host: reviews, subset: v1}}")[0]
    broken["spec"]["http"][0]["match"] = [{"uri": {"regex": "("}}]
    report = await mesh.apply(broken)
    assert {row["state"] for row in report["proxies"]} == {"NACK"}
    assert all("missing )" in row["error"] for row in report["proxies"]), report
    assert (await mesh.get(URL, mesh.client)).version == "v2"
    report = await mesh.apply(routes(v1=100))
    assert {row["state"] for row in report["proxies"]} == {"ACK"}
    assert (await mesh.get(URL, mesh.client)).version == "v1"


async def test_unready_pods_get_no_requests_and_none_is_503_UH(mesh: Mesh):
    one = mesh.reviews["v1"]
    await mesh.apply(make.endpoint_slice(mesh.service, *mesh.reviews.values(), unready=(one,)))
    assert {(await mesh.get(URL, mesh.client)).version for _ in range(10)} == {"v2"}
    await mesh.apply(make.endpoint_slice(mesh.service))
    answer = await mesh.get(URL, mesh.client)
    assert (answer.status, answer.body) == (503, None)
    assert await mesh.until(
        lambda: _has(mesh, mesh.client, response_flags="UH", destination_workload="unknown"), "UH is counted"
    )
    assert await _has(mesh, mesh.client, response_flags="UH", destination_canonical_revision="latest")


async def _has(mesh: Mesh, pod: dict, **labels: str) -> bool:
    return any(labels.items() <= found.items() for found in await _series(mesh, pod))


async def _series(mesh: Mesh, pod: dict) -> list[dict]:
    lines = await mesh.stats(pod, "envoy_istio_requests_total{")
    return [dict(re.findall(r'(\w+)="([^"]*)"', line)) for line in lines]


async def test_both_proxies_count_a_request_with_istios_labels(mesh: Mesh):
    await mesh.apply(subsets("v1", "v2"), routes(v1=100))
    await mesh.get(URL, mesh.client)
    common = {
        "source_workload": "client-v1",
        "source_workload_namespace": "default",
        "source_app": "client",
        "source_version": "v1",
        "source_canonical_service": "client",
        "source_canonical_revision": "v1",
        "source_cluster": "Kubernetes",
        "source_principal": "spiffe://cluster.local/ns/default/sa/client",
        "destination_workload": "reviews-v1",
        "destination_workload_namespace": "default",
        "destination_app": "reviews",
        "destination_version": "v1",
        "destination_canonical_service": "reviews",
        "destination_canonical_revision": "v1",
        "destination_cluster": "Kubernetes",
        "destination_principal": "spiffe://cluster.local/ns/default/sa/reviews",
        "destination_service": "reviews.default.svc.cluster.local",
        "destination_service_name": "reviews",
        "destination_service_namespace": "default",
        "request_protocol": "http",
        "response_code": "200",
        "grpc_response_status": "",
        "response_flags": "-",
    }
    sent = common | {"reporter": "source", "connection_security_policy": "unknown"}
    received = common | {"reporter": "destination", "connection_security_policy": "mutual_tls"}
    await mesh.until(lambda: _exactly(mesh, mesh.client, sent), "the client's proxy counts")
    await mesh.until(lambda: _exactly(mesh, mesh.reviews["v1"], received), "the server's proxy counts")
    for name in ("request_duration_milliseconds", "request_bytes", "response_bytes"):
        assert await mesh.stats(mesh.client, f"envoy_istio_{name}_count"), name


async def test_bytes_are_those_on_the_wire_headers_included(mesh: Mesh):
    """Neither a HEAD nor its answer has a body."""
    await mesh.get(f"{URL}status/201", mesh.client, method="HEAD", headers={"x-filler": "x" * 1000})

    async def counted(name: str) -> float:
        lines = await mesh.stats(mesh.client, f"envoy_istio_{name}_sum{{")
        return sum(float(line.split()[-1]) for line in lines if 'response_code="201"' in line)

    await mesh.until(lambda: counted("response_bytes"), "the sizes are counted")
    assert 1000 < await counted("request_bytes") < 2000
    assert 100 < await counted("response_bytes") < 1000


async def _exactly(mesh: Mesh, pod: dict, labels: dict) -> bool:
    return labels in await _series(mesh, pod)


async def test_a_client_without_a_sidecar_is_unknown_and_in_plaintext(mesh: Mesh):
    pod = mesh.reviews["v1"]
    answer = await mesh.get(f"http://{pod['status']['podIP']}:9080/")
    assert answer.status == 200
    wanted = {
        "reporter": "destination",
        "source_workload": "unknown",
        "source_app": "unknown",
        "source_principal": "unknown",
        "source_canonical_revision": "latest",
        "connection_security_policy": "none",
        "destination_workload": "reviews-v1",
    }
    assert await _has(mesh, pod, **wanted)


async def test_a_port_that_no_service_leads_to_is_counted_under_the_workloads_own_name(mesh: Mesh):
    lonely = await mesh.pod("lonely", namespace="shop")
    await mesh.until_ready(lonely)
    assert (await mesh.get(f"http://{lonely['status']['podIP']}:9080/")).status == 200
    wanted = {
        "destination_service": "lonely",
        "destination_service_name": "InboundPassthroughCluster",
        "destination_service_namespace": "shop",
    }
    await mesh.until(lambda: _has(mesh, lonely, **wanted), "it is counted")


async def test_the_app_sees_neither_the_peers_metadata_nor_a_forged_one(mesh: Mesh):
    answer = await mesh.get(URL, mesh.client, headers={"x-envoy-peer-metadata": "forged;x;x;x;x;x;x"})
    assert answer.body is not None
    assert not [name for name in answer.body["headers"] if "peer" in name.lower()]
    counted = [found for pod in mesh.reviews.values() for found in await _series(mesh, pod)]
    assert {found["source_workload"] for found in counted} == {"client-v1"}


async def test_a_server_without_a_sidecar_gets_plaintext(mesh: Mesh):
    plain = await mesh.pod("plain", sidecar=False)
    service = make.service("plain")
    report = await mesh.apply(plain, service, make.endpoint_slice(service, plain))
    assert {row["state"] for row in report["proxies"]} == {"ACK"}, report
    answer = await mesh.get("http://plain:9080/", mesh.client)
    assert answer.status == 200
    assert answer.body is not None
    assert "x-forwarded-client-cert" not in {name.lower() for name in answer.body["headers"]}


async def test_the_app_sees_who_called_by_certificate(mesh: Mesh):
    answer = await mesh.get(URL, mesh.client)
    assert answer.body is not None
    certificate = answer.body["headers"]["x-forwarded-client-cert"]
    assert "URI=spiffe://cluster.local/ns/default/sa/client" in certificate
    assert "By=spiffe://cluster.local/ns/default/sa/reviews" in certificate


async def test_unknown_hosts_pass_or_are_refused_as_the_mesh_says(mesh: Mesh):
    outside = await mesh.pod("outside", sidecar=False)
    host = f"{outside['status']['podIP']}:9080"
    assert (await mesh.get(f"http://{host}/", mesh.client)).status == 200
    assert await _counted(mesh, response_code="200") == {(host, "PassthroughCluster")}
    await mesh.apply(make.mesh_config("outboundTrafficPolicy: {mode: REGISTRY_ONLY}"))
    assert (await mesh.get(f"http://{host}/", mesh.client)).status == 502
    assert await _counted(mesh, response_code="502") == {(host, "BlackHoleCluster")}
    assert (await mesh.get(URL, mesh.client)).status == 200


async def test_a_request_that_no_cluster_takes_is_counted_under_its_host_header(mesh: Mesh):
    await mesh.apply(routes(v7=100))
    assert (await mesh.get(URL, mesh.client)).status == 503
    assert await _counted(mesh, response_flags="NC") == {("reviews:9080", "reviews:9080")}


async def _counted(mesh: Mesh, **labels: str) -> set[tuple[str, str]]:
    """destination_service and its name, of the requests that the client's proxy counted with these labels."""

    async def found() -> set[tuple[str, str]]:
        return {
            (series["destination_service"], series["destination_service_name"])
            for series in await _series(mesh, mesh.client)
            if labels.items() <= series.items()
        }

    return await mesh.until(found, f"requests with {labels} are counted")


async def test_the_access_log_is_switched_by_the_mesh_configuration(mesh: Mesh):
    assert "GET /quiet" not in mesh.log(mesh.client)
    await mesh.apply(make.mesh_config("accessLogFile: /dev/stdout"))
    await mesh.get(f"{URL}loud", mesh.client)
    line = await mesh.until(
        lambda: re.search(r'.*"GET /loud HTTP/1.1".*', mesh.log(mesh.client)), "a line in the log", 15
    )
    assert re.match(r"\[\d{4}-.*Z\] \"GET /loud HTTP/1.1\" 200 - via_upstream - ", line.group())
    assert line.group().endswith("default"), line.group()
    assert "outbound|9080||reviews.default.svc.cluster.local" in line.group()


async def test_pages_of_istiod(mesh: Mesh):
    address = mesh.block.pod(200)
    await mesh.pilot.serve_http(address)
    assert (await mesh.get(f"http://{address}:8080/ready")).status == 200
    async with mesh.session.get(f"http://{address}:8080/debug/syncz") as response:
        assert {row["proxy_type"] for row in await response.json()} == {"sidecar"}
    revision = mesh.store.apply(subsets("v1"))
    async with mesh.session.get(
        f"http://{address}:8080/debug/distribution?resourceVersion={revision}&timeout=5"
    ) as response:
        report = await response.json()
    assert report["complete"]
    assert {tuple(row["types"]) for row in report["proxies"]} == {("CDS", "EDS")} or report["proxies"], report
    name = f"{mesh.client['metadata']['name']}.default"
    async with mesh.session.get(f"http://{address}:8080/debug/config_dump?proxyID={name}") as response:
        assert "outbound|9080|v1|reviews.default.svc.cluster.local" in json.dumps(await response.json())
    async with mesh.session.get(f"http://{address}:15014/metrics") as response:
        metrics = await response.text()
    for metric in (
        "pilot_proxy_convergence_time_bucket",
        'pilot_xds_pushes{type="lds"}',
        'istio_build{component="pilot",tag="1.30.3"} 1.0',
        'pilot_k8s_cfg_events{event="add",type="DestinationRule"} 1.0',
        'pilot_push_triggers{type="config"}',
        'pilot_xds_config_size_bytes_sum{type="type.googleapis.com/envoy.config.route.v3.RouteConfiguration"}',
        'pilot_xds_push_time_bucket{le="+Inf",type="rds"}',
        "# TYPE pilot_xds_push_time histogram",
        "# TYPE pilot_xds_pushes counter",
        "# TYPE pilot_xds gauge",
        "process_resident_memory_bytes",
        "pilot_total_xds_rejects",
        "pilot_services 1.0",
        "pilot_xds 3.0",
    ):
        assert metric in metrics
    assert (await mesh.get(f"http://{address}:8080/debug/distribution")).status == 400


async def _ask(call, request) -> None:
    await call.write(request)
    await call.read()


@pytest.mark.parametrize("token", ["", "Bearer wrong"])
async def test_secrets_and_configuration_need_the_pods_token(mesh: Mesh, token: str):
    import grpc
    import grpc.aio
    from envoy.service.discovery.v3 import discovery_pb2

    from meshtutor.embedded.xds import ads, sds

    async with grpc.aio.insecure_channel(f"{mesh.block.host}:15010") as channel:
        for method, request in (
            (sds.METHOD, discovery_pb2.DiscoveryRequest(resource_names=["default"])),
            (
                ads.METHOD,
                discovery_pb2.DeltaDiscoveryRequest(
                    node={"id": f"sidecar~1.1.1.1~{mesh.client['metadata']['name']}.default~x"}
                ),
            ),
        ):
            metadata = [("authorization", token)] if token else []
            call = channel.stream_stream(method, type(request).SerializeToString, bytes)(metadata=metadata)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await _ask(call, request)
            assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED


async def test_xray_reads_a_real_envoys_dump(mesh: Mesh):
    from meshtutor.xray import Call, walk

    await mesh.apply(subsets("v1", "v2"), routes(v1=30, v2=70))
    result = walk(await mesh.config_dump(mesh.client), Call.to(URL))
    assert result.listener == f"{mesh.client['status']['podIP']}_15001"
    assert [(t.share, [e.workload for e in t.endpoints]) for t in result.targets] == [
        (30, ["reviews-v1"]),
        (70, ["reviews-v2"]),
    ]
    assert result.chosen is not None
    assert (result.chosen.config.rpartition("/")[2], result.chosen.rule) == ("reviews", "http[0]")
