"""The registry: which host a client means by a name, and the endpoints behind it, of Services and ServiceEntries.

Sources: pilot/pkg/model/sidecar.go (appendSidecarServices, canMergeServices), push_context.go (initServiceRegistry)
and serviceregistry/serviceentry/conversion.go (mergeServicesInstancesByNamespaceHost):

- A Service keeps its names. An entry for one of them, in the Service's own namespace, adds its endpoints.
- Of several entries for one name that a client sees (its Sidecar, too, may hide one), those exported to its namespace
  by name go first, then the oldest. That one decides; others of its namespace add their endpoints, and their ports if
  all else is equal.
- An address that another name has is not taken away from it, as Envoy takes each domain only once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from meshtutor.embedded.istio.endpoints import NO_ENDPOINTS, EndpointSet
from meshtutor.embedded.istio.hosts import Host
from meshtutor.embedded.istio.reading import Key
from meshtutor.embedded.istio.service_entries import ServiceEntry
from meshtutor.embedded.istio.sidecars import Sidecar
from meshtutor.embedded.istio.validation.names import is_address
from meshtutor.embedded.istio.workload_entries import Machine, beside_pods

Machines = Mapping[str, tuple[Machine, ...]]
Sets = dict[Key, EndpointSet]


class Claim(NamedTuple):
    """A name that an entry claims."""

    entry: ServiceEntry
    host: Host


class Registry:
    """All hosts. `hosts` has one for each name, whoever asks; one that says the same as before is the same object."""

    def __init__(
        self,
        services: Iterable[Host],
        entries: Iterable[ServiceEntry],
        taken: Iterable[str] = (),
        *,
        near: Mapping[str, str] | None = None,
        earlier: Registry | None = None,
    ) -> None:
        """`near` are the distributions that namespaces ask for."""
        self._near = near or {}
        self._before = earlier._made if earlier else {}
        self._made: dict[tuple[object, ...], Host] = {}
        own = {host.fqdn: self._placed(host) for host in services}
        claims = list(_claims(entries, set(taken)))
        owners = _owners_of_addresses(claims, set(taken))
        grouped: dict[str, list[Claim]] = {}
        for claim in claims:
            host = self._addressed(self._placed(claim.host), owners)
            grouped.setdefault(host.fqdn, []).append(claim._replace(host=host))
        self._contested = {name: found for name, found in grouped.items() if len(found) > 1}
        self.hosts = own | {name: self._decided(found) for name, found in grouped.items()}
        self._seen: dict[tuple[str, Sidecar | None], dict[str, Host]] = {}

    def seen_from(self, namespace: str, sidecar: Sidecar | None = None) -> dict[str, Host]:
        """The hosts by name as clients in a namespace mean them; those that they may not see are still there."""
        if not self._contested:
            return self.hosts
        if (namespace, sidecar) not in self._seen:
            shown = {name: [claim for claim in found if _shown(claim.host, namespace, sidecar)]
                     for name, found in self._contested.items()}  # fmt: skip
            chosen = {name: self._decided(found) for name, found in shown.items() if found}
            self._seen[namespace, sidecar] = self.hosts | chosen
        return self._seen[namespace, sidecar]

    def _placed(self, host: Host) -> Host:
        """A host that asks for no distribution, with its namespace's."""
        near = self._near.get(host.namespace)
        if not near or host.distribution:
            return host
        return self._remembered((host, near), replace(host, distribution=near))

    def _addressed(self, host: Host, owners: Mapping[str, str]) -> Host:
        """A host without the addresses that are another's."""
        own = tuple(one for one in host.addresses if owners.get(one) == host.fqdn)
        if own == host.addresses:
            return host
        return self._remembered((host, own), replace(host, addresses=own))

    def _decided(self, claims: Sequence[Claim]) -> Host:
        """The host of the claim that goes first, with the ports that others of its kind add."""
        ordered = sorted(claims, key=lambda claim: _is_public(claim.host))
        first = ordered[0]
        numbers = {port.number for port in first.host.ports}
        more = []
        for other in ordered[1:]:
            if _mergeable(first, other):
                added = [port for port in other.host.ports if port.number not in numbers]
                numbers |= {port.number for port in added}
                more += added
        if not more:
            return first.host
        merged = replace(first.host, ports=(*first.host.ports, *more))
        return self._remembered((first.host, *more), merged)

    def _remembered(self, parts: tuple[object, ...], made: Host) -> Host:
        return self._made.setdefault(parts, self._before.get(parts, made))


def endpoints_of(
    services: Iterable[Host], entries: Iterable[ServiceEntry], machines: Machines, slices: Sets
) -> Sets:
    """All endpoints by (namespace, host); `slices` are those of EndpointSlices, `machines` by namespace."""
    found = dict(slices)
    own = {host.key: host for host in services}
    for key, host in own.items():
        if beside := beside_pods(host, machines.get(host.namespace, ())).endpoints:
            found[key] = found.get(key, NO_ENDPOINTS) + EndpointSet(beside)
    by_key: dict[Key, list[Claim]] = {}
    for claim in _claims(entries, set()):
        by_key.setdefault(claim.host.key, []).append(claim)
    for key, claims in by_key.items():
        sets = [claim.entry.endpoints_of(claim.host, machines.get(key[0], ())) for claim in claims]
        first = found.get(key, NO_ENDPOINTS) if key in own else NO_ENDPOINTS
        found[key] = _usable(_joined([first, *sets]), "STATIC" if key in own else claims[0].host.resolution)
    return found


def _joined(sets: Sequence[EndpointSet]) -> EndpointSet:
    held = [one for one in sets if one.endpoints]
    found = held[0] if held else NO_ENDPOINTS
    for one in held[1:]:
        found += one
    return found


def _usable(held: EndpointSet, resolution: str) -> EndpointSet:
    """Names only where they are looked up, and one endpoint of each port where DNS answers are taken in turn."""
    if resolution == "DNS_ROUND_ROBIN":
        first = {endpoint.service_port: endpoint for endpoint in reversed(held.endpoints)}
        return EndpointSet(tuple(first[number] for number in sorted(first)))
    if resolution == "DNS" or all(is_address(endpoint.address) for endpoint in held.endpoints):
        return held
    return EndpointSet(tuple(e for e in held.endpoints if is_address(e.address)))


def _claims(entries: Iterable[ServiceEntry], taken: set[str]) -> Iterator[Claim]:
    """Oldest first; names that a Service has are not for entries."""
    for entry in sorted(entries, key=lambda entry: entry.seniority):
        yield from (Claim(entry, host) for host in entry.hosts if host.fqdn not in taken)


def _owners_of_addresses(claims: Iterable[Claim], taken: set[str]) -> dict[str, str]:
    """The name that has an address; a name that is an address itself has that."""
    owners = dict.fromkeys(taken, "")
    names = {claim.host.fqdn for claim in claims}
    for claim in claims:
        for address in claim.host.addresses:
            if address not in names:
                owners.setdefault(address, claim.host.fqdn)
    return owners


def _shown(host: Host, namespace: str, sidecar: Sidecar | None) -> bool:
    return host.visible_from(namespace) and (sidecar is None or sidecar.sees(host, namespace))


def _is_public(host: Host) -> bool:
    return not host.export_to or "*" in host.export_to


def _mergeable(one: Claim, other: Claim) -> bool:
    """Whether two claims differ in nothing but ports and endpoints (canMergeServices)."""
    return (
        one.host.namespace == other.host.namespace
        and one.host.resolution == other.host.resolution
        and one.entry.labels == other.entry.labels
        and one.host.selector == other.host.selector
        and one.host.export_to == other.host.export_to
    )
