"""Rules that name something which is not there: services, subsets, gateways, ports.

Warnings only, with the codes of `istioctl analyze` where it has one. Source: Istio's pkg/config/analysis/analyzers
and msg/messages.yaml. An object is judged together with those that are there when it is applied.

Left out: exportTo and Sidecars, which may hide a service from some callers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from meshtutor.embedded.istio.hosts import host_matches, resolve
from meshtutor.embedded.istio.validation import (
    certificates,
    delegation,
    gateway_conflicts,
    l4_references,
    providers,
    rivals,
    shared_hosts,
    telemetries,
)
from meshtutor.embedded.istio.validation.problem import Problems, each, warning
from meshtutor.embedded.istio.validation.selection import subsets_without_pods
from meshtutor.kube import kinds, objects

Object = dict[str, Any]
NOT_FOUND: Final = delegation.NOT_FOUND
CONFLICTING_HOSTS: Final = "IST0109"
PORT_REQUIRED: Final = "IST0112"
HOST_NOT_IN_GATEWAY: Final = "IST0132"
PORT_NOT_ON_SERVICE: Final = "IST0162"
_CLOSED: Final = "such connections are closed"
_ONE_ONLY: Final = (
    "a sidecar obeys one of them: first those with exportTo [.], then those that name its namespace, then the others, "
    "the oldest of each; write them in one"
)
CONCERNED: Final = (
    kinds.VIRTUAL_SERVICE,
    kinds.DESTINATION_RULE,
    kinds.GATEWAY,
    kinds.TELEMETRY,
    kinds.SERVICE_ENTRY,
    kinds.SIDECAR,
)


@dataclass(frozen=True)
class World:
    """What rules may refer to. `hosts`: port numbers by full name, wildcards of ServiceEntries included.

    `pods` are those that there are, and those that Deployments are about to make, `machines` WorkloadEntries;
    `secrets` is None where nobody may read them, and `mesh`, the ConfigMap with MeshConfig, where it is not known.
    """

    hosts: Mapping[str, tuple[int, ...]]
    rules: list[Object] = field(default_factory=list)
    gateways: Mapping[str, Object] = field(default_factory=dict)
    virtual_services: list[Object] = field(default_factory=list)
    services: list[Object] = field(default_factory=list)
    pods: list[Object] = field(default_factory=list)
    secrets: list[Object] | None = None
    telemetries: list[Object] = field(default_factory=list)
    service_entries: list[Object] = field(default_factory=list)
    machines: list[Object] = field(default_factory=list)
    mesh: Object | None = None
    sidecars: list[Object] = field(default_factory=list)

    @classmethod
    def of(cls, lister: Callable[[kinds.Kind], Iterable[Object]]) -> World:
        """From the objects as they are now."""
        services = list(lister(kinds.SERVICE))
        hosts = {_fqdn(service): _port_numbers(service) for service in services}
        entries = list(lister(kinds.SERVICE_ENTRY))
        return cls(
            _entries_hosts(entries) | hosts,
            list(lister(kinds.DESTINATION_RULE)),
            {
                f"{objects.namespace(gateway)}/{objects.name(gateway)}": gateway
                for gateway in lister(kinds.GATEWAY)
            },
            list(lister(kinds.VIRTUAL_SERVICE)),
            services,
            [*lister(kinds.POD), *map(_pod_of, lister(kinds.DEPLOYMENT))],
            list(lister(kinds.SECRET)),
            list(lister(kinds.TELEMETRY)),
            entries,
            list(lister(kinds.WORKLOAD_ENTRY)),
            next(filter(_is_mesh_config, lister(kinds.CONFIG_MAP)), None),
            list(lister(kinds.SIDECAR)),
        )

    def ports(self, host: str) -> tuple[int, ...] | None:
        """The ports of a host, or None where nothing bears that name."""
        if host in self.hosts:
            return self.hosts[host]
        return next(
            (ports for name, ports in self.hosts.items() if "*" in name and host_matches(name, host)), None
        )

    def subsets(self, host: str) -> set[str]:
        """The subsets that any DestinationRule defines for a host."""
        return {
            subset.get("name", "")
            for rule in self.rules
            if host_matches(_rule_host(rule), host)
            for subset in objects.spec(rule).get("subsets") or ()
        }


def check(obj: Object, world: World) -> Problems:
    """Warnings about one object of the kinds in CONCERNED."""
    checks = {
        "VirtualService": _virtual_service,
        "DestinationRule": _destination_rule,
        "Gateway": _gateway,
        "Telemetry": _telemetry,
        "ServiceEntry": _service_entry,
        "Sidecar": _sidecar,
    }
    function = checks.get(obj.get("kind", "")) if kinds.kind_of(obj) not in kinds.GATEWAY_API else None
    return function(obj, world) if function else iter(())


def destinations(spec: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, destination) of every place a VirtualService sends something to."""
    for section in ("http", "tcp", "tls"):
        for path, rule in each(spec.get(section), f"spec.{section}"):
            for place, route in each(rule.get("route"), f"{path}.route"):
                yield f"{place}.destination", route.get("destination") or {}
            for place, mirror in each(rule.get("mirrors"), f"{path}.mirrors"):
                yield f"{place}.destination", mirror.get("destination") or {}
            if "mirror" in rule:
                yield f"{path}.mirror", rule["mirror"] or {}


def _virtual_service(obj: Object, world: World) -> Problems:
    spec, namespace = objects.spec(obj), _namespace(obj)
    for path, destination in destinations(spec):
        yield from _destination(path, destination, namespace, world)
    yield from l4_references.unsuitable_ports(spec, namespace, world.services)
    yield from delegation.check(obj, world.virtual_services)
    yield from _gateways(spec, namespace, world)
    yield from _same_hosts(obj, world)


def _gateways(spec: Mapping[str, Any], namespace: str, world: World) -> Problems:
    named = {name: world.gateways.get(name if "/" in name else f"{namespace}/{name}")
             for name in spec.get("gateways") or ["mesh"]}  # fmt: skip
    for path, name in each(spec.get("gateways"), "spec.gateways"):
        gateway = named[name]
        if name == "mesh":
            continue
        if gateway is None:
            hint = "apply the Gateway; if it is in another namespace, write NAMESPACE/NAME"
            yield warning(path, f"referenced gateway not found: {name!r}", hint, NOT_FOUND)
        else:
            yield from _hosts_served(spec, name, gateway)
    found = [gateway for gateway in named.values() if gateway]
    if len(found) == len(named):  # neither the mesh is among them nor one that nobody knows
        yield from l4_references.unserved(spec, found)


def _destination(path: str, destination: dict[str, Any], namespace: str, world: World) -> Problems:
    written, subset = str(destination.get("host", "")), destination.get("subset")
    host = resolve(written, namespace)
    ports = world.ports(host)
    fate = _fate(path)
    if ports is None:
        hint = f"{fate}; check the name"
        if "." in written and f"{written}.svc.cluster.local" in world.hosts:
            hint = f"Istio completes names without a dot only: write {written}.svc.cluster.local"
        yield warning(f"{path}.host", f"referenced host not found: {written!r}", hint, NOT_FOUND)
        return
    if subset and subset not in (known := world.subsets(host)):
        hint = f"{fate}; {_known(known)}"
        message = f"referenced host+subset in destinationrule not found: {f'{written}+{subset}'!r}"
        yield warning(f"{path}.subset", message, hint, NOT_FOUND)
    number = (destination.get("port") or {}).get("number")
    if number is not None and ports and number not in ports:
        message = f"{written} has no port {number}"
        yield warning(f"{path}.port.number", message, f"it has {_listed(ports)}", NOT_FOUND)
    if number is None and len(ports) > 1:
        message = f"{written} has several ports, so the destination must name one"
        yield warning(path, message, f"it has {_listed(ports)}", PORT_REQUIRED)


def _fate(path: str) -> str:
    """What becomes of what is sent to a place that is not there."""
    if ".mirror" in path:
        return "such copies are dropped without a word"
    return "such requests are answered with 503" if path.startswith("spec.http") else _CLOSED


def _hosts_served(spec: Mapping[str, Any], name: str, gateway: Object) -> Problems:
    served = [
        host.rpartition("/")[2]
        for server in objects.spec(gateway).get("servers") or ()
        for host in server.get("hosts") or ()
    ]
    for path, host in each(spec.get("hosts"), "spec.hosts"):
        if not any(host_matches(pattern, host) or host_matches(host, pattern) for pattern in served):
            message = f"host {host!r} is served by no server of gateway {name!r}"
            yield warning(path, message, f"it serves {', '.join(served)}", HOST_NOT_IN_GATEWAY)


def _same_hosts(obj: Object, world: World) -> Problems:
    """Two VirtualServices of sidecars for one host: of those that say something to a sidecar it obeys one."""
    mine = _mesh_hosts(obj)
    for other in world.virtual_services:
        if objects.ObjectKey.of(other) == objects.ObjectKey.of(obj):
            continue
        for host in sorted(set(mine) & set(_mesh_hosts(other))):
            message = (
                f"the VirtualService {_namespace(other)}/{objects.name(other)} has rules for {host}, too"
            )
            yield warning(mine[host], message, _ONE_ONLY, CONFLICTING_HOSTS)


def _mesh_hosts(obj: Object) -> dict[str, str]:
    """Path by full name of each host that a VirtualService has rules for inside the mesh."""
    spec = objects.spec(obj)
    if spec.get("gateways") and "mesh" not in spec["gateways"]:
        return {}
    return {resolve(host, _namespace(obj)): path for path, host in each(spec.get("hosts"), "spec.hosts")}


def _destination_rule(obj: Object, world: World) -> Problems:
    host = _rule_host(obj)
    written = objects.spec(obj).get("host", "")
    if "*" not in host and world.ports(host) is None:
        yield warning(
            "spec.host", f"referenced host not found: {written!r}", "the rule does nothing so", NOT_FOUND
        )
    if service := next((service for service in world.services if _fqdn(service) == host), None):
        yield from subsets_without_pods(obj, service, world.pods)
    others = [rule for rule in world.rules if objects.ObjectKey.of(rule) != objects.ObjectKey.of(obj)]
    known = World(world.hosts, [*others, obj]).subsets(host)
    for service in world.virtual_services:
        for _, destination in destinations(objects.spec(service)):
            subset = destination.get("subset")
            if (
                subset
                and subset not in known
                and resolve(destination.get("host", ""), _namespace(service)) == host
            ):
                message = (
                    f"{_key(service)} sends requests to subset {subset!r}, which is not defined (any more)"
                )
                yield warning("spec.subsets", message, "such requests are answered with 503", NOT_FOUND)


def _telemetry(obj: Object, world: World) -> Problems:
    yield from telemetries.check(obj, world.telemetries, world.pods, world.mesh)


def _sidecar(obj: Object, world: World) -> Problems:
    yield from rivals.SIDECARS.check(obj, world.sidecars, world.pods)


def _service_entry(obj: Object, world: World) -> Problems:
    key = objects.ObjectKey.of(obj)
    others = [entry for entry in world.service_entries if objects.ObjectKey.of(entry) != key]
    yield from shared_hosts.check(obj, others, world.services)
    yield from shared_hosts.unselected(obj, [*world.pods, *world.machines])


def _gateway(obj: Object, world: World) -> Problems:
    selector = objects.spec(obj).get("selector") or {}
    pods = [pod for pod in world.pods if selector.items() <= objects.labels(pod).items()]
    if not pods:
        said = ", ".join(f"{key}={value}" for key, value in selector.items())
        yield warning("spec.selector", f"no pod has the labels {said}", "nobody listens then", NOT_FOUND)
        return
    ports = {number for pod in pods for number in _ports_towards(pod, world.services)}
    for path, server in each(objects.spec(obj).get("servers"), "spec.servers"):
        number = (server.get("port") or {}).get("number")
        if number not in ports:
            message = f"the gateway's Service has no port {number}, so nobody outside can reach it"
            yield warning(f"{path}.port.number", message, f"it has {_listed(ports)}", PORT_NOT_ON_SERVICE)
    others = [one for key, one in world.gateways.items() if key != f"{_namespace(obj)}/{objects.name(obj)}"]
    yield from gateway_conflicts.check(obj, others)
    if world.secrets is not None:
        yield from certificates.gateway(objects.spec(obj), objects.namespace(pods[0]), world.secrets)


def _ports_towards(pod: Object, services: list[Object]) -> Iterator[int]:
    """Port and targetPort of every Service that leads to a pod."""
    for service in services:
        selector = objects.spec(service).get("selector") or {}
        same = objects.namespace(service) == objects.namespace(pod)
        if same and selector and selector.items() <= objects.labels(pod).items():
            for port in objects.spec(service).get("ports") or ():
                yield port["port"]
                if isinstance(port.get("targetPort"), int):
                    yield port["targetPort"]


def _pod_of(deployment: Object) -> Object:
    template = objects.spec(deployment).get("template") or {}
    return {"metadata": {**objects.metadata(template), "namespace": objects.namespace(deployment)}}


def _is_mesh_config(config_map: Object) -> bool:
    return (objects.namespace(config_map), objects.name(config_map)) == providers.CONFIG_MAP


def _rule_host(rule: Object) -> str:
    return resolve(str(objects.spec(rule).get("host", "")), _namespace(rule))


def _namespace(obj: Object) -> str:
    return objects.namespace(obj) or objects.DEFAULT_NAMESPACE


def _fqdn(service: Object) -> str:
    return resolve(objects.name(service), _namespace(service))


def _port_numbers(service: Object) -> tuple[int, ...]:
    return tuple(port["port"] for port in objects.spec(service).get("ports") or ())


def _entries_hosts(entries: Iterable[Object]) -> dict[str, tuple[int, ...]]:
    """Port numbers by host; of several entries for one, all of them."""
    found: dict[str, tuple[int, ...]] = {}
    for entry in entries:
        numbers = tuple(port.get("number", 0) for port in objects.spec(entry).get("ports") or ())
        for host in objects.spec(entry).get("hosts") or ():
            found[host] = tuple(dict.fromkeys((*found.get(host, ()), *numbers)))
    return found


def _key(obj: Object) -> str:
    return f"{obj['kind']} {_namespace(obj)}/{objects.name(obj)}"


def _known(subsets: set[str]) -> str:
    return (
        f"there are {', '.join(sorted(subsets))}"
        if subsets
        else "no DestinationRule defines any: apply one first"
    )


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in sorted(set(numbers)))
