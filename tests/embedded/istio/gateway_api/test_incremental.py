"""A change of an HTTPRoute touches what it rules; a status that is written touches nothing."""

from __future__ import annotations

import copy

from meshtutor.embedded.istio.snapshot import Snapshot
from meshtutor.embedded.xds.resource import RDS
from meshtutor.kube.kinds import HTTP_ROUTE
from tests.embedded.istio.cases.gateway_api import route
from tests.embedded.istio.support import objects as make
from tests.embedded.istio.test_incremental import World


def of_service(name: str, to: str) -> dict:
    text = route(
        f"[{{backendRefs: [{{name: {to}, port: 9080}}]}}]",
        name,
        parent=f"{{group: '', kind: Service, name: {name}}}",
    )
    (found,) = make.parse(text)
    return found


def test_a_route_rebuilds_one_virtual_host():
    world = World(proxies=3)
    world.change(of_service("s3", "s1"), of_service("s5", "s1"))
    world.built()
    before = world.configurations()[0]
    changed = of_service("s3", "s2")
    changed["metadata"]["creationTimestamp"] = world.snapshot.table(HTTP_ROUTE)[
        "default", "s3"
    ].identity.seniority[0]
    world.change(changed)
    assert world.built() <= 1 + 1 + len(world.names)
    assert world.configurations()[0][RDS]["http_proxy"].version != before[RDS]["http_proxy"].version


def test_a_status_is_no_change():
    world = World(proxies=1)
    made = of_service("s3", "s1")
    world.change(made)
    before, conversion = world.configurations()[0], world.snapshot.gateway_api
    told = copy.deepcopy(made)
    told["status"] = {"parents": [{"controllerName": "x"}]}
    world.change(told)
    assert world.snapshot.gateway_api is conversion
    assert world.built() == 0
    assert world.configurations()[0][RDS] is before[RDS]


def test_a_service_that_comes_leaves_other_routes_the_same_objects():
    world = World(proxies=1)
    world.change(of_service("s3", "s1"))
    rules = world.snapshot.virtual_services
    world.change(make.service("new"))
    assert world.snapshot.virtual_services is rules


def test_without_the_gateway_api_nothing_is_converted():
    assert Snapshot.of([make.service("a")]).gateway_api.virtual_services == ()
