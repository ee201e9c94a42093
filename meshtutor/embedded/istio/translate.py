"""What each proxy shall have: the whole of translation, put together.

Cost follows change. Each resource is built from a few inputs (a host, the rule that applies, its endpoints) and kept
in a `Memo` while they stay the same; each table of resources likewise, from the indices of the snapshot. Proxies of
one `Scope` share tables, so a rule that touches one host rebuilds one virtual host, once, however many proxies there
are. A route configuration is joined from virtual hosts that are serialised already.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from envoy.config.route.v3 import route_pb2

from meshtutor.embedded.istio import (
    client_tls,
    clusters,
    consistency,
    credentials,
    endpoints,
    gateway_routes,
    gateway_servers,
    gateways,
    inbound,
    listeners,
)
from meshtutor.embedded.istio.clusters import Reader, Target
from meshtutor.embedded.istio.destination_rules import DestinationRule
from meshtutor.embedded.istio.endpoints import Group
from meshtutor.embedded.istio.gateway_bytes import Passing
from meshtutor.embedded.istio.hosts import Host, Port
from meshtutor.embedded.istio.memo import Memo
from meshtutor.embedded.istio.policy import locality
from meshtutor.embedded.istio.proxy import Labels, Proxy, place_of, scope_of
from meshtutor.embedded.istio.reading import boolean, uint32
from meshtutor.embedded.istio.reporting.reports import Reports
from meshtutor.embedded.istio.routes import redirects, virtual_hosts
from meshtutor.embedded.istio.routes.client import Client
from meshtutor.embedded.istio.rules import MESH, VirtualService
from meshtutor.embedded.istio.snapshot import Snapshot
from meshtutor.embedded.xds.resource import (
    CDS,
    EDS,
    LDS,
    RDS,
    SDS,
    Configuration,
    Resource,
    Resources,
    pack,
    pack_bytes,
)
from meshtutor.embedded.xds.wire import field_tag, repeated
from meshtutor.kube import kinds

_VIRTUAL_HOSTS = field_tag(route_pb2.RouteConfiguration.DESCRIPTOR.fields_by_name["virtual_hosts"].number)


class Translator:
    """Snapshots to configurations. One per control plane, as it holds what may be used again."""

    def __init__(self) -> None:
        self.memo = Memo()

    def configuration(self, proxy: Proxy, snapshot: Snapshot) -> Configuration:
        """All that a proxy shall have; equal tables are the same object as last time. Raises InconsistentError."""
        view = _View(self.memo, proxy, snapshot)
        found = {CDS: view.clusters(), EDS: view.endpoints(), LDS: view.listeners(), RDS: view.routes()}
        found[SDS] = view.secrets()
        self.memo.get(("consistent", proxy.name), tuple(found.values()), partial(consistency.check, found))
        return found

    def forget(self, proxy: str) -> None:
        """A proxy is gone: drop what was built for it alone."""
        self.memo.forget(lambda slot: slot[1] == proxy)


class _View:
    """One proxy's sight of one snapshot."""

    def __init__(self, memo: Memo, proxy: Proxy, snapshot: Snapshot) -> None:
        self._memo, self._proxy, self._snapshot = memo, proxy, snapshot
        self._mesh = snapshot.mesh
        self._sidecar = None if proxy.router else snapshot.sidecar_of(proxy.workload)
        key = self._sidecar.key if self._sidecar else None
        self._scope = scope_of(proxy, snapshot.label_keys, sidecar=key)
        self._hosts = snapshot.registry.seen_from(proxy.namespace, self._sidecar)
        self._client = Client(
            namespace=proxy.namespace,
            labels=dict(self._scope.labels),
            gateways=frozenset() if proxy.router else frozenset({MESH}),
            hosts=self._hosts,
            rules=snapshot.destination_rules,
            mesh=self._mesh,
        )

    def clusters(self) -> Resources:
        """CDS: shared outbound clusters, those with names of endpoints, and those in front of the proxy's own app."""
        snapshot = self._snapshot
        inputs = (self._hosts, snapshot.destination_rules, snapshot.service_accounts, self._mesh)
        inputs += self._narrowed()
        shared = self._memo.get(("clusters", self._scope), inputs, self._outbound_clusters)
        slot = ("named clusters", self._scope, place_of(self._proxy, self._place_keys()))
        named = self._memo.get(slot, (*inputs, snapshot.looked_up), self._named_clusters)
        received = tuple(self._rule_as_receiver(port.host) for port in self._ports())
        own = self._memo.get(
            ("own clusters", self._proxy.name), (self._proxy, self._ports(), self._mesh, received), self._own
        )
        whole = (shared, named, own)
        return self._memo.get(("cds", self._proxy.name), whole, lambda: {**shared, **named, **own})

    def endpoints(self) -> Resources:
        """EDS: the endpoints of every outbound cluster that asks for them."""
        snapshot = self._snapshot
        inputs = (self._hosts, snapshot.destination_rules, snapshot.endpoints, self._mesh.locality)
        inputs += self._narrowed()
        # Only where some rule orders endpoints by place do proxies of one scope differ.
        slot = ("endpoints", self._scope, place_of(self._proxy, self._place_keys()))
        return self._memo.get(slot, inputs, self._assignments)

    def listeners(self) -> Resources:
        """LDS: all of them are the proxy's own, as they have its address."""
        bound = tuple(self._bound())
        inputs = (self._proxy, self._ports(), bound, self._mesh, self._reports())
        if not all(one.carries_requests for one in bound):
            inputs += self._rules()  # routes of bytes are in the listener itself
        return self._memo.get(("listeners", self._proxy.name), inputs, self._listeners)

    def routes(self) -> Resources:
        """RDS: of a sidecar's outbound listener, or of a gateway's."""
        rules = self._rules()
        if self._proxy.router:
            bound = tuple(self._bound())
            return self._memo.get(("gateway routes", self._scope), (bound, *rules), self._gateway_routes)
        return self._memo.get(("routes", self._scope), (*rules, *self._narrowed()), self._sidecar_routes)

    def _rules(self) -> tuple[Any, ...]:
        """What routes are made from."""
        snapshot = self._snapshot
        return self._hosts, snapshot.virtual_services, snapshot.destination_rules, self._mesh

    def secrets(self) -> Resources:
        """SDS: what listeners and clusters ask for by a `credentialName`, from Secrets of the proxy's own namespace."""
        snapshot = self._snapshot
        inputs = (self._hosts, snapshot.destination_rules, *self._narrowed())
        named = self._memo.get(("cluster secrets", self._scope), inputs, self._cluster_secrets)
        names = tuple(dict.fromkeys((*gateway_servers.secret_names(self._bound()), *named)))
        there, namespace = self._snapshot.table(kinds.SECRET), self._proxy.namespace
        held = tuple(credentials.find(name, namespace, there) for name in names)
        build = partial(credentials.resources, names, namespace, there)
        return self._memo.get(("secrets", self._proxy.name), (names, held), build)

    def _visible_hosts(self) -> Iterator[Host]:
        namespace, sidecar = self._scope.namespace, self._sidecar
        shown = (host for host in self._hosts.values() if host.visible_from(namespace))
        if sidecar is None:
            return shown
        led_to = self._destinations_of_rules()
        return (host for host in shown if sidecar.sees(host, namespace) or host.fqdn in led_to)

    def _destinations_of_rules(self) -> frozenset[str]:
        """Where the VirtualServices lead that this proxy knows: it knows these hosts, too (sidecar.go)."""
        services = self._snapshot.virtual_services
        rules = (rule for host in services.mesh_hosts() for rule in self._rules_for(host))
        return frozenset(name for rule in rules for name in rule.destination_hosts)

    def _rules_for(self, fqdn: str) -> tuple[VirtualService, ...]:
        """The VirtualServices that this proxy may follow for a host, the first that says something to it counts."""
        services, namespace = self._snapshot.virtual_services, self._scope.namespace
        if (sidecar := self._sidecar) is None:
            return services.for_sidecar(fqdn, namespace)
        return services.for_sidecar(fqdn, namespace, lambda rule: sidecar.follows(rule, namespace))

    def _narrowed(self) -> tuple[Any, ...]:
        """What the choice of hosts depends on beside the hosts: nothing without a Sidecar."""
        return (self._sidecar, self._snapshot.virtual_services) if self._sidecar else ()

    def _targets(self) -> Iterator[tuple[Target, DestinationRule | None]]:
        for host in self._visible_hosts():
            rule = self._client.destination_rule(host.fqdn)
            for target in clusters.targets(host, rule):
                yield target, rule

    def _outbound_clusters(self) -> Resources:
        """Clusters that are the same for every proxy of the scope."""
        targets = ((target, rule) for target, rule in self._targets() if not target.host.looked_up)
        return {target.name: self._cluster(target, rule) for target, rule in targets}

    def _named_clusters(self) -> Resources:
        """Clusters that hold their endpoints, in this proxy's order; one without any is left out, as in Istio."""
        found = {}
        for target, rule in self._targets():
            if target.host.looked_up and (groups := self._arranged(target, rule)):
                found[target.name] = self._cluster(target, rule, groups)
        return found

    def _cluster(
        self, target: Target, rule: DestinationRule | None, groups: tuple[Group, ...] = ()
    ) -> Resource:
        held = self._snapshot.service_accounts.get(target.host.key, ())
        reader = Reader(private=self._reads_secrets_of(rule), router=self._scope.router)
        inputs = (target.host, target.port, rule, held, self._mesh, groups)
        place = place_of(self._proxy, _order(target, rule, self._mesh.locality).keys) if groups else ()
        slot = ("cluster", target.name, rule and (rule.namespace, rule.name), reader, place)
        build = partial(clusters.outbound, target, rule, held, self._mesh, reader=reader, groups=groups)
        return self._memo.get(slot, inputs, build)

    def _arranged(self, target: Target, rule: DestinationRule | None) -> tuple[Group, ...]:
        """The endpoints of a target whose endpoints have names."""
        order = _order(target, rule, self._mesh.locality)
        held = self._snapshot.looked_up.get(target.host.key, endpoints.NO_ENDPOINTS)
        groups = endpoints.by_place(
            held.of_service_port(target.port.number, clusters.labels_of(rule, target))
        )
        return tuple(locality.arrange(groups, order, dict(place_of(self._proxy, order.keys))))

    def _cluster_secrets(self) -> tuple[str, ...]:
        """The names of the secrets that outbound clusters ask for."""
        policies = (clusters.policy_of(rule, target.port.number, target.subset)
                    for target, rule in self._targets() if self._reads_secrets_of(rule))  # fmt: skip
        return tuple(name for policy in policies for name in client_tls.secret_names(policy.get("tls") or {}))

    def _reads_secrets_of(self, rule: DestinationRule | None) -> bool:
        """Whether this proxy is one to which a rule's credentials are given: a gateway, or one that it selects."""
        named = rule is not None and client_tls.names_credentials(rule)
        return named and (self._scope.router or (rule is not None and rule.selector is not None))

    def _place_keys(self) -> frozenset[str]:
        """The labels of proxies by which some cluster's endpoints are ordered."""
        default, inputs = self._mesh.locality, (self._hosts, self._snapshot.destination_rules)
        build = partial(self._keys_in_use, default)
        return self._memo.get(("place keys", self._scope), (*inputs, default), build)

    def _keys_in_use(self, default: locality.Setting) -> frozenset[str]:
        return frozenset(
            key for target, rule in self._targets() for key in _order(target, rule, default).keys
        )

    def _assignments(self) -> Resources:
        sets, default = self._snapshot.endpoints, self._mesh.locality
        found = {}
        for target, rule in self._targets():
            if target.host.looked_up or (target.host.forwarded and not self._scope.router):
                continue
            held = sets.get(target.host.key, endpoints.NO_ENDPOINTS)
            place = place_of(self._proxy, _order(target, rule, default).keys)
            slot = ("assignment", target.name, rule and (rule.namespace, rule.name), place)
            build = partial(_assignment, target, rule, held, default, place)
            found[target.name] = self._memo.get(slot, (target.host, target.port, rule, held, default), build)
        return found

    def _ports(self) -> tuple[inbound.InboundPort, ...]:
        """The inbound ports of a sidecar; a gateway has none."""
        if self._proxy.router:
            return ()
        workload = self._proxy.workload
        hosts = self._snapshot.hosts_by_namespace.get(workload.namespace, ())
        return self._memo.get(
            ("ports", self._proxy.name), (workload, hosts), partial(inbound.ports_of, workload, hosts)
        )

    def _bound(self) -> list[gateway_servers.BoundServer]:
        """The servers of a gateway; a sidecar has none."""
        if not self._proxy.router:
            return []
        hosts = self._snapshot.hosts_by_namespace.get(self._proxy.namespace, ())
        build = partial(gateway_servers.bound_servers, self._proxy, self._snapshot.gateways, hosts)
        return self._memo.get(
            ("bound", self._proxy.name), (self._proxy, self._snapshot.gateways, hosts), build
        )

    def _reports(self) -> Reports:
        """What the proxy reports of requests."""
        workload = self._proxy.workload
        applying = self._snapshot.telemetries.applying(workload)
        inputs = (workload, applying, self._mesh, self._snapshot.collectors)
        return self._memo.get(("reports", self._proxy.name), inputs, partial(Reports, *inputs))

    def _own(self) -> Resources:
        mesh = self._mesh
        own = [clusters.black_hole(mesh)]
        if not self._proxy.router:
            own.append(clusters.passthrough(mesh))
        own += [self._inbound_cluster(port) for port in self._ports()]
        return {cluster.name: cluster for cluster in own}

    def _inbound_cluster(self, port: inbound.InboundPort) -> Resource:
        rule = self._rule_as_receiver(port.host)
        return clusters.inbound(
            port.number,
            self._proxy.app,
            port.host,
            port.protocol,
            self._mesh,
            policy=clusters.policy_of(rule, port.service_port, ""),
            config=rule.config_path if rule and rule.policy else "",
        )

    def _rule_as_receiver(self, host: Host | None) -> DestinationRule | None:
        """The DestinationRule that holds for this proxy's pod when it is called; one of a host that it can see."""
        namespace = self._scope.namespace
        if host is None or self._hosts.get(host.fqdn) is not host:
            return None
        if self._sidecar and not self._sidecar.sees(host, namespace):
            return None
        return self._snapshot.destination_rules.for_receiver(host.fqdn, host.namespace)

    def _listeners(self) -> Resources:
        if self._proxy.router:
            services = self._snapshot.virtual_services
            passing = Passing(services, self._client, self._reports().passed_connections())
            built = list(gateways.listeners(self._proxy, self._bound(), self._reports(), passing))
        else:
            built = [listeners.outbound(self._proxy, self._reports())]
            built += [
                inbound.listener(self._proxy, port, self._mesh, self._reports()) for port in self._ports()
            ]
        return {listener.name: listener for listener in built}

    def _gateway_routes(self) -> Resources:
        services = self._snapshot.virtual_services
        shared = gateway_routes.by_name(self._bound())
        built = [gateway_routes.routes(name, bound, services, self._client) for name, bound in shared.items()]
        return {routes.name: routes for routes in built}

    def _sidecar_routes(self) -> Resources:
        parts = [
            self._virtual_host(host, port)
            for host in self._visible_hosts()
            for port in host.ports
            if port.is_http or port.is_tls
        ]
        parts += self._unknown_hosts()
        own = self._sidecar.allow_any if self._sidecar else None
        allow_any = self._mesh.allow_any if own is None else own
        parts.append(self._memo.get(("catch all", allow_any), (), partial(_catch_all, allow_any)))
        name = listeners.ROUTE_NAME
        # Istio sets ignore_port_in_host_matching, which would make every domain that names its port unreachable.
        head = route_pb2.RouteConfiguration(
            name=name,
            validate_clusters=boolean(False),
            max_direct_response_body_size_bytes=uint32(redirects.LARGEST_BODY),
        )
        content = head.SerializeToString() + repeated(_VIRTUAL_HOSTS, parts)
        return {name: pack_bytes(RDS, name, content)}

    def _virtual_host(self, host: Host, port: Port) -> bytes:
        rules = self._rules_for(host.fqdn)
        inputs = (host, port, rules, self._mesh, *self._referred(host.fqdn, rules))
        build = partial(_serialised_host, host, port, rules, self._client)
        return self._memo.get(("virtual host", self._scope, host.fqdn, port.number), inputs, build)

    def _referred(self, fqdn: str, rules: tuple[VirtualService, ...]) -> Iterator[Any]:
        """The hosts and DestinationRules that the routes of a host depend on."""
        for name in sorted({fqdn}.union(*(rule.destination_hosts for rule in rules))):
            yield self._client.hosts.get(name)
            yield self._client.destination_rule(name)

    def _unknown_hosts(self) -> list[bytes]:
        """Virtual hosts for rules about hosts that no service has; names of services are taken already."""
        services, namespace = self._snapshot.virtual_services, self._scope.namespace
        built = []
        for name in services.mesh_hosts():
            taken = name in self._hosts or name in self._snapshot.names_in(namespace)
            if taken or name == "*":  # `*` is refused for the mesh; the catch-all has that domain
                continue
            if virtual_host := virtual_hosts.of_unknown_host(name, self._rules_for(name), self._client):
                built.append(virtual_host.SerializeToString(deterministic=True))
        return built


def _order(target: Target, rule: DestinationRule | None, default: locality.Setting) -> locality.Order:
    policy = clusters.policy_of(rule, target.port.number, target.subset)
    return locality.order_of(policy, target.host.distribution, default)


def _assignment(
    target: Target,
    rule: DestinationRule | None,
    held: endpoints.EndpointSet,
    default: locality.Setting,
    place: Labels,
) -> Resource:
    groups = endpoints.by_place(held.select(target.port.name, clusters.labels_of(rule, target)))
    arranged = locality.arrange(groups, _order(target, rule, default), dict(place))
    return pack(endpoints.load_assignment(target.name, arranged))


def _serialised_host(host: Host, port: Port, rules: tuple[VirtualService, ...], client: Client) -> bytes:
    if port.is_tls:
        return bytes(virtual_hosts.of_tunnel(host, port, client).SerializeToString(deterministic=True))
    return bytes(virtual_hosts.of_host(host, port, rules, client).SerializeToString(deterministic=True))


def _catch_all(allow_any: bool) -> bytes:
    return bytes(virtual_hosts.catch_all(allow_any=allow_any).SerializeToString(deterministic=True))
