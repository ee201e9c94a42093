"""A lab's life: up, up again, status, two at once, down; and what is left of it."""

from __future__ import annotations

import signal
import socket
import ssl
import urllib.request
from pathlib import Path

from meshtutor.config import study
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import POD
from meshtutor.kube.manifests import load
from meshtutor.mesh import resetting
from meshtutor.providers.base import INJECTION


def test_up_answers_through_the_gateway_and_says_so_as_json(meshtutor):
    said = meshtutor.json("up")
    assert {"ready", "provider", "kubeconfig", "gateway", "prometheus", "pods"} <= set(said)
    assert said["ready"] is True
    assert said["started"] is True
    page = urllib.request.urlopen(said["gateway"] + "/productpage", timeout=5)
    assert page.status == 200
    apps = [pod for pod in said["pods"] if pod["namespace"] == "default"]
    assert len(apps) == 7
    assert {pod["ready"] for pod in apps} == {"2/2"}
    assert {pod["phase"] for pod in apps} == {"Running"}


def test_a_second_up_changes_nothing_and_says_so(meshtutor):
    first = meshtutor.json("up")
    assert "runs already" in meshtutor("up")
    assert meshtutor.json("status")["extra"]["pid"] == first["extra"]["pid"]


def test_a_new_lab_is_in_the_first_state_already(meshtutor):
    lab = meshtutor.json("up")
    kube = KubeClient.from_kubeconfig(Path(lab["kubeconfig"]), lab["context"])
    desired = load([study() / "manifests" / folder for folder in ("bookinfo", "gateway")])
    assert not resetting.restore(kube, "default", desired, injection=INJECTION).anything


def test_two_labs_do_not_meet(meshtutor):
    one, two = meshtutor.json("up", "--name", "one"), meshtutor.json("up", "--name", "two")
    assert one["gateway"] != two["gateway"]
    assert not {pod["ip"] for pod in one["pods"]} & {pod["ip"] for pod in two["pods"]}
    meshtutor("down", "--name", "one")
    assert urllib.request.urlopen(two["gateway"] + "/productpage", timeout=5).status == 200


def test_down_leaves_no_process_no_socket_no_lock(meshtutor):
    lab = meshtutor.json("up")
    gateway = int(lab["gateway"].rpartition(":")[2])
    meshtutor("down")
    assert meshtutor.processes() == []
    assert list(meshtutor.home.rglob("*lock*")) == []
    assert not (meshtutor.home / "labs" / "t").exists()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", gateway))
    assert "nothing to do" in meshtutor("down")


def test_status_without_a_lab_names_the_next_step(meshtutor):
    assert "meshtutor up" in meshtutor("status", code=1)
    assert meshtutor.json("status", code=1)["ready"] is False


def test_a_taken_gateway_port_is_passed_over_or_refused_when_it_was_asked_for(meshtutor):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refusal = meshtutor("up", "--gateway-port", str(port), code=1)
        assert str(port) in refusal
        assert "→" in refusal
        assert meshtutor.processes() == []
    assert meshtutor.json("up")["ready"]


def test_ctrl_c_during_up_leaves_nothing(meshtutor, eventually):
    starting = meshtutor.popen("up")
    assert "✓" in starting.stdout.readline()  # the first part is ready, the rest is not
    starting.send_signal(signal.SIGINT)
    assert starting.wait(20) == 130
    assert "Interrupted" in starting.stdout.read()
    eventually(lambda: not meshtutor.processes())
    assert meshtutor.json("up")["ready"]


def test_two_ups_at_the_same_moment_start_one_lab(meshtutor):
    both = [meshtutor.popen("up"), meshtutor.popen("up")]
    assert [process.wait(60) for process in both] == [0, 0]
    said = "".join(process.stdout.read() for process in both)
    assert said.count("The mesh is up in") == 1
    assert said.count("runs already") == 1


def test_what_threads_share_of_tls_is_not_touched_by_their_connections(lab, monkeypatch):
    """OpenSSL frees what another thread may be making its ClientHello of."""
    api, touched = KubeClient.from_kubeconfig(Path(lab["kubeconfig"]), lab["context"]), []
    monkeypatch.setattr(ssl.SSLContext, "set_alpn_protocols", lambda _, protocols: touched.append(protocols))
    for _ in range(3):
        api.endpoint.session.close()  # the next request connects anew
        assert api.list(POD, "default")
    assert touched == []
