"""A gateway's TLS on real Envoys: who is let in, whose certificate is shown, and what happens as Secrets change."""

# ruff: noqa: E501 - YAML in one line

from __future__ import annotations

import ssl

import aiohttp
import pytest
import pytest_asyncio
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from meshtutor.embedded.istio import credentials
from meshtutor.embedded.istio.validation import unsupported
from tests.support.certificates import Authority, Pair, secret

from .support import objects as make
from .support.mesh import Answer, Mesh, applying, running

AUTHORITY, STRANGER = Authority(), Authority("nobody's authority")
SHOP = AUTHORITY.issue("shop.example.com")
BAKERY = "{port: {number: 443, name: bakery, protocol: HTTPS}, hosts: [bakery.example.com], tls: {mode: SIMPLE, credentialName: bakery}}"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory):
    async with running(tmp_path_factory.mktemp("tls")) as mesh:
        backend = await mesh.pod("reviews")
        gateway = await mesh.pod("front", namespace="istio-system", router=True, istio="ingressgateway")
        service = make.service("reviews")
        front = make.service("front", namespace="istio-system", istio="ingressgateway")
        front["spec"]["ports"] = [{"name": "https", "port": 443, "targetPort": 8443}]
        rule = make.rule("VirtualService", "all", hosts=["*"], gateways=["web"], http=[
            {"route": [{"destination": {"host": "reviews"}}]}])  # fmt: skip
        await mesh.apply(service, front, make.endpoint_slice(service, backend), rule)
        await mesh.until_ready(backend, gateway)
        mesh.gateway = gateway
        yield mesh


@pytest_asyncio.fixture(loop_scope="module")
async def apply(mesh: Mesh):
    """Apply objects for one test; no proxy may refuse anything."""
    async with applying(mesh) as apply_to:
        yield apply_to


def web(tls: str, *more: str) -> dict:
    server = f"{{port: {{number: 443, name: https, protocol: HTTPS}}, hosts: [shop.example.com], tls: {tls}}}"
    servers = yaml.safe_load(f"[{', '.join([server, *more])}]")
    return make.rule("Gateway", "web", selector={"istio": "ingressgateway"}, servers=servers)


def shop(pair: Pair = SHOP, name: str = "shop", **more: bytes) -> dict:
    return secret(name, tls_crt=pair.certificate, tls_key=pair.key, **more)


async def call(mesh: Mesh, context: ssl.SSLContext | None = None, name: str = "shop.example.com") -> Answer:
    """A request over a connection of its own."""
    url = f"https://{mesh.gateway['status']['podIP']}:8443/"
    headers = {"Host": name, "Connection": "close"}
    context = context or ssl.create_default_context(cadata=AUTHORITY.certificate.decode())
    return await mesh.get(url, headers=headers, ssl=context, server_hostname=name)


async def is_refused(
    mesh: Mesh, context: ssl.SSLContext | None = None, name: str = "shop.example.com"
) -> bool:
    with pytest.raises(aiohttp.ClientError):
        await call(mesh, context, name)
    return True


SIMPLE = "{mode: SIMPLE, credentialName: shop}"
MUTUAL = "{mode: MUTUAL, credentialName: shop}"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("form", ["kubernetes.io/tls", "generic"])
async def test_simple(mesh, apply, form):
    plain = shop() if form == "kubernetes.io/tls" else secret("shop", cert=SHOP.certificate, key=SHOP.key)
    await apply(plain, web(SIMPLE))
    answer = await call(mesh)
    assert answer.status == 200
    assert answer.body["headers"]["X-Forwarded-Proto"] == "https"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("where", ["ca.crt", "cacert", "a Secret of its own"])
async def test_mutual_takes_clients_of_the_authority_only(mesh, apply, tmp_path, where):
    root = AUTHORITY.certificate
    secrets = {
        "ca.crt": [shop(ca_crt=root)],
        "cacert": [secret("shop", cert=SHOP.certificate, key=SHOP.key, cacert=root)],
        "a Secret of its own": [shop(), secret("shop-cacert", cacert=root)],
    }[where]
    await apply(*secrets, web(MUTUAL))
    assert (await call(mesh, AUTHORITY.client(tmp_path, AUTHORITY.issue("tom")))).status == 200
    assert await is_refused(mesh)
    assert await is_refused(mesh, AUTHORITY.client(tmp_path, STRANGER.issue("tom")))


@pytest.mark.asyncio(loop_scope="module")
async def test_optional_mutual_takes_clients_without_a_certificate_but_not_with_a_wrong_one(
    mesh, apply, tmp_path
):
    await apply(shop(ca_crt=AUTHORITY.certificate), web("{mode: OPTIONAL_MUTUAL, credentialName: shop}"))
    assert (await call(mesh)).status == 200
    assert (await call(mesh, AUTHORITY.client(tmp_path, AUTHORITY.issue("tom")))).status == 200
    assert await is_refused(mesh, AUTHORITY.client(tmp_path, STRANGER.issue("tom")))


@pytest.mark.asyncio(loop_scope="module")
async def test_mutual_with_names_takes_clients_of_these_names(mesh, apply, tmp_path):
    await apply(
        shop(ca_crt=AUTHORITY.certificate), web(f"{MUTUAL[:-1]}, subjectAltNames: [tom.example.com]}}")
    )
    assert (await call(mesh, AUTHORITY.client(tmp_path, AUTHORITY.issue("tom.example.com")))).status == 200
    assert await is_refused(mesh, AUTHORITY.client(tmp_path, AUTHORITY.issue("eve.example.com")))


@pytest.mark.asyncio(loop_scope="module")
async def test_a_renewed_secret_reaches_the_gateway_without_a_new_listener(mesh, apply):
    await apply(shop(), web(SIMPLE))
    assert (await call(mesh)).status == 200
    before = await mesh.stats(mesh.gateway, "envoy_listener_manager_listener_modified")
    theirs = ssl.create_default_context(cadata=STRANGER.certificate.decode())
    assert await is_refused(mesh, theirs)
    await apply(shop(STRANGER.issue("shop.example.com")))
    assert (await call(mesh, theirs)).status == 200
    assert await is_refused(mesh)
    assert await mesh.stats(mesh.gateway, "envoy_listener_manager_listener_modified") == before


@pytest.mark.asyncio(loop_scope="module")
async def test_a_missing_secret_holds_up_its_own_host_only_and_works_when_it_comes(mesh, apply):
    bakery = AUTHORITY.issue("bakery.example.com")
    await apply(shop(), web(SIMPLE, BAKERY))
    assert (await mesh.until(lambda: answers(mesh, "shop.example.com"), "the other host answers")) == 200
    assert await is_refused(mesh, name="bakery.example.com")
    await apply(shop(bakery, "bakery"))
    assert (await call(mesh, name="bakery.example.com")).status == 200
    assert (await call(mesh)).status == 200


@pytest.mark.asyncio(loop_scope="module")
async def test_a_secret_of_another_namespace_is_not_used(mesh, apply):
    elsewhere = secret("theirs", "default", cert=SHOP.certificate, key=SHOP.key)
    await apply(
        shop(), elsewhere, web(SIMPLE, BAKERY.replace("credentialName: bakery", "credentialName: theirs"))
    )
    assert (await mesh.until(lambda: answers(mesh, "shop.example.com"), "the other host answers")) == 200
    assert await is_refused(mesh, name="bakery.example.com")


async def answers(mesh: Mesh, name: str) -> int:
    try:
        return (await call(mesh, name=name)).status
    except aiohttp.ClientError:
        return 0


BROKEN = {
    "no PEM at all": shop(Pair(b"hello", b"world")),
    "another key": shop(Pair(SHOP.certificate, STRANGER.issue("shop.example.com").key)),
    "a cut certificate": shop(Pair(SHOP.certificate[:200], SHOP.key)),
    "a small key": shop(AUTHORITY.issue("shop.example.com", key=rsa.generate_private_key(65537, 1024))),
    "an empty key": shop(Pair(SHOP.certificate, b"")),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("why", BROKEN)
async def test_a_broken_secret_is_not_sent_and_the_gateway_keeps_what_it_has(mesh, apply, why):
    assert credentials.credential(BROKEN[why]).pair_problem
    await apply(shop(), web(SIMPLE))
    assert (await call(mesh)).status == 200
    await apply(BROKEN[why])
    assert (await call(mesh)).status == 200


@pytest.mark.asyncio(loop_scope="module")
async def test_two_certificates_for_two_kinds_of_keys(mesh, apply):
    key = rsa.generate_private_key(65537, 2048)
    await apply(shop(), shop(AUTHORITY.issue("shop.example.com", key=key), "rsa"),
                web("{mode: SIMPLE, credentialNames: [shop, rsa], maxProtocolVersion: TLSV1_2}"))  # fmt: skip
    for cipher in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"):
        context = ssl.create_default_context(cadata=AUTHORITY.certificate.decode())
        context.set_ciphers(cipher)
        assert (await call(mesh, context)).status == 200


@pytest.mark.asyncio(loop_scope="module")
async def test_versions_are_limited(mesh, apply):
    await apply(shop(), web(f"{SIMPLE[:-1]}, minProtocolVersion: TLSV1_3}}"))
    old = ssl.create_default_context(cadata=AUTHORITY.certificate.decode())
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert (await call(mesh)).status == 200
    assert await is_refused(mesh, old)


VERSIONS = ("TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("most", VERSIONS)
@pytest.mark.parametrize("least", VERSIONS)
async def test_versions_that_validation_lets_through_are_taken_by_envoy(mesh, apply, least, most):
    gateway = web(f"{SIMPLE[:-1]}, minProtocolVersion: {least}, maxProtocolVersion: {most}}}")
    if not any(problem.severity == "error" for problem in unsupported.check(gateway)):
        await apply(shop(), gateway)


@pytest.mark.asyncio(loop_scope="module")
async def test_every_cipher_that_validation_lets_through_is_one_that_envoy_knows(mesh, apply):
    listed = ", ".join(unsupported.VALUES["Gateway", "servers[].tls.cipherSuites[]"])
    await apply(shop(), web(f"{SIMPLE[:-1]}, maxProtocolVersion: TLSV1_2, cipherSuites: [{listed}]}}"))
    assert (await call(mesh)).status == 200
