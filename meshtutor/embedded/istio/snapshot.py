"""A snapshot: all objects that the control plane reads, at one revision of the store. Never changed.

`evolve` makes the next snapshot from events. Objects are read into small values when they arrive, and the indices over
them are made when first asked for and carried over while their kinds do not change, so an event costs what it touches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from meshtutor.embedded.api import Event
from meshtutor.embedded.istio import (
    credentials,
    delegates,
    destination_rules,
    endpoints,
    gateway_objects,
    mesh_config,
    rules,
    service_entries,
    sidecars,
    workload_entries,
    workloads,
)
from meshtutor.embedded.istio.endpoints import EndpointSet
from meshtutor.embedded.istio.gateway_api import conversion
from meshtutor.embedded.istio.gateway_api import objects as gateway_api
from meshtutor.embedded.istio.gateway_api.world import World
from meshtutor.embedded.istio.hosts import Host, distribution_of, host_of_service
from meshtutor.embedded.istio.reading import Key, Object, key_of, labels_of
from meshtutor.embedded.istio.registry import Machines, Registry, endpoints_of
from meshtutor.embedded.istio.reporting import objects, reports
from meshtutor.embedded.istio.routes import virtual_hosts
from meshtutor.embedded.istio.workloads import Workload
from meshtutor.kube import kinds
from meshtutor.kube.kinds import Kind

WATCHED: Final = (
    kinds.NAMESPACE, kinds.NODE, kinds.POD, kinds.SERVICE, kinds.ENDPOINT_SLICE, kinds.CONFIG_MAP,
    kinds.SECRET, kinds.VIRTUAL_SERVICE, kinds.DESTINATION_RULE, kinds.GATEWAY, kinds.TELEMETRY,
    kinds.SERVICE_ENTRY, kinds.WORKLOAD_ENTRY, kinds.SIDECAR,
    kinds.GATEWAY_CLASS, kinds.KUBERNETES_GATEWAY, kinds.HTTP_ROUTE, kinds.REFERENCE_GRANT,
)  # fmt: skip

_READ: Final[Mapping[Kind, Callable[[Object], Any]]] = {
    kinds.SERVICE: host_of_service,
    kinds.VIRTUAL_SERVICE: rules.virtual_service,
    kinds.DESTINATION_RULE: destination_rules.destination_rule,
    kinds.SERVICE_ENTRY: service_entries.service_entry,
    kinds.WORKLOAD_ENTRY: workload_entries.machine,
    kinds.SIDECAR: sidecars.sidecar,
    kinds.GATEWAY: gateway_objects.gateway,
    kinds.SECRET: credentials.credential,
    kinds.TELEMETRY: objects.telemetry,
    kinds.GATEWAY_CLASS: gateway_api.gateway_class,
    kinds.KUBERNETES_GATEWAY: gateway_api.gateway,
    kinds.HTTP_ROUTE: gateway_api.http_route,
    kinds.REFERENCE_GRANT: gateway_api.grant,
}
_GATEWAY_API: Final = frozenset({
    kinds.GATEWAY_CLASS, kinds.KUBERNETES_GATEWAY, kinds.HTTP_ROUTE, kinds.REFERENCE_GRANT, kinds.SERVICE,
    kinds.NAMESPACE, kinds.SECRET,
})  # fmt: skip
_ENDPOINTS: Final = frozenset({
    kinds.SERVICE, kinds.SERVICE_ENTRY, kinds.WORKLOAD_ENTRY, kinds.ENDPOINT_SLICE, kinds.POD, kinds.NODE,
    kinds.NAMESPACE,
})  # fmt: skip
_SOURCES: Final[Mapping[str, frozenset[Kind]]] = {
    "registry": frozenset({kinds.SERVICE, kinds.SERVICE_ENTRY, kinds.NAMESPACE}),
    "hosts_by_namespace": frozenset({kinds.SERVICE, kinds.SERVICE_ENTRY}),
    "label_keys": frozenset({kinds.VIRTUAL_SERVICE, kinds.DESTINATION_RULE, kinds.GATEWAY}),
    "gateway_api": _GATEWAY_API,
    "workloads": frozenset({kinds.POD, kinds.NODE}),
    "machines": frozenset({kinds.SERVICE_ENTRY, kinds.WORKLOAD_ENTRY, kinds.POD, kinds.NODE}),
    "endpoints": _ENDPOINTS,
    "looked_up": _ENDPOINTS,
    "service_accounts": _ENDPOINTS,
    "virtual_services": _GATEWAY_API | {kinds.VIRTUAL_SERVICE},
    "destination_rules": frozenset({kinds.DESTINATION_RULE}),
    "gateways": _GATEWAY_API | {kinds.GATEWAY},
    "telemetries": frozenset({kinds.TELEMETRY}),
    "mesh": frozenset({kinds.CONFIG_MAP}),
    "collectors": frozenset({kinds.CONFIG_MAP, kinds.SERVICE, kinds.SERVICE_ENTRY}),
}

Table = Mapping[Key, Any]


class Snapshot:
    """Tables of what was read, by kind and key; and indices over them as cached properties."""

    def __init__(self, tables: Mapping[Kind, Table], revision: int = 0) -> None:
        self._tables = tables
        self.revision = revision
        self._before: Mapping[str, Any] = {}

    @classmethod
    def of(cls, objects: Iterable[Object], revision: int = 0) -> Snapshot:
        """A snapshot of plain objects, for tests and for tools that read files."""
        tables: dict[Kind, dict[Key, Any]] = {}
        for obj in objects:
            kind = kinds.kind_of(obj)
            if kind in WATCHED:
                tables.setdefault(kind, {})[key_of(obj)] = _read(kind, obj)
        return cls(tables, revision)

    def evolve(self, events: Iterable[Event]) -> Snapshot:
        """The snapshot after these events."""
        changed: dict[Kind, dict[Key, Any]] = {}
        revision = self.revision
        for event in events:
            if event.kind not in WATCHED or event.type == "BOOKMARK":
                continue
            revision = max(revision, event.resource_version)
            if _is_status_only(event, changed.get(event.kind) or self.table(event.kind)):
                continue
            if event.kind not in changed:
                changed[event.kind] = dict(self._tables.get(event.kind, {}))
            _apply(changed[event.kind], event)
        after = Snapshot({**self._tables, **changed}, revision)
        after._carry_over(self, changed.keys())
        return after

    def _carry_over(self, before: Snapshot, changed: Iterable[Kind]) -> None:
        kinds_changed = set(changed)
        for name, sources in _SOURCES.items():
            if name in before.__dict__:
                if kinds_changed & sources:
                    self._before = {**self._before, name: before.__dict__[name]}
                else:
                    self.__dict__[name] = before.__dict__[name]

    def table(self, kind: Kind) -> Table:
        """Everything of a kind, by (namespace, name)."""
        return self._tables.get(kind, {})

    @cached_property
    def mesh(self) -> mesh_config.MeshConfig:
        """The mesh-wide settings; the same object while they are equal."""
        return mesh_config.parse(self.table(kinds.CONFIG_MAP).get(mesh_config.CONFIG_MAP_KEY))

    @cached_property
    def registry(self) -> Registry:
        """The hosts of Services and ServiceEntries."""
        services = self.table(kinds.SERVICE).values()
        entries = self.table(kinds.SERVICE_ENTRY).values()
        taken = {name for h in services for name in virtual_hosts.names_of(h, h.namespace)} if entries else ()
        there = self.table(kinds.NAMESPACE).values()
        near = {key_of(one)[1]: wish for one in there if (wish := distribution_of(one))}
        return Registry(services, entries, taken, near=near, earlier=self._before.get("registry"))

    @property
    def hosts(self) -> dict[str, Host]:
        """Hosts by full name: those of Services, then those of ServiceEntries, whoever may see them."""
        return self.registry.hosts

    @cached_property
    def hosts_by_namespace(self) -> dict[str, tuple[Host, ...]]:
        """Hosts with selectors by namespace, Services first: what pods serve, and gateways stand behind."""
        found: dict[str, list[Host]] = {}
        entries = self.table(kinds.SERVICE_ENTRY).values()
        selecting = (host for entry in entries for host in entry.hosts if host.selector)
        for host in (*self.table(kinds.SERVICE).values(), *selecting):
            found.setdefault(host.namespace, []).append(host)
        return {namespace: tuple(listed) for namespace, listed in found.items()}

    def names_in(self, namespace: str) -> frozenset[str]:
        """Every name by which clients in a namespace find a service."""
        names = self.__dict__.setdefault("_names", {})
        if namespace not in names:
            listed = (
                name
                for host in self.registry.seen_from(namespace).values()
                for name in virtual_hosts.names_of(host, namespace)
            )
            names[namespace] = frozenset(listed)
        found: frozenset[str] = names[namespace]
        return found

    @cached_property
    def label_keys(self) -> frozenset[str]:
        """The labels by which some rule tells clients apart: no other label of a proxy matters."""
        selectors = (key for gateway in self.gateways for key in gateway.selector)
        return (
            self.virtual_services.source_labels
            | self.destination_rules.selector_labels
            | frozenset(selectors)
        )

    @cached_property
    def workloads(self) -> dict[Key, workloads.Workload]:
        """Workloads by (namespace, pod); an unchanged one is the same object as before."""
        nodes = {name: node for (_, name), node in self.table(kinds.NODE).items()}
        earlier = self._before.get("workloads", {})
        found = {}
        for key, pod in self.table(kinds.POD).items():
            workload = workloads.workload_of_pod(pod, nodes.get((pod.get("spec") or {}).get("nodeName", "")))
            found[key] = earlier[key] if earlier.get(key) == workload else workload
        return found

    @cached_property
    def machines(self) -> Machines:
        """What selectors may pick, by namespace: WorkloadEntries, and pods where some ServiceEntry selects any."""
        found: dict[str, list[workload_entries.Machine]] = {}
        entries = self.table(kinds.SERVICE_ENTRY).values()
        selecting = any(entry.selector is not None for entry in entries)
        pods = self.table(kinds.POD).values() if selecting else ()
        every = (*self.table(kinds.WORKLOAD_ENTRY).values(), *workload_entries.of_pods(pods, self.workloads))
        for machine in every:
            found.setdefault(machine.workload.namespace, []).append(machine)
        return {namespace: tuple(listed) for namespace, listed in found.items()}

    @cached_property
    def endpoints(self) -> dict[Key, EndpointSet]:
        """Endpoints by (namespace, host); an unchanged set is the same object as before."""
        earlier = self._before.get("endpoints", {})
        services = self.table(kinds.SERVICE).values()
        near = {host.key for host in self.hosts.values() if host.distribution}
        sets = endpoints.collect(self.table(kinds.ENDPOINT_SLICE).values(), self.workloads, near)
        entries = self.table(kinds.SERVICE_ENTRY).values()
        if entries or self.machines:
            sets = endpoints_of(services, entries, self.machines, sets)
        return {key: earlier[key] if earlier.get(key) == found else found for key, found in sets.items()}

    @cached_property
    def looked_up(self) -> dict[Key, EndpointSet]:
        """The endpoints of hosts that proxies ask DNS for; the same object while none of them changes."""
        found = {
            host.key: self.endpoints[host.key]
            for entry in self.table(kinds.SERVICE_ENTRY).values()
            for host in entry.hosts
            if host.looked_up and host.key in self.endpoints
        }
        earlier: dict[Key, EndpointSet] = self._before.get("looked_up", {})
        return earlier if earlier == found else found

    @cached_property
    def service_accounts(self) -> dict[Key, tuple[str, ...]]:
        """The service accounts behind each host, as NAMESPACE/ACCOUNT."""
        return {key: found.accounts for key, found in self.endpoints.items()}

    @cached_property
    def gateway_api(self) -> conversion.Conversion:
        """What Gateways and HTTPRoutes mean; internal objects that say the same as before are the same objects."""
        gateways, routes = self.table(kinds.KUBERNETES_GATEWAY), self.table(kinds.HTTP_ROUTE)
        if not gateways and not routes:
            return conversion.NOTHING
        names = self.table(kinds.NAMESPACE)
        world = World.of(
            self.table(kinds.SERVICE),
            {name: labels_of(namespace) for (_, name), namespace in names.items()},
            self.table(kinds.REFERENCE_GRANT).values(),
            self.table(kinds.GATEWAY_CLASS).values(),
            self.table(kinds.SECRET),
        )
        return conversion.convert(gateways.values(), routes.values(), world, self._before.get("gateway_api"))

    @cached_property
    def virtual_services(self) -> rules.VirtualServices:
        """The VirtualServices with their delegates' rules, and those made of HTTPRoutes, ordered and indexed."""
        earlier: rules.VirtualServices | None = self._before.get("virtual_services")
        merged = delegates.merged(self.table(kinds.VIRTUAL_SERVICE), earlier.all if earlier else ())
        made = rules.VirtualServices([*merged, *self.gateway_api.virtual_services])
        return earlier if earlier is not None and earlier.all == made.all else made

    @cached_property
    def destination_rules(self) -> destination_rules.DestinationRules:
        """The DestinationRules, ordered and indexed; rules that are merged again are the same object as before."""
        earlier = self._before.get("destination_rules")
        return destination_rules.DestinationRules(self.table(kinds.DESTINATION_RULE).values(), earlier)

    @cached_property
    def gateways(self) -> list[gateway_objects.Gateway]:
        """The Gateways, and those made of the Gateway API's listeners, oldest first."""
        every = [*self.table(kinds.GATEWAY).values(), *self.gateway_api.gateways]
        return sorted(every, key=lambda gateway: gateway.seniority)

    @cached_property
    def telemetries(self) -> objects.Telemetries:
        """The Telemetry objects, by whom they are for."""
        return objects.Telemetries(self.table(kinds.TELEMETRY).values())

    @cached_property
    def collectors(self) -> dict[str, str]:
        """Envoy's clusters for the tracing providers that are there, by the provider's name."""
        return reports.collectors(self.mesh, self.hosts)

    def sidecar_of(self, workload: Workload) -> sidecars.Sidecar | None:
        """The Sidecar that decides what a workload's proxy knows."""
        there = self.table(kinds.SIDECAR)
        return sidecars.choose(there.values(), workload.namespace, workload.labels) if there else None

    def service_account(self, namespace: str, pod: str) -> str | None:
        """The service account of a pod, or None if there is no such pod."""
        workload = self.workloads.get((namespace, pod))
        return workload.service_account if workload else None


def _read(kind: Kind, obj: Object) -> Any:
    """What the tables hold of an object: a small value, or the object itself."""
    reader = _READ.get(kind)
    return reader(obj) if reader else obj


def _is_status_only(event: Event, table: Table) -> bool:
    """Whether a Gateway API object says what it said before: this control plane writes its status all the time."""
    if event.type == "DELETED" or event.kind not in kinds.GATEWAY_API:
        return False
    held = table.get(key_of(event.object))
    return held is not None and held == _read(event.kind, event.object)


def _apply(table: dict[Key, Any], event: Event) -> None:
    key = key_of(event.object)
    if event.type == "DELETED":
        table.pop(key, None)
    else:
        table[key] = _read(event.kind, event.object)
