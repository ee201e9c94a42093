"""How pods without a sidecar reach Services, and how the machine reaches node ports."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import requests

from meshtutor.embedded.kubelet.network import NodeNetwork
from meshtutor.embedded.kubelet.nodeproxy import Head, read_head
from meshtutor.embedded.kubelet.place import node_proxy_url
from meshtutor.errors import LabError
from meshtutor.kube.kinds import DEPLOYMENT, ENDPOINT_SLICE, POD, SERVICE
from tests.embedded.world import SERVER, World, code, deployment, pod, service, until, world

NODE_PORT = 30000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Net:
    """A cluster with its node network; `port` of 127.0.0.1 leads to the node port."""

    def __init__(self, cluster: World, port: int) -> None:
        self.cluster, self.port = cluster, port

    async def serve(self, name: str, replicas: int = 1, namespace: str = "default", **spec: object) -> None:
        probe = {"httpGet": {"path": "/", "port": 9080}}
        made = deployment(name, replicas, code(SERVER, readinessProbe=probe))
        behind = service(name, **spec)
        for obj in (made, behind):
            obj["metadata"]["namespace"] = namespace
            await self.cluster.api.create(obj)

        async def ready() -> bool:
            found = await self.cluster.api.list(
                ENDPOINT_SLICE, namespace, labels=f"kubernetes.io/service-name={name}"
            )
            return sum(e["conditions"]["ready"] for s in found for e in s.get("endpoints") or ()) == replicas

        await until(ready, f"{name} has {replicas} ready endpoints")

    def get(self, url: str, namespace: str = "default") -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False  # a NO_PROXY of the machine must not decide
            session.proxies = {"http": node_proxy_url(self.cluster.block, namespace)}
            return session.get(url, timeout=5)

    async def fetch(self, url: str, namespace: str = "default") -> requests.Response:
        return await asyncio.to_thread(self.get, url, namespace)


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[Net]:
    async with world(tmp_path, namespaces={"shop": {}}) as cluster:
        port = free_port()
        network = NodeNetwork(cluster.api, cluster.block, {port: NODE_PORT})
        await network.start()
        yield Net(cluster, port)
        await network.stop()


def by_urllib(url: str, proxy: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
    return opener.open(url, timeout=5).read()


def by_requests(url: str, proxy: str) -> bytes:
    return requests.get(url, proxies={"http": proxy}, timeout=5).content


def by_curl(url: str, proxy: str) -> bytes:
    if shutil.which("curl") is None:
        pytest.skip("curl is not on PATH")
    return subprocess.run(["curl", "-sS", "-x", proxy, url], capture_output=True, check=True).stdout


@pytest.mark.parametrize("client", [by_urllib, by_requests, by_curl])
async def test_every_usual_client_finds_the_service_of_its_own_namespace(
    net: Net, client: Callable[[str, str], bytes]
) -> None:
    await net.serve("web")
    await net.serve("web", namespace="shop")
    for namespace in ("default", "shop"):
        proxy = node_proxy_url(net.cluster.block, namespace)
        answer = json.loads(await asyncio.to_thread(client, "http://web:9080/here?x=1", proxy))
        (own,) = await net.cluster.api.list(POD, namespace)
        assert answer["pod"] == own["metadata"]["name"]
        assert answer["path"] == "/here?x=1"
        assert answer["headers"]["Host"] == "web:9080"
        assert "Proxy-Authorization" not in answer["headers"]


@pytest.mark.parametrize(
    "host", ["web", "web.shop", "web.shop.svc", "web.shop.svc.cluster.local", "WEB.shop.svc.cluster.local."]
)
async def test_a_service_has_all_its_names(net: Net, host: str) -> None:
    await net.serve("web", namespace="shop")
    assert (await net.fetch(f"http://{host}:9080/", "shop")).status_code == 200


async def test_cluster_ips_and_other_hosts_are_reached_too(net: Net) -> None:
    await net.serve("web")
    found = await net.cluster.api.get(SERVICE, "web", "default")
    assert (await net.fetch(f"http://{found['spec']['clusterIP']}:9080/")).status_code == 200
    (one,) = await net.cluster.pods("web")
    assert (await net.fetch(f"http://{one['status']['podIP']}:9080/")).status_code == 200


async def test_requests_are_spread_over_the_ready_pods(net: Net) -> None:
    await net.serve("web", 3)
    counts = Counter([(await net.fetch("http://web:9080/")).json()["pod"] for _ in range(60)])
    # Three equal pods and 60 requests: fewer than 5 for one has a chance of 1 in 4,000 (binomial, n=60, p=1/3).
    assert len(counts) == 3
    assert min(counts.values()) >= 5


@pytest.mark.parametrize(
    ("url", "status", "text"),
    [
        ("http://nobody:9080/", 502, "there is no Service 'nobody' in namespace 'default'"),
        ("http://web.nowhere.svc.cluster.local:9080/", 502, "in namespace 'nowhere'"),
        ("http://web:1234/", 502, "Service web.default has no port 1234"),
        ("http://idle:9080/", 503, "Service idle.default has no ready endpoint on port 9080"),
        ("http://127.0.0.1:1/", 502, "cannot connect"),
    ],
)
async def test_what_cannot_be_reached_is_said_in_words(net: Net, url: str, status: int, text: str) -> None:
    await net.cluster.api.create(service("web"))
    await net.cluster.api.create(service("idle"))
    await until(lambda: net.cluster.api.list(ENDPOINT_SLICE, "default"), "slices are there")
    answer = await net.fetch(url)
    assert (answer.status_code, text in answer.text) == (status, True), answer.text


async def test_a_tunnel_by_connect(net: Net) -> None:
    await net.serve("web")
    reader, writer = await asyncio.open_connection(net.cluster.block.node_proxy, 15080)
    writer.write(b"CONNECT web:9080 HTTP/1.1\r\nHost: web:9080\r\n\r\n")
    assert b"200" in await reader.readuntil(b"\r\n\r\n")
    writer.write(b"GET /inside HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
    assert b'"path": "/inside"' in await reader.read()
    writer.close()


async def test_a_request_that_is_not_for_a_proxy_is_refused(net: Net) -> None:
    answer = await asyncio.to_thread(requests.get, f"http://{net.cluster.block.node_proxy}:15080/", timeout=5)
    assert answer.status_code == 400
    assert "this is a proxy" in answer.text


def gateway(net: Net) -> str:
    return f"http://127.0.0.1:{net.port}/"


async def test_the_gateway_port_and_every_node_lead_to_the_node_port(net: Net) -> None:
    await net.serve(
        "web",
        type="NodePort",
        ports=[{"name": "http", "port": 80, "targetPort": 9080, "nodePort": NODE_PORT}],
    )
    urls = [gateway(net), *(f"http://{net.cluster.block.node(i)}:{NODE_PORT}/" for i in range(3))]
    for url in urls:

        async def answers(url: str = url) -> bool:
            try:
                return (await asyncio.to_thread(requests.get, url, timeout=5)).ok
            except requests.ConnectionError:
                return False

        await until(answers, f"{url} answers")


async def test_connections_follow_the_pods(net: Net) -> None:
    ports = [{"name": "http", "port": 80, "targetPort": 9080, "nodePort": NODE_PORT}]
    await net.serve("web", type="NodePort", ports=ports)
    before = (await asyncio.to_thread(requests.get, gateway(net), timeout=5)).json()["pod"]
    await net.cluster.api.delete(POD, before, "default")

    async def other() -> bool:
        try:
            return (await asyncio.to_thread(requests.get, gateway(net), timeout=5)).json()["pod"] != before
        except requests.ConnectionError:
            return False  # for a moment there is no ready pod

    await until(other, "another pod answers")


async def test_without_an_endpoint_a_connection_is_reset(net: Net) -> None:
    with pytest.raises(requests.ConnectionError):
        await asyncio.to_thread(requests.get, gateway(net), timeout=5)
    ports = [{"name": "http", "port": 80, "targetPort": 9080, "nodePort": NODE_PORT}]
    await net.serve("web", type="NodePort", ports=ports)
    await net.cluster.api.patch(DEPLOYMENT, "web", "default", {"spec": {"replicas": 0}})

    async def refused() -> bool:
        try:
            await asyncio.to_thread(requests.get, gateway(net), timeout=5)
        except requests.ConnectionError:
            return True
        return False

    await until(refused, "connections are reset")


async def test_a_taken_port_is_named(net: Net) -> None:
    second = NodeNetwork(net.cluster.api, net.cluster.block, {net.port: NODE_PORT})
    with pytest.raises(LabError, match="cannot be opened") as refusal:
        await second.start()
    assert f"{net.cluster.block.node_proxy}:15080" in refusal.value.message
    assert "choose another port" in refusal.value.hint


async def test_a_pod_without_a_sidecar_sends_through_the_node_by_its_environment(net: Net) -> None:
    await net.serve("web")
    program = "import urllib.request; print(urllib.request.urlopen('http://web:9080/').status, flush=True)"
    await net.cluster.api.create(pod("outsider", code(program), restartPolicy="Never"))
    await net.cluster.state("outsider", lambda s: "terminated" in s["state"])
    assert net.cluster.kubelet
    told = b"".join([c async for c in net.cluster.kubelet.logs.read("default", "outsider", "app")])
    assert told == b"200\n"


@pytest.mark.parametrize(
    ("text", "head"),
    [
        (
            "GET http://web/ HTTP/1.1\r\n\r\n",
            Head("web", 80, "default", ("GET / HTTP/1.1", "Connection: close")),
        ),
        (
            "GET http://web:9/a?b HTTP/1.1\r\nHost: web:9\r\nProxy-Connection: keep-alive\r\n\r\n",
            Head("web", 9, "default", ("GET /a?b HTTP/1.1", "Host: web:9", "Connection: close")),
        ),
        (
            "GET http://web/ HTTP/1.1\r\nProxy-Authorization: Basic c2hvcDp4\r\n\r\n",
            Head("web", 80, "shop", ("GET / HTTP/1.1", "Connection: close")),
        ),
        (
            "GET http://web/ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            Head("web", 80, "default", ("GET /ws HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade")),
        ),
        ("CONNECT web:443 HTTP/1.1\r\n\r\n", Head("web", 443, "default")),
    ],
)
def test_the_head_of_a_request_to_a_proxy(text: str, head: Head) -> None:
    assert read_head(text) == head


@pytest.mark.parametrize(
    "text", ["GET / HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n", "GET ftp://x/ HTTP/1.1\r\n\r\n"]
)
def test_other_heads_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a request like|not an HTTP request"):
        read_head(text)
