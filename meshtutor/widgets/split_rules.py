"""The Istio objects behind a traffic split, as a person would write them.

Pure functions of objects. An own rule of the learner is kept as it is, but for the destinations of its last
route, the one without a match: that is where weights belong.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.display.yaml import dump
from meshtutor.kube.cleaning import clean
from meshtutor.widgets.weights import spread

Object = dict[str, Any]
_API_VERSION: Final = "networking.istio.io/v1"
_MESH: Final = "mesh"


@dataclass(frozen=True)
class Rules:
    """What a split applies: a VirtualService, and a DestinationRule if the learner has none with subsets.

    `own` are the learner's objects as they were, in case they are wanted back.
    """

    host: str
    subsets: tuple[str, ...]
    destination_rule: Object | None
    virtual_service: Object
    own: tuple[Object, ...] = ()

    def objects(self, weights: Mapping[str, int]) -> list[Object]:
        """The objects for these weights."""
        route = [_destination(self.host, subset, weights[subset]) for subset in self.subsets]
        rule = copy.deepcopy(self.virtual_service)
        _last_route(rule)["route"] = route
        return [rule, *([self.destination_rule] if self.destination_rule else [])]

    def yaml(self, weights: Mapping[str, int]) -> str:
        """The same as YAML."""
        return "---\n".join(dump(obj) for obj in self.objects(weights))

    def weights(self) -> dict[str, int]:
        """The weights in the learner's own rule in percent, by subset; empty if it has none for these subsets."""
        mine = next((obj for obj in self.own if obj["kind"] == "VirtualService"), None)
        route = _last_route(copy.deepcopy(mine)).get("route", ()) if mine else ()
        found = {_subset(d): float(d.get("weight", 100 if len(route) == 1 else 0)) for d in route}
        if not set(found) <= set(self.subsets) or not any(found.values()):
            return {}
        return spread({subset: found.get(subset, 0.0) for subset in self.subsets})


def rules_for(
    service: str,
    namespace: str,
    versions: Iterable[str],
    destination_rules: Iterable[Object],
    virtual_services: Iterable[Object],
) -> Rules:
    """The rules for a service, on top of what the learner has.

    `versions` are the values of the pods' `version` label; they become the subsets if no DestinationRule has
    any.
    """
    theirs = [clean(d) for d in destination_rules if is_host(d["spec"].get("host", ""), service, namespace)]
    with_subsets = next((d for d in theirs if d["spec"].get("subsets")), None)
    routed = [clean(v) for v in virtual_services if _routes(v, service, namespace)]
    own_rule = routed[0] if routed else None
    subsets = (
        tuple(s["name"] for s in with_subsets["spec"]["subsets"]) if with_subsets else tuple(sorted(versions))
    )
    return Rules(
        host=service,
        subsets=subsets,
        destination_rule=None
        if with_subsets
        else _with_subsets(theirs[0] if theirs else None, service, subsets),
        virtual_service=own_rule or _object("VirtualService", service, {"hosts": [service], "http": []}),
        own=tuple(filter(None, (theirs[0] if theirs else None, own_rule))),
    )


def is_host(host: str, service: str, namespace: str) -> bool:
    """Whether a rule's host means a Service: its short name, `NAME.NAMESPACE`, or a longer form of that."""
    full = f"{service}.{namespace}.svc.cluster.local"
    return host == service or (host.startswith(f"{service}.{namespace}") and full.startswith(host))


def _routes(rule: Object, service: str, namespace: str) -> bool:
    """Whether a VirtualService speaks for requests inside the mesh; without `gateways` it does."""
    spec = rule["spec"]
    inside = _MESH in (spec.get("gateways") or [_MESH])
    return inside and any(is_host(host, service, namespace) for host in spec.get("hosts", ()))


def _last_route(rule: Object) -> Object:
    """The route for requests that no match caught; made if there is none."""
    routes = rule["spec"].setdefault("http", [])
    if not routes or routes[-1].get("match"):
        routes.append({})
    last: Object = routes[-1]
    for other in ("redirect", "directResponse", "delegate"):
        last.pop(other, None)
    return last


def _with_subsets(own: Object | None, service: str, subsets: Iterable[str]) -> Object:
    rule = copy.deepcopy(own) if own else _object("DestinationRule", service, {"host": service})
    rule["spec"]["subsets"] = [{"name": subset, "labels": {"version": subset}} for subset in subsets]
    return rule


def _object(kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": _API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _destination(host: str, subset: str, weight: int) -> Object:
    return {"destination": {"host": host, "subset": subset}, "weight": weight}


def _subset(destination: Object) -> str:
    return str(destination.get("destination", {}).get("subset", ""))
