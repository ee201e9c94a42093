"""DestinationRule: subsets and traffic policies.

Source: Istio's pkg/config/validation/validation.go (ValidateDestinationRule) and agent/validation.go.
"""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.istio.policy.connection_pool import DEFAULT_BUDGET
from meshtutor.embedded.istio.policy.load_balancing import is_passthrough
from meshtutor.embedded.istio.policy.merge import effective
from meshtutor.embedded.istio.validation import load_balancer, names, sharing, values
from meshtutor.embedded.istio.validation.limits import policies
from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, error, unless_fine, warning
from meshtutor.kube import objects

Policy = dict[str, Any]
_SECTIONS: Final = ("outlierDetection", "connectionPool", "loadBalancer", "tls")
_TOP_SECTIONS: Final = (*_SECTIONS, "portLevelSettings", "tunnel", "proxyProtocol", "retryBudget")


def check(obj: dict[str, Any]) -> Problems:
    """Everything about one DestinationRule."""
    spec: Spec = obj.get("spec") or {}
    namespace = objects.namespace(obj) or objects.DEFAULT_NAMESPACE
    yield from unless_fine("spec.host", names.wildcard_domain(spec.get("host", "")))
    yield from _policy(spec.get("trafficPolicy"), "spec.trafficPolicy")
    yield from _subsets(spec)
    yield from sharing.export_to(spec, namespace)
    yield from sharing.selector(spec, "workloadSelector")
    for path, policy in policies(spec):
        tls = policy.get("tls") or {}
        if (
            tls.get("credentialName")
            and "workloadSelector" not in spec
            and tls.get("mode") in ("SIMPLE", "MUTUAL")
        ):
            message = "without a workloadSelector only gateways use it: sidecars send plain text"
            yield warning(f"{path}.tls.credentialName", message, "select the pods that may read the Secret")
    exported = [namespace if name == "." else name for name in spec.get("exportTo") or ()]
    if "workloadSelector" in spec and exported and exported != [namespace]:
        yield error(
            "spec.exportTo", "a rule with a workload selector cannot be exported beyond its own namespace"
        )


def _subsets(spec: Spec) -> Problems:
    seen: set[str] = set()
    for path, subset in each(spec.get("subsets"), "spec.subsets"):
        name = subset.get("name", "")
        yield from unless_fine(f"{path}.name", names.subset_name(name))
        if name in seen:
            yield error(f"{path}.name", f"duplicate subset name: {name}")
        seen.add(name)
        yield from names.labels(subset.get("labels"), f"{path}.labels")
        yield from _policy(subset.get("trafficPolicy"), f"{path}.trafficPolicy")
        yield from _passed_on(spec.get("trafficPolicy") or {}, subset, path)


def _passed_on(top: Policy, subset: Policy, path: str) -> Problems:
    """A subset whose labels do not count."""
    own = subset.get("trafficPolicy") or {}
    if subset.get("labels") and is_passthrough(effective(top, own, port=0)):
        place = f"{path}.trafficPolicy" if own.get("loadBalancer") else "spec.trafficPolicy"
        yield warning(
            f"{place}.loadBalancer.simple",
            f"with PASSTHROUGH the labels of subset {subset.get('name')!r} do not count: requests go on to the "
            "address that the client looked up, which is the whole service's",
            "use another algorithm for the subset",
        )


def _policy(policy: Policy | None, path: str) -> Problems:
    if policy is None:
        return
    if not any(field in policy for field in _TOP_SECTIONS):
        yield error(
            path, "a traffic policy must have at least one field", f"one of {', '.join(_TOP_SECTIONS)}"
        )
    if "tunnel" in policy and "proxyProtocol" in policy:
        yield error(path, "tunnel and proxyProtocol must not be set together")
    yield from _sections(policy, path)
    for place, settings in each(policy.get("portLevelSettings"), f"{path}.portLevelSettings"):
        if "port" not in settings:
            yield error(f"{place}.port", "a policy for a port must name the port")
        if not any(field in settings for field in _SECTIONS):
            yield error(
                place, "a traffic policy must have at least one field", f"one of {', '.join(_SECTIONS)}"
            )
        yield from _sections(settings, place)
    yield from _tunnel(policy.get("tunnel"), f"{path}.tunnel")
    yield from _retry_budget(policy.get("retryBudget"), f"{path}.retryBudget")


def _retry_budget(budget: Policy | None, path: str) -> Problems:
    if budget is not None and budget.get("percent") is None:
        message = f"without a percent it is {DEFAULT_BUDGET} %, not the 20 % of Istio's documentation"
        yield warning(f"{path}.percent", message, "write what you want, as in percent: 20")


def _sections(policy: Policy, path: str) -> Problems:
    outlier = policy.get("outlierDetection")
    yield from _outliers(outlier, f"{path}.outlierDetection")
    yield from sharing.connection_pool(policy.get("connectionPool"), f"{path}.connectionPool")
    yield from load_balancer.check(
        policy.get("loadBalancer"), f"{path}.loadBalancer", detects=outlier is not None
    )
    yield from _tls(policy.get("tls"), f"{path}.tls")


def _outliers(outlier: Policy | None, path: str) -> Problems:
    if outlier is None:
        return
    if outlier.get("consecutiveErrors"):
        yield warning(
            f"{path}.consecutiveErrors",
            "consecutiveErrors is deprecated and has no effect",
            "use consecutive5xxErrors, which is 5 without this, or consecutiveGatewayErrors",
        )
    if (outlier.get("consecutiveLocalOriginFailures") or 0) > 0 and not outlier.get(
        "splitExternalLocalOriginErrors"
    ):
        yield error(
            f"{path}.consecutiveLocalOriginFailures",
            "consecutiveLocalOriginFailures is set, but splitExternalLocalOriginErrors is false",
            "set splitExternalLocalOriginErrors: true",
        )
    for field in ("maxEjectionPercent", "minHealthPercent"):
        yield from unless_fine(f"{path}.{field}", values.whole_percent(outlier.get(field, 0)))


def _tls(tls: Policy | None, path: str) -> Problems:
    if tls is None:
        return
    mode = tls.get("mode", "DISABLE")
    files = [
        field for field in ("clientCertificate", "privateKey", "caCertificates", "caCrl") if tls.get(field)
    ]
    checked = [field for field in ("caCertificates", "subjectAltNames") if tls.get(field)]
    if mode == "SIMPLE" and tls.get("credentialName"):
        checked.append("credentialName")
    if tls.get("insecureSkipVerify") and mode in ("SIMPLE", "MUTUAL") and checked:
        yield error(path, f"cannot specify {' and '.join(checked)} when insecureSkipVerify is true")
    if mode in ("SIMPLE", "MUTUAL") and tls.get("credentialName"):
        if files:
            yield error(path, f"cannot specify {' and '.join(files)} beside credentialName")
    elif mode == "MUTUAL":
        for field in ("clientCertificate", "privateKey"):
            if not tls.get(field):
                yield error(f"{path}.{field}", f"{field} is required for mutual TLS")


def _tunnel(tunnel: Policy | None, path: str) -> Problems:
    if tunnel is None:
        return
    if tunnel.get("protocol", "") not in ("", "CONNECT", "POST"):
        yield error(f"{path}.protocol", 'must be "CONNECT" or "POST"')
    host = tunnel.get("targetHost", "")
    if names.fqdn(host) and not names.is_address(host):
        yield error(f"{path}.targetHost", f"{host!r} is neither a domain name nor an IP address")
    yield from unless_fine(f"{path}.targetPort", names.port(tunnel.get("targetPort", 0)))
