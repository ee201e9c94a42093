"""Deployments and ReplicaSets: a selector that never changes and matches the template.

Source: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation/validation.go.
"""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.statuses import FieldError, invalid_value, not_supported, required
from meshtutor.embedded.apiserver.strategies.base import Strategy
from meshtutor.embedded.apiserver.strategies.names import check_annotations, check_labels, check_selector
from meshtutor.embedded.apiserver.strategies.pod_checks import check_pod_spec, one_of
from meshtutor.embedded.apiserver.strategies.pod_defaults import default_pod_spec
from meshtutor.embedded.apiserver.values import fill, section
from meshtutor.kube.selectors import LabelSelector

_ROLLING: Final = {"maxUnavailable": "25%", "maxSurge": "25%"}
_DEPLOYMENT: Final = {
    "replicas": 1,
    "strategy": {"type": "RollingUpdate"},
    "revisionHistoryLimit": 10,
    "progressDeadlineSeconds": 600,
}


class _Workload(Strategy):
    """What both have in common."""

    def default(self, obj: Object) -> None:
        """Replicas and the template."""
        spec = section(obj, "spec")
        fill(spec, {"replicas": 1})
        template = section(spec, "template")
        section(template, "metadata")
        default_pod_spec(section(template, "spec"))

    def validate(self, obj: Object) -> list[FieldError]:
        """Selector, template, replicas."""
        spec = obj["spec"]
        return _check_replicas(spec) + _check_selector(spec) + _check_template(spec["template"])

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        """The selector is immutable."""
        if obj["spec"].get("selector") == old["spec"].get("selector"):
            return []
        return [invalid_value("spec.selector", obj["spec"].get("selector"), "field is immutable")]


class ReplicaSetStrategy(_Workload):
    """ReplicaSet."""


class DeploymentStrategy(_Workload):
    """Deployment."""

    def default(self, obj: Object) -> None:
        """Rolling update by quarters."""
        super().default(obj)
        spec = obj["spec"]
        fill(spec, _DEPLOYMENT)
        if spec["strategy"].get("type") in (None, "RollingUpdate"):
            spec["strategy"]["type"] = "RollingUpdate"
            fill(section(spec["strategy"], "rollingUpdate"), _ROLLING)

    def validate(self, obj: Object) -> list[FieldError]:
        """Also the strategy."""
        return super().validate(obj) + _check_strategy(obj["spec"]["strategy"])


def _check_replicas(spec: dict[str, Any]) -> list[FieldError]:
    if spec["replicas"] >= 0:
        return []
    return [invalid_value("spec.replicas", spec["replicas"], "must be greater than or equal to 0")]


def _check_selector(spec: dict[str, Any]) -> list[FieldError]:
    selector = spec.get("selector")
    if selector is None:
        return [required("spec.selector")]
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        return [invalid_value("spec.selector", selector, "empty selector is invalid for deployment")]
    if found := check_selector(selector, "spec.selector"):
        return found
    labels = spec["template"]["metadata"].get("labels") or {}
    if LabelSelector.of(selector).matches(labels):
        return []
    return [
        invalid_value("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    ]


def _check_template(template: dict[str, Any]) -> list[FieldError]:
    path, spec = "spec.template", template["spec"]
    found = check_labels(template["metadata"].get("labels"), f"{path}.labels")
    found += check_annotations(template["metadata"].get("annotations"), f"{path}.annotations")
    if spec["restartPolicy"] != "Always":
        found.append(not_supported(f"{path}.spec.restartPolicy", spec["restartPolicy"], ("Always",)))
    return found + check_pod_spec(spec, f"{path}.spec")


def _check_strategy(strategy: dict[str, Any]) -> list[FieldError]:
    path = "spec.strategy"
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "Recreate" and rolling:
        detail = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
        return [FieldError(f"{path}.rollingUpdate", "FieldValueForbidden", detail)]
    if rolling and _zero(rolling.get("maxUnavailable")) and _zero(rolling.get("maxSurge")):
        detail = "may not be 0 when `maxSurge` is 0"
        return [invalid_value(f"{path}.rollingUpdate.maxUnavailable", rolling.get("maxUnavailable"), detail)]
    return one_of(strategy, "type", ("Recreate", "RollingUpdate"), path)


def _zero(value: Any) -> bool:
    return value in (0, "0%", "0")
