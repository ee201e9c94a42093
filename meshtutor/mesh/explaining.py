"""`mesh.explain`: the pod's own Envoy is asked for its configuration, the request walked through it, each step named.

Everything is read from the proxy (`/config_dump`, `/clusters`) and from the Kubernetes API, so it is as true on a
real cluster as here. The walk says what the configuration does; it sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from meshtutor.errors import MeshtutorError
from meshtutor.kube import hosts, kinds, objects, reach, rollouts
from meshtutor.kube.client import KubeClient
from meshtutor.kube.target_ports import target_port
from meshtutor.mesh import deciders, unsent
from meshtutor.mesh.deciders import Deciders, Ruling
from meshtutor.mesh.explanation import Decision, Explanation, Lost, Step, fault_text
from meshtutor.mesh.listing import Listing
from meshtutor.mesh.outside import STRANGERS, Outside, strangers, summary
from meshtutor.mesh.provenance import Provenance
from meshtutor.providers.base import GatewayPlace, Provider
from meshtutor.xray import Call, Candidate, Endpoint, Envoy, Result, Target, clusters, virtual_hosts, walk

Object = dict[str, Any]
OWN_GATEWAY: Final = "gateway.networking.k8s.io/gateway-name"
"""The label of pods that were made for one Gateway of the Gateway API."""


def explain(
    provider: Provider, kube: KubeClient, provenance: Provenance, pod: Object, call: Call
) -> Explanation:
    """The way of a call out of a pod, or into a gateway."""
    if not rollouts.has_sidecar(pod):
        raise MeshtutorError(
            f"Pod {objects.name(pod)} has no sidecar: no Envoy decides where its requests go, and no rule holds.",
            f"kubectl label namespace {objects.namespace(pod)} istio-injection=enabled; then mesh.restart()",
        )
    found, place = Deciders(kube.get, provenance), provider.gateway_place
    namespaces = (objects.namespace(pod), provider.namespace, place.namespace)
    listing, at_gateway = Listing(kube, namespaces), _is_gateway(pod, place)
    envoy = Envoy.of(provider.config_dump(pod))
    listener = _listener(envoy, kube, pod, call) if at_gateway else ""
    result = walk(envoy, replace(call, listener=listener))
    names = _names(kube, namespaces) if result.targets else {}
    result = _with_health(result, provider.envoy_admin(pod, "/clusters?format=json"))
    host = virtual_hosts.without_port(call.authority)
    return Explanation(
        call.method,
        f"{call.scheme}://{call.host}:{call.port}{call.path}",
        objects.name(pod),
        result,
        tuple(_steps(result, _Sources(found, Outside(listing), pod, call.host), names)),
        (
            *_lost(result, found),
            *unsent.lost(result, found, listing, pod, host, at_gateway=at_gateway),
        ),
        dict(call.headers),
    )


def gateway_pod(kube: KubeClient, place: GatewayPlace) -> Object:
    """A pod of the ingress gateway in use, ready ones first; a cluster may have gateways of other people's."""
    pods = kube.list(kinds.POD, place.namespace, place.labels)
    if not pods:
        raise MeshtutorError(
            f"No pod in {place.namespace} has the labels {place.labels}: the gateway is gone.",
            f"kubectl -n {place.namespace} get pods -l {place.labels}; meshtutor status",
        )
    return min(pods, key=lambda pod: not rollouts.is_ready(pod))


def _is_gateway(pod: Object, place: GatewayPlace) -> bool:
    labels = objects.labels(pod)
    wanted = dict(pair.split("=", 1) for pair in place.labels.split(","))
    return (
        objects.namespace(pod) == place.namespace and wanted.items() <= labels.items()
    ) or OWN_GATEWAY in labels


def _names(kube: KubeClient, namespaces: Iterable[str]) -> dict[str, str]:
    """The names of pods by their addresses, as far as they may be read."""
    pods, _ = reach.list_everywhere(kube, kinds.POD, namespaces)
    return {str(objects.status(one).get("podIP")): objects.name(one) for one in pods}


def _listener(envoy: Envoy, kube: KubeClient, pod: Object, call: Call) -> str:
    """Of a gateway, the listener behind its Service's port of the scheme; "" where the walk finds it itself."""
    wanted = 443 if call.scheme == "https" else 80
    for service in kube.list(kinds.SERVICE, objects.namespace(pod)):
        selector = objects.spec(service).get("selector") or {}
        if not selector or not selector.items() <= objects.labels(pod).items():
            continue
        targets = [target_port(p, [pod]) for p in objects.spec(service)["ports"] if p["port"] == wanted]
        return next((name for name in envoy.listeners if targets and name.endswith(f"_{targets[0]}")), "")
    return ""


@dataclass(frozen=True)
class _Sources:
    """Who may have decided: rules, objects about hosts outside; and for whom: the pod that calls a host."""

    rules: Deciders
    outside: Outside
    pod: Object
    host: str

    def decision(self, place: tuple[Object, str] | None) -> Decision | None:
        return self.rules.decision(*place) if place else None


def _steps(result: Result, sources: _Sources, pods: Mapping[str, str]) -> Iterator[Step]:
    chosen, found = result.chosen, sources.rules
    ruling = found.ruling(chosen, result) if chosen else Ruling()
    if result.listener:
        yield Step("listener", result.listener)
    if result.virtual_host:
        first = next((c.root_config or c.config for c in result.candidates if c.config), "")
        yield _virtual_host(result, sources, ruling.owner or found.made_by(first))
    if result.virtual_host in STRANGERS and (sidecar := sources.outside.sidecar(sources.pod)):
        known = sources.outside.host(sources.host) or _service(sources, sources.host)
        path, said = strangers(sidecar, known=bool(known))
        yield Step("sidecar", said, found.decision(sidecar, path))
    if chosen and result.as_bytes:
        yield Step("filter chain", f"{chosen.reason}: bytes are passed on", found.decision(*ruling.condition))
    elif chosen:
        yield from _route(chosen, found, ruling)
    yield from _answers(result, found, ruling)
    for target in result.targets:
        yield from _cluster(target, sources, ruling, pods, _without(result))
    if result.targets and not result.as_bytes:
        yield from _policies(result, found, ruling)
    if result.error:
        yield Step("ends here", result.error)


def _route(chosen: Candidate, found: Deciders, ruling: Ruling) -> Iterator[Step]:
    if ruling.root:
        path = f"{deciders.rule_only(ruling.root_place)}.delegate"
        yield Step("delegate", _named(ruling.service), found.decision(ruling.root, path))
    name = f"{chosen.name}: " if chosen.name else ""
    yield Step("route", f"{name}{chosen.reason}", found.decision(*ruling.condition))


def _answers(result: Result, found: Deciders, ruling: Ruling) -> Iterator[Step]:
    """What the proxy does before, or instead of, sending the request on."""
    if result.fault:
        yield Step("fault", fault_text(result.fault), found.decision(*ruling.field("fault")))
    if result.redirect:
        yield Step("redirect", result.redirect, found.decision(*ruling.field("redirect")))
    elif result.status and not result.error:
        yield Step("answer", f"status {result.status}", found.decision(*ruling.field("directResponse")))


def _named(service: Object | None) -> str:
    return f"{objects.namespace(service)}/{objects.name(service)}" if service else "not there any more"


def _virtual_host(result: Result, sources: _Sources, service: Object | None) -> Step:
    fqdn = result.virtual_host.rpartition(":")[0] or result.virtual_host
    what = f"{result.virtual_host} (as {result.domain})"
    if service is not None:
        return Step("virtual host", what, sources.rules.decision(service, deciders.host_path(service, fqdn)))
    namespace = next((target.namespace for target in result.targets), "")
    owner = _service(sources, fqdn)
    brought = None if owner else sources.outside.host(fqdn, namespace)
    return Step("virtual host", what, sources.rules.decision(owner) or sources.decision(brought))


def _service(sources: _Sources, fqdn: str) -> Object | None:
    """The Service of a name: a whole one, or the short one by which a pod of its namespace calls it."""
    full = hosts.full(fqdn, objects.namespace(sources.pod))
    name, _, rest = full.partition(".")
    if not rest.endswith(deciders.DOMAIN):
        return None
    return sources.rules.get(kinds.SERVICE, name, rest.partition(".")[0])


def _without(result: Result) -> tuple[str, str]:
    """What Envoy does where a cluster does not exist, and where it has no endpoint.

    For an HTTPRoute a missing cluster is answered with 500, as the Gateway API asks.
    """
    if result.as_bytes:
        return "the connection is closed", "the connection is closed"
    code = ((result.details or {}).get("route") or {}).get("cluster_not_found_response_code", "")
    return f"{500 if code == 'INTERNAL_SERVER_ERROR' else 503}, NC", "503 (UH)"


def _cluster(
    target: Target, sources: _Sources, ruling: Ruling, pods: Mapping[str, str], without: tuple[str, str]
) -> Iterator[Step]:
    """A cluster and what is behind it; `without`: what becomes of calls where it, or its endpoints, are not there."""
    found, service, rule = sources.rules, ruling.service, ruling.rule
    path = deciders.destination_path(service, rule, target.cluster) if service and rule else ""
    missing = "" if target.exists else f"  (does not exist: {without[0]})"
    yield Step("cluster", f"{target.share:g} %  {target.cluster}{missing}", found.decision(service, path))
    _, _, subset, fqdn = deciders.parts(target.cluster)
    if not fqdn.endswith(deciders.DOMAIN) and (brought := sources.outside.host(fqdn, target.namespace)):
        yield Step("service entry", summary(brought[0]), sources.decision(brought))
    if made := found.made_by(target.config):
        yield Step("subset" if subset else "policy", subset or made["metadata"]["name"],
                   found.decision(made, deciders.subset_path(made, subset)))  # fmt: skip
    elif subset:
        yield Step("subset", f"{subset}: no DestinationRule defines it")
    if target.exists and not target.endpoints and target.kind in ("EDS", "STATIC"):
        yield Step("endpoint", f"none: {without[1]}")
    for endpoint in target.endpoints:
        yield _endpoint(endpoint, target, fqdn, sources, pods)


def _endpoint(
    endpoint: Endpoint, target: Target, fqdn: str, sources: _Sources, pods: Mapping[str, str]
) -> Step:
    """An endpoint; one that is neither a pod nor of a Service is somewhere written down."""
    address = endpoint.address.rpartition(":")[0]
    name = pods.get(address) or endpoint.name or endpoint.workload
    later = f"priority {endpoint.priority}" if endpoint.priority else ""
    parts = (endpoint.address, name, endpoint.health.lower(), endpoint.locality, later)
    what = "  ".join(part for part in parts if part)
    if target.kind == clusters.FORWARD_PROXY:
        what = f"{endpoint.address}  looked up for each request"
    if not fqdn or (address in pods and fqdn.endswith(deciders.DOMAIN)):
        return Step("endpoint", what)
    place = sources.outside.endpoint(fqdn, target.namespace, endpoint.name or address)
    return Step("endpoint", what, sources.decision(place))


def _policies(result: Result, found: Deciders, ruling: Ruling) -> Iterator[Step]:
    """What holds for the request on its way: paths, timeouts, retries, mirrors; defaults are named as such."""
    rewrite = found.decision(*ruling.field("rewrite")) if ruling.rule else None
    if rewrite and rewrite.path:
        yield Step("rewrite", f"{result.authority}{result.path}", rewrite)
    for step, said in (("timeout", _timeout(result)), ("retries", _retries(result.retries))):
        by = found.decision(*ruling.field(step)) if ruling.rule else None
        decided = by if by and by.path else None
        yield Step(step, said if decided else f"{said} (the default)", decided)
    for cluster, share in result.mirrors:
        by = next(
            (d for f in ("mirrors", "mirror") if (d := found.decision(*ruling.field(f))) and d.path), None
        )
        yield Step("mirror", f"{share:g} %  {cluster}", by)


def _timeout(result: Result) -> str:
    return f"{result.timeout:g} s" if result.timeout else "none"


def _retries(retries: Mapping[str, Any]) -> str:
    if not retries.get("attempts"):
        return "none"
    each = f", {retries['per_try_timeout']:g} s each" if retries.get("per_try_timeout") else ""
    codes = ",".join(map(str, retries.get("codes", ())))
    return f"{retries['attempts']}{each}, on {retries['on']}" + (f" {codes}" if codes else "")


def _lost(result: Result, found: Deciders) -> Iterator[Lost]:
    for candidate in (*result.lost, *result.later):
        ruling = found.ruling(candidate, result)
        name = candidate.name or ruling.place.removeprefix("spec.") or candidate.config.rpartition("/")[2]
        yield Lost(name, candidate.reason, found.decision(*ruling.condition))


def _with_health(result: Result, page: Mapping[str, Any]) -> Result:
    """The targets with the endpoints that Envoy has in fact, each with its health as Envoy sees it."""
    clusters = {one["name"]: one.get("host_statuses", ()) for one in page.get("cluster_statuses", ())}
    healed = tuple(replace(target, endpoints=tuple(_endpoints(target, clusters.get(target.cluster, ()))))
                   for target in result.targets)  # fmt: skip
    return replace(result, targets=healed)


def _endpoints(target: Target, statuses: Any) -> Iterator[Endpoint]:
    """The endpoints that Envoy has; names without an address as yet are among those that it was told."""
    known = {endpoint.address: endpoint for endpoint in target.endpoints}
    seen = set()
    for host in () if target.kind == clusters.FORWARD_PROXY else statuses:
        socket = (host.get("address") or {}).get("socket_address") or {}
        port = socket.get("port_value", "?")
        address, named = f"{socket.get('address', '?')}:{port}", f"{host.get('hostname', '')}:{port}"
        key = named if named in known else address
        seen.add(key)
        endpoint = known.get(key, Endpoint(address))
        yield replace(endpoint, address=address, health=_health(host.get("health_status") or {}))
    lost = "NO ADDRESS IS KNOWN" if target.kind in clusters.LOOKED_UP else ""
    for key, endpoint in known.items():
        if key not in seen:
            yield replace(endpoint, health=lost or endpoint.health)


def _health(status: Mapping[str, Any]) -> str:
    if status.get("failed_outlier_check"):
        return "EJECTED (outlier detection)"
    if status.get("failed_active_health_check"):
        return "FAILS its health check"
    return str(status.get("eds_health_status", "HEALTHY"))
