"""What this user must be allowed to do, asked one by one by SelfSubjectAccessReview, before anything is made.

API: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from meshtutor.errors import LabError
from meshtutor.kube.client import KubeClient

_PATH: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_NETWORKING, _SECURITY, _TELEMETRY = "networking.istio.io", "security.istio.io", "telemetry.istio.io"


@dataclass(frozen=True)
class Right:
    """One verb on one resource; `namespace` empty: cluster-wide. `purpose` says what goes without it."""

    verb: str
    resource: str
    namespace: str
    purpose: str
    required: bool = True

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}" + (f" in {self.namespace}" if self.namespace else "")

    @property
    def body(self) -> dict[str, object]:
        """The SelfSubjectAccessReview that asks for it."""
        name, _, group = self.resource.partition(".")
        name, _, sub = name.partition("/")
        attributes = {
            "verb": self.verb,
            "resource": name,
            "subresource": sub,
            "group": group,
            "namespace": self.namespace,
        }
        return {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes}}  # fmt: skip


def needed(namespace: str, root: str, *, create_namespace: bool) -> list[Right]:
    """All that lessons do, in the learner's namespace and in Istio's `root`."""
    rules = [
        f"{kind}.{_NETWORKING}"
        for kind in ("virtualservices", "destinationrules", "gateways", "serviceentries", "sidecars")
    ]
    rules += [
        f"{kind}.{_SECURITY}"
        for kind in ("peerauthentications", "authorizationpolicies", "requestauthentications")
    ]
    rules += [f"telemetries.{_TELEMETRY}"]
    workloads = ("deployments.apps", "services", "configmaps", "serviceaccounts")
    own = [
        Right(verb, kind, namespace, "the application")
        for kind in workloads
        for verb in ("get", "list", "create", "patch", "delete")
    ]
    own += [
        Right(verb, kind, namespace, "the lessons' rules")
        for kind in rules
        for verb in ("get", "list", "create", "patch", "delete")
    ]
    own += [
        Right("list", "pods", namespace, "seeing the pods"),
        Right("delete", "pods", namespace, "restarting pods after injection"),
        Right("get", "pods/log", namespace, "logs"),
        Right("create", "pods/proxy", namespace, "sending from inside the mesh"),
        Right("get", "pods/proxy", namespace, "counting by the sidecars", required=False),
        Right("get", "namespaces", "", "the namespace"),
        Right("list", "namespaces", "", "knowing how new the cluster's state is"),
        Right("list", "pods", root, "finding istiod and the gateway"),
        Right("list", "services", root, "finding the gateway"),
        Right("list", "deployments.apps", root, "finding istiod"),
        Right("get", "services/proxy", root, "Prometheus, Jaeger, Kiali and Grafana"),
        Right("create", "pods/portforward", root, "knowing when every proxy has a change", required=False),
        Right("create", "pods/portforward", namespace, "a proxy's configuration", required=False),
        Right("list", "nodes", "", "the lesson on locality, and a NodePort's address", required=False),
    ]
    return own + ([Right("create", "namespaces", "", "a namespace of your own")] if create_namespace else [])


def missing(kube: KubeClient, wanted: Iterable[Right]) -> list[Right]:
    """Those that the cluster does not grant."""

    def is_granted(right: Right) -> bool:
        return bool(kube.request("POST", _PATH, body=right.body).json()["status"].get("allowed"))

    wanted = list(wanted)
    with ThreadPoolExecutor(8) as threads:
        return [
            right
            for right, granted in zip(wanted, threads.map(is_granted, wanted), strict=True)
            if not granted
        ]


def refusal(lacking: list[Right], namespace: str) -> LabError:
    """A sentence that names each missing right, and what whoever runs the cluster can type to grant them."""
    groups = _grouped(lacking)
    named = "; ".join(
        f"{', '.join(verbs)} of {', '.join(resources)}{f' in {place}' if place else ''} ({purpose})"
        for (place, purpose), (verbs, resources) in groups.items()
    )
    grants = "\n    ".join(
        f"kubectl {f'-n {place} create role' if place else 'create clusterrole'} meshtutor-{number} "
        f"--verb={','.join(verbs)} --resource={','.join(resources)}"
        for number, ((place, _), (verbs, resources)) in enumerate(groups.items(), 1)
    )
    hint = f"Whoever runs the cluster can grant them (and bind them with a rolebinding) for {namespace}:\n    {grants}"
    return LabError(f"You lack rights in this cluster: {named}.", hint)


def _grouped(lacking: list[Right]) -> dict[tuple[str, str], tuple[list[str], list[str]]]:
    """(namespace, purpose) -> verbs and resources, each named once."""
    groups: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for right in lacking:
        verbs, resources = groups.setdefault((right.namespace, right.purpose), ([], []))
        verbs += [right.verb] * (right.verb not in verbs)
        resources += [right.resource] * (right.resource not in resources)
    return groups
