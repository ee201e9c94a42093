"""Virtual hosts of sidecars: one for each port of each host, and the domains under which a client finds it.

Names and domains: httproute.go, ISTIO.md 6.2. Istio has a route configuration per port, without ports in domains. Here
all ports share `http_proxy`, so each domain comes with its port, and without one for the port that a bare name means:
80, or the host's first HTTP port where it has no port 80 (in Istio a bare name is always port 80; the study's
`http://reviews` is friendlier than a refused connection).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from envoy.config.route.v3 import route_components_pb2 as route

from meshtutor.embedded.istio import telemetry
from meshtutor.embedded.istio.clusters import BLACK_HOLE, PASSTHROUGH, outbound_name, policy_of
from meshtutor.embedded.istio.hosts import Host, Port
from meshtutor.embedded.istio.routes import destinations, http_rule, matches, retries
from meshtutor.embedded.istio.routes.client import Client
from meshtutor.embedded.istio.rules import VirtualService

DEFAULT_PORT: Final = 80


def of_host(host: Host, port: Port, rules: Iterable[VirtualService], client: Client) -> Any:
    """The virtual host of a port of a service; `rules` as of VirtualServices.for_sidecar."""
    routes = _first_routes(rules, client, port.number)
    domains = with_ports(names_of(host, client.namespace), port.number, bare=host.default_port is port)
    # Rules of which nothing is for this client leave the service as it is (BuildSidecarVirtualHostWrapper).
    out = _virtual_host(f"{host.fqdn}:{port.number}", domains, routes or [default_route(host, port, client)])
    if host.outside:
        out.request_headers_to_remove.append(telemetry.PEER_HEADER)
    return out


def _first_routes(rules: Iterable[VirtualService], client: Client, port: int) -> list[Any]:
    """The routes of the first rule that has any for a client on a port."""
    made = (http_rule.routes_of(rule, client, port) for rule in rules)
    return next((routes for routes in made if routes), [])


def of_unknown_host(name: str, rules: Iterable[VirtualService], client: Client) -> Any | None:
    """The virtual host of a rule's host that no service has; wildcards are served by their suffix."""
    routes = _first_routes(rules, client, DEFAULT_PORT)
    if not routes:
        return None
    return _virtual_host(f"{name}:{DEFAULT_PORT}", with_ports([name], DEFAULT_PORT, bare=True), routes)


def names_of(host: Host, namespace: str) -> list[str]:
    """The names of a host for clients in a namespace, and its addresses."""
    names = [host.fqdn, f"{host.fqdn}."]
    if host.fqdn.startswith(f"{host.name}.{host.namespace}.svc."):
        short = f"{host.name}.{host.namespace}"
        names += [host.name] if host.namespace == namespace else []
        names += [short, f"{short}.svc"]
    return [*names, *host.addresses]


def with_ports(names: Iterable[str], port: int, *, bare: bool) -> list[str]:
    """Each name with its port, and without one if `bare`."""
    return [
        domain for name in names for domain in ((f"{name}:{port}", name) if bare else (f"{name}:{port}",))
    ]


def default_route(host: Host, port: Port, client: Client) -> Any:
    """Where requests go without a VirtualService: to all pods of the service."""
    cluster = outbound_name(port.number, "", host.fqdn)
    out = route.Route(name=http_rule.DEFAULT_NAME, match=matches.route_match(None))
    out.route.cluster = cluster
    out.decorator.operation = f"{host.fqdn}:{port.number}/*"
    http_rule.set_timeout(out.route, None)
    destinations.add_hash_policies(out, policy_of(client.destination_rule(host.fqdn), port.number, ""))
    # Other than a rule's route it avoids pods that failed even with a consistent hash (BuildDefaultHTTPOutboundRoute).
    policy = retries.policy(http_rule.mesh_retries(client.mesh), hashing=False)
    if policy is not None:
        out.route.retry_policy.CopyFrom(policy)
    return out


def of_tunnel(host: Host, port: Port, client: Client) -> Any:
    """The virtual host of a port with TLS: clients ask `http_proxy` for a tunnel (CONNECT) and speak TLS through it.

    Istio tells such hosts apart by the name in the ClientHello and passes bytes on (tls.go in networking/core); here
    the tunnel has the name. Either way no rule for HTTP holds, as nobody on the way sees any.
    """
    domains = with_ports(names_of(host, client.namespace), port.number, bare=False)
    cluster = outbound_name(port.number, "", host.fqdn)
    return _virtual_host(f"{host.fqdn}:{port.number}", domains, [_tunnel(http_rule.DEFAULT_NAME, cluster)])


def _tunnel(name: str, cluster: str) -> Any:
    """A route that ends CONNECT and passes bytes on."""
    out = route.Route(name=name, match=route.RouteMatch(connect_matcher={}))
    out.route.cluster = cluster
    out.route.timeout.SetInParent()
    out.route.upgrade_configs.add(upgrade_type="CONNECT").connect_config.SetInParent()
    return out


def catch_all(*, allow_any: bool) -> Any:
    """The last virtual host: what Istio's outboundTrafficPolicy says of unknown hosts (httproute.go)."""
    if not allow_any:
        every = (route.RouteMatch(connect_matcher={}), matches.route_match(None))
        return _virtual_host("block_all", ["*"], [_refusal(match) for match in every])
    tunnel = _tunnel("allow_any", PASSTHROUGH)
    forward = route.Route(name="allow_any", match=matches.route_match(None))
    forward.route.cluster = PASSTHROUGH
    http_rule.set_timeout(forward.route, None)
    # Nobody outside the mesh needs to know who asks (hosts that are `outside` neither).
    forward.request_headers_to_remove.append(telemetry.PEER_HEADER)
    return _virtual_host("allow_any", ["*"], [tunnel, forward])


def _refusal(match: Any) -> Any:
    out = route.Route(name="block_all", match=match, direct_response={"status": 502})
    out.metadata.CopyFrom(telemetry.passing_by(BLACK_HOLE))
    return out


def _virtual_host(name: str, domains: list[str], routes: list[Any]) -> Any:
    return route.VirtualHost(name=name, domains=domains, routes=routes, include_request_attempt_count=True)
