"""The algorithms on real Envoys: who gets how many requests, and what sticks to whom."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter

import pytest
import pytest_asyncio

from meshtutor.traffic.statistics import binomial_test

from .support import objects as make
from .support.mesh import Answer, Mesh, running

URL = "http://reviews:9080/"
FALSE_ALARM = 1e-6
"""Of each judged share; there are fewer than ten of them."""
KEYS = [f"user-{n}" for n in range(200)]
TABLES = {"ring": {}, "maglev": {"maglev": {"tableSize": 1009}}}
both_tables = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running_mesh(tmp_path_factory: pytest.TempPathFactory):
    async with running(tmp_path_factory.mktemp("balancing")) as mesh:
        mesh.pods = [await mesh.pod("reviews", version) for version in ("v1", "v2", "v3")]
        mesh.client, mesh.service = await mesh.pod("client"), make.service("reviews")
        await mesh.apply(mesh.service)
        await mesh.until_ready(mesh.client, *mesh.pods)
        yield mesh


@pytest_asyncio.fixture(loop_scope="module")
async def mesh(running_mesh: Mesh):
    running_mesh.slow.clear()
    await running_mesh.apply(make.endpoint_slice(running_mesh.service, *running_mesh.pods))
    return running_mesh


async def balance(mesh: Mesh, **balancer) -> None:
    rule = make.rule("DestinationRule", "reviews", host="reviews", trafficPolicy={"loadBalancer": balancer})
    report = await mesh.apply(rule)
    assert all(proxy["state"] == "ACK" for proxy in report["proxies"]), report


async def ask(mesh: Mesh, url: str = URL, **headers: str) -> Answer:
    answer = await mesh.get(url, mesh.client, headers=headers)
    assert answer.status == 200
    return answer


async def loop(mesh: Mesh, n: int = 240, users: int = 6) -> Counter[str]:
    """Requests of users who each wait for their answer, by version."""
    found: Counter[str] = Counter()
    left = iter(range(n))

    async def user() -> None:
        for _ in left:
            found[(await ask(mesh)).version] += 1

    await asyncio.gather(*(user() for _ in range(users)))
    return found


async def owners(mesh: Mesh) -> dict[str, str]:
    return {key: (await ask(mesh, **{"x-user": key})).version for key in KEYS}


async def test_round_robin_takes_turns(mesh: Mesh):
    await balance(mesh, simple="ROUND_ROBIN")
    turns = [(await ask(mesh)).version for _ in range(30)]
    assert all(len(set(turns[n : n + 3])) == 3 for n in range(28)), turns


@pytest.mark.parametrize("simple", ["RANDOM", "PASSTHROUGH"])
async def test_random_is_even_in_the_long_run_and_takes_no_turns(mesh: Mesh, simple: str):
    await balance(mesh, simple=simple)
    drawn = [(await ask(mesh)).version for _ in range(300)]
    assert all(binomial_test(count, 300, 1 / 3) > FALSE_ALARM for count in Counter(drawn).values()), drawn
    again = sum(one == other for one, other in itertools.pairwise(drawn))
    assert binomial_test(again, 299, 1 / 3) > FALSE_ALARM, drawn


async def test_least_request_spares_a_slow_pod_and_round_robin_does_not(mesh: Mesh):
    mesh.slow["v1"] = 0.2
    await balance(mesh, simple="ROUND_ROBIN")
    turns = await loop(mesh)
    assert abs(turns["v1"] - 80) <= 6, turns
    await balance(mesh, simple="LEAST_REQUEST")
    spared = await loop(mesh)
    assert spared["v1"] < 80, spared
    assert binomial_test(spared["v1"], 240, 1 / 3) < FALSE_ALARM, spared


@both_tables
async def test_a_header_sticks_to_a_pod(mesh: Mesh, table: dict):
    await balance(mesh, consistentHash={"httpHeaderName": "x-user", **table})
    first = await owners(mesh)
    assert set(first.values()) == {"v1", "v2", "v3"}
    assert await owners(mesh) == first


@both_tables
async def test_a_pod_less_moves_its_own_keys_and_few_others(mesh: Mesh, table: dict):
    await balance(mesh, consistentHash={"httpHeaderName": "x-user", **table})
    before = await owners(mesh)
    await mesh.apply(make.endpoint_slice(mesh.service, *mesh.pods[:2]))
    after = await owners(mesh)
    stayed = [key for key in KEYS if before[key] != "v3"]
    moved = [key for key in stayed if after[key] != before[key]]
    assert "v3" not in after.values()
    # A hash modulo the number of pods would move half of them. Some do move: ring and table are parted anew by two.
    assert len(moved) < len(stayed) / 2, moved
    assert binomial_test(len(moved), len(stayed), 0.5) < FALSE_ALARM, moved


async def test_a_query_parameter_sticks_to_a_pod(mesh: Mesh):
    await balance(mesh, consistentHash={"httpQueryParameterName": "user"})
    for key in KEYS[:10]:
        assert len({(await ask(mesh, f"{URL}?user={key}")).version for _ in range(3)}) == 1


async def test_a_source_address_sticks_to_a_pod(mesh: Mesh):
    await balance(mesh, consistentHash={"useSourceIp": True})
    assert len({(await ask(mesh)).version for _ in range(20)}) == 1


async def test_a_cookie_is_given_out_and_sticks_to_a_pod(mesh: Mesh):
    await balance(mesh, consistentHash={"httpCookie": {"name": "who", "path": "/", "ttl": "90s"}})
    mesh.session.cookie_jar.clear()
    first = await ask(mesh)
    given = first.headers["set-cookie"]
    assert given.startswith("who=")
    assert "Max-Age=90" in given
    cookie = given.partition(";")[0]
    again = [await ask(mesh, cookie=cookie) for _ in range(10)]
    assert {answer.version for answer in again} == {first.version}
    assert not any("set-cookie" in answer.headers for answer in again)
    mesh.session.cookie_jar.clear()


@pytest.mark.parametrize("simple", ["ROUND_ROBIN", "LEAST_REQUEST"])
async def test_a_warmup_reaches_envoy(mesh: Mesh, simple: str):
    await balance(mesh, simple=simple, warmup={"duration": "60s", "minimumPercent": 25, "aggression": 2})
    config = await mesh.config_dump(mesh.client)
    found = [entry for part in config["configs"] for entry in part.get("dynamic_active_clusters", ())
             if "reviews.default" in entry["cluster"]["name"]]  # fmt: skip
    assert len(found) == 1
    start = found[0]["cluster"][f"{simple.lower()}_lb_config"]["slow_start_config"]
    assert (start["slow_start_window"], start["min_weight_percent"]["value"]) == ("60s", 25)
