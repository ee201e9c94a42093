"""The gateway's port for https on this machine, from a Secret and a Gateway to an answer."""

from __future__ import annotations

import ssl
from http.client import HTTPSConnection
from urllib.parse import urlsplit

import pytest

import meshtutor as mt
from tests.support.certificates import Authority, secret

NAME = "bookinfo.example.com"
GATEWAY = f"""
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: secure}}
spec:
  selector: {{istio: ingressgateway}}
  servers:
  - port: {{number: 443, name: https, protocol: HTTPS}}
    hosts: [{NAME}]
    tls: {{mode: SIMPLE, credentialName: bookinfo}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: secure}}
spec:
  hosts: [{NAME}]
  gateways: [secure]
  http: [{{route: [{{destination: {{host: productpage, port: {{number: 9080}}}}}}]}}]
"""


class ByName(HTTPSConnection):
    """Connects to one address and asks for another name, as curl --resolve does."""

    def __init__(self, url: str, name: str, context: ssl.SSLContext) -> None:
        parts = urlsplit(url)
        super().__init__(parts.hostname or "", parts.port, timeout=10, context=_Named(context, name))  # type: ignore[arg-type]


class _Named:
    """A context that always asks for one name."""

    def __init__(self, context: ssl.SSLContext, name: str) -> None:
        self._context, self._name = context, name

    def __getattr__(self, name: str):
        return getattr(self._context, name)

    def wrap_socket(self, sock, server_hostname: str):
        return self._context.wrap_socket(sock, server_hostname=self._name)


@pytest.fixture
def mesh(lab):
    with mt.connect() as connected:
        connected.reset()
        yield connected
        connected.reset()


def test_https_from_this_machine(mesh):
    authority = Authority()
    pair = authority.issue(NAME)
    made = secret("bookinfo", tls_crt=pair.certificate, tls_key=pair.key)
    mesh.apply(made)
    applied = mesh.apply(GATEWAY)
    assert applied
    context = ssl.create_default_context(cadata=authority.certificate.decode())
    connection = ByName(mesh.gateway_tls, NAME, context)
    connection.request("GET", "/productpage", headers={"Host": NAME})
    assert connection.getresponse().status == 200
    explained = mesh.explain(f"https://{NAME}/productpage", from_pod=mesh.gateway_tls)
    assert explained.result.route_config == "https.443.https.secure.default"
    assert list(explained.clusters) == ["outbound|9080||productpage.default.svc.cluster.local"]
    mesh.delete(made)


def test_a_gateway_without_its_secret_is_told_so_when_it_is_applied(mesh):
    applied = mesh.apply(GATEWAY)
    assert "referenced credential not found" in str(applied)
    assert "IST0101" in mesh.analyze().codes
