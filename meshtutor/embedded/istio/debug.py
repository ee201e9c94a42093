"""istiod's HTTP pages: readiness, debug pages and metrics (pilot/pkg/xds/debug.go; ports as istiod's).

    :8080   /ready   /debug/syncz   /debug/config_dump?proxyID=POD.NAMESPACE
            /debug/distribution?resourceVersion=N[&since=M][&timeout=SECONDS]
    :15014  /metrics   /version

`/debug/distribution` is this project's: it answers when all proxies concerned by the store's revision N have
acknowledged or refused it. With `since` it reports on every change after revision M.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from google.protobuf.json_format import MessageToDict
from prometheus_client import CONTENT_TYPE_LATEST

from meshtutor.embedded.istio.metrics import exposition
from meshtutor.embedded.network import ISTIOD_HTTP_PORT, ISTIOD_MONITORING_PORT
from meshtutor.embedded.xds.resource import CDS, EDS, LDS, RDS, Configuration

if TYPE_CHECKING:
    from meshtutor.embedded.istio.pilot import Pilot

VERSION: Final = "1.30.3"
"""The Istio version whose behaviour is the model."""

_MESSAGES: Final = {
    CDS: cluster_pb2.Cluster,
    EDS: endpoint_pb2.ClusterLoadAssignment,
    LDS: listener_pb2.Listener,
    RDS: route_pb2.RouteConfiguration,
}
_MAX_TIMEOUT: Final = 300.0
_USAGE: Final = "resourceVersion=N is required; since=M and timeout=SECONDS are optional\n"


class Pages:
    """The pages of one control plane on one address."""

    def __init__(self, pilot: Pilot) -> None:
        self._pilot = pilot
        self._runners: list[web.AppRunner] = []

    async def open(self, address: str) -> None:
        """Listen on the address, with both of istiod's ports."""
        for port, routes in ((ISTIOD_HTTP_PORT, self._debug()), (ISTIOD_MONITORING_PORT, self._monitoring())):
            app = web.Application()
            app.add_routes(routes)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            self._runners.append(runner)
            await web.TCPSite(runner, address, port).start()

    async def close(self) -> None:
        """Stop listening."""
        while self._runners:
            await self._runners.pop().cleanup()

    def _debug(self) -> list[web.RouteDef]:
        return [
            web.get("/ready", self._ready),
            web.get("/debug/syncz", self._syncz),
            web.get("/debug/config_dump", self._config_dump),
            web.get("/debug/distribution", self._distribution),
        ]

    def _monitoring(self) -> list[web.RouteDef]:
        return [web.get("/metrics", self._metrics), web.get("/version", self._version)]

    async def _ready(self, _: web.Request) -> web.Response:
        return web.Response(status=200 if self._pilot.is_ready else 503)

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"version": VERSION, "git_tag": VERSION, "golang_version": "", "status": "meshtutor"}
        )

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(
            body=exposition(self._pilot.registries), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def _syncz(self, _: web.Request) -> web.Response:
        rows = []
        for name, connection in sorted(self._pilot.discovery.connections.items()):
            proxy = self._pilot.proxy(name)
            state = "SYNCED" if connection.idle else "STALE"
            rows.append(
                {
                    "cluster_id": "Kubernetes",
                    "proxy": name,
                    "proxy_type": "router" if proxy.router else "sidecar",
                    "istio_version": VERSION,
                    "state": state,
                    "version": connection.version,
                    "rejections": connection.rejections,
                }
            )
        return web.json_response(rows)

    async def _config_dump(self, request: web.Request) -> web.Response:
        name = request.query.get("proxyID", "")
        connection = self._pilot.discovery.connections.get(name)
        if connection is None:
            known = ", ".join(sorted(self._pilot.discovery.connections))
            return web.Response(status=404, text=f"Proxy {name!r} is not connected. Connected: {known}\n")
        wanted = {type_url: s.wanted for type_url, s in connection.subscriptions.items()}
        return web.json_response(config_dump(wanted))

    async def _distribution(self, request: web.Request) -> web.Response:
        try:
            revision = int(request.query["resourceVersion"])
            since = int(request.query["since"]) if "since" in request.query else None
            timeout = min(float(request.query.get("timeout", "10")), _MAX_TIMEOUT)
        except (KeyError, ValueError):
            return web.Response(
                status=400, text="resourceVersion=N is required; since=M and timeout=SECONDS are optional\n"
            )
        return web.json_response(await self._pilot.distributed(revision, timeout, since))


def config_dump(configuration: Configuration) -> dict[str, Any]:
    """A configuration in the shape of Envoy's /config_dump?include_eds, as far as `xray` reads it."""

    def each(type_url: str) -> list[tuple[str, dict[str, Any]]]:
        kind = _MESSAGES[type_url]
        return [
            (resource.version, {"@type": type_url, **_plain(resource.message(kind))})
            for resource in configuration.get(type_url, {}).values()
        ]

    prefix = "type.googleapis.com/envoy.admin.v3."
    return {
        "configs": [
            {"@type": f"{prefix}ClustersConfigDump",
             "dynamic_active_clusters": [{"version_info": v, "cluster": c} for v, c in each(CDS)]},
            {"@type": f"{prefix}EndpointsConfigDump",
             "dynamic_endpoint_configs": [{"version_info": v, "endpoint_config": e} for v, e in each(EDS)]},
            {"@type": f"{prefix}ListenersConfigDump",
             "dynamic_listeners": [
                 {"name": n["name"], "active_state": {"version_info": v, "listener": n}} for v, n in each(LDS)]},
            {"@type": f"{prefix}RoutesConfigDump",
             "dynamic_route_configs": [{"version_info": v, "route_config": r} for v, r in each(RDS)]},
        ]
    }  # fmt: skip


def _plain(message: Any) -> dict[str, Any]:
    plain: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return plain
