"""Copies on real Envoys: how many, what is in them, and that nobody waits for them."""

from __future__ import annotations

from collections import Counter

import pytest
import pytest_asyncio

from meshtutor.traffic.statistics import binomial_test

from .support import objects as make
from .support.mesh import TEXT, VERSION, Mesh, running

URL = "http://reviews:9080"
SENT = 400
FALSE_ALARM = 1e-6
"""Of each judged share; there are eight of them."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory):
    async with running(tmp_path_factory.mktemp("mirrors")) as mesh:
        pods = [await mesh.pod("reviews", version) for version in ("v1", "v2", "v3")]
        client = await mesh.pod("client")
        service = make.service("reviews")
        subsets = [{"name": v, "labels": {"version": v}} for v in ("v1", "v2", "v3")]
        rule = make.rule("DestinationRule", "reviews", host="reviews", subsets=subsets)
        await mesh.apply(service, make.endpoint_slice(service, *pods), rule)
        await mesh.until_ready(client, *pods)
        mesh.client = client
        yield mesh


@pytest_asyncio.fixture(loop_scope="module")
async def mirror(mesh: Mesh):
    """Put mirrors beside a route to v1, for one test."""
    applied = []

    async def and_wait(**fields) -> None:
        route = [{"destination": {"host": "reviews", "subset": "v1"}}]
        applied.append(
            make.rule("VirtualService", "reviews", hosts=["reviews"], http=[{"route": route, **fields}])
        )
        report = await mesh.apply(applied[-1])
        assert all(proxy["state"] == "ACK" for proxy in report["proxies"]), report
        mesh.seen.clear()

    yield and_wait
    await mesh.delete(applied[-1])


def to(subset: str) -> dict[str, str]:
    return {"host": "reviews", "subset": subset}


async def send(mesh: Mesh, n: int = SENT) -> Counter[str]:
    """Send, wait until all copies are answered too, and count what reached each version."""
    for _ in range(n):
        answer = await mesh.get(f"{URL}/reviews/0", mesh.client)
        assert (answer.status, answer.version) == (200, "v1")
    await mesh.until(lambda: nothing_under_way(mesh), "all copies are answered")
    return Counter(request[VERSION] for request in mesh.seen)


async def nothing_under_way(mesh: Mesh) -> bool:
    lines = (await mesh.admin(mesh.client, "/stats?filter=reviews.*upstream_rq_active$")).splitlines()
    return bool(lines) and all(line.endswith(": 0") for line in lines)


def judge(copies: int, share: float) -> None:
    assert binomial_test(copies, SENT, share) > FALSE_ALARM, (copies, share)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("fields", "shares"),
    [
        ({"mirror": to("v3")}, {"v3": 1.0}),
        ({"mirror": to("v3"), "mirrorPercentage": {"value": 25}}, {"v3": 0.25}),
        ({"mirror": to("v3"), "mirrorPercentage": {"value": 2.5}}, {"v3": 0.025}),
        ({"mirror": to("v3"), "mirrorPercentage": {"value": 0}}, {"v3": 0.0}),
        ({"mirror": to("v3"), "mirrorPercent": 60}, {"v3": 0.6}),
        ({"mirror": to("v3"), "mirror_percent": 60}, {"v3": 0.6}),
        ({"mirrors": [{"destination": to("v2")}, {"destination": to("v3"), "percentage": {"value": 10}}]},
         {"v2": 1.0, "v3": 0.1}),
    ],
    ids=["all", "25 %", "2.5 %", "0 %", "the old field", "the old field, spelled otherwise", "two mirrors"],
)  # fmt: skip
async def test_the_share_of_requests_that_is_copied(mesh, mirror, fields, shares):
    await mirror(**fields)
    reached = await send(mesh)
    assert reached["v1"] == SENT
    for version, share in shares.items():
        judge(reached[version], share)
    assert set(reached) - {"v1"} <= set(shares)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_copy_is_exact_its_host_and_body_too(mesh, mirror):
    """Istio appended `-shadow` to the host until 1.27 (DISABLE_SHADOW_HOST_SUFFIX)."""
    await mirror(mirror=to("v3"))
    headers = {"x-a": "1"}
    await mesh.get(f"{URL}/reviews/0?q=1", mesh.client, method="POST", data="hello", headers=headers)
    await mesh.until(lambda: len(mesh.seen) == 2, "the copy has arrived")
    original, copy = sorted(mesh.seen, key=lambda request: request[VERSION])
    for request in (original, copy):
        assert (request.method, request.path_qs, request[TEXT]) == ("POST", "/reviews/0?q=1", "hello")
        assert (request.host, request.headers["x-a"]) == ("reviews:9080", "1")
    assert copy.headers["x-request-id"] == original.headers["x-request-id"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_mirror_to_a_subset_that_does_not_exist_is_noticed_by_nobody(mesh, mirror):
    await mirror(mirror=to("v4"))
    assert await send(mesh, 20) == {"v1": 20}
