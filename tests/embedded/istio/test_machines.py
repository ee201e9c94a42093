"""Machines with certificates of the mesh: when a sidecar speaks mutual TLS to an endpoint that no Service has."""

from __future__ import annotations

import pytest
import pytest_asyncio

from .support import objects as make
from .support.mesh import Mesh, running

URL = "http://api.example.com/"
PORT = {"number": 80, "name": "http", "protocol": "HTTP", "targetPort": 9080}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory):
    """A pod whose sidecar ends mutual TLS as the account `reviews`; it stands for a machine."""
    async with running(tmp_path_factory.mktemp("machines")) as mesh:
        mesh.machine, mesh.client = await mesh.pod("reviews"), await mesh.pod("client")
        await mesh.until_ready(mesh.machine, mesh.client)
        yield mesh


async def ask(mesh: Mesh, location: str, how: str = "STATIC", endpoint: bool = False, **machine: object):
    """The answer by way of an entry that lists the machine, or selects a WorkloadEntry for it."""
    about = {"address": mesh.machine["status"]["podIP"], "labels": {"app": "legacy"}, **machine}
    where = {"endpoints": [about]} if endpoint else {"workloadSelector": {"labels": {"app": "legacy"}}}
    entry = make.rule("ServiceEntry", "api", hosts=["api.example.com"], ports=[PORT], resolution=how,
                      location=location, **where)  # fmt: skip
    found = [entry] if endpoint else [entry, make.rule("WorkloadEntry", "machine", **about)]
    await mesh.apply(*found)
    try:
        return await mesh.get(URL, mesh.client)
    finally:
        await mesh.delete(*found)


def certificate(answer) -> str:
    assert answer.status == 200, answer
    headers = {name.lower(): value for name, value in answer.body["headers"].items()}
    return headers.get("x-forwarded-client-cert", "")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("how", ["STATIC", "DNS"])
async def test_a_machine_with_a_service_account_is_spoken_to_by_mutual_tls(
    mesh: Mesh, how: str, endpoint: bool
):
    answer = await ask(mesh, "MESH_INTERNAL", how, endpoint, serviceAccount="reviews")
    assert "ns/default/sa/client" in certificate(answer)


@pytest.mark.asyncio(loop_scope="module")
async def test_by_a_label_too(mesh: Mesh):
    labels = {"app": "legacy", "security.istio.io/tlsMode": "istio"}
    assert "sa/client" in certificate(await ask(mesh, "MESH_INTERNAL", labels=labels))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("endpoint", [True, False])
async def test_one_that_shows_another_account_s_certificate_is_not_spoken_to(mesh: Mesh, endpoint: bool):
    answer = await ask(mesh, "MESH_INTERNAL", endpoint=endpoint, serviceAccount="somebody-else")
    assert (answer.status, answer.body) == (503, None)


@pytest.mark.asyncio(loop_scope="module")
async def test_outside_of_the_mesh_nobody_has_a_certificate_of_it(mesh: Mesh):
    assert certificate(await ask(mesh, "MESH_EXTERNAL", serviceAccount="reviews")) == ""
