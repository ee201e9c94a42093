"""Gateways that pass on TLS unopened, on real Envoys: the app shows its own certificate, and the name alone decides."""

# ruff: noqa: E501 - YAML in one line

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import Counter

import aiohttp
import pytest
import pytest_asyncio
import yaml

from meshtutor.embedded.network import app_address
from meshtutor.traffic.statistics import binomial_test
from tests.support.certificates import Authority, Pair, secret

from .support import objects as make
from .support.mesh import Answer, Mesh, applying, running
from .test_tcp_metrics import CLOSED, OPEN, RECEIVED, SENT, labels_of, logged

THEIRS, OURS = Authority("the shops' authority"), Authority("the gateway's authority")
SHOPS = ("tea.example.com", "ale.example.com")
FALSE_ALARM = 1e-6
DB = 7000
GATEWAY = "spiffe://cluster.local/ns/istio-system/sa/front"
PASSING = "{port: {number: 443, name: tls, protocol: %s}, hosts: ['*.example.com'], tls: {mode: PASSTHROUGH}}"
OPENED = "{port: {number: 443, name: https, protocol: HTTPS}, hosts: [web.test], tls: {mode: SIMPLE, credentialName: web}}"
PLAIN = "{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}"
TCP = "{port: {number: 31400, name: tcp, protocol: TCP}, hosts: ['*']}"


def server_context(folder, pair: Pair, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair.write(folder, name))

    def note(connection: ssl.SSLObject, asked: str | None, _: ssl.SSLContext) -> None:
        connection.asked_for = asked or ""

    context.sni_callback = note
    return context


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("bytes")
    async with running(folder) as mesh:
        gateway = await mesh.pod("front", namespace="istio-system", router=True, istio="ingressgateway")
        front = make.service("front", namespace="istio-system", istio="ingressgateway")
        front["spec"]["ports"] = [
            {"name": "http", "port": 80, "targetPort": 8080},
            {"name": "https", "port": 443, "targetPort": 8443},
            {"name": "tcp", "port": 31400, "targetPort": 31400},
        ]
        made = [
            front,
            secret("web", cert=WEB.certificate, key=WEB.key),
            make.mesh_config("accessLogFile: /dev/stdout"),
        ]
        mesh.shops = {}
        for shop in SHOPS:
            short = shop.partition(".")[0]
            pair = THEIRS.issue(shop, "new.example.com")
            pod = await mesh.pod(short, short, tls=server_context(folder, pair, short), port=9443)
            service = make.service(short, 9443)
            service["spec"]["ports"][0]["name"] = "tls-shop"
            made += [service, make.endpoint_slice(service, pod)]
            mesh.shops[short] = pod
        web = await mesh.pod("web")
        service = make.service("web")
        made += [service, make.endpoint_slice(service, web)]
        db = make.service("db", DB)
        db["spec"]["ports"][0]["name"] = "tcp-db"
        mesh.databases = {version: await mesh.pod("db", version, port=1) for version in ("v1", "v2")}
        subsets = [{"name": version, "labels": {"version": version}} for version in mesh.databases]
        made += [db, make.endpoint_slice(db, *mesh.databases.values()),
                 make.rule("DestinationRule", "db", host="db", subsets=subsets)]  # fmt: skip
        await mesh.apply(*made)
        await mesh.until_ready(gateway, web, *mesh.shops.values(), *mesh.databases.values())
        mesh.gateway = gateway
        async with contextlib.AsyncExitStack() as running_apps:
            for version, pod in mesh.databases.items():
                address = app_address(pod["status"]["podIP"])
                server = await asyncio.start_server(_says(version), address, DB)
                await running_apps.enter_async_context(server)
            yield mesh


WEB = OURS.issue("web.test")


def _says(version: str):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Says which version it is, to each word."""
        with contextlib.suppress(ConnectionError):
            while await reader.read(100):
                writer.write(version.encode())
                await writer.drain()
        writer.close()

    return serve


@pytest_asyncio.fixture(loop_scope="module")
async def apply(mesh: Mesh):
    """Apply objects for one test; no proxy may refuse anything."""
    async with applying(mesh) as apply_to:
        yield apply_to


def gateway(*servers: str) -> dict:
    listed = yaml.safe_load(f"[{', '.join(servers)}]")
    return make.rule("Gateway", "front", selector={"istio": "ingressgateway"}, servers=listed)


def rule(text: str, name: str = "bytes", hosts: str = "'*.example.com'") -> dict:
    spec = yaml.safe_load(f"{{hosts: [{hosts}], gateways: [front], {text}}}")
    return make.rule("VirtualService", name, **spec)


def by_name(**shops: str) -> str:
    """A tls section: shop -> the names that lead to it."""
    rules = (
        f"{{match: [{{sniHosts: [{names}]}}], route: [{{destination: {{host: {shop}}}}}]}}"
        for shop, names in shops.items()
    )
    return f"tls: [{', '.join(rules)}]"


TWO = by_name(tea="tea.example.com", ale="ale.example.com")


async def call(mesh: Mesh, name: str, authority: Authority = THEIRS, port: int = 8443) -> Answer:
    """A request over a connection of its own to the gateway, whose certificate must be of an authority."""
    context = ssl.create_default_context(cadata=authority.certificate.decode())
    url = f"https://{mesh.gateway['status']['podIP']}:{port}/"
    return await mesh.get(
        url, headers={"Host": name, "Connection": "close"}, ssl=context, server_hostname=name
    )


async def is_closed(mesh: Mesh, name: str) -> bool:
    with pytest.raises((aiohttp.ClientError, ConnectionError)) as raised:
        await call(mesh, name)
    return not isinstance(raised.value, aiohttp.ClientConnectorCertificateError)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("protocol", ["TLS", "HTTPS"])
async def test_each_name_leads_to_its_app_which_shows_its_own_certificate(mesh, apply, protocol):
    await apply(gateway(PASSING % protocol), rule(TWO))
    for name in SHOPS:
        answer = await call(mesh, name)
        assert (answer.version, answer.body["tls"]["name"]) == (name.partition(".")[0], name)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_name_that_no_rule_has_is_closed(mesh, apply):
    await apply(gateway(PASSING % "TLS"), rule(TWO))
    assert (await call(mesh, SHOPS[0])).status == 200
    assert await is_closed(mesh, "new.example.com")
    await apply(rule(by_name(tea="tea.example.com, new.example.com", ale="ale.example.com")))
    assert (await call(mesh, "new.example.com")).version == "tea"
    await apply(rule(by_name(ale="ale.example.com")))
    assert await is_closed(mesh, "new.example.com")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_whole_name_goes_before_a_wildcard_and_what_has_a_chain_keeps_it(mesh, apply):
    await apply(
        gateway(PASSING % "TLS"),
        rule(by_name(ale="'*.example.com'", tea="tea.example.com")),
        rule(by_name(ale="tea.example.com"), "younger"),
    )
    assert (await call(mesh, "tea.example.com")).version == "tea"
    assert (await call(mesh, "new.example.com")).version == "ale"


@pytest.mark.asyncio(loop_scope="module")
async def test_the_sidecar_is_reached_over_mutual_tls_around_the_apps_own(mesh, apply):
    await apply(gateway(PASSING % "TLS"), rule(TWO))
    before = await _handshakes(mesh, "tea")
    assert (await call(mesh, "tea.example.com")).status == 200
    assert await _handshakes(mesh, "tea") == before + 1


async def _handshakes(mesh: Mesh, shop: str) -> float:
    """How many connections of the mesh's own TLS a shop's sidecar took from the gateway."""
    lines = await mesh.stats(mesh.shops[shop], "envoy_istio_tcp_connections_opened_total")
    secured = [line for line in lines if labels_of(line)["connection_security_policy"] == "mutual_tls"]
    assert {labels_of(line)["source_principal"] for line in secured} <= {GATEWAY}
    return sum(float(line.split()[-1]) for line in secured)


@pytest.mark.asyncio(loop_scope="module")
async def test_requests_go_on_beside_bytes_on_both_ports(mesh, apply):
    """One rule has all three kinds; the same port passes one name on and opens another."""
    http = "http: [{route: [{destination: {host: web}}]}]"
    tcp = "tcp: [{match: [{port: 31400}], route: [{destination: {host: db, subset: v2}}]}]"
    await apply(gateway(PLAIN, OPENED, PASSING % "TLS", TCP), rule(f"{TWO}, {http}, {tcp}", hosts="'*'"))
    assert (await call(mesh, "ale.example.com")).version == "ale"
    assert (await call(mesh, "web.test", OURS)).body["app"] == "web"
    address = mesh.gateway["status"]["podIP"]
    answer = await mesh.get(f"http://{address}:8080/", headers={"Connection": "close"})
    assert answer.body["app"] == "web"
    assert await asked(mesh) == "v2"


async def asked(mesh: Mesh) -> str:
    """Which database a connection of its own gets."""
    reader, writer = await asyncio.open_connection(mesh.gateway["status"]["podIP"], 31400)
    writer.write(b"which")
    said = (await asyncio.wait_for(reader.read(100), 10)).decode()
    writer.close()
    return said


@pytest.mark.asyncio(loop_scope="module")
async def test_connections_are_shared_out_by_weight(mesh, apply):
    """A right gateway fails here once in a million runs (exact binomial test)."""
    shares = {"v1": 30, "v2": 70}
    routes = ", ".join(
        f"{{destination: {{host: db, subset: {version}}}, weight: {share}}}"
        for version, share in shares.items()
    )
    await apply(gateway(TCP), rule(f"tcp: [{{route: [{routes}]}}]"))
    counts = Counter([await asked(mesh) for _ in range(400)])
    assert counts.keys() == shares.keys()
    assert binomial_test(counts["v1"], 400, 0.3) > FALSE_ALARM, counts
    assert binomial_test(counts["v1"], 400, 0.5) < FALSE_ALARM, counts  # it could have failed


@pytest.mark.asyncio(loop_scope="module")
async def test_without_a_rule_nobody_listens_on_a_port_for_bytes(mesh, apply):
    await apply(gateway(TCP))
    with pytest.raises(ConnectionError):
        await asked(mesh)
    await apply(rule("tcp: [{route: [{destination: {host: db, subset: v1}}]}]"))
    assert await asked(mesh) == "v1"


async def _to_v1(mesh: Mesh) -> Counter[str]:
    """Istio's TCP metrics of the gateway, of the connections that database v1 got."""
    found = Counter(dict.fromkeys((OPEN, CLOSED, SENT, RECEIVED), 0.0))
    for line in await mesh.stats(mesh.gateway, "envoy_istio_tcp_"):
        if labels_of(line)["destination_workload"] == "db-v1":
            found[line.partition("{")[0].removeprefix("envoy_istio_")] += float(line.split()[-1])
    return found


@pytest.mark.asyncio(loop_scope="module")
async def test_the_gateway_counts_and_logs_connections_as_their_client(mesh, apply):
    await apply(gateway(TCP), rule("tcp: [{route: [{destination: {host: db, subset: v1}}]}]"))
    before = await _to_v1(mesh)
    assert await asked(mesh) == "v1"

    async def grown() -> bool:
        now = await _to_v1(mesh)
        grown_by = {name: now[name] - before[name] for name in now}
        return grown_by == {OPEN: 1, CLOSED: 1, SENT: len("v1"), RECEIVED: len("which")}

    await mesh.until(grown, "the connection is counted once")
    expected = {
        "reporter": "source",
        "request_protocol": "tcp",
        "source_workload": "front-v1",
        "destination_workload": "db-v1",
        "destination_service": "db.default.svc.cluster.local",
        "destination_principal": "spiffe://cluster.local/ns/default/sa/db",
    }
    lines = [
        line
        for line in await mesh.stats(mesh.gateway, f"envoy_istio_{OPEN}")
        if 'destination_workload="db-v1"' in line
    ]
    assert lines
    assert all(expected.items() <= labels_of(line).items() for line in lines)
    await mesh.until(lambda: logged(mesh, mesh.gateway, f"outbound|{DB}|v1|"), "a line in the log", 15)
