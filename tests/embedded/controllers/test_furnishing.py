"""What namespaces, load balancers and nodes get by themselves."""

from __future__ import annotations

from meshtutor.embedded.controllers.nodes import NODES
from meshtutor.kube.kinds import CONFIG_MAP, LEASE, NAMESPACE, NODE, SERVICE, SERVICE_ACCOUNT
from tests.embedded.world import World, deployment, service, until


def namespace(name: str) -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


async def test_every_namespace_gets_a_service_account_and_root_certificates(cluster: World) -> None:
    await cluster.api.create(namespace("shop"))
    await until(lambda: cluster.get(SERVICE_ACCOUNT, "default", "shop"), "the ServiceAccount is there")
    found = await until(lambda: cluster.get(CONFIG_MAP, "kube-root-ca.crt", "shop"), "the ConfigMap is there")
    assert found["data"] == {"ca.crt": "PEM"}


async def test_a_changed_or_deleted_certificate_is_put_back(cluster: World) -> None:
    async def right() -> bool:
        return ((await cluster.get(CONFIG_MAP, "kube-root-ca.crt")) or {}).get("data") == {"ca.crt": "PEM"}

    await until(right, "the ConfigMap is there")
    await cluster.api.patch(CONFIG_MAP, "kube-root-ca.crt", "default", {"data": {"ca.crt": "forged"}})
    await until(right, "it was put right")
    await cluster.api.delete(CONFIG_MAP, "kube-root-ca.crt", "default")
    await until(right, "it is there again")


async def test_a_deleted_namespace_ends_with_all_that_is_in_it(cluster: World) -> None:
    await cluster.api.create(namespace("shop"))
    inside = deployment("web", 2)
    inside["metadata"]["namespace"] = "shop"
    await cluster.api.create(inside)
    await until(lambda: cluster.get(SERVICE_ACCOUNT, "default", "shop"), "it is furnished")
    await cluster.api.delete(NAMESPACE, "shop")

    async def gone() -> bool:
        return await cluster.get(NAMESPACE, "shop") is None

    await until(gone, "the namespace is gone")


async def test_a_load_balancer_has_the_machines_address_and_loses_it_with_its_type(cluster: World) -> None:
    await cluster.api.create(service("web", type="LoadBalancer"))

    async def ingress() -> list:
        found = await cluster.api.get(SERVICE, "web", "default")
        return (found["status"].get("loadBalancer") or {}).get("ingress") or []

    async def given() -> bool:
        return [i["ip"] for i in await ingress()] == ["127.0.0.1"]

    await until(given, "the address is given")
    await cluster.api.patch(SERVICE, "web", "default", {"spec": {"type": "ClusterIP"}})

    async def taken() -> bool:
        return not await ingress()

    await until(taken, "the address is taken back")


async def test_three_nodes_in_two_regions_are_ready_and_renew_their_leases(cluster: World) -> None:
    nodes = {
        n["metadata"]["name"]: n for n in await until(lambda: cluster.api.list(NODE), "the nodes are there")
    }
    assert sorted(nodes) == sorted(spec.name for spec in NODES)
    regions = {n["metadata"]["labels"]["topology.kubernetes.io/region"] for n in nodes.values()}
    assert regions == {"europe", "brazil"}
    for spec in NODES:
        addresses = nodes[spec.name]["status"]["addresses"]
        assert {"type": "InternalIP", "address": cluster.block.node(spec.index)} in addresses
        await until(lambda s=spec: cluster.get(LEASE, s.name, "kube-node-lease"), f"the lease of {spec.name}")
