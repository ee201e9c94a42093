"""Port-forward through a real API server: istiod's pages, and the gateway on localhost."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from meshtutor.errors import NotReadyError
from meshtutor.kube import kinds
from meshtutor.kube.official import Official
from meshtutor.providers.addons import ADDONS
from meshtutor.providers.context import forwarder
from meshtutor.providers.context.provider import ClusterProvider
from meshtutor.providers.context.tunnel import Tunnel, TunnelHttp
from meshtutor.providers.records import Record
from tests.real import kubelet
from tests.real.apiserver import ApiServer
from tests.real.istiod import Istiod
from tests.real.programs import until
from tests.real.proxy import CDS, RDS, Proxy

GATEWAY = {"istio": "ingressgateway", "app": "forwarded"}


@pytest.fixture
def page() -> Iterator[int]:
    class Page(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = b'{"path": "%s"}' % self.path.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    yield page.server_port
    page.shutdown()
    page.server_close()


@pytest.mark.parametrize("user", ["admin", "certificate"])
def test_a_pods_own_loopback_is_reached(
    server: ApiServer, ports: kubelet.Ports, pod: Callable, page: int, user: str
) -> None:
    pod("inner", "istio-system", {"app": "inner"})
    ports["inner", 15000] = page
    http = TunnelHttp(Tunnel(Official(server.kubeconfig, user), "istio-system", "inner", 15000))
    assert [http.get(f"/{i}")["path"] for i in range(5)] == [f"/{i}" for i in range(5)]
    http.close()
    assert http.get("/again")["path"] == "/again"  # on a new connection
    http.close()


def test_no_right_no_pod_no_port(server: ApiServer, ports: kubelet.Ports, pod: Callable) -> None:
    pod("deaf", "istio-system", {"app": "deaf"})
    with pytest.raises(NotReadyError, match="No port-forward"):
        Tunnel(Official(server.kubeconfig, "stranger"), "istio-system", "deaf", 1).open()
    with pytest.raises(NotReadyError, match="No port-forward"):
        Tunnel(Official(server.kubeconfig, "admin"), "istio-system", "absent", 1).open()
    with pytest.raises(NotReadyError, match="does not answer"):
        TunnelHttp(Tunnel(Official(server.kubeconfig, "admin"), "istio-system", "deaf", 15014)).get("/")


def test_the_gateway_on_localhost_survives_its_pod_and_ends_with_its_lab(
    server: ApiServer,
    ports: kubelet.Ports,
    pod: Callable,
    page: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MESHTUTOR_HOME", str(tmp_path))
    record = Record("default", "context", "admin", "default", made=["port-forward"])
    record.save()
    target: dict[str, Any] = {"kubeconfig": str(server.kubeconfig), "context": "admin", "namespace": "istio-system",
                              "labels": "app=forwarded", "port": 8080}  # fmt: skip
    pod("gateway-1", "istio-system", GATEWAY)
    ports["gateway-1", 8080] = page
    port = forwarder.ensure(record.directory, target)
    try:
        assert requests.get(f"http://127.0.0.1:{port}/productpage", timeout=10).json() == {
            "path": "/productpage"
        }
        assert forwarder.ensure(record.directory, target) == port  # not a second one
        listeners = {
            c.laddr.ip for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.laddr.port == port
        }
        assert listeners == {"127.0.0.1"}
        server.client().delete(kinds.POD, "gateway-1", "istio-system", grace_seconds=0)
        pod("gateway-2", "istio-system", GATEWAY)
        ports["gateway-2", 8080] = page
        assert requests.get(f"http://127.0.0.1:{port}/after", timeout=10).json() == {"path": "/after"}
    finally:
        forwarder.end(record.directory)
    until(lambda: not forwarder.is_running(record.directory), "end of the port-forward")


def test_a_provider_learns_from_istiod_through_the_api_server(
    server: ApiServer,
    istiod: Istiod,
    ports: kubelet.Ports,
    pod: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MESHTUTOR_HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
    kube = server.client()
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    kube.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "reviews", "namespace": "shop"},
                "spec": {"selector": {"app": "reviews"}, "ports": [{"name": "http", "port": 9080}]}})  # fmt: skip
    for old in kube.list(kinds.POD, "istio-system", labels="app=istiod"):
        kube.delete(kinds.POD, old["metadata"]["name"], "istio-system", grace_seconds=0)
    pod("istiod-real", "istio-system", {"app": "istiod"})
    ports["istiod-real", 15014] = istiod.monitoring
    proxy = Proxy(istiod.grpc, "reviews-v1.shop", "10.9.1.1")
    until(lambda: {CDS, RDS} <= set(proxy.received), "a configured proxy")
    provider = ClusterProvider(Record("default", "context", "admin", "shop"))
    assert provider.wait_until_distributed("0", 5).complete
    route = {"route": [{"destination": {"host": "reviews"}}], "timeout": "9s"}
    spec = {"hosts": ["reviews"], "http": [route]}
    rule = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "r"},
        "spec": spec,
    }
    version = str(kube.apply(rule, "shop").object["metadata"]["resourceVersion"])
    answer = provider.wait_until_distributed(version, 10)
    proxy.close()
    assert answer.note == ""
    assert ("reviews-v1.shop", "ACK") in [(ack.proxy, ack.state) for ack in answer.proxies]


def test_an_add_ons_page_is_opened_by_a_port_forward_of_its_own_that_ends_with_the_lab(
    server: ApiServer,
    ports: kubelet.Ports,
    pod: Callable,
    page: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MESHTUTOR_HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
    record = Record("default", "context", "admin", "default", made=["port-forward"])
    record.save()
    spec = {"selector": {"app": "kiali"}, "ports": [{"name": "http", "port": 20001, "targetPort": 20001}]}
    metadata = {"name": "kiali", "namespace": "istio-system"}
    server.client().apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    pod("kiali-1", "istio-system", {"app": "kiali"})
    ports["kiali-1", 20001] = page
    provider = ClusterProvider(record)
    try:
        found = provider.page(ADDONS["kiali"])
        assert found is not None
        assert requests.get(found.url, timeout=10).json() == {"path": "/kiali"}
        assert provider.page(ADDONS["kiali"]) == found  # not a second one
        assert provider.page(ADDONS["grafana"]) is None
    finally:
        forwarder.end_all(record.directory)
        server.client().delete(kinds.SERVICE, "kiali", "istio-system")
    until(lambda: not forwarder.is_running(record.directory, "kiali"), "end of the port-forward")
