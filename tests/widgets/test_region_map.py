"""The map of regions without a browser: rules for near pods, regions that fail; and on real Envoys."""

from __future__ import annotations

import pytest

import meshtutor as mt
from meshtutor.errors import MeshtutorError
from meshtutor.mesh import Mesh as RealMesh
from meshtutor.mesh.places import REGION
from meshtutor.widgets import region_rules
from meshtutor.widgets.region_map import RegionMap
from meshtutor.widgets.region_model import RegionModel
from meshtutor.widgets.split_rules import rules_for
from tests.support.kubernetes import FakeKubernetes, FakeProvider, pod, service
from tests.widgets.fake_mesh import Mesh

REGIONS = ("brazil", "europe")
OWN = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "DestinationRule",
    "metadata": {"name": "mine"},
    "spec": {
        "host": "reviews",
        "trafficPolicy": {
            "loadBalancer": {"simple": "RANDOM", "localityLbSetting": {"enabled": False}},
            "outlierDetection": {"interval": "9s"},
            "connectionPool": {"x": 1},
        },
    },
}


@pytest.fixture
def mesh() -> Mesh:
    return Mesh()


@pytest.fixture
def broken() -> list[tuple[str, bool]]:
    return []


@pytest.fixture
def model(mesh, broken) -> RegionModel:
    rules = rules_for("reviews", "default", ["v1"], [], [])
    return RegionModel(rules, REGIONS, mesh.apply, lambda region, on: broken.append((region, on)))


@pytest.fixture
def kubernetes():
    fake = FakeKubernetes()
    fake.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    yield fake
    fake.server.close()


def policy(mesh: Mesh) -> dict:
    return mesh.applied[-1][0]["spec"]["trafficPolicy"]


def test_a_share_is_written_for_callers_of_each_region(mesh, model):
    model.locality = {"mode": "distribute", "near": 80, "ejects": False}
    assert policy(mesh) == {
        "loadBalancer": {
            "localityLbSetting": {
                "enabled": True,
                "distribute": [
                    {"from": "brazil/*", "to": {"brazil/*": 80, "europe/*": 20}},
                    {"from": "europe/*", "to": {"brazil/*": 20, "europe/*": 80}},
                ],
            }
        }
    }
    assert model.locality["near"] == 80


@pytest.mark.parametrize(("near", "named"), [(100, {"europe/*": 100}), (0, {"brazil/*": 100})])
def test_what_gets_nothing_is_not_named_for_istio_takes_no_zero(near, named):
    value = region_rules.checked({"mode": "distribute", "near": near})
    assert region_rules.setting(REGIONS, value)["distribute"][1]["to"] == named


@pytest.mark.parametrize("near", range(0, 101, 7))
def test_shares_of_three_regions_sum_to_a_hundred(near):
    value = region_rules.checked({"mode": "distribute", "near": near})
    for entry in region_rules.setting(("asia", *REGIONS), value)["distribute"]:
        assert sum(entry["to"].values()) == 100
        assert all(share >= 1 for share in entry["to"].values())


def test_failover_leads_from_each_region_to_another_one():
    value = region_rules.checked({"mode": "failover"})
    assert region_rules.setting(("a", "b", "c"), value)["failover"] == [
        {"from": "a", "to": "b"}, {"from": "b", "to": "c"}, {"from": "c", "to": "a"}
    ]  # fmt: skip


def test_off_is_written_down_for_istios_default_is_on(mesh, model):
    model.locality = {"mode": "off", "ejects": True}
    assert policy(mesh)["loadBalancer"] == {"localityLbSetting": {"enabled": False}}
    assert policy(mesh)["outlierDetection"]["maxEjectionPercent"] == 100


def test_the_rest_of_the_learners_rule_stays():
    rules = rules_for("reviews", "default", ["v1"], [OWN], [])
    value = region_rules.checked({"mode": "failover", "ejects": False})
    written = region_rules.destination_rule(rules, REGIONS, value)
    assert written["metadata"]["name"] == "mine"
    found = written["spec"]["trafficPolicy"]
    assert found["connectionPool"] == {"x": 1}
    assert found["loadBalancer"]["simple"] == "RANDOM"
    assert found["loadBalancer"]["localityLbSetting"]["enabled"] is True
    assert "outlierDetection" not in found


@pytest.mark.parametrize(
    "wrong", [{"mode": "near"}, {"near": 101}, {"near": "all"}, {"ejects": 1}, {"far": 1}, "failover"]
)
def test_what_is_no_preference_is_refused_and_changes_nothing(mesh, model, wrong):
    with pytest.raises(MeshtutorError):
        model.locality = wrong
    assert not mesh.applied


def test_only_regions_that_change_are_broken_or_healed(model, broken):
    model.failed = {"europe"}
    model.failed = {"europe", "brazil"}
    model.failed = ()
    assert broken == [("europe", True), ("brazil", True), ("brazil", False), ("europe", False)]
    assert model.failed == frozenset()


def test_an_unknown_region_is_refused_by_name(model, broken):
    with pytest.raises(MeshtutorError, match="atlantis") as error:
        model.failed = {"atlantis"}
    assert "brazil, europe" in error.value.hint
    assert not broken


@pytest.mark.parametrize(
    ("regions", "said"),
    [
        (["europe", "europe"], "the nodes are in europe, client-1 is in europe"),
        (["", ""], "the nodes are in no region"),
        (["", "europe", "brazil"], "client-1 is in none"),
    ],
)
def test_without_two_regions_it_says_how_to_get_them(kubernetes, tmp_path, regions, said):
    for i, region in enumerate(regions):
        labels = {REGION: region} if region else {}
        meta = {"name": f"n{i}", "labels": labels}
        kubernetes.put({"apiVersion": "v1", "kind": "Node", "metadata": meta})
    placed = pod("client-1", "client")
    placed["spec"]["nodeName"] = "n0"
    kubernetes.put(placed)
    kubernetes.put(service("reviews"))
    with RealMesh(FakeProvider(kubernetes, tmp_path)) as mesh, pytest.raises(MeshtutorError) as error:
        RegionMap(mesh, "reviews")
    assert said in error.value.message
    assert "kubectl label node" in error.value.hint


@pytest.fixture(scope="module")
def connected(lab):
    with mt.connect() as mesh:
        mesh.reset(also="manifests/10_prefer_near_pods/two-regions.yaml")
        yield mesh
        mesh.reset()


@pytest.fixture
def regions(connected):
    made = RegionMap(connected, "reviews")
    made.pause()
    yield made
    made.restore()
    made.close()


def test_a_share_goes_abroad_and_without_the_rule_it_is_another(regions, connected):
    regions.model.locality = {"mode": "distribute", "near": 90}
    shares = {"europe": 90, "brazil": 10}
    assert connected.places().count(connected.send("reviews", n=200)).test(shares)
    regions.restore()
    assert not connected.places().count(connected.send("reviews", n=200)).test(shares)


def test_a_region_that_fails_is_left_and_one_that_nobody_watches_is_not(regions, connected):
    regions.model.failed = {"europe"}
    for ejects in (False, True):
        regions.model.locality = {"mode": "failover", "ejects": ejects}
        connected.send(
            "reviews", n=60, rate=30
        )  # two seconds: Envoy passes on what it learned once in a second
        found = regions.crossings(connected.send("reviews", n=100))
        assert (found.share("brazil").value > 0.9) is ejects, found
        assert (found.failed < 10) is ejects, found


def test_it_says_where_requests_go_and_how_to_change_that(regions):
    assert "RegionMap.model.locality" in repr(regions)
    assert "in europe: no requests yet" in repr(regions)


def test_what_was_broken_is_well_again_afterwards(connected):
    made = RegionMap(connected, "reviews")
    made.model.failed = {"europe", "brazil"}
    assert connected.send("reviews", n=20).ok == 0
    made.restore()
    made.close()
    assert connected.send("reviews", n=20).ok == 20
