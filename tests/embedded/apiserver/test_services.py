"""Services: addresses and ports that are theirs alone."""

from __future__ import annotations

import pytest

from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.errors import InvalidError
from meshtutor.kube.kinds import SERVICE
from tests.embedded.apiserver.conftest import BLOCK
from tests.embedded.apiserver.objects import service


async def test_each_service_has_an_address_of_the_lab(registry: Registry) -> None:
    addresses = [(await registry.create(service(f"s{i}")))["spec"]["clusterIP"] for i in range(3)]
    assert addresses == [BLOCK.service(0), BLOCK.service(1), BLOCK.service(2)]


async def test_an_address_is_free_again_after_deletion(registry: Registry) -> None:
    first = await registry.create(service("a"))
    await registry.delete(SERVICE, "a", "default")
    assert (await registry.create(service("b")))["spec"]["clusterIP"] == first["spec"]["clusterIP"]


async def test_a_chosen_address_must_be_free(registry: Registry) -> None:
    await registry.create(service("a", clusterIP=BLOCK.service(7)))
    with pytest.raises(InvalidError, match="provided IP is already allocated"):
        await registry.create(service("b", clusterIP=BLOCK.service(7)))


async def test_an_address_is_kept_through_updates_and_cannot_be_changed(registry: Registry) -> None:
    made = await registry.create(service("a"))
    again = await registry.update(service("a", ports=[{"port": 81}]))
    assert again["spec"]["clusterIP"] == made["spec"]["clusterIP"]
    with pytest.raises(InvalidError, match="may not change once set"):
        await registry.patch(SERVICE, "a", "default", {"spec": {"clusterIP": BLOCK.service(9)}})


async def test_headless_and_external_services_have_no_address(registry: Registry) -> None:
    headless = await registry.create(service("h", clusterIP="None"))
    external = await registry.create(service("e", type="ExternalName", externalName="example.com"))
    assert headless["spec"]["clusterIPs"] == ["None"]
    assert "clusterIP" not in external["spec"]


async def test_the_target_port_is_the_port_unless_it_says_otherwise(registry: Registry) -> None:
    made = await registry.create(service("a", ports=[{"port": 80}]))
    assert made["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]


async def test_node_ports_are_given_out_once_and_come_and_go_with_the_type(registry: Registry) -> None:
    chosen = await registry.create(service("a", type="NodePort", ports=[{"port": 80, "nodePort": 30000}]))
    given = await registry.create(service("b", type="LoadBalancer"))
    assert chosen["spec"]["ports"][0]["nodePort"] == 30000
    number = given["spec"]["ports"][0]["nodePort"]
    assert 30000 < number < 32768
    with pytest.raises(InvalidError, match="already allocated"):
        await registry.create(service("c", type="NodePort", ports=[{"port": 80, "nodePort": number}]))
    kept = await registry.update(service("b", type="LoadBalancer"))
    assert kept["spec"]["ports"][0]["nodePort"] == number
    plain = await registry.patch(SERVICE, "b", "default", {"spec": {"type": "ClusterIP"}})
    assert "nodePort" not in plain["spec"]["ports"][0]


async def test_a_distribution_of_traffic_is_one_that_there_is(registry: Registry) -> None:
    await registry.create(service("a", trafficDistribution="PreferClose"))
    with pytest.raises(InvalidError, match="trafficDistribution"):
        await registry.create(service("b", trafficDistribution="PreferFar"))
