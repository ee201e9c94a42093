"""DestinationRules with their names completed, and which of them applies to whom.

Source: pilot/pkg/model/push_context.go (setDestinationRules, destinationRule), destination_rule.go
(mergeDestinationRule) and sidecar.go (SidecarScope.DestinationRule). A rule is looked up in the client's namespace,
then the service's, then the root namespace, and the first place that has one for the host decides, however little it
says. Rules of one place for one host are merged where they are for the same clients: subsets are collected, the
oldest traffic policy stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from meshtutor.embedded.istio.hosts import host_matches, resolve
from meshtutor.embedded.istio.mesh_config import ROOT_NAMESPACE
from meshtutor.embedded.istio.reading import Object, key_of, matches_labels, seniority, spec_of


@dataclass(frozen=True, eq=False, slots=True)
class DestinationRule:
    """A DestinationRule, or several for one host in one; `subsets` by name.

    `selector` is None for a rule for all clients; one with a selector is for clients of its own namespace only.
    """

    namespace: str
    name: str
    host: str
    export_to: frozenset[str]
    policy: dict[str, Any]
    subsets: dict[str, dict[str, Any]]
    selector: dict[str, str] | None
    seniority: tuple[str, str]

    @property
    def config_path(self) -> str:
        """How Istio's metadata names the object."""
        return f"/apis/networking.istio.io/v1/namespaces/{self.namespace}/destination-rule/{self.name}"


def destination_rule(obj: Object) -> DestinationRule:
    """Read a DestinationRule."""
    namespace, name = key_of(obj)
    spec = spec_of(obj)
    selector = spec.get("workloadSelector")
    return DestinationRule(
        namespace=namespace,
        name=name,
        host=resolve(str(spec.get("host", "")), namespace),
        export_to=frozenset(spec.get("exportTo") or ()) if selector is None else frozenset({"."}),
        policy=spec.get("trafficPolicy") or {},
        subsets={str(subset["name"]): subset for subset in spec.get("subsets") or ()},
        selector=None if selector is None else selector.get("matchLabels") or {},
        seniority=seniority(obj),
    )


_Parts = tuple[DestinationRule, ...]


@dataclass
class _Group:
    """Rules that are merged; the first of them says for whom they are."""

    parts: list[DestinationRule]

    def takes(self, rule: DestinationRule) -> bool:
        """Whether a rule is merged into this group: exported to as many at least, and no other selector."""
        first = self.parts[0]
        wider = bool(first.export_to) and rule.export_to > first.export_to
        if rule.export_to != first.export_to and not wider:
            return False
        return None in (rule.selector, first.selector) or rule.selector == first.selector

    def replaces(self, rule: DestinationRule) -> bool:
        """Whether a rule that was merged here has no place of its own beside."""
        return self.takes(rule) and self.parts[0].selector == rule.selector


@dataclass
class _Place:
    """The rules of one place by host, those with selectors first, then the oldest."""

    exact: dict[str, list[_Group]] = field(default_factory=dict)
    wild: dict[str, list[_Group]] = field(default_factory=dict)

    def add(self, rule: DestinationRule) -> None:
        """Merge a rule with those that are there, or put it behind them.

        As in Istio the last group that was looked at says whether it also stands alone.
        """
        groups = (self.wild if "*" in rule.host else self.exact).setdefault(rule.host, [])
        alone = not groups or not groups[-1].replaces(rule)
        for group in groups:
            if group.takes(rule):
                group.parts.append(rule)
        if alone:
            groups.append(_Group([rule]))

    def find(self, host: str) -> list[_Group]:
        """The groups of the most specific name that covers a host (MostSpecificHostMatch)."""
        if host in self.exact:
            return self.exact[host]
        longest = max((name for name in self.wild if host_matches(name, host)), key=len, default=None)
        return self.wild[longest] if longest is not None else []


_NOWHERE: Final = _Place()


class DestinationRules:
    """All DestinationRules; `earlier` are those before the last change, whose merged rules are used again."""

    def __init__(self, rules: Iterable[DestinationRule], earlier: DestinationRules | None = None) -> None:
        self._local: dict[str, _Place] = {}
        self._exported: dict[str, _Place] = {}
        self._root_only = _Place()
        self._before: Mapping[_Parts, DestinationRule] = earlier._merged if earlier else {}
        self._merged: dict[_Parts, DestinationRule] = {}
        self._all = sorted(rules, key=lambda rule: (rule.selector is None, rule.seniority))
        for rule in self._all:
            self._file(rule)

    def _file(self, rule: DestinationRule) -> None:
        here, exported = rule.namespace, rule.export_to
        if not exported or exported & {"*", ".", here}:
            self._local.setdefault(here, _Place()).add(rule)
        if exported not in ({"."}, {here}):
            self._exported.setdefault(here, _Place()).add(rule)
        elif here == ROOT_NAMESPACE:
            self._root_only.add(rule)

    @property
    def selector_labels(self) -> frozenset[str]:
        """The label keys by which rules choose clients."""
        return frozenset(label for rule in self._all for label in rule.selector or ())

    def for_host(
        self, host: str, owner: str, client: str, labels: Mapping[str, str]
    ) -> DestinationRule | None:
        """The rule that a client with `labels` in namespace `client` follows for a host of namespace `owner`.

        One that selects the client goes before those for all.
        """
        groups = self._groups(host, owner, client)
        for group in groups:
            selector = group.parts[0].selector if group.parts[0].namespace == client else None
            if selector is not None and matches_labels(selector, labels):
                return self._one(group)
        return self._for_all(groups)

    def for_receiver(self, host: str, owner: str) -> DestinationRule | None:
        """The rule that the pods of a host in namespace `owner` follow when they are called: selectors do not count."""
        return self._for_all(self._groups(host, owner, owner))

    def _for_all(self, groups: list[_Group]) -> DestinationRule | None:
        """Of several that differ in `exportTo` the last counts, as in Istio."""
        general = [group for group in groups if group.parts[0].selector is None]
        return self._one(general[-1]) if general else None

    def _groups(self, host: str, owner: str, client: str) -> list[_Group]:
        # What the root namespace has for all goes behind the service's own, even for gateways, which live there.
        own = self._root_only if client == ROOT_NAMESPACE else self._local.get(client, _NOWHERE)
        if found := own.find(host):
            return found
        for namespace in (owner, ROOT_NAMESPACE):
            groups = self._exported.get(namespace, _NOWHERE).find(host)
            if found := [group for group in groups if _exported_to(group, client)]:
                return found
        return []

    def _one(self, group: _Group) -> DestinationRule:
        """Rules of a group as one; the same object for the same rules."""
        parts = tuple(group.parts)
        if len(parts) == 1:
            return parts[0]
        if parts not in self._merged:
            self._merged[parts] = self._before.get(parts) or _merge(parts)
        return self._merged[parts]


def _exported_to(group: _Group, client: str) -> bool:
    exported = group.parts[0].export_to
    return not exported or "*" in exported or client in exported


def _merge(parts: _Parts) -> DestinationRule:
    policy = next((rule.policy for rule in parts if rule.policy), {})
    return replace(parts[0], policy=policy, subsets=dict(_subsets(parts)))


def _subsets(parts: _Parts) -> Iterator[tuple[str, dict[str, Any]]]:
    """Subsets by name, the first of a name."""
    names: set[str] = set()
    for rule in parts:
        yield from ((name, subset) for name, subset in rule.subsets.items() if name not in names)
        names |= rule.subsets.keys()
