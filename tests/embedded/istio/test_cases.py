"""The tables of `cases`, twice: through xray on generated resources (milliseconds), and on real Envoys."""

from __future__ import annotations

import asyncio
import itertools
import re
import ssl
from collections import Counter
from dataclasses import replace
from functools import cache
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio

from meshtutor.embedded.istio.debug import config_dump
from meshtutor.embedded.istio.proxy import Proxy
from meshtutor.embedded.istio.snapshot import Snapshot
from meshtutor.embedded.istio.translate import Translator
from meshtutor.kube.kinds import POD
from meshtutor.xray import Call, Envoy, Result, shares, walk

from .cases import (
    STANDARD,
    Case,
    Expect,
    actions,
    cors,
    delegates,
    destinations,
    gateway_api,
    gateway_bytes,
    gateway_tls,
    gateways,
    localities,
    machines,
    matches,
    names,
    outside,
    resolutions,
    scoping,
)
from .support import objects as make
from .support.mesh import Answer, Mesh, running

CASES = [
    case
    for table in (
        matches,
        names,
        destinations,
        localities,
        gateways,
        gateway_tls,
        gateway_bytes,
        actions,
        cors,
        delegates,
        gateway_api,
        outside,
        resolutions,
        machines,
        scoping,
    )
    for case in table.CASES
]
SAMPLE = 400
BOUND_PORTS = {"http": 8080, "https": 8443}
TLS = ssl.create_default_context(cadata=gateway_tls.AUTHORITY.certificate.decode())
NODES = {
    "agent-0": ("europe", "europe-1"),
    "agent-1": ("brazil", "brazil-1"),
    "agent-2": ("europe", "europe-2"),
}
STANDS = {"v1": "agent-0", "v2": "agent-2", "v3": "agent-1"}
GATEWAY = {"app": "istio-ingressgateway", "istio": "ingressgateway"}


def rules_of(case: Case, pods: dict[str, dict]) -> list[dict]:
    """The rules of a case; `IP(v1)` in them stands for a pod's address, `POD(v1)` for its name."""
    return ([] if case.bare else make.parse(STANDARD)) + make.parse(_filled(case.yaml, pods))


def calls_of(case: Case, pods: dict[str, dict]) -> list[Expect]:
    """The calls of a case, with addresses of pods."""
    return [replace(expected, url=_filled(expected.url, pods)) for expected in case.calls]


def _filled(text: str, pods: dict[str, dict]) -> str:
    text = re.sub(r"IP\((\w+)\)", lambda match: pods[match[1]]["status"]["podIP"], text)
    return re.sub(r"POD\((\w+)\)", lambda match: pods[match[1]]["metadata"]["name"], text)


def services(pods: dict[str, dict]) -> list[dict]:
    """Services and endpoints over pods by name (v1, v2, v3, v9, ratings, gateway)."""
    reviews, ratings = make.service("reviews", ip="10.0.0.1"), make.service("ratings", ip="10.0.0.2")
    other = make.service("reviews", namespace="other", ip="10.0.0.3")
    front = make.service("istio-ingressgateway", 80, namespace="istio-system", ip="10.0.0.4", **GATEWAY)
    front["spec"]["ports"] = [
        {"name": "http2", "port": 80, "targetPort": 8080}, {"name": "https", "port": 443, "targetPort": 8443}
    ]  # fmt: skip
    versions = [make.service(f"reviews-{v}", app="reviews", version=v) for v in ("v1", "v2", "v3")]
    return [
        *(make.node(name, *place) for name, place in NODES.items()),
        *versions,
        *(make.endpoint_slice(one, pods[one["metadata"]["name"][-2:]]) for one in versions),
        reviews, ratings, other, front,
        make.endpoint_slice(reviews, pods["v1"], pods["v2"], pods["v3"]),
        make.endpoint_slice(ratings, pods["ratings"]),
        make.endpoint_slice(other, pods["v9"]),
    ]  # fmt: skip


# -- through xray ------------------------------------------------------------------------------------------------------


@cache
def world() -> tuple[list[dict], dict[str, dict]]:
    ips = (f"127.9.16.{n}" for n in itertools.count(1))
    pods = {version: make.pod("reviews", version, next(ips), node=node) for version, node in STANDS.items()}
    pods["v9"] = make.pod("reviews", "v9", next(ips), namespace="other")
    pods["ratings"] = make.pod("ratings", "v1", next(ips))
    pods["client"] = make.pod("client", "v1", next(ips))
    pods["gateway"] = make.pod(
        "istio-ingressgateway", "v1", next(ips), namespace="istio-system", router=True, istio="ingressgateway"
    )
    return [*pods.values(), *services(pods)], pods


@pytest.mark.parametrize("case", CASES, ids=str)
def test_translation_by_xray(case: Case):
    objects, pods = world()
    snapshot = Snapshot.of([*objects, *rules_of(case, pods)])
    dumps = {name: _dump(pods[name], snapshot) for name in ("client", "gateway")}
    for expected in calls_of(case, pods):
        result = walk(dumps[expected.through], _call(expected, pods["gateway"]["status"]["podIP"]))
        _compare(result, expected, snapshot)


def _dump(pod: dict, snapshot: Snapshot) -> Envoy:
    name = f"{pod['metadata']['name']}.{pod['metadata']['namespace']}"
    workload = snapshot.workloads[pod["metadata"]["namespace"], pod["metadata"]["name"]]
    proxy = Proxy(name, "istio" in pod["metadata"]["labels"], workload.ip, "127.9.80.1", workload)
    return Envoy.of(config_dump(Translator().configuration(proxy, snapshot)))


def _call(expected: Expect, gateway: str) -> Call:
    call = Call.to(expected.url, method=expected.method, headers=expected.headers)
    listener = f"{gateway}_{BOUND_PORTS[call.scheme]}" if expected.through == "gateway" else ""
    return replace(call, listener=listener)


def _compare(result: Result, expected: Expect, snapshot: Snapshot) -> None:
    shown = f"{expected}\n{result}"
    if expected.closed:
        assert re.search("connection is closed|no listener takes", result.error), shown
        return
    if (
        expected.flags not in ("FI", "UT") and expected.status not in (409, 500, 503, 504)
    ) or expected.flags in ("NC", "NR", "UH"):
        assert (result.status or 200, result.flags) == (expected.status, expected.flags), shown
    wanted = {expected.to: 100.0} if expected.to else expected.versions
    if wanted:
        assert _shares(result, snapshot) == pytest.approx(wanted), shown
    if expected.location:
        assert result.redirect == expected.location, shown
    for field in ("path", "host", "route"):
        if value := getattr(expected, field):
            found = {"path": result.path.partition("?")[0], "host": result.authority, "route": result.route}[
                field
            ]
            assert found == value, shown
    if expected.timeout != -1.0:
        assert result.timeout == expected.timeout, shown
    if expected.retries is not None:
        assert result.retries == expected.retries, shown


def _shares(result: Result, snapshot: Snapshot) -> dict[str, float]:
    """Share of requests by the version of the pods that get them."""
    versions = {
        pod["status"]["podIP"]: pod["metadata"]["labels"]["version"] for pod in snapshot.table(POD).values()
    }
    found: Counter[str] = Counter()
    for target in result.targets:
        for endpoint, share in shares(target).items():
            found[versions[endpoint.address.partition(":")[0]]] += share * target.share / 100
    return dict(found)


# -- on real Envoys ----------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory):
    async with running(tmp_path_factory.mktemp("cases")) as mesh:
        pods = {version: await mesh.pod("reviews", version, node=node) for version, node in STANDS.items()}
        pods["v9"] = await mesh.pod("reviews", "v9", namespace="other")
        pods["ratings"] = await mesh.pod("ratings")
        pods["client"] = await mesh.pod("client")
        pods["gateway"] = await mesh.pod(
            "istio-ingressgateway", namespace="istio-system", router=True, istio="ingressgateway"
        )
        await mesh.apply(*services(pods))
        await mesh.until_ready(*pods.values())
        mesh.pods = pods
        yield mesh


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_on_real_envoys(case: Case, mesh: Mesh):
    rules = rules_of(case, mesh.pods)
    report = await mesh.apply(*rules)
    try:
        assert all(proxy["state"] == "ACK" for proxy in report["proxies"]), report
        for expected in calls_of(case, mesh.pods):
            await _ask(mesh, expected)
    finally:
        await mesh.delete(*rules)


async def _ask(mesh: Mesh, expected: Expect) -> None:
    wanted = {expected.to: 100.0} if expected.to else expected.versions
    if len(wanted) > 1:
        await _sample(mesh, expected, wanted)
        return
    if expected.closed:
        with pytest.raises(aiohttp.ClientError):
            await _send(mesh, expected)
        return
    answer = await _send(mesh, expected)
    shown = f"{expected}\n{answer}"
    assert answer.status == expected.status, shown
    # Envoy's timers count from the beginning of its event loop's turn: on a busy machine they end some ms early.
    assert answer.seconds >= 0.9 * expected.least, shown
    if wanted:
        assert answer.version == next(iter(wanted)), shown
    body = answer.body or {}
    for field in ("path", "host"):
        if value := getattr(expected, field):
            assert body[field] == value, shown
    for name, value in expected.seen.items():
        assert body.get(name, _header(body.get("headers", {}), name)) == value, shown
    for name, value in expected.answer.items():
        assert answer.headers.get(name) == value, shown
    if expected.location:
        assert answer.headers["location"] == expected.location, shown


def _header(headers: dict[str, str], name: str) -> str | None:
    return {key.lower(): value for key, value in headers.items()}.get(name.lower())


async def _sample(mesh: Mesh, expected: Expect, wanted: dict[str, float]) -> None:
    """Shares within five standard deviations: one false alarm in two million for each."""
    batches = [[_send(mesh, expected) for _ in range(40)] for _ in range(SAMPLE // 40)]
    answers = [answer for batch in batches for answer in await asyncio.gather(*batch)]
    counts = Counter(answer.version for answer in answers)
    assert set(counts) == set(wanted), counts
    for version, share in wanted.items():
        chance = share / 100
        slack = 5 * (SAMPLE * chance * (1 - chance)) ** 0.5
        assert abs(counts[version] - SAMPLE * chance) <= slack, counts


async def _send(mesh: Mesh, expected: Expect) -> Answer:
    if expected.through != "gateway":
        return await mesh.get(
            expected.url, mesh.pods["client"], headers=expected.headers, method=expected.method
        )
    parts = urlsplit(expected.url)
    address = mesh.pods["gateway"]["status"]["podIP"]
    query = f"?{parts.query}" if parts.query else ""
    # A connection that is kept belongs to the listener before the last change, which drains.
    headers = {"Host": parts.netloc, "Connection": "close", **expected.headers}
    url = f"{parts.scheme}://{address}:{BOUND_PORTS[parts.scheme]}{parts.path}{query}"
    options = {"ssl": TLS, "server_hostname": parts.hostname} if parts.scheme == "https" else {}
    return await mesh.get(url, headers=headers, method=expected.method, **options)
