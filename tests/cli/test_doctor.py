"""What the doctor finds, and that each finding that is not well names its repair."""

from __future__ import annotations

import socket

from meshtutor.cli.checks import cluster, embedded


def test_this_machine_can_run_the_embedded_mesh():
    found = {check.name: check for check in (check() for check in embedded.ALL)}
    assert found["python"].state == "ok"
    assert found["envoy"].state == "ok"
    assert found["envoy"].found[0].isdigit()
    assert found["loopback"].state == "ok"


def test_whatever_is_not_well_comes_with_a_repair():
    for check in (check() for check in (*embedded.ALL, *cluster.ALL)):
        assert check.state == "ok" or check.repair, check


def test_a_program_on_every_address_at_a_pods_port_is_named():
    with socket.socket() as everywhere:
        everywhere.bind(("0.0.0.0", 0))
        everywhere.listen()
        port = everywhere.getsockname()[1]
        assert port in embedded._wildcard_listeners()


def test_absent_tools_are_wanted_only_for_the_real_cluster(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    for check in (check() for check in cluster.ALL):
        assert check.state == "missing"
        assert "mesh" not in check.needed_for
