"""Rules for a host of which a proxy never was told, and why: they have no route, so a walk does not meet them.

Istio leaves out of a proxy's routes what can never hold there: VirtualServices for other proxies, and on sidecars all
but one for each host; matches for other clients or ports; and whatever is behind a rule that takes every request.
Source: istio/istio, pilot/pkg/model/virtualservice.go and networking/core/route/route.go
(BuildHTTPRoutesForVirtualService, sourceMatchHTTP, IsCatchAllRoute). It is concluded from the objects in the Kubernetes
API, so it is the same on a real cluster; a place that has a route in Envoy is never named.

Left out: the rules within delegates and of HTTPRoutes; rules for bytes (`tls`, `tcp`); what a Sidecar's egress hosts
hide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from meshtutor.kube import hosts, kinds, objects
from meshtutor.kube.objects import ObjectKey
from meshtutor.mesh import deciders
from meshtutor.mesh.changes import title
from meshtutor.mesh.deciders import Deciders
from meshtutor.mesh.explanation import Lost
from meshtutor.mesh.listing import Listing
from meshtutor.mesh.outside import STRANGERS
from meshtutor.mesh.proxies import Proxy
from meshtutor.xray.result import Result

Object = dict[str, Any]
Match = Mapping[str, Any]
_CONDITIONS: Final = ("headers", "withoutHeaders", "queryParams", "method", "authority", "scheme")


def lost(
    result: Result, found: Deciders, listing: Listing, pod: Object, host: str, *, at_gateway: bool
) -> Iterator[Lost]:
    """What is written for the host of a call, and has no route in the proxy of a pod."""
    virtual, _, port = result.virtual_host.rpartition(":")
    known = virtual and result.virtual_host not in STRANGERS and not at_gateway
    name = (
        virtual if known else host.lower() if at_gateway else hosts.full(host.lower(), objects.namespace(pod))
    )
    number = int(port) if port.isdigit() else 0
    proxy = Proxy.of_gateway(pod, listing, number) if at_gateway else Proxy.of_sidecar(pod, number)
    here = objects.namespace(pod)
    rules = sorted((one for one in listing.all(kinds.VIRTUAL_SERVICE) if _pattern(one, name)),
                   key=lambda one: (_distance(one, here), objects.age(one)))  # fmt: skip
    if not at_gateway:
        rules = [one for one in rules if _pattern(one, name) != "*"]  # every host is only a gateway's
    ruling = _ruling(result, found) or _first(rules, proxy, name)
    sent = set(_sent(result, found))
    for service in rules:
        why = proxy.refuses(service) or (
            _beside(service, virtual) if at_gateway else _behind(service, ruling, name, here)
        )
        if why:
            path = deciders.host_path(service, name)
            yield Lost(objects.name(service), why, found.decision(service, path))
        elif known or (at_gateway and virtual):
            yield from _rules(service, proxy, found, sent)


def _rules(
    service: Object, proxy: Proxy, found: Deciders, sent: set[tuple[ObjectKey, str]]
) -> Iterator[Lost]:
    """The places of a VirtualService without a route."""
    owner, all_taken_by = objects.namespace(service), ""
    for place, name, match in _places(objects.spec(service)):
        why = f"behind {all_taken_by}, which takes every request" if all_taken_by else ""
        why = why or proxy.refuses_match(match, owner)
        path = f"spec.{place}"
        if why and (ObjectKey.of(service), path) not in sent:
            yield Lost(name or place, why, found.decision(service, path))
        elif not why and _takes_all(service, place, match, found):
            all_taken_by = place


def _places(spec: Mapping[str, Any]) -> Iterator[tuple[str, str, Match]]:
    """(path, name, match) of each alternative of each rule."""
    for number, rule in enumerate(spec.get("http") or ()):
        name = str(rule.get("name", ""))
        if not rule.get("match"):
            yield f"http[{number}]", name, {}
        for index, match in enumerate(rule.get("match") or ()):
            own = f".{match['name']}" if match.get("name") else ""
            yield f"http[{number}].match[{index}]", f"{name}{own}", match


def _takes_all(service: Object, place: str, match: Match, found: Deciders) -> bool:
    """Whether nothing gets past a place; of a delegated rule, whether nothing gets past its delegate either."""
    uri = match.get("uri") or {}
    anything = not uri or uri.get("prefix") == "/" or uri.get("regex") == ".*"
    if not anything or any(match.get(condition) for condition in _CONDITIONS):
        return False
    delegate = (objects.dig(service, deciders.rule_only(f"spec.{place}")) or {}).get("delegate")
    if not delegate:
        return True
    named = delegate.get("namespace") or objects.namespace(service), str(delegate.get("name", ""))
    other = found.get(kinds.VIRTUAL_SERVICE, named[1], named[0])
    return other is not None and any(
        _takes_all(other, place, match, found) for place, _, match in _places(objects.spec(other))
    )


def _behind(service: Object, ruling: Object | None, name: str, here: str) -> str:
    """Why another VirtualService (or HTTPRoute) rules a host on sidecars, "" if this one does or none."""
    if ruling is None or ObjectKey.of(service) == ObjectKey.of(ruling):
        return ""
    if ruling["kind"] != service["kind"]:
        return f"{title(ruling)} rules this host"
    if _pattern(ruling, name) != _pattern(service, name):
        return f"{title(ruling)} names this host more closely"
    if _distance(ruling, here) != _distance(service, here):
        return f"{title(ruling)} rules this host: it is exported to fewer namespaces"
    if objects.age(ruling)[0] == objects.age(service)[0]:
        return f"{title(ruling)} rules this host: it is as old, and the first by name"
    return f"an older VirtualService rules this host: {objects.namespace(ruling)}/{objects.name(ruling)}"


def _beside(service: Object, virtual: str) -> str:
    """A gateway merges what is for the same host; what names it less closely gets nothing of it."""
    patterns = [
        hosts.full(str(one), objects.namespace(service)) for one in objects.spec(service).get("hosts") or ()
    ]
    closer = virtual not in ("", "blackhole", *patterns)
    return f"another VirtualService names this host more closely: {virtual}" if closer else ""


def _ruling(result: Result, found: Deciders) -> Object | None:
    """The object whose routes a sidecar has for the host."""
    return next((owner for one in _all(result) if (owner := found.ruling(one, result).owner)), None)


def _first(rules: Iterable[Object], proxy: Proxy, name: str) -> Object | None:
    """The VirtualService that Istio takes for a sidecar: of those that name the host best the first."""
    mine = [one for one in rules if not proxy.refuses(one)]
    return min(mine, key=lambda one: (_pattern(one, name) != name, -len(_pattern(one, name))), default=None)


def _distance(service: Object, namespace: str) -> int:
    """Private rules go first, then those for the proxy's namespace, then those for all (push_context.go)."""
    exported = set(objects.spec(service).get("exportTo") or ("*",))
    return 2 if "*" in exported else 0 if objects.namespace(service) == namespace else 1


def _sent(result: Result, found: Deciders) -> Iterator[tuple[ObjectKey, str]]:
    for candidate in _all(result):
        ruling = found.ruling(candidate, result)
        for obj, place in ((ruling.service, ruling.place), (ruling.root, ruling.root_place)):
            if obj:
                yield ObjectKey.of(obj), place


def _all(result: Result) -> tuple[Any, ...]:
    return (*result.candidates, *result.later)


def _pattern(service: Object, name: str) -> str:
    """The host of a VirtualService that covers a name best, "" if none does."""
    namespace = objects.namespace(service)
    listed = [str(one) for one in objects.spec(service).get("hosts") or ()]
    fitting = [hosts.full(one, namespace) for one in listed if hosts.covers(one, name, namespace)]
    return max(fitting, key=lambda one: (one == name, len(one)), default="")
