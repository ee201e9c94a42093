"""The egress policy: what it writes, and what a change of it leaves behind; on a pretended mesh and on a real one."""

from __future__ import annotations

import pytest

import meshtutor as mt
from meshtutor.errors import LabError, MeshtutorError
from meshtutor.kube.kinds import SERVICE_ENTRY, SIDECAR
from meshtutor.widgets import egress_rules
from meshtutor.widgets.egress_model import EgressModel, Passage
from tests.widgets.fake_mesh import Mesh

HOSTS = {"api.example": ["192.0.2.1", "192.0.2.2"], "pay.example": ["192.0.2.3"]}
CLOSED = {"mode": "REGISTRY_ONLY", "registered": ["pay.example"]}
ENTRY = {
    "apiVersion": SERVICE_ENTRY.api_version, "kind": "ServiceEntry", "metadata": {"name": "mine"},
    "spec": {"hosts": ["pay.example"], "resolution": "STATIC", "endpoints": [{"address": "192.0.2.9"}]},
}  # fmt: skip


def sidecar(name: str, **spec: object) -> dict:
    return {
        "apiVersion": SIDECAR.api_version,
        "kind": "Sidecar",
        "metadata": {"name": name},
        "spec": dict(spec),
    }


def around(*found: dict) -> egress_rules.Surroundings:
    return egress_rules.surroundings(HOSTS, found)


@pytest.fixture
def mesh() -> Mesh:
    return Mesh()


@pytest.fixture
def model(mesh) -> EgressModel:
    """Whatever is registered answers; of the rest the policy decides."""

    def call(destination: str) -> Passage:
        applied = {
            host for obj in mesh.applied[-1] if obj["kind"] == "ServiceEntry" for host in obj["spec"]["hosts"]
        }
        return Passage(destination, 200 if destination in applied else 502)

    return EgressModel(around(), (*HOSTS, "reviews"), mesh.apply, call)


def test_nothing_is_applied_or_called_until_it_is_asked_for(mesh, model):
    assert mesh.applied == []
    assert model.passages == ()
    assert "mode: ALLOW_ANY" in model.yaml


def test_a_policy_is_a_sidecar_and_an_entry_for_each_registered_host(mesh, model):
    model.policy = CLOSED
    policy, entry = mesh.applied[-1]
    assert policy["spec"] == {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
    assert entry["spec"]["hosts"] == ["pay.example"]
    assert entry["spec"]["endpoints"] == [{"address": "192.0.2.3"}]
    assert [(one.destination, one.ok) for one in model.passages] == [
        ("api.example", False), ("pay.example", True), ("reviews", False)]  # fmt: skip
    assert model.passage("pay.example").status == 200
    assert model.message.startswith("REGISTRY_ONLY: 1 of 3 destinations answer · 1 proxy acknowledged")


def test_the_yaml_marks_what_a_switch_changes(model):
    model.policy = CLOSED
    assert "hosts:" in model.yaml, "the entry is shown, too"
    model.draft = {**CLOSED, "mode": "ALLOW_ANY"}
    assert [model.yaml.splitlines()[number - 1].strip() for number in model.changed] == ["mode: ALLOW_ANY"]


def test_what_is_refused_leaves_policy_and_passages_as_they_were(mesh, model):
    model.policy = CLOSED
    before, mesh.refusal = model.passages, LabError("no")
    with pytest.raises(LabError):
        model.policy = {"mode": "ALLOW_ANY"}
    assert model.policy["mode"] == "REGISTRY_ONLY"
    assert model.draft["mode"] == "REGISTRY_ONLY"
    assert model.passages == before


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        ({"mode": "DENY"}, "DENY"),
        ({"modes": "ALLOW_ANY"}, "modes"),
        ({"registered": ["nobody.example"]}, "nobody.example"),
        ({"registered": "pay.example"}, "pay.example"),
        ("REGISTRY_ONLY", "REGISTRY_ONLY"),
    ],
)
def test_what_is_no_policy_is_named(mesh, model, policy, named):
    with pytest.raises(MeshtutorError, match=named):
        model.policy = policy
    assert mesh.applied == []


def test_the_learners_own_entry_and_sidecar_are_kept():
    mine = sidecar("mine", egress=[{"hosts": ["./*"]}])
    policy, entry = egress_rules.written(around(ENTRY, mine), {**CLOSED, "registered": ("pay.example",)})
    assert entry == ENTRY
    assert policy["metadata"]["name"] == "mine"
    assert policy["spec"] == {
        "egress": [{"hosts": ["./*"]}],
        "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
    }


def test_what_is_about_others_is_not_the_widgets():
    other = {**ENTRY, "spec": {**ENTRY["spec"], "hosts": ["else.example"]}}
    picky = sidecar("picky", workloadSelector={"labels": {"app": "client"}})
    assert around(other, picky).own == []


def test_a_widget_without_hosts_says_so():
    with pytest.raises(MeshtutorError, match="no host"):
        mt.widgets.EgressPolicy(None, {})


@pytest.fixture
def live(lab):
    with mt.connect() as mesh:
        mesh.reset()
        yield mesh
        mesh.reset()


def test_on_a_real_mesh_the_policy_decides_on_strangers_and_the_entry_on_the_name(live):
    address = live.pod("ratings")["status"]["podIP"]
    stranger = f"http://{address}:9080/ratings/0"
    widget = mt.widgets.EgressPolicy(
        live, {"stars.example": [address]}, [stranger, "reviews"], path="/ratings/0"
    )
    for mode, registered, stars, unknown in [
        ("ALLOW_ANY", True, 200, 200),
        ("REGISTRY_ONLY", True, 200, 502),
        ("REGISTRY_ONLY", False, 502, 502),
        ("ALLOW_ANY", False, 503, 200),
    ]:
        widget.model.policy = {"mode": mode, "registered": ["stars.example"] if registered else []}
        found = [widget.model.passage(host).status for host in ("stars.example", stranger, "reviews")]
        assert found == [stars, unknown, 200], repr(widget)
    assert widget.model.passage("stars.example").flag == "DF"
    assert widget.model.passage(stranger).way == "PassthroughCluster"
    assert "stars.example" in repr(widget)
    widget.restore()
    assert not live.get("sidecars")
    assert not live.get("serviceentries")


def test_the_learners_own_objects_are_back_after_restore(live):
    live.apply(sidecar("mine", egress=[{"hosts": ["./*", "istio-system/*"]}]))
    widget = mt.widgets.EgressPolicy(live, {"pay.example": ["192.0.2.3"]})
    widget.model.policy = CLOSED
    assert live.get("sidecars", "mine")["spec"]["outboundTrafficPolicy"]["mode"] == "REGISTRY_ONLY"
    widget.restore()
    assert "outboundTrafficPolicy" not in live.get("sidecars", "mine")["spec"]
    assert not live.get("serviceentries")
