"""Which nodes a pod may run on, and which of them is best. Pure.

As kube-scheduler's filters NodeUnschedulable, NodeName, TaintToleration, NodeAffinity and its spreading score
(pkg/scheduler/framework/plugins). Left out, and told by `unsupported`: pod (anti-)affinity and topology
spread constraints, where they are required; resource requests, as the nodes are one machine and pods plain
processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.controllers.selectors import Labels, contains
from meshtutor.embedded.objects import controller_of, is_finished, labels_of

_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def unsupported(pod: Object) -> str:
    """A sentence about a scheduling rule that this scheduler does not know, or ""."""
    affinity = pod["spec"].get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        if (affinity.get(kind) or {}).get("requiredDuringSchedulingIgnoredDuringExecution"):
            where = f"spec.affinity.{kind}"
            return f"{where} is not implemented in the embedded cluster; remove it or use nodeAffinity"
    constraints = pod["spec"].get("topologySpreadConstraints") or ()
    if any(c.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule" for c in constraints):
        return (
            "spec.topologySpreadConstraints with DoNotSchedule is not implemented in the embedded cluster; "
            "pods are spread over the nodes anyway"
        )
    return ""


def why_not(pod: Object, node: Object) -> str:
    """Why the node will not do, in kube-scheduler's words; "" if it will."""
    spec = pod["spec"]
    tolerations = spec.get("tolerations") or ()
    if node["spec"].get("unschedulable") and not _tolerates(tolerations, _UNSCHEDULABLE):
        return "node(s) were unschedulable"
    for taint in node["spec"].get("taints") or ():
        if taint.get("effect") in ("NoSchedule", "NoExecute") and not _tolerates(tolerations, taint):
            return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
    required = _node_affinity(pod).get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = required.get("nodeSelectorTerms")
    wanted = contains(spec.get("nodeSelector") or {}, labels_of(node))
    if not wanted or (terms is not None and not any(_matches_term(t, node) for t in terms)):
        return "node(s) didn't match Pod's node affinity/selector"
    return ""


def best(pod: Object, nodes: Sequence[Object], pods: Iterable[Object]) -> Object:
    """The node with the highest preference, then the fewest pods of the same owner, then the fewest pods."""
    siblings: dict[str, int] = {}
    crowd: dict[str, int] = {}
    family = _family(pod)
    for other in pods:
        name = other["spec"].get("nodeName", "")
        if name and not is_finished(other):
            crowd[name] = crowd.get(name, 0) + 1
            siblings[name] = siblings.get(name, 0) + (_family(other) == family)

    def rank(node: Object) -> tuple[int, int, int]:
        name = node["metadata"]["name"]
        return -_preference(pod, node), siblings.get(name, 0), crowd.get(name, 0)

    return min(nodes, key=rank)


def _node_affinity(pod: Object) -> Mapping[str, Any]:
    return (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}


def _family(pod: Object) -> tuple[str, str]:
    owner = controller_of(pod)
    own = owner["uid"] if owner else pod["metadata"]["name"]
    return pod["metadata"]["namespace"], own


def _preference(pod: Object, node: Object) -> int:
    preferred = _node_affinity(pod).get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    return sum(int(p["weight"]) for p in preferred if _matches_term(p["preference"], node))


def _matches_term(term: Mapping[str, Any], node: Object) -> bool:
    """All expressions and fields of a NodeSelectorTerm; an empty term matches nothing."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    named = {"metadata.name": node["metadata"]["name"]}
    return bool(expressions or fields) and (
        all(_matches(e, labels_of(node)) for e in expressions) and all(_matches(f, named) for f in fields)
    )


def _tolerates(tolerations: Iterable[Mapping[str, Any]], taint: Mapping[str, Any]) -> bool:
    def one(toleration: Mapping[str, Any]) -> bool:
        if toleration.get("effect") not in (None, "", taint["effect"]):
            return False
        if not toleration.get("key"):
            return toleration.get("operator") == "Exists"
        if toleration["key"] != taint["key"]:
            return False
        return toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", "")

    return any(one(t) for t in tolerations)


def _matches(expression: Mapping[str, Any], labels: Labels) -> bool:
    """One NodeSelectorRequirement; NotIn also matches where the label is absent."""
    value, values = labels.get(expression["key"]), expression.get("values") or []
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator:
            return _compares(operator, value, values)
        case _:
            return False


def _compares(operator: str, value: str | None, values: list[str]) -> bool:
    try:
        have, limit = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return have > limit if operator == "Gt" else have < limit
