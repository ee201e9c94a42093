"""Rules that delegate: to a VirtualService that is not there, cannot be seen, or asks for what can never hold.

Istio drops such rules and says so in istiod's log only, so a learner gets a warning. Source of the rules: see
embedded/istio/delegates.py. `istioctl analyze` has no check for delegates; its code for missing names is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from meshtutor.embedded.istio.delegates import merged_matches
from meshtutor.embedded.istio.hosts import visible
from meshtutor.embedded.istio.validation.problem import Problems, each, warning
from meshtutor.kube import objects

Object = dict[str, Any]
Rule = Mapping[str, Any]
NOT_FOUND: Final = "IST0101"
_DROPPED: Final = "Istio leaves the rule out"


def check(root: Object, services: Iterable[Object]) -> Problems:
    """Warnings about the rules of a VirtualService that delegate to one of `services`."""
    namespace = _namespace(root)
    known = {(_namespace(service), objects.name(service)): service for service in services}
    for path, rule in each(objects.spec(root).get("http"), "spec.http"):
        if asked := rule.get("delegate"):
            key = (asked.get("namespace") or namespace, str(asked.get("name", "")))
            yield from _delegate(f"{path}.delegate", rule, known.get(key), key, namespace)


def _delegate(
    path: str, rule: Rule, delegate: Object | None, key: tuple[str, str], namespace: str
) -> Problems:
    name = "/".join(key)
    if delegate is None:
        hint = f"{_DROPPED}; apply the delegate, a VirtualService without hosts"
        yield warning(f"{path}.name", f"referenced delegate not found: {name!r}", hint, NOT_FOUND)
    elif (spec := objects.spec(delegate)).get("hosts"):
        yield warning(f"{path}.name", f"{name} has hosts, so it is no delegate", _DROPPED, NOT_FOUND)
    elif not visible(frozenset(spec.get("exportTo") or ()), key[0], namespace):
        yield warning(f"{path}.name", f"{name} is not exported to {namespace}", _DROPPED, NOT_FOUND)
    else:
        yield from _conflicts(path, rule, spec, name)


def _conflicts(path: str, rule: Rule, spec: Rule, name: str) -> Problems:
    for place, part in each(spec.get("http"), "http"):
        if (rule.get("match") or part.get("match")) and not any(merged_matches(rule, part)):
            message = f"the conditions of {place} of {name} do not lie within those of this rule"
            yield warning(path, message, f"{_DROPPED}; a delegate can only narrow what it is given")


def _namespace(obj: Object) -> str:
    return objects.namespace(obj) or objects.DEFAULT_NAMESPACE
