"""Retries, timeouts, full pools and outliers on real Envoys: who was asked, how often, and what the caller got."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest
import pytest_asyncio

from .support import objects as make
from .support.mesh import VERSION, Mesh, running

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOBODY = 99  # the number of a pod address at which nobody listens
HOST = "outbound|9080||reviews.default.svc.cluster.local"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory):
    """`reviews` with three pods, and a client."""
    async with running(tmp_path_factory.mktemp("resilience")) as mesh:
        pods = [await mesh.pod("reviews", version) for version in ("v1", "v2", "v3")]
        mesh.pods = {"client": await mesh.pod("client"), "other": await mesh.pod("other"), "reviews": pods}
        service = make.service("reviews", ip="10.0.0.1")
        mesh.service = service
        await mesh.apply(service, make.endpoint_slice(service, *pods))
        await mesh.until_ready(mesh.pods["client"], mesh.pods["other"], *pods)
        yield mesh


@pytest_asyncio.fixture(loop_scope="module")
async def mesh(world: Mesh):
    """The same without rules; rules that a test applies are taken away."""
    applied = []

    async def rule(text: str) -> None:
        found = make.parse(text)
        applied.extend(found)
        report = await world.apply(*found)
        assert all(proxy["state"] == "ACK" for proxy in report["proxies"]), report

    world.rule = rule
    world.seen.clear()
    world.failing.clear()
    yield world
    world.failing.clear()
    await world.delete(*{obj["kind"]: obj for obj in applied}.values())


def retries(fields: str) -> str:
    return f"""
kind: VirtualService
metadata: {{name: reviews}}
spec: {{hosts: [reviews], http: [{{{fields} route: [{{destination: {{host: reviews}}}}]}}]}}
"""


def policy(fields: str) -> str:
    return f"""
kind: DestinationRule
metadata: {{name: reviews}}
spec: {{host: reviews, trafficPolicy: {{{fields}}}}}
"""


async def send(mesh: Mesh, n: int, path: str = "/"):
    return [await mesh.get(f"http://reviews:9080{path}", mesh.pods["client"]) for _ in range(n)]


async def at_once(mesh: Mesh, n: int, path: str = "/"):
    calls = (mesh.get(f"http://reviews:9080{path}", mesh.pods["client"]) for _ in range(n))
    return await asyncio.gather(*calls)


def asked(mesh: Mesh) -> list[str]:
    """The versions of the pods that were asked, in order."""
    return [request[VERSION] for request in mesh.seen]


async def test_by_default_an_applications_503_is_not_tried_again(mesh: Mesh):
    answers = await send(mesh, 10, "/status/503")
    assert [answer.status for answer in answers] == [503] * 10
    assert len(mesh.seen) == 10


async def test_tries_go_to_other_pods(mesh: Mesh):
    """Envoy draws up to five times for a pod it has not asked, so of three pods the third try finds none in 1 of 8."""
    await mesh.rule(retries("retries: {attempts: 2, retryOn: 5xx},"))
    await send(mesh, 60, "/status/503")
    assert len(mesh.seen) == 180
    thrice = [set(asked(mesh)[i : i + 3]) for i in range(0, 180, 3)]
    different = sum(len(pods) == 3 for pods in thrice)
    # of 60, each different with at least 1 - (2/3)**5 = 0.87: fewer than 40 once in a million
    assert different >= 40, Counter(map(len, thrice))


async def test_attempts_of_0_are_none(mesh: Mesh):
    await mesh.rule(retries("retries: {attempts: 0},"))
    await send(mesh, 5, "/status/503")
    assert len(mesh.seen) == 5


async def test_by_default_a_pod_that_cannot_be_reached_is_hidden_and_without_retries_it_is_not(mesh: Mesh):
    ghost = make.pod("reviews", "ghost", mesh.block.pod(NOBODY))
    with_ghost = make.endpoint_slice(mesh.service, *mesh.pods["reviews"], ghost)
    await mesh.apply(ghost, with_ghost)
    try:
        assert {answer.status for answer in await send(mesh, 60)} == {200}
        await mesh.rule(retries("retries: {attempts: 0},"))
        bare = Counter(answer.status for answer in await send(mesh, 200))
        # a quarter meets it, or more since it fails quickly; fewer than 10 of 200 once in 10**13
        assert bare[503] >= 10, bare
    finally:
        await mesh.apply(make.endpoint_slice(mesh.service, *mesh.pods["reviews"]))
        await mesh.delete(ghost)


async def test_a_limit_per_try_ends_each_try_and_one_for_all_ends_them_all(mesh: Mesh):
    await mesh.rule(retries("retries: {attempts: 2, perTryTimeout: 100ms, retryOn: 5xx},"))
    (answer,) = await send(mesh, 1, "/delay/2")
    assert answer.status == 504
    assert 0.3 <= answer.seconds < 2
    assert len(mesh.seen) == 3
    mesh.seen.clear()
    await mesh.rule(retries("timeout: 150ms, retries: {attempts: 5, perTryTimeout: 100ms, retryOn: 5xx},"))
    (answer,) = await send(mesh, 1, "/delay/2")
    assert answer.status == 504
    assert len(mesh.seen) == 2


@pytest.mark.parametrize("waiting", [1, 3])
async def test_a_pool_overflows_exactly(mesh: Mesh, waiting: int):
    (one,) = mesh.pods["reviews"][:1]
    await mesh.apply(make.endpoint_slice(mesh.service, one))
    try:
        pool = f"tcp: {{maxConnections: 1}}, http: {{http1MaxPendingRequests: {waiting}}}"
        await mesh.rule(policy(f"connectionPool: {{{pool}}}"))
        await send(mesh, 1)
        answers = await at_once(mesh, 8, "/delay/0.2")
        assert Counter(answer.status for answer in answers) == {200: 1 + waiting, 503: 7 - waiting}
        refused = [answer for answer in answers if answer.status == 503]
        assert all(answer.headers.get("x-envoy-overloaded") == "true" for answer in refused)
    finally:
        await mesh.apply(make.endpoint_slice(mesh.service, *mesh.pods["reviews"]))


async def test_a_limit_of_requests_in_flight_holds_for_http1_over_all_pods(mesh: Mesh):
    await mesh.rule(policy("connectionPool: {http: {http2MaxRequests: 2}}"))
    answers = await at_once(mesh, 8, "/delay/0.5")
    assert Counter(answer.status for answer in answers) == {200: 2, 503: 6}
    assert len(mesh.seen) == 2


@pytest.mark.parametrize("port", ["", "portLevelSettings: [{port: {number: 9080}, %s}]"])
async def test_a_limit_holds_for_each_caller_and_in_front_of_the_pod_for_all_of_them(mesh: Mesh, port: str):
    """Two callers may have one request under way each, and the pod one of both: the other is told by its sidecar."""
    (one,) = mesh.pods["reviews"][:1]
    await mesh.apply(make.endpoint_slice(mesh.service, one))
    try:
        pool = "connectionPool: {http: {http2MaxRequests: 1}}"
        await mesh.rule(policy(port % pool if port else pool))
        callers = (mesh.pods["client"], mesh.pods["other"])
        calls = (mesh.get("http://reviews:9080/delay/0.5", caller) for caller in callers)
        answers = await asyncio.gather(*calls)
        assert Counter(answer.status for answer in answers) == {200: 1, 503: 1}
        assert len(mesh.seen) == 1
        (refused,) = (answer for answer in answers if answer.status == 503)
        assert refused.headers.get("x-envoy-overloaded") == "true"
        assert "x-envoy-upstream-service-time" in refused.headers, "the caller's sidecar had let it through"
    finally:
        await mesh.apply(make.endpoint_slice(mesh.service, *mesh.pods["reviews"]))


async def test_a_budget_of_retries_is_a_share_of_the_requests_under_way(mesh: Mesh):
    """Eight tries run out together; each that has is no longer under way, so the share is of ever fewer.

    Of a quarter that is one or two, of all at least half of them; Istio's default budget has a least number, three.
    """
    await mesh.rule(retries("retries: {attempts: 1, perTryTimeout: 500ms, retryOn: 5xx},"))

    async def tried_again(budget: str) -> int:
        await mesh.rule(policy(budget))
        mesh.seen.clear()
        answers = await at_once(mesh, 8, "/delay/3")
        assert {answer.status for answer in answers} == {504}
        return len(mesh.seen) - 8

    one = "minRetryConcurrency: 1}, connectionPool: {http: {maxRetries: 1}}"
    assert await tried_again(f"retryBudget: {{percent: 25, {one}") in (1, 2)
    assert await tried_again(f"retryBudget: {{percent: 100, {one}") >= 4
    assert await tried_again("retryBudget: {}") == 3


async def test_a_limit_of_retries_under_way_lets_no_more_through(mesh: Mesh):
    """Eight tries run out together; the two retries hold their slots for 500 ms, so the other six get none."""
    await mesh.rule(policy("connectionPool: {http: {maxRetries: 2}}"))
    await mesh.rule(retries("retries: {attempts: 1, perTryTimeout: 500ms, retryOn: 5xx},"))
    answers = await at_once(mesh, 8, "/delay/3")
    assert {answer.status for answer in answers} == {504}
    assert len(mesh.seen) == 8 + 2


async def test_a_connection_is_closed_after_as_many_requests_as_it_may_have(mesh: Mesh):
    await mesh.rule(policy("connectionPool: {http: {maxRequestsPerConnection: 1}}"))
    before = await _connections(mesh)
    await send(mesh, 12)
    assert await _connections(mesh) - before == 12


OUTLIERS = "outlierDetection: {consecutive5xxErrors: 3, interval: 100ms, baseEjectionTime: %s%s}"


async def test_an_outlier_is_ejected_and_comes_back(mesh: Mesh):
    await mesh.rule(policy(OUTLIERS % ("1s", ", maxEjectionPercent: 100")))
    mesh.failing.add("v2")
    await mesh.until(lambda: _ejected_after_a_request(mesh), "v2 is ejected")
    mesh.failing.clear()
    answers = await send(mesh, 20)
    assert {answer.status for answer in answers} == {200}
    await mesh.until(lambda: _is_in(mesh), "v2 is in again")
    mesh.seen.clear()
    # workers hear of it a little later than the admin page
    await mesh.until(lambda: _asked_after_a_request(mesh, "v2"), "v2 is asked again")


async def test_10_percent_of_three_pods_is_no_pod(mesh: Mesh):
    """Istio's default maxEjectionPercent: the ejection of one of three would be 33 %."""
    await mesh.rule(policy(OUTLIERS % ("30s", "")))
    mesh.failing.add("v2")
    await send(mesh, 120)
    first, then = asked(mesh)[:60], asked(mesh)[60:]
    assert first.count("v2") >= 5, "three in a row would be enough"
    assert "v2" in then, "and it is asked again and again; not among 60 once in 10**10"
    assert not await _ejected(mesh)


async def test_an_older_name_of_the_count_is_not_read(mesh: Mesh):
    old = "outlierDetection: {consecutiveErrors: 1, interval: 100ms, baseEjectionTime: 30s, maxEjectionPercent: 100}"
    await mesh.rule(policy(old))
    mesh.failing.add("v2")
    await mesh.until(
        lambda: _ejected_after_a_request(mesh), "v2 is ejected, after five in a row as without the field"
    )
    assert asked(mesh).count("v2") >= 5


async def test_gateway_errors_are_counted_apart(mesh: Mesh):
    rule = "outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 3, interval: 100ms, %s}"
    await mesh.rule(policy(rule % "baseEjectionTime: 30s, maxEjectionPercent: 100"))
    await send(mesh, 30, "/status/500")
    assert not await _ejected(mesh), "500 is no gateway error"
    mesh.failing.add("v2")
    await mesh.until(lambda: _ejected_after_a_request(mesh), "503 is one")


async def _ejected_after_a_request(mesh: Mesh) -> bool:
    await send(mesh, 1)
    return bool(await _ejected(mesh))


async def _asked_after_a_request(mesh: Mesh, version: str) -> bool:
    await send(mesh, 1)
    return version in asked(mesh)


async def _is_in(mesh: Mesh) -> bool:
    return not await _ejected(mesh)


async def _ejected(mesh: Mesh) -> list[str]:
    page = json.loads(await mesh.admin(mesh.pods["client"], "/clusters?format=json"))
    cluster = next(c for c in page["cluster_statuses"] if c["name"] == HOST)
    return [h["address"] for h in cluster["host_statuses"] if h["health_status"].get("failed_outlier_check")]


async def _connections(mesh: Mesh) -> int:
    page = await mesh.admin(
        mesh.pods["client"], f"/stats?filter=^cluster.{HOST.replace('|', '.')}.*upstream_cx_total$"
    )
    return sum(int(line.rpartition(" ")[2]) for line in page.splitlines() if line)


async def test_beside_a_fault_a_real_503_is_retried_and_an_injected_one_is_not(mesh: Mesh):
    fault = "fault: {abort: {httpStatus: 500, percentage: {value: 40}}}"
    await mesh.rule(retries(f"{fault}, retries: {{attempts: 2, retryOn: 5xx}},"))
    answers = Counter(answer.status for answer in await send(mesh, 60, "/status/503"))
    # of 60, all or none aborted: less than once in 10**13
    assert answers.keys() == {500, 503}, answers
    assert len(mesh.seen) == 3 * answers[503], answers


async def test_beside_a_fault_a_timeout_holds_for_the_pod_and_not_for_the_delay(mesh: Mesh):
    await mesh.rule(retries("fault: {delay: {fixedDelay: 600ms, percentage: {value: 100}}}, timeout: 500ms,"))
    (quick,), (slow,) = await send(mesh, 1), await send(mesh, 1, "/delay/5")
    assert (quick.status, slow.status) == (200, 504)
    # Envoy's timers count from the beginning of its event loop's turn: on a busy machine they end some ms early.
    assert quick.seconds >= 0.9 * 0.6, quick
    assert 0.9 * 1.1 <= slow.seconds < 5, slow
