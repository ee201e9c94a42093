"""Near and far on real Envoys: clients in two regions, a cascade of failing places, the mesh's own default."""

from __future__ import annotations

from collections import Counter

import pytest
import pytest_asyncio

from meshtutor.embedded.istio import mesh_config

from .support import objects as make
from .support.mesh import Mesh, running

URL = "http://reviews:9080/"
DETECTS = {"consecutive5xxErrors": 5, "baseEjectionTime": "300s", "maxEjectionPercent": 100}


@pytest_asyncio.fixture
async def mesh(tmp_path):
    async with running(tmp_path) as mesh:
        mesh.store.apply(make.node("agent-2", "europe", "europe-2"))
        places = {"v1": "agent-0", "v2": "agent-2", "v3": "agent-1"}
        pods = [await mesh.pod("reviews", version, node=node) for version, node in places.items()]
        mesh.europe = await mesh.pod("client", "v1", node="agent-0")
        mesh.brazil = await mesh.pod("client", "v2", node="agent-1")
        service = make.service("reviews")
        await mesh.apply(service, make.endpoint_slice(service, *pods))
        await mesh.until_ready(mesh.europe, mesh.brazil, *pods)
        yield mesh


def rule(**policy) -> dict:
    return make.rule("DestinationRule", "reviews", host="reviews", trafficPolicy=policy)


async def versions(mesh: Mesh, client: dict, n: int = 30) -> Counter[str]:
    return Counter([(await mesh.get(URL, client)).version for _ in range(n)])


async def test_each_client_is_served_by_its_own_region(mesh: Mesh):
    await mesh.apply(rule(outlierDetection=DETECTS))
    assert await versions(mesh, mesh.europe) == {"v1": 30}
    assert await versions(mesh, mesh.brazil) == {"v3": 30}


async def test_a_place_that_fails_hands_over_to_the_next_nearest(mesh: Mesh):
    await mesh.apply(rule(outlierDetection=DETECTS))
    for near, following in (("v1", "v2"), ("v2", "v3")):
        for _ in range(5):
            answer = await mesh.get(f"{URL}status/500", mesh.europe)
            assert (answer.status, answer.version) == (500, near)
        await mesh.until(lambda then=following: _is_served_by(mesh, then), f"{following} has taken over")
        assert await versions(mesh, mesh.europe) == {following: 30}
    assert await versions(mesh, mesh.brazil) == {"v3": 30}


async def _is_served_by(mesh: Mesh, version: str) -> bool:
    return (await mesh.get(URL, mesh.europe)).version == version


async def test_failover_without_outlier_detection_changes_nothing(mesh: Mesh):
    setting = {"failover": [{"from": "europe", "to": "brazil"}]}
    await mesh.apply(rule(loadBalancer={"simple": "ROUND_ROBIN", "localityLbSetting": setting}))
    assert await versions(mesh, mesh.europe) == {"v1": 10, "v2": 10, "v3": 10}


async def test_the_meshs_default_distributes_without_any_rule(mesh: Mesh):
    text = "localityLbSetting: {distribute: [{from: europe/*, to: {brazil/*: 100}}]}"
    await mesh.apply(make.mesh_config(text))
    assert await versions(mesh, mesh.europe) == {"v3": 30}
    assert set(await versions(mesh, mesh.brazil)) == {"v1", "v2", "v3"}


async def test_a_default_that_is_off_leaves_outlier_detection_alone(mesh: Mesh):
    await mesh.apply(make.mesh_config("localityLbSetting: {enabled: false}"))
    await mesh.apply(rule(loadBalancer={"simple": "ROUND_ROBIN"}, outlierDetection=DETECTS))
    assert await versions(mesh, mesh.europe) == {"v1": 10, "v2": 10, "v3": 10}


def test_a_wrong_default_leaves_istios_in_force(caplog: pytest.LogCaptureFixture):
    text = "localityLbSetting: {distribute: [{from: a, to: {b: 60}}]}"
    assert mesh_config.parse(make.mesh_config(text)) == mesh_config.DEFAULT
    assert "must sum to 100" in caplog.text


def test_what_the_mesh_s_settings_ask_for_in_vain_is_said(caplog: pytest.LogCaptureFixture):
    mesh_config.parse(make.mesh_config("zoneAwareLbSetting: {minClusterSize: 2}"))
    assert "zoneAwareLbSetting is not implemented" in caplog.text


def test_a_refresh_rate_that_no_proxy_takes_leaves_istios_in_force(caplog: pytest.LogCaptureFixture):
    assert mesh_config.parse(make.mesh_config("dnsRefreshRate: 1ms")) == mesh_config.DEFAULT
    assert "too short" in caplog.text
