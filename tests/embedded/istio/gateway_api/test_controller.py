"""What the control plane writes through the API: the class, statuses, and what a managed Gateway needs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.controllers.run import run_all
from meshtutor.embedded.crds import crds
from meshtutor.embedded.istio.gateway_api.controller import GatewayController
from meshtutor.embedded.istio.snapshot import WATCHED, Snapshot
from meshtutor.kube.kinds import (
    DEPLOYMENT,
    GATEWAY_CLASS,
    HTTP_ROUTE,
    KUBERNETES_GATEWAY,
    SERVICE,
    SERVICE_ACCOUNT,
)
from tests.embedded.world import BLOCK, until

pytestmark = pytest.mark.asyncio


class Follower:
    """A control plane without proxies: its snapshot follows the API."""

    def __init__(self, api: Registry) -> None:
        self.snapshot = Snapshot({})
        self._api = api
        self._followers: list[Callable[[], None]] = []

    def subscribe(self, changed: Callable[[], None]) -> None:
        self._followers.append(changed)

    async def run(self) -> None:
        async for event in self._api.watch(*WATCHED):
            self.snapshot = self.snapshot.evolve([event])
            for changed in self._followers:
                changed()


@pytest_asyncio.fixture
async def api() -> AsyncIterator[Registry]:
    registry = Registry(BLOCK)
    for definition in crds():
        await registry.create(definition)
    await registry.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    follower = Follower(registry)
    work = (run_all(registry, BLOCK), follower.run(), GatewayController(registry, follower).run())
    tasks = [asyncio.create_task(one) for one in work]
    yield registry
    assert not any(task.done() for task in tasks), tasks
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)


def gateway(*ports: int, **spec: Any) -> dict[str, Any]:
    listeners = [{"name": f"http-{port}", "port": port, "protocol": "HTTP"} for port in ports or (80,)]
    spec = {"gatewayClassName": "istio", "listeners": listeners, **spec}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "front", "namespace": "default"},
        "spec": spec,
    }


def route(*parents: str) -> dict[str, Any]:
    spec = {"parentRefs": [{"name": name} for name in parents], "rules": [{}]}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "r", "namespace": "default"},
        "spec": spec,
    }


async def there(
    api: Registry, kind: Any, name: str, check: Callable[[dict[str, Any]], Any] = lambda _: True
) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        listed = await api.list(kind, "default" if kind.namespaced else "")
        return next((o for o in listed if o["metadata"]["name"] == name and check(o)), None)

    return await until(look, f"{kind.kind} {name}")


def said(obj: dict[str, Any], kind: str) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((c["status"] for c in conditions if c["type"] == kind), "")


async def test_the_class_is_there_and_accepted(api: Registry):
    found = await there(api, GATEWAY_CLASS, "istio", lambda o: said(o, "Accepted") == "True")
    assert found["spec"]["controllerName"] == "istio.io/gateway-controller"


async def test_a_gateway_without_an_address_gets_a_service_a_deployment_and_an_account(api: Registry):
    await api.create(gateway(80, 8080, infrastructure={"labels": {"team": "edge"}}))
    service = await there(api, SERVICE, "front-istio")
    assert [(p["port"], p["targetPort"]) for p in service["spec"]["ports"]] == [
        (15021, 15021),
        (80, 8080),
        (8080, 8080),
    ]
    deployment = await there(api, DEPLOYMENT, "front-istio")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert labels["team"] == "edge"
    await there(api, SERVICE_ACCOUNT, "front-istio")


async def test_a_listener_that_comes_later_is_a_port_of_the_service(api: Registry):
    await api.create(gateway(80))
    before = await there(api, SERVICE, "front-istio")
    await api.patch(KUBERNETES_GATEWAY, "front", "default", {"spec": gateway(80, 90)["spec"]})
    after = await there(api, SERVICE, "front-istio", lambda o: len(o["spec"]["ports"]) == 3)
    assert after["spec"]["ports"][1]["nodePort"] == before["spec"]["ports"][1]["nodePort"]


async def test_what_was_made_for_a_gateway_goes_with_it(api: Registry):
    await api.create(gateway())
    await there(api, SERVICE, "front-istio")
    await api.delete(KUBERNETES_GATEWAY, "front", "default")

    async def gone() -> bool:
        left = [
            o["metadata"]["name"]
            for kind in (SERVICE, DEPLOYMENT, SERVICE_ACCOUNT)
            for o in await api.list(kind, "default")
        ]
        return "front-istio" not in left

    await until(gone, "the managed objects are gone")


async def test_a_gateway_of_another_class_is_left_alone(api: Registry):
    await api.create(gateway(gatewayClassName="other"))
    await api.create({**gateway(), "metadata": {"name": "ours", "namespace": "default"}})
    await there(api, KUBERNETES_GATEWAY, "ours", lambda o: said(o, "Accepted"))
    assert "status" not in await api.get(KUBERNETES_GATEWAY, "front", "default")
    assert "front-istio" not in [o["metadata"]["name"] for o in await api.list(SERVICE, "default")]


async def test_a_route_is_told_by_each_of_its_parents_and_what_others_said_stays(api: Registry):
    await api.create(gateway())
    made = await api.create(route("front", "nobody"))
    foreign = {"parentRef": {"name": "nobody"}, "controllerName": "example.com/other", "conditions": []}
    await there(api, HTTP_ROUTE, "r", lambda o: (o.get("status") or {}).get("parents"))
    current = await api.get(HTTP_ROUTE, "r", "default")
    told = {"parents": [*current["status"]["parents"], foreign]}
    await api.update({**made, "metadata": {"name": "r", "namespace": "default"}, "status": told}, "status")
    await api.patch(HTTP_ROUTE, "r", "default", {"spec": {"hostnames": ["a.example.com"]}})

    def renewed(obj: dict[str, Any]) -> bool:
        entries = obj["status"]["parents"]
        return any(c.get("observedGeneration") == 2 for entry in entries for c in entry["conditions"])

    found = await there(api, HTTP_ROUTE, "r", renewed)
    assert {e["controllerName"] for e in found["status"]["parents"]} == {
        "istio.io/gateway-controller",
        "example.com/other",
    }


async def test_a_condition_that_stays_the_same_keeps_its_time(api: Registry):
    await api.create(gateway())
    await api.create(route("front"))
    before = await there(api, HTTP_ROUTE, "r", lambda o: (o.get("status") or {}).get("parents"))
    await api.patch(HTTP_ROUTE, "r", "default", {"spec": {"hostnames": ["a.example.com"]}})

    def conditions(obj: dict[str, Any]) -> list[dict[str, Any]]:
        return obj["status"]["parents"][0]["conditions"]

    after = await there(api, HTTP_ROUTE, "r", lambda o: conditions(o)[0]["observedGeneration"] == 2)
    assert conditions(after)[0]["lastTransitionTime"] == conditions(before)[0]["lastTransitionTime"]
