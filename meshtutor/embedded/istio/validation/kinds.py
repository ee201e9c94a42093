"""Which checks a kind has, and `check(obj)`, which runs them all.

Left out: EnvoyFilter, whose patches are Envoy's own configuration and which the lab refuses as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from meshtutor.embedded.istio.validation import (
    authentication,
    authorization,
    destination_rule,
    gateway,
    gateway_api,
    gateway_api_route,
    service_entry,
    shape,
    sidecar,
    telemetry,
    virtual_service,
    workload,
)
from meshtutor.embedded.istio.validation.problem import Problem, Problems, error
from meshtutor.kube import objects
from meshtutor.kube.kinds import KUBERNETES_GATEWAY, RULES, kind_of

_DRY_RUN: Final = "istio.io/dry-run"
CHECKS: Final[Mapping[str, Callable[[dict[str, Any]], Problems]]] = {
    "VirtualService": virtual_service.check,
    "DestinationRule": destination_rule.check,
    "Gateway": gateway.check,
    "ServiceEntry": service_entry.check,
    "Sidecar": sidecar.check,
    "WorkloadEntry": workload.check_entry,
    "WorkloadGroup": workload.check_group,
    "AuthorizationPolicy": authorization.check,
    "PeerAuthentication": authentication.check_peer,
    "RequestAuthentication": authentication.check_request,
    "Telemetry": telemetry.check,
    "ProxyConfig": telemetry.check_proxy_config,
    KUBERNETES_GATEWAY.unique_name: gateway_api.check_gateway,
    "HTTPRoute": gateway_api_route.check,
}


def check(obj: dict[str, Any]) -> list[Problem]:
    """All problems of an object that rules traffic and whose types are right; none for objects of other kinds."""
    kind = kind_of(obj, RULES)
    if kind is None:
        return []
    problems = [*shape.check(kind, obj.get("spec") or {}), *_annotations(obj)]
    if function := CHECKS.get(kind.unique_name):
        problems += function(obj)
    return problems


def _annotations(obj: dict[str, Any]) -> Problems:
    """`istio.io/dry-run` is for AuthorizationPolicies that allow or deny."""
    value = objects.annotations(obj).get(_DRY_RUN)
    if value is None:
        return
    path = f"metadata.annotations[{_DRY_RUN}]"
    if obj["kind"] != "AuthorizationPolicy" or objects.spec(obj).get("action", "ALLOW") not in (
        "ALLOW",
        "DENY",
    ):
        yield error(path, "only AuthorizationPolicies with action ALLOW or DENY can be tried out")
    elif str(value).lower() not in ("1", "t", "true", "0", "f", "false"):
        yield error(path, f"{value!r} is not true or false")
