"""Pods: defaults, quality of service, and what may change once a pod exists.

Source: pkg/registry/core/pod/strategy.go and ValidatePodUpdate in pkg/apis/core/validation/validation.go.
Left out: the projected volume with the service account's token (nothing in the box reads it), ephemeral containers,
overhead and in-place resize.
"""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.statuses import FieldError, forbidden_field
from meshtutor.embedded.apiserver.strategies.base import Strategy
from meshtutor.embedded.apiserver.strategies.pod_checks import check_pod_spec
from meshtutor.embedded.apiserver.strategies.pod_defaults import default_pod_spec
from meshtutor.embedded.apiserver.values import clone, fill, items_of, section

_ADMITTED: Final = {"serviceAccountName": "default", "serviceAccount": "default", "enableServiceLinks": True}
_SCHEDULING: Final = {"priority": 0, "preemptionPolicy": "PreemptLowerPriority"}
_TOLERATED: Final = tuple(
    {
        "key": f"node.kubernetes.io/{taint}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    }
    for taint in ("not-ready", "unreachable")
)
_MUTABLE: Final = (
    "activeDeadlineSeconds",
    "terminationGracePeriodSeconds",
    "tolerations",
    "nodeName",
    "schedulingGates",
)


class PodStrategy(Strategy):
    """Pod."""

    def default(self, obj: Object) -> None:
        """As kube-apiserver with its default admission plugins leaves a pod."""
        spec = section(obj, "spec")
        default_pod_spec(spec)
        fill(spec, {**_ADMITTED, **_SCHEDULING})
        tolerations = spec.get("tolerations") or []
        if isinstance(tolerations, list):
            known = {t.get("key") for t in tolerations if isinstance(t, dict)}
            spec["tolerations"] = tolerations + [clone(t) for t in _TOLERATED if t["key"] not in known]

    def prepare_create(self, obj: Object) -> None:
        """A new pod is Pending."""
        obj["status"] = {"phase": "Pending", "qosClass": _quality(section(obj, "spec"))}

    def validate(self, obj: Object) -> list[FieldError]:
        """The spec."""
        return check_pod_spec(obj["spec"], "spec")

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        """Of a pod's spec, only images and a few fields may change."""
        if _frozen(obj["spec"]) == _frozen(old["spec"]) and not _moved(obj, old):
            return []
        detail = (
            "pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
            "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
            "previously negative)"
        )
        return [forbidden_field("spec", detail)]


def _moved(obj: Object, old: Object) -> bool:
    """Whether a pod bound to a node is to be on another one: binding happens once."""
    bound = old["spec"].get("nodeName")
    return bool(bound) and obj["spec"].get("nodeName") != bound


def _frozen(spec: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in spec.items() if key not in _MUTABLE}
    for name in ("containers", "initContainers"):
        rest[name] = [{**container, "image": ""} for container in items_of(spec, name)]
    return rest


def _quality(spec: dict[str, Any]) -> str:
    """QoS class: Guaranteed if all limits equal requests, BestEffort if there are none, else Burstable."""
    resources = [
        c.get("resources") or {} for c in items_of(spec, "containers") + items_of(spec, "initContainers")
    ]
    if not any(r.get("limits") or r.get("requests") for r in resources):
        return "BestEffort"
    for each in resources:
        limits, requests = each.get("limits") or {}, each.get("requests") or {}
        if not {"cpu", "memory"} <= set(limits) or limits != requests:
            return "Burstable"
    return "Guaranteed"
