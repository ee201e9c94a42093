"""Delegation: a rule of a VirtualService that hands its requests to the rules of another one, which has no hosts.

Source: Istio's pilot/pkg/model/virtualservice.go (MergeHTTPRoutes) and virtualservice_controller.go. Each rule of the
delegate becomes a rule of the root: conditions of both must hold, and what the delegate does not say (timeout,
retries, headers, ...) the root does. A rule whose conditions could never hold together is left out, as is one whose
delegate is missing or not exported to the root's namespace. One level only: validation refuses a delegate's delegate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from meshtutor.embedded.istio.hosts import resolve, visible
from meshtutor.embedded.istio.reading import Key
from meshtutor.embedded.istio.rules import MESH, Origin, VirtualService, gateway_names

Rule = dict[str, Any]
Match = dict[str, Any]
_INHERITED: Final = (
    "rewrite", "directResponse", "timeout", "retries", "fault", "mirror", "mirrorPercent", "mirrorPercentage",
    "corsPolicy", "mirrors", "headers",
)  # fmt: skip
_TEXTS: Final = ("uri", "scheme", "method", "authority")
_MAPS: Final = ("headers", "withoutHeaders", "queryParams")
_NUMBERED = tuple[int | None, int | None]


def merged(
    services: Mapping[Key, VirtualService], before: Iterable[VirtualService] = ()
) -> Iterator[VirtualService]:
    """All VirtualServices, those that delegate with their delegates' rules in place.

    One of `before` is given again if it was made from the same parts, so that what depends on it stays as it is.
    """
    kept = {(service.namespace, service.name): service for service in before if service.parts}
    for key, service in services.items():
        if not any("delegate" in rule for rule in service.http):
            yield service
            continue
        parts = (service, *delegates_of(service, services).values())
        again = kept.get(key)
        yield again if again is not None and again.parts == parts else _merge(service, services, parts)


def delegates_of(root: VirtualService, services: Mapping[Key, VirtualService]) -> dict[int, VirtualService]:
    """The VirtualServices to which a root delegates, by the number of its rule; only those that it can see."""
    found = {}
    for index, rule in enumerate(root.http):
        if asked := rule.get("delegate"):
            delegate = services.get((asked.get("namespace") or root.namespace, asked.get("name", "")))
            if delegate and not delegate.hosts and _sees(root, delegate):
                found[index] = delegate
    return found


def _sees(root: VirtualService, delegate: VirtualService) -> bool:
    return visible(delegate.export_to, delegate.namespace, root.namespace)


def _merge(
    root: VirtualService, services: Mapping[Key, VirtualService], parts: tuple[VirtualService, ...]
) -> VirtualService:
    delegates = delegates_of(root, services)
    rules: list[Rule] = []
    origins: list[Origin] = []
    for index, rule in enumerate(root.http):
        if "delegate" not in rule:
            rules.append(rule)
            origins.append(Origin(root.config_path, f"http[{index}]"))
        elif index in delegates:
            for made, origin in _of_delegate(root, index, delegates[index]):
                rules.append(made)
                origins.append(origin)
    return replace(root, http=tuple(rules), origins=tuple(origins), parts=parts)


def _of_delegate(root: VirtualService, index: int, delegate: VirtualService) -> Iterator[tuple[Rule, Origin]]:
    above = _with_full_names(root.http[index], root.namespace)
    for number, rule in enumerate(delegate.http):
        matches = list(merged_matches(above, below := _with_full_names(rule, delegate.namespace)))
        if not matches and (above.get("match") or below.get("match")):
            continue
        made = {field: above[field] for field in _INHERITED if field in above} | below
        made["match"] = [match for _, match in matches]
        if name := _joined(above, below):
            made["name"] = name
        numbers = tuple(pair for pair, _ in matches)
        yield (
            made,
            Origin(delegate.config_path, f"http[{number}]", root.config_path, f"http[{index}]", numbers),
        )


def merged_matches(root: Mapping[str, Any], delegate: Mapping[str, Any]) -> Iterator[tuple[_NUMBERED, Match]]:
    """The conditions under which a rule of a delegate holds: ((its number, the root's), match).

    Each match of the delegate must fit to one of the root's, else the whole rule conflicts and there are none.
    """
    above, below = root.get("match") or [], delegate.get("match") or []
    if not above or not below:
        yield from (((index if below else None, index if above else None), match)
                    for index, match in enumerate(below or above))  # fmt: skip
        return
    found = [
        [
            ((number, index), _one(whole, part))
            for index, whole in enumerate(above)
            if not _conflict(whole, part)
        ]
        for number, part in enumerate(below)
    ]
    if all(found):
        yield from (pair for pairs in found for pair in pairs)


def _one(root: Match, part: Match) -> Match:
    out = {**root, **part}
    for field in (*_MAPS, "sourceLabels"):
        if root.get(field) or part.get(field):
            out[field] = {**(root.get(field) or {}), **(part.get(field) or {})}
    if name := _joined(root, part):
        out["name"] = name
    return out


def _joined(root: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    return "-".join(str(name) for name in (root.get("name"), part.get("name")) if name)


def _conflict(root: Match, part: Match) -> bool:
    """Whether a delegate's match asks for more than the root's lets through (hasConflict)."""
    if any(_texts_conflict(root.get(field), part.get(field)) for field in _TEXTS):
        return True
    for field in _MAPS:
        above = root.get(field) or {}
        if any(_texts_conflict(above.get(key), text) for key, text in (part.get(field) or {}).items()):
            return True
    if bool(root.get("ignoreUriCase")) != bool(part.get("ignoreUriCase")):
        return True
    if root.get("port") and part.get("port") and root["port"] != part["port"]:
        return True
    return _places_conflict(root, part)


def _places_conflict(root: Match, part: Match) -> bool:
    if root.get("sourceNamespace") and part.get("sourceNamespace") != root["sourceNamespace"]:
        return True
    labels = root.get("sourceLabels") or {}
    if any(labels.get(key, value) != value for key, value in (part.get("sourceLabels") or {}).items()):
        return True
    above, below = root.get("gateways") or [], part.get("gateways") or []
    return bool(above and below) and (len(above) < len(below) or not set(below) <= set(above))


def _texts_conflict(root: Mapping[str, str] | None, part: Mapping[str, str] | None) -> bool:
    """An exact text takes itself, a prefix what begins with it, a regex cannot be compared (stringMatchConflict)."""
    if root is None or part is None:
        return False
    if root.get("regex") or part.get("regex"):
        return True
    if exact := root.get("exact"):
        return part.get("exact") != exact
    prefix, narrower = root.get("prefix"), part.get("prefix") or part.get("exact")
    return not (prefix and narrower and narrower.startswith(prefix))


def _with_full_names(rule: Rule, namespace: str) -> Rule:
    """A rule with its hosts and gateways completed: after the merge nobody knows whose short names they were."""
    out = dict(rule)
    if matches := rule.get("match"):
        out["match"] = [_with_gateways(match, namespace) for match in matches]
    if destinations := rule.get("route"):
        out["route"] = [_with_destination(route, namespace) for route in destinations]
    if mirrors := rule.get("mirrors"):
        out["mirrors"] = [_with_destination(mirror, namespace) for mirror in mirrors]
    if mirror := rule.get("mirror"):
        out["mirror"] = _full(mirror, namespace)
    return out


def _with_gateways(match: Match, namespace: str) -> Match:
    if not (gateways := match.get("gateways")):
        return match
    return {**match, "gateways": sorted(gateway_names(gateways, namespace), key=lambda name: name != MESH)}


def _with_destination(route: Rule, namespace: str) -> Rule:
    return {**route, "destination": _full(route.get("destination") or {}, namespace)}


def _full(destination: Rule, namespace: str) -> Rule:
    return {**destination, "host": resolve(str(destination.get("host", "")), namespace)}
