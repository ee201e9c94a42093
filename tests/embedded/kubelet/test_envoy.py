"""Sidecars and gateways: the bootstrap, and real Envoys under the lab's control plane."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from meshtutor.embedded.istio.pilot import Pilot
from meshtutor.embedded.kubelet.bootstrap import bootstrap
from meshtutor.embedded.kubelet.envoy import envoy_binary, proxyv2
from meshtutor.embedded.kubelet.place import Place
from meshtutor.embedded.network import Block, app_address
from meshtutor.errors import MeshtutorError
from meshtutor.kube.kinds import DEPLOYMENT, NAMESPACE, POD
from tests.embedded.world import SERVER, World, code, deployment, pod, service, until, world

ON = {"istio-injection": "enabled"}


def place(directory: Path, args: list[str]) -> Place:
    one = pod("reviews-v1-abc-x", None, nodeName="agent", serviceAccountName="reviews")
    one["metadata"] |= {"labels": {"app": "reviews", "pod-template-hash": "abc"}}
    owner = {"kind": "ReplicaSet", "apiVersion": "apps/v1", "name": "reviews-v1-abc", "controller": True}
    one["metadata"]["ownerReferences"] = [owner]
    one["spec"]["containers"].append({"name": "istio-proxy", "image": "istio/proxyv2:1", "args": args})
    labels = {"topology.kubernetes.io/region": "brazil", "topology.kubernetes.io/zone": "brazil-1"}
    return Place(one, "127.9.16.5", directory, {"metadata": {"labels": labels}}, Block(9))


def test_the_node_says_who_the_proxy_is(tmp_path: Path) -> None:
    node = bootstrap(place(tmp_path, ["proxy", "sidecar"]), "sidecar", "T")["node"]
    assert node["id"] == "sidecar~127.9.16.5~reviews-v1-abc-x.default~default.svc.cluster.local"
    assert node["cluster"] == "reviews.default"
    assert node["locality"] == {"region": "brazil", "zone": "brazil-1"}
    metadata = node["metadata"]
    assert metadata["WORKLOAD_NAME"] == "reviews-v1"
    assert metadata["SERVICE_ACCOUNT"] == "reviews"
    assert metadata["APP_ADDRESS"] == app_address("127.9.16.5")
    assert metadata["OWNER"] == "kubernetes://apis/apps/v1/namespaces/default/deployments/reviews-v1"


@pytest.mark.parametrize("role", ["sidecar", "router"])
def test_envoy_accepts_the_bootstrap_and_only_its_owner_may_read_it(tmp_path: Path, role: str) -> None:
    class Token:
        def issue(self, namespace: str, name: str) -> str:
            return f"{namespace}/{name}"

    spot = place(tmp_path, ["proxy", role])
    argv = proxyv2(Token()).argv(spot.pod["spec"]["containers"][1], [], ["proxy", role], spot)
    path = tmp_path / "envoy.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "Bearer default/reviews-v1-abc-x" in path.read_text()
    assert argv[0] == str(envoy_binary())
    checked = subprocess.run(
        [argv[0], "--mode", "validate", "-c", str(path)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "warning" not in checked.stderr


def test_every_address_of_an_envoy_is_its_pods_own(tmp_path: Path) -> None:
    config = bootstrap(place(tmp_path, ["proxy", "sidecar"]), "sidecar", "T")
    listening = [
        config["admin"]["address"],
        *(one["address"] for one in config["static_resources"]["listeners"]),
    ]
    assert [(a["socket_address"]["address"], a["socket_address"]["port_value"]) for a in listening] == [
        ("127.9.16.5", 15000), ("127.9.16.5", 15090), ("127.9.16.5", 15021),
    ]  # fmt: skip


def test_a_proxy_without_a_role_is_refused(tmp_path: Path) -> None:
    spot = place(tmp_path, ["agent"])
    with pytest.raises(MeshtutorError, match="neither a sidecar nor a router"):
        proxyv2(None, Path("envoy")).argv(spot.pod["spec"]["containers"][1], [], [], spot)  # type: ignore[arg-type]


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[World]:
    """A cluster with a control plane; namespace default gets sidecars."""
    async with world(tmp_path, namespaces={"istio-system": {}}) as cluster:
        await cluster.api.patch(NAMESPACE, "default", "", {"metadata": {"labels": ON}})
        pilot = Pilot(cluster.api, cluster.block, tmp_path / "pki", cluster.tokens)
        running = asyncio.create_task(pilot.run())
        await pilot.ready()
        yield cluster
        assert not running.done()
        assert cluster.kubelet
        await cluster.kubelet.stop()
        await pilot.stop()


async def serve(mesh: World, name: str, **container: Any) -> dict[str, Any]:
    """A server with a sidecar, ready."""
    probe = {"httpGet": {"path": "/", "port": 9080}}
    container = {"ports": [{"name": "http", "containerPort": 9080}], "readinessProbe": probe, **container}
    await mesh.api.create(deployment(name, 1, code(SERVER, **container)))
    await mesh.api.create(service(name))

    async def ready() -> dict[str, Any] | None:
        found = await mesh.api.get(DEPLOYMENT, name, "default")
        pods = await mesh.pods(name)
        return pods[0] if (found.get("status") or {}).get("readyReplicas") == 1 and pods else None

    return await until(ready, f"{name} is ready")


async def through(sender: dict[str, Any], url: str) -> requests.Response:
    proxy = f"http://{sender['status']['podIP']}:15001"
    return await asyncio.to_thread(requests.get, url, proxies={"http": proxy}, timeout=5)


async def answered(sender: dict[str, Any], url: str) -> dict[str, Any]:
    async def once() -> dict[str, Any] | None:
        try:
            answer = await through(sender, url)
        except requests.ConnectionError:
            return None
        return answer.json() if answer.status_code == 200 else None

    return await until(once, f"{url} answers")


async def test_an_injected_pod_is_2_of_2_and_its_app_hides_behind_the_sidecar(mesh: World) -> None:
    web = await serve(mesh, "web")
    assert [c["ready"] for c in web["status"]["containerStatuses"]] == [True, True]
    ip = web["status"]["podIP"]
    told = (await answered(web, "http://web:9080/"))["env"]
    assert told["BIND_ADDRESS"] == app_address(ip)
    assert told["http_proxy"] == f"http://{ip}:15001"
    for url in (f"http://{ip}:15021/healthz/ready", f"http://{ip}:15000/ready"):
        assert (await asyncio.to_thread(requests.get, url, timeout=5)).status_code == 200
    scraped = (await asyncio.to_thread(requests.get, f"http://{ip}:15090/stats/prometheus", timeout=5)).text
    assert "envoy_istio_requests_total{" in scraped
    assert (
        'envoy_cluster_upstream_rq_total{cluster_name="outbound|9080||web.default.svc.cluster.local"}'
        in scraped
    )


async def test_a_killed_envoy_comes_back_and_serves_again(mesh: World) -> None:
    web = await serve(mesh, "web")
    client = await serve(mesh, "client")
    await answered(client, "http://web:9080/")
    assert mesh.kubelet
    name = web["metadata"]["name"]
    os.kill(mesh.kubelet.pid("default", name, "istio-proxy"), signal.SIGKILL)
    await mesh.state(name, lambda s: s["restartCount"] == 1 and s["ready"], "istio-proxy")
    await mesh.running(name)
    assert (await answered(client, "http://web:9080/"))["pod"] == name


async def test_a_killed_app_comes_back_and_serves_again(mesh: World) -> None:
    web = await serve(mesh, "web")
    assert mesh.kubelet
    name = web["metadata"]["name"]
    os.kill(mesh.kubelet.pid("default", name, "app"), signal.SIGKILL)
    await mesh.state(name, lambda s: s["restartCount"] == 1 and s["ready"])
    await mesh.running(name)
    assert (await answered(web, "http://web:9080/"))["pod"] == name


async def test_rollouts_under_load_fail_no_request(mesh: World) -> None:
    await serve(mesh, "web")
    client = await serve(mesh, "client")
    await answered(client, "http://web:9080/")
    codes: list[int] = []
    done = asyncio.Event()

    async def load() -> None:
        while not done.is_set():
            codes.append((await through(client, "http://web:9080/")).status_code)

    loads = [asyncio.create_task(load()) for _ in range(2)]
    for number in range(3):
        (old,) = await mesh.pods("web")
        change = {"spec": {"template": {"metadata": {"annotations": {"restartedAt": str(number)}}}}}
        await mesh.api.patch(DEPLOYMENT, "web", "default", change)

        async def replaced(name: str = old["metadata"]["name"]) -> bool:
            return await mesh.get(POD, name) is None

        await until(replaced, "the old pod is gone")
    done.set()
    await asyncio.gather(*loads)
    assert set(codes) == {200}, {c: codes.count(c) for c in set(codes)}
    assert len(codes) > 20


async def test_a_deleted_pods_envoy_goes_with_it(mesh: World) -> None:
    web = await serve(mesh, "web")
    assert mesh.kubelet
    pid = mesh.kubelet.pid("default", web["metadata"]["name"], "istio-proxy")
    await mesh.api.delete(DEPLOYMENT, "web", "default")

    async def gone() -> bool:
        return not await mesh.pods("web")

    await until(gone, "the pod is gone")
    assert not psutil.pid_exists(pid)


async def test_a_gateway_is_an_envoy_without_an_app(mesh: World) -> None:
    container = {
        "name": "istio-proxy",
        "image": "istio/proxyv2:1.30.3",
        "args": ["proxy", "router"],
        "command": None,
    }
    probe = {"httpGet": {"path": "/healthz/ready", "port": 15021}, "periodSeconds": 1}
    one = pod("gateway", {**container, "readinessProbe": probe})
    del one["spec"]["containers"][0]["command"]
    one["metadata"] |= {"namespace": "istio-system", "labels": {"istio": "ingressgateway"}}
    await mesh.api.create(one)

    async def ready() -> dict[str, Any] | None:
        found = await mesh.get(POD, "gateway", "istio-system")
        states = ((found or {}).get("status") or {}).get("containerStatuses") or [{}]
        return found if states[0].get("ready") else None

    found = await until(ready, "the gateway is ready")
    info = await asyncio.to_thread(
        requests.get, f"http://{found['status']['podIP']}:15000/server_info", timeout=5
    )
    assert json.loads(info.text)["node"]["id"].startswith("router~")
