"""TLS towards a server that speaks it itself, in a pod without a sidecar: who is trusted, and who is asked for."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from meshtutor.embedded.istio import client_tls
from tests.support.certificates import Authority, secret

from .support import objects as make
from .support.mesh import Mesh, running

AUTHORITY, STRANGER = Authority(), Authority("nobody's authority")
URL = "http://vault:9080/"
FQDN = "vault.default.svc.cluster.local"


def server(directory: Path, *names: str, mutual: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=AUTHORITY.certificate.decode())
    context.load_cert_chain(*AUTHORITY.issue(*names).write(directory, names[0]))
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED

    def remember(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        connection.asked_for = name  # type: ignore[attr-defined]

    context.sni_callback = remember
    return context


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory):
    directory = tmp_path_factory.mktemp("client-tls")
    async with running(directory) as mesh:
        names = (FQDN, "vault", "vault.example.com")
        apps = {
            "vault": await mesh.pod("vault", sidecar=False, tls=server(directory, *names)),
            "safe": await mesh.pod("safe", sidecar=False, tls=server(directory, "safe", mutual=True)),
            "reviews": await mesh.pod("reviews"),
        }
        clients = await mesh.pod("client"), await mesh.pod("other")
        services = {name: make.service(name) for name in apps}
        slices = [make.endpoint_slice(services[name], apps[name]) for name in apps]
        mesh.rule = make.rule("DestinationRule", "vault", host="vault")
        await mesh.apply(*services.values(), *slices)
        await mesh.until_ready(apps["reviews"], *clients)
        mesh.client, mesh.other = clients
        yield mesh


@pytest_asyncio.fixture(loop_scope="module")
async def apply(mesh: Mesh):
    """Apply a rule for a host (and Secrets) for one test; no proxy may refuse anything."""
    applied: list[dict] = []

    async def and_wait(host: str, tls: str, *secrets: dict, more: str = "{}") -> None:
        spec = {"host": host, "trafficPolicy": {"tls": yaml.safe_load(tls)}, **yaml.safe_load(more)}
        objects = [*secrets, make.rule("DestinationRule", host, **spec)]
        applied.extend(objects)
        report = await mesh.apply(*objects)
        assert all(proxy["state"] == "ACK" for proxy in report["proxies"]), report

    yield and_wait
    await mesh.delete(*{(o["kind"], o["metadata"]["name"]): o for o in applied}.values())


CLIENT = "{workloadSelector: {matchLabels: {app: client}}}"
TRUST = secret("trust", "default", cacert=AUTHORITY.certificate)


@pytest.mark.asyncio(loop_scope="module")
async def test_without_a_rule_a_server_with_tls_is_called_in_plain_and_hangs_up(mesh):
    assert (await mesh.get(URL, mesh.client)).status == 503


@pytest.mark.asyncio(loop_scope="module")
async def test_simple_without_checks_asks_for_the_requests_host(mesh, apply):
    await apply("vault", "{mode: SIMPLE, insecureSkipVerify: true}")
    answer = await mesh.get(URL, mesh.client)
    assert (answer.status, answer.body["tls"]) == (200, {"name": "vault", "client": ""})


@pytest.mark.asyncio(loop_scope="module")
async def test_simple_with_the_machines_authorities_does_not_trust_a_tests(mesh, apply):
    await apply("vault", "{mode: SIMPLE}")
    assert (await mesh.get(URL, mesh.client)).status == 503


@pytest.mark.asyncio(loop_scope="module")
async def test_where_the_machine_trusts_nobody_no_server_is_trusted(mesh, apply, monkeypatch):
    monkeypatch.setattr(client_tls, "system_roots", lambda: None)
    await apply("vault", "{mode: SIMPLE, caCertificates: system}")
    assert (await mesh.get(URL, mesh.client)).status == 503


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("tls", "status", "name"),
    [
        ("{mode: SIMPLE, credentialName: trust}", 200, "vault"),
        ("{mode: SIMPLE, credentialName: trust, sni: vault.example.com}", 200, "vault.example.com"),
        ("{mode: SIMPLE, credentialName: trust, subjectAltNames: [vault.example.com]}", 200, "vault"),
        ("{mode: SIMPLE, credentialName: trust, subjectAltNames: [x, vault]}", 200, "vault"),
        ("{mode: SIMPLE, credentialName: trust, subjectAltNames: [thief.example.com]}", 503, ""),
    ],
)
async def test_simple_with_a_secret_for_the_pods_that_the_rule_selects(mesh, apply, tls, status, name):
    await apply("vault", tls, TRUST, more=CLIENT)
    answer = await mesh.get(URL, mesh.client)
    assert answer.status == status
    if name:
        assert answer.body["tls"]["name"] == name


@pytest.mark.asyncio(loop_scope="module")
async def test_another_authority_is_not_trusted_until_the_secret_changes(mesh, apply):
    await apply("vault", "{mode: SIMPLE, credentialName: roots}",
                secret("roots", "default", cacert=STRANGER.certificate), more=CLIENT)  # fmt: skip
    assert (await mesh.get(URL, mesh.client)).status == 503
    await mesh.apply(secret("roots", "default", cacert=AUTHORITY.certificate))
    assert (await mesh.get(URL, mesh.client)).status == 200


@pytest.mark.asyncio(loop_scope="module")
async def test_a_pod_that_is_not_selected_follows_no_such_rule(mesh, apply):
    await apply("vault", "{mode: SIMPLE, credentialName: trust}", TRUST, more=CLIENT)
    assert (await mesh.get(URL, mesh.client)).status == 200
    assert (await mesh.get(URL, mesh.other)).status == 503


@pytest.mark.asyncio(loop_scope="module")
async def test_a_secret_without_a_selector_is_not_for_sidecars(mesh, apply):
    await apply("vault", "{mode: SIMPLE, credentialName: trust}", TRUST)
    assert (await mesh.get(URL, mesh.client)).status == 503


@pytest.mark.asyncio(loop_scope="module")
async def test_mutual_shows_the_secrets_certificate(mesh, apply):
    pair = AUTHORITY.issue("tom")
    own = secret("own", "default", cert=pair.certificate, key=pair.key, cacert=AUTHORITY.certificate)
    await apply("safe", "{mode: MUTUAL, credentialName: own}", own, more=CLIENT)
    answer = await mesh.get("http://safe:9080/", mesh.client)
    assert (answer.status, answer.body["tls"]) == (200, {"name": "safe", "client": "tom"})


@pytest.mark.asyncio(loop_scope="module")
async def test_a_server_that_asks_for_certificates_refuses_simple(mesh, apply):
    await apply("safe", "{mode: SIMPLE, insecureSkipVerify: true}")
    assert (await mesh.get("http://safe:9080/", mesh.client)).status == 503


@pytest.mark.asyncio(loop_scope="module")
async def test_a_rule_replaces_auto_mtls_towards_pods_with_a_sidecar(mesh, apply):
    assert (await mesh.get("http://reviews:9080/", mesh.client)).status == 200
    await apply("reviews", "{mode: SIMPLE, insecureSkipVerify: true}")
    # The sidecar takes mutual TLS by ALPN; other TLS goes on to the app, which speaks none.
    assert (await mesh.get("http://reviews:9080/", mesh.client)).status == 503


@pytest.mark.asyncio(loop_scope="module")
async def test_a_missing_secret_breaks_its_own_cluster_only(mesh, apply):
    await apply("vault", "{mode: SIMPLE, credentialName: nowhere}", more=CLIENT)
    assert (await mesh.get(URL, mesh.client)).status == 503
    assert (await mesh.get("http://reviews:9080/", mesh.client)).status == 200
    await mesh.apply(secret("nowhere", "default", cacert=AUTHORITY.certificate))
    assert (await mesh.get(URL, mesh.client)).status == 200
    await mesh.delete(secret("nowhere", "default"))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("names", "status"), [("[spiffe://cluster.local/ns/default/sa/reviews]", 200), ("[x]", 503)]
)
async def test_istio_mutual_with_names_of_its_own(mesh, apply, names, status):
    await apply("reviews", f"{{mode: ISTIO_MUTUAL, sni: reviews.example.com, subjectAltNames: {names}}}")
    assert (await mesh.get("http://reviews:9080/", mesh.client)).status == status
