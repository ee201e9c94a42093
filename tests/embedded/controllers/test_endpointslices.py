"""EndpointSlices: they follow the pods behind a Service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from meshtutor.embedded.api import Object
from meshtutor.kube.kinds import ENDPOINT_SLICE, POD, SERVICE
from tests.embedded.world import World, deployment, pod, service, until


async def slices(cluster: World, name: str = "web") -> list[Object]:
    return await cluster.api.list(ENDPOINT_SLICE, "default", labels=f"kubernetes.io/service-name={name}")


async def endpoints(cluster: World, check: Callable[[list[Object]], bool], name: str = "web") -> list[Object]:
    """The endpoints of a Service, once `check` likes them."""

    async def look() -> tuple[list[Object]] | None:
        found = [e for s in await slices(cluster, name) for e in s.get("endpoints") or ()]
        return (found,) if await slices(cluster, name) and check(found) else None

    return (await until(look, f"the endpoints of {name} are as expected"))[0]


async def test_ready_pods_are_ready_endpoints_with_their_node_and_zone(cluster: World) -> None:
    await cluster.api.create(service("web"))
    await cluster.api.create(deployment("web", 3))
    found = await endpoints(cluster, lambda e: len(e) == 3 and all(x["conditions"]["ready"] for x in e))
    pods = {p["metadata"]["name"]: p for p in await cluster.pods("web")}
    for one in found:
        target = pods[one["targetRef"]["name"]]
        assert one["addresses"] == [target["status"]["podIP"]]
        assert one["nodeName"] == target["spec"]["nodeName"]
        assert one["zone"] == {"meshtutor-agent-1": "brazil-1"}.get(one["nodeName"], "europe-1")
    (only,) = await slices(cluster)
    assert only["ports"] == [{"name": "http", "port": 9080, "protocol": "TCP"}]
    assert only["addressType"] == "IPv4"


async def test_an_unready_pod_stays_in_the_slice_but_not_ready(cluster: World) -> None:
    await cluster.api.create(service("web"))
    sick = deployment("web")
    sick["spec"]["template"]["metadata"]["annotations"] = {"test/unready": "yes"}
    await cluster.api.create(sick)
    (one,) = await endpoints(cluster, lambda e: len(e) == 1)
    assert one["conditions"] == {"ready": False, "serving": False, "terminating": False}


async def test_a_pod_that_is_asked_to_go_is_at_once_terminating_and_not_ready(cluster: World) -> None:
    await cluster.api.create(service("web"))
    lonely = pod("one")
    lonely["metadata"]["labels"] = {"app": "web"}
    lonely["metadata"]["finalizers"] = ["test/stay"]
    await cluster.api.create(lonely)
    await endpoints(cluster, lambda e: len(e) == 1 and e[0]["conditions"]["ready"])
    await cluster.api.delete(POD, "one", "default")
    (one,) = await endpoints(cluster, lambda e: e[0]["conditions"]["terminating"])
    assert one["conditions"] == {"ready": False, "serving": True, "terminating": True}


async def test_a_target_port_by_name_is_looked_up_in_each_pod(cluster: World) -> None:
    await cluster.api.create(service("web", ports=[{"name": "http", "port": 80, "targetPort": "web"}]))
    for number in (8080, 9090):
        one = pod(f"on-{number}", {"ports": [{"name": "web", "containerPort": number}]})
        one["metadata"]["labels"] = {"app": "web"}
        await cluster.api.create(one)
    await endpoints(cluster, lambda e: len(e) == 2)
    by_port = {s["ports"][0]["port"]: s["endpoints"][0]["targetRef"]["name"] for s in await slices(cluster)}
    assert by_port == {8080: "on-8080", 9090: "on-9090"}


async def test_a_service_without_pods_has_an_empty_slice(cluster: World) -> None:
    await cluster.api.create(service("web"))
    assert await endpoints(cluster, lambda e: not e) == []


async def test_a_pod_whose_label_is_changed_leaves_the_slice(cluster: World) -> None:
    await cluster.api.create(service("web"))
    one = pod("one")
    one["metadata"]["labels"] = {"app": "web"}
    await cluster.api.create(one)
    await endpoints(cluster, lambda e: len(e) == 1)
    await cluster.api.patch(POD, "one", "default", {"metadata": {"labels": {"app": "other"}}})
    await endpoints(cluster, lambda e: not e)


async def test_a_changed_selector_is_followed(cluster: World) -> None:
    await cluster.api.create(service("web"))
    await cluster.api.create(deployment("blue"))
    await endpoints(cluster, lambda e: not e)
    await cluster.api.patch(SERVICE, "web", "default", {"spec": {"selector": {"app": "blue"}}})
    await endpoints(cluster, lambda e: len(e) == 1)


async def test_a_deleted_slice_is_made_again(cluster: World) -> None:
    await cluster.api.create(service("web"))
    await cluster.api.create(deployment("web"))
    await endpoints(cluster, lambda e: len(e) == 1)
    (old,) = await slices(cluster)
    await cluster.api.delete(ENDPOINT_SLICE, old["metadata"]["name"], "default")
    await endpoints(cluster, lambda e: len(e) == 1)


async def test_slices_that_someone_else_made_are_left_alone(cluster: World) -> None:
    await cluster.api.create(service("web", selector=None))
    meta = {"name": "mine", "namespace": "default", "labels": {"kubernetes.io/service-name": "web"}}
    mine = {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["127.0.0.9"]}],
        "ports": [{"name": "http", "port": 1}],
    }
    await cluster.api.create(
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta, **mine}
    )
    await cluster.api.patch(SERVICE, "web", "default", {"metadata": {"labels": {"seen": "yes"}}})
    await asyncio.sleep(0.1)
    (only,) = await slices(cluster)
    assert only["metadata"]["name"] == "mine"


async def test_ports_follow_the_service(cluster: World) -> None:
    await cluster.api.create(service("web"))
    await cluster.api.create(deployment("web"))
    await endpoints(cluster, lambda e: len(e) == 1)
    ports = [{"name": "grpc", "port": 7000, "targetPort": 7001}]
    await cluster.api.patch(SERVICE, "web", "default", {"spec": {"ports": ports}})

    async def changed() -> bool:
        found = await slices(cluster)
        return [(s["ports"][0]["name"], s["ports"][0]["port"], len(s["endpoints"])) for s in found] == [
            ("grpc", 7001, 1)
        ]

    await until(changed, "the slice has the new port and the old pod")
