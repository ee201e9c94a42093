"""`up --on k3d`, end to end against programs that record how they are called."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable

import pytest
import yaml

from meshtutor.errors import Interrupted, LabError, MeshtutorError
from meshtutor.providers import records
from meshtutor.providers.k3d import up as k3d
from meshtutor.providers.k3d.options import K3dOptions
from meshtutor.providers.tools import Command, Tools
from tests.providers.k3d.conftest import Machine


def test_the_commands_are_the_studys_in_the_studys_order(machine: Machine, up: Callable) -> None:
    up()
    words = [call.replace(" --context k3d-k3s-default", "") for call in machine.changes]
    assert words[0].startswith(f"k3d cluster create -p {machine.port}:30000@loadbalancer --agents 2 ")
    assert words[1:4] == [
        (
            "kubectl label node k3d-k3s-default-server-0 topology.kubernetes.io/region=europe "
            "topology.kubernetes.io/zone=europe-1 --overwrite"
        ),
        (
            "kubectl label node k3d-k3s-default-agent-0 topology.kubernetes.io/region=europe "
            "topology.kubernetes.io/zone=europe-1 --overwrite"
        ),
        (
            "kubectl label node k3d-k3s-default-agent-1 topology.kubernetes.io/region=brazil "
            "topology.kubernetes.io/zone=brazil-1 --overwrite"
        ),
    ]
    assert words[4].startswith("istioctl install -f ")
    assert words[5] == "kubectl label namespace default istio-injection=enabled --overwrite"
    applied = [word for word in words[6:] if word.startswith("kubectl apply")]
    addons = [word.rpartition("/")[2] for word in applied[:4]]
    assert addons == ["prometheus.yaml", "grafana.yaml", "jaeger.yaml", "kiali.yaml"]
    assert all("/istio/release-1.30/samples/addons/" in word for word in applied[:4])
    assert applied[4] == "kubectl apply -f -"
    assert "--server-side" in applied[5]
    assert "manifests/bookinfo" in applied[5]
    assert "manifests/gateway" in applied[5]
    assert len(words) == 12


def test_the_users_context_is_not_switched_unless_asked(machine: Machine, up: Callable) -> None:
    mine = {
        "current-context": "work",
        "clusters": [],
        "users": [],
        "contexts": [{"name": "work", "context": {}}],
    }
    machine.kubeconfig.write_text(json.dumps(mine))
    up()
    assert json.loads(machine.kubeconfig.read_text())["current-context"] == "work"
    up(switch_context=True)
    assert json.loads(machine.kubeconfig.read_text())["current-context"] == "k3d-k3s-default"
    assert machine.changes[-1] == "kubectl config use-context k3d-k3s-default"


def test_a_second_up_changes_nothing(machine: Machine, up: Callable) -> None:
    up()
    machine.forget_calls()
    heard: list[dict] = []
    up(heard=heard)
    assert machine.changes == []
    assert all(said["done_before"] for said in heard if "part" in said)


STEPS = [
    "k3d cluster create", "kubectl --context k3d-k3s-default label node k3d-k3s-default-agent-1", "istioctl install",
    "label namespace", "samples/addons/jaeger.yaml", "apply -f -", "manifests/bookinfo",
]  # fmt: skip


@pytest.mark.parametrize("words", STEPS)
def test_after_a_failure_the_same_command_goes_on_from_there(
    machine: Machine, up: Callable, words: str
) -> None:
    machine.fail(words, output="Error: something broke")
    with pytest.raises(MeshtutorError) as caught:
        up()
    assert "something broke" in str(caught.value)
    assert "meshtutor down" in caught.value.hint
    before = machine.changes
    machine.forget_calls()
    up()
    assert words in machine.changes[0] or words in "".join(machine.changes[:3])
    made = [call for call in before if "cluster create" in call and words != "k3d cluster create"]
    assert not made or not [call for call in machine.changes if "cluster create" in call]
    assert machine.read()["gateway"]
    assert machine.read()["scrape"] == "1s"


def test_a_cluster_that_was_stopped_is_started_not_made_again(machine: Machine, up: Callable) -> None:
    up()
    machine.change(cluster={**machine.read()["cluster"], "running": False})
    machine.forget_calls()
    up()
    assert machine.changes == ["k3d cluster start k3s-default"]


def test_a_context_that_was_lost_comes_back(machine: Machine, up: Callable) -> None:
    up()
    machine.kubeconfig.unlink()
    machine.forget_calls()
    up()
    assert machine.changes == [
        "k3d kubeconfig merge k3s-default --kubeconfig-merge-default --kubeconfig-switch-context=false"
    ]


def test_another_lab_is_another_cluster(machine: Machine, up: Callable) -> None:
    record = up("class", agents=1)
    assert machine.changes[0].startswith("k3d cluster create class -p ")
    assert record.context == "k3d-class"
    assert list(machine.read()["nodes"].values())[-1]["topology.kubernetes.io/region"] == "brazil"


def test_what_istioctl_gets_opens_nodeport_30000_and_shows_the_profile(
    machine: Machine, up: Callable
) -> None:
    record = up(profile="demo")
    spec = yaml.safe_load((record.directory / "istio.yaml").read_text())["spec"]
    assert spec["profile"] == "demo"
    service = spec["components"]["ingressGateways"][0]["k8s"]["service"]
    assert {"name": "http2", "port": 80, "targetPort": 8080, "nodePort": 30000} in service["ports"]


def test_the_labs_own_kubeconfig_has_one_context_and_is_private(machine: Machine, up: Callable) -> None:
    record = up()
    config = yaml.safe_load(record.kubeconfig.read_text())
    assert [context["name"] for context in config["contexts"]] == ["k3d-k3s-default"]
    assert config["contexts"][0]["context"]["namespace"] == "default"
    assert stat.S_IMODE(record.kubeconfig.stat().st_mode) == 0o600


def test_each_command_is_said_before_it_runs_and_can_be_typed(machine: Machine, up: Callable) -> None:
    heard: list[dict] = []
    up(heard=heard)
    commands = [said["command"] for said in heard if "command" in said]
    assert any("| sed -e 's/scrape_interval: 15s/scrape_interval: 1s/'" in command for command in commands)
    assert any(command.startswith("istioctl install --context k3d-k3s-default -f ") for command in commands)


def test_dry_run_shows_every_command_and_touches_nothing(machine: Machine) -> None:
    plan = k3d.plan("default", K3dOptions.of("default", port=8123), Tools())
    commands = [command for _, typed in plan for command in typed]
    assert f"k3d cluster create -p {8123}:30000@loadbalancer --agents 2" in commands[5]
    assert machine.changes == []
    assert records.names() == []


def test_addons_lie_beside_istioctl_in_an_unpacked_release(machine: Machine, up: Callable) -> None:
    release = machine.directory / "istio-1.30.3"
    (release / "samples" / "addons").mkdir(parents=True)
    for addon in ("prometheus", "grafana", "jaeger", "kiali"):
        (release / "samples" / "addons" / f"{addon}.yaml").write_text("kind: List\n")
    (release / "bin").mkdir()
    (machine.path / "istioctl").rename(release / "bin" / "istioctl")
    (machine.path / "istioctl").symlink_to(release / "bin" / "istioctl")
    up()
    assert sum(str(release) in call for call in machine.changes) == 4


def test_without_addons_none_is_applied(machine: Machine, up: Callable) -> None:
    up(addons="none")
    assert not [call for call in machine.changes if "samples/addons" in call]


def test_down_deletes_what_up_made_and_nothing_else(machine: Machine, up: Callable) -> None:
    record = up()
    machine.forget_calls()
    assert k3d.down("default", Tools()) == ["k3d cluster delete k3s-default"]
    assert machine.changes == ["k3d cluster delete k3s-default"]
    assert not record.directory.exists()
    assert records.chosen("default") == ""
    assert k3d.down("default", Tools()) == []


def test_half_a_cluster_is_known_to_status_and_removed_by_down(machine: Machine, up: Callable) -> None:
    """As k3d leaves it when it cannot pull its image: its rollback finds no node and keeps network and volume."""
    machine.fail(
        "k3d cluster create", output="docker failed to pull the image 'rancher/k3s:v1': no such host"
    )
    with pytest.raises(MeshtutorError, match="cannot pull the image rancher/k3s:v1"):
        up()
    machine.change(left={"network": "k3d-k3s-default", "volume": "k3d-k3s-default-images"})
    assert records.chosen("default") == "k3d"
    removed = ["docker network rm k3d-k3s-default", "docker volume rm k3d-k3s-default-images"]
    assert k3d.down("default", Tools()) == removed
    assert machine.read()["left"] == {}
    assert records.chosen("default") == ""


def test_networks_of_a_cluster_that_we_never_began_stay(machine: Machine) -> None:
    machine.change(left={"network": "k3d-k3s-default"})
    assert k3d.down("default", Tools()) == []
    assert machine.read()["left"] == {"network": "k3d-k3s-default"}


def test_down_leaves_a_cluster_that_is_not_ours(machine: Machine) -> None:
    machine.change(cluster={"name": "k3s-default", "running": True, "labels": {}})
    with pytest.raises(LabError, match="was not made by meshtutor"):
        k3d.down("default", Tools())
    assert machine.changes == []


SOMEBODYS = {"name": "k3s-default", "running": True, "labels": {}}


def test_a_memory_of_a_cluster_makes_nobody_elses_ours(machine: Machine, up: Callable) -> None:
    """Ours was deleted by hand, and somebody made another one of the same name."""
    up()
    machine.change(cluster=SOMEBODYS)
    machine.forget_calls()
    with pytest.raises(LabError, match="meshtutor did not make it"):
        up()
    for dry_run in (True, False):
        with pytest.raises(LabError, match="was not made by meshtutor"):
            k3d.down("default", Tools(), dry_run=dry_run)
    assert machine.changes == []


def test_a_cluster_that_came_before_ours_was_made_is_not_adopted(machine: Machine, up: Callable) -> None:
    machine.fail("k3d cluster create", output="a cluster with that name already exists")
    with pytest.raises(LabError, match="exists already"):
        up()
    machine.change(cluster=SOMEBODYS)
    machine.forget_calls()
    with pytest.raises(LabError, match="meshtutor did not make it"):
        up()
    with pytest.raises(LabError, match="was not made by meshtutor"):
        k3d.down("default", Tools())
    assert machine.changes == []


def test_half_a_cluster_without_a_server_is_ours_if_we_began_it(machine: Machine, up: Callable) -> None:
    half = {"name": "k3s-default", "running": True, "labels": {"k3d.role": "loadbalancer"}}
    machine.change(cluster=half)
    with pytest.raises(LabError, match="was not made by meshtutor"):
        k3d.down("default", Tools())
    machine.change(cluster={})
    machine.fail("k3d cluster create", output="something broke")
    with pytest.raises(MeshtutorError):
        up()
    machine.change(cluster=half)
    assert k3d.down("default", Tools()) == ["k3d cluster delete k3s-default"]


def test_a_cluster_that_is_gone_is_forgotten_with_all_that_was_done_in_it(
    machine: Machine, up: Callable
) -> None:
    record = up()
    machine.change(cluster={}, nodes={}, namespaces={}, deployments={}, gateway=False, scrape="15s")
    dict(k3d.state(record, Tools()))
    known = records.load("default")
    assert known is not None
    assert "cluster" not in known.made
    assert known.done == {}
    assert k3d.options_for("default", agents=3).agents == 3


def test_a_dry_run_of_down_says_what_down_would_do(machine: Machine, up: Callable) -> None:
    assert k3d.down("default", Tools(), dry_run=True) == []
    up()
    machine.forget_calls()
    assert k3d.down("default", Tools(), dry_run=True) == ["k3d cluster delete k3s-default"]
    assert machine.changes == []
    assert records.load("default") is not None


def test_another_profile_is_installed_over_the_first(machine: Machine, up: Callable) -> None:
    record = up()
    record.options["profile"] = "demo"
    assert not dict(k3d.state(record, Tools()))["Istio, profile demo"]
    machine.forget_calls()
    up(profile="demo")
    assert [call.split()[:2] for call in machine.changes] == [["istioctl", "install"]]
    assert "profile: demo" in machine.read()["istio"]
    assert dict(k3d.state(up(profile="demo"), Tools()))["Istio, profile demo"]


def test_an_installation_that_failed_half_way_is_not_taken_for_the_new_profile(
    machine: Machine, up: Callable
) -> None:
    up()
    machine.fail("istioctl install", output="Error: no")
    with pytest.raises(MeshtutorError):
        up(profile="demo")
    machine.forget_calls()
    up()
    assert "istioctl install" in machine.changes[0]
    assert "profile: demo" in machine.read()["istio"]


def test_another_folder_of_addons_is_applied_over_the_first(machine: Machine, up: Callable) -> None:
    up()
    folder = machine.directory / "addons"
    folder.mkdir()
    for addon in ("prometheus", "grafana", "jaeger", "kiali"):
        (folder / f"{addon}.yaml").write_text("kind: List\n")
    machine.forget_calls()
    up(addons=str(folder))
    assert [call.rpartition("/")[2] for call in machine.changes] == [
        "prometheus.yaml", "grafana.yaml", "jaeger.yaml", "kiali.yaml",
    ]  # fmt: skip
    machine.forget_calls()
    up()
    assert machine.changes == []


def test_the_version_that_is_told_is_the_clusters_not_istioctls(machine: Machine, up: Callable) -> None:
    assert up().istio == "1.30.3"
    machine.change(versions={**machine.read()["versions"], "istioctl": "1.31.0"})
    assert up().istio == "1.30.3"


def test_an_interrupt_names_the_step_and_the_way_on(
    machine: Machine, up: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_self: Tools, asked: Command, timeout: float = 0) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(Tools, "run", interrupted)
    with pytest.raises(Interrupted, match="Interrupted at: cluster k3s-default with 2 agents") as caught:
        up()
    assert caught.value.hint == k3d.RESUME
    assert records.chosen("default") == "k3d"


def test_down_finds_its_cluster_by_the_label_when_the_record_is_lost(machine: Machine, up: Callable) -> None:
    up().forget()
    assert k3d.down("default", Tools()) == ["k3d cluster delete k3s-default"]


def test_status_shows_which_steps_are_done_after_a_failure(machine: Machine, up: Callable) -> None:
    machine.fail("istioctl install", output="Error: no")
    with pytest.raises(MeshtutorError):
        up()
    record = records.load("default")
    assert record is not None
    state = dict(k3d.state(record, Tools()))
    assert state["cluster k3s-default with 2 agents"]
    assert state["regions of the nodes"]
    assert not state["Istio, profile default"]
    assert not state["the application and its gateway"]


def test_what_was_chosen_is_remembered_when_it_goes_on(machine: Machine, up: Callable) -> None:
    up(agents=1)
    assert k3d.options_for("default").agents == 1
    with pytest.raises(LabError, match=r"agents 1 \(not 3\)"):
        k3d.options_for("default", agents=3)
