"""What `explain` says of hosts that ServiceEntries bring, and of those that a Sidecar hides."""

from __future__ import annotations

import pytest

import meshtutor as mt

API = "http://api.example.com/"
ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: api
spec:
  hosts:
  - other.example.com
  - api.example.com
  ports:
  - {number: 80, name: http, protocol: HTTP}
  resolution: STATIC
  endpoints:
  - address: 10.9.9.1
  - address: 10.9.9.2
"""
SELECTING = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api}
spec:
  hosts: [api.example.com]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  location: MESH_INTERNAL
  workloadSelector:
    labels: {app: legacy}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: machine}
spec:
  address: 10.9.9.3
  labels: {app: legacy}
"""
NARROW = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: narrow}
spec:
  egress:
  - hosts: ["./ratings.default.svc.cluster.local"]
  outboundTrafficPolicy:
    mode: REGISTRY_ONLY
"""


@pytest.fixture(scope="module")
def mesh(lab):
    with mt.connect() as connected:
        connected.reset()
        yield connected
        connected.reset()


@pytest.fixture
def under(mesh, tmp_path):
    """Apply a file for one test; the mesh, and the file."""
    applied = []

    def apply(text: str):
        file = tmp_path / "outside.yaml"
        file.write_text(text)
        mesh.apply(str(file))
        applied.append(str(file))
        return mesh, file

    yield apply
    for file in applied:
        mesh.delete(file)


def test_the_entry_is_named_where_it_has_the_host_and_the_address(under):
    mesh, file = under(ENTRY)
    found = mesh.explain(API, from_pod="client")
    for step in ("virtual host", "service entry"):
        by = found.step(step).by
        assert (by.object, by.path, by.where) == ("ServiceEntry default/api", "spec.hosts[1]", f"{file}:8"), (
            found
        )
    assert found.step("service entry").what == "STATIC, MESH_EXTERNAL"
    endpoints = {step.what.split()[0]: step.by.where for step in found.steps if step.name == "endpoint"}
    assert endpoints == {"10.9.9.1:80": f"{file}:13", "10.9.9.2:80": f"{file}:14"}


def test_a_workload_entry_is_named_with_its_address(under):
    mesh, file = under(SELECTING)
    found = mesh.explain(API, from_pod="client")
    by = found.step("endpoint").by
    assert (by.object, by.where) == ("WorkloadEntry default/machine", f"{file}:16"), found
    assert found.step("service entry").what == "STATIC, MESH_INTERNAL"


def test_a_name_that_was_looked_up_is_told_beside_the_address(under):
    mesh, _ = under(
        ENTRY.replace("STATIC", "DNS").replace("  - address: 10.9.9.2\n", "").replace("10.9.9.1", "localhost")
    )
    found = mesh.explain(API, from_pod="client")
    assert found.step("endpoint").what.split()[:2] == ["127.0.0.1:80", "localhost"], found
    assert found.step("endpoint").by.path == "spec.endpoints[0].address"


def test_an_entry_without_a_resolution_goes_where_the_request_says(under):
    mesh, _ = under(ENTRY.partition("  resolution")[0])
    found = mesh.explain(API, from_pod="client")
    assert found.step("endpoint").what.startswith("api.example.com:80"), found
    assert found.step("service entry").what == "NONE, MESH_EXTERNAL"


def test_the_sidecar_that_hides_a_host_is_named(under):
    mesh, file = under(NARROW)
    found = mesh.explain("reviews", from_pod="client")
    by = found.step("sidecar").by
    assert (by.object, by.path, by.where) == ("Sidecar default/narrow", "spec.egress", f"{file}:5"), found
    assert "hides the host" in found.step("sidecar").what
    assert found.result.status == 502


def test_the_sidecar_that_refuses_strangers_is_named(under):
    mesh, file = under(NARROW)
    found = mesh.explain("http://nobody.example.com/", from_pod="client")
    by = found.step("sidecar").by
    assert (by.path, by.where) == ("spec.outboundTrafficPolicy.mode", f"{file}:8"), found
