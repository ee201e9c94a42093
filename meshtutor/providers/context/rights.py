"""What this user must be allowed to do, asked one by one by SelfSubjectAccessReview, before anything is made.

The kinds are those of `kube.kinds` that lessons write or look through; what is done with pods beside that stands here.
API: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from meshtutor.errors import ApiStatusError, LabError, NotFoundError
from meshtutor.kube import kinds
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import Kind

_PATH: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_WHO: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_ALL: Final = ("get", "list", "create", "patch", "delete")
_LOOK: Final = ("get", "list")
_FORWARD: Final = ("get", "create")
"""A port-forward begins with a GET for a WebSocket: before 1.35 the API server asked for `get` alone, from 1.35 on for
`create` as well (feature gate AuthorizePodWebsocketUpgradeCreatePermission)."""


@dataclass(frozen=True)
class Right:
    """One verb on one resource; `namespace` empty: cluster-wide. `purpose` says what goes without it.

    `role` names the role that grants it; "" where a learner on a shared cluster had better not have it.
    """

    verb: str
    resource: str
    namespace: str
    role: str
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
            "name": self.namespace if name == "namespaces" else "",
        }
        return {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes}}  # fmt: skip


def needed(namespace: str, root: str, *, create_namespace: bool) -> list[Right]:
    """All that lessons do, in the learner's namespace and in Istio's `root`."""
    return [
        *_namespaces(namespace, create=create_namespace),
        *_objects(namespace),
        *_pods(namespace),
        *_root(root),
        *for_gateway(root),
        *forwarding(namespace),
        *forwarding(root),
        Right("list", "nodes", "", "nodes", "lesson 10, and a node's port as the way in", required=False),
        Right("create", "namespaces", "", "", "lessons 02, 13 and 14 make namespaces", required=False),
        Right("create", kinds.KUBERNETES_GATEWAY.resource, root, "", f"lesson 14 writes into {root}", required=False),
    ]  # fmt: skip


def for_gateway(namespace: str) -> list[Right]:
    """Finding the gateway in its namespace, and its pods."""
    return [
        Right(verb, resource, namespace, "gateway", "finding the gateway, and explaining what it does")
        for resource in ("services", "pods")
        for verb in _LOOK
    ]


def forwarding(namespace: str, purpose: str = "", *, required: bool = False) -> list[Right]:
    """A port-forward to pods of a namespace."""
    said = purpose or (
        "when every proxy has a change, mesh.explain, the pages of the add-ons, and the gateway where it has no address"
    )
    return [Right(verb, "pods/portforward", namespace, "forward", said, required) for verb in _FORWARD]


def _namespaces(namespace: str, *, create: bool) -> Iterator[Right]:
    yield Right("get", "namespaces", namespace, "namespace", "the namespace")
    yield Right("patch", "namespaces", namespace, "label", "lesson 02 takes the injection label away", False)
    yield Right("list", "namespaces", "", "namespaces", "knowing how new the cluster's state is")
    if create:
        yield Right("create", "namespaces", "", "", "a namespace of your own")


def _objects(namespace: str) -> Iterator[Right]:
    for kind in (*kinds.WORKLOADS, *kinds.RULES):
        role, purpose = _purpose(kind)
        for verb in _ALL:
            yield Right(verb, kind.resource, namespace, role, purpose, kind not in kinds.OPTIONAL)


def _purpose(kind: Kind) -> tuple[str, str]:
    if kind in kinds.GATEWAY_API:
        return "gateway-api", "lesson 14"
    if kind in kinds.OPTIONAL:
        return "more", "putting back what you try out with such objects"
    return ("rules", "the lessons' rules") if kind in kinds.RULES else ("application", "the application")


def _pods(namespace: str) -> Iterator[Right]:
    yield Right("get", "pods/log", namespace, "logs", "logs")
    for verb in ("create", "update", "delete"):  # POST, PUT, DELETE through the pod's proxy
        yield Right(verb, "pods/proxy", namespace, "send", "sending from inside the mesh, and mesh.disturb")
    yield Right("get", "pods/proxy", namespace, "count", "counting by the sidecars", required=False)


def _root(root: str) -> Iterator[Right]:
    yield Right("list", "deployments.apps", root, "istiod", "finding istiod")
    yield Right("get", "services/proxy", root, "addons", "Prometheus, Jaeger, Kiali and Grafana")
    for kind in kinds.RULES:
        for verb in _LOOK:
            purpose = "rules for the whole mesh, in mesh.explain and mesh.analyze"
            yield Right(verb, kind.resource, root, "mesh-rules", purpose, required=False)


def served(kube: KubeClient, wanted: Iterable[Right]) -> list[Right]:
    """Those on kinds that the cluster has: no role can be made for others, and nobody needs it."""
    absent = {kind.resource for kind in unserved(kube)}
    return [right for right in wanted if right.resource not in absent]


def unserved(kube: KubeClient) -> list[Kind]:
    """The kinds of rules that the cluster lacks: those of an older Istio, or of the Gateway API."""
    lists = {(kind.group, kind.version) for kind in kinds.RULES}
    names = {group_version: _names(kube, *group_version) for group_version in lists}
    return [kind for kind in kinds.RULES if kind.plural not in names[kind.group, kind.version]]


def _names(kube: KubeClient, group: str, version: str) -> set[str]:
    try:
        return {one["name"] for one in kube.request("GET", f"/apis/{group}/{version}").json()["resources"]}
    except NotFoundError:
        return set()


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


class Reviews:
    """What the API server said of each right, asked once."""

    def __init__(self, kube: KubeClient) -> None:
        self._kube = kube
        self._refused: dict[Right, bool] = {}

    def missing(self, wanted: Iterable[Right]) -> list[Right]:
        """Those that are not granted."""
        wanted = list(wanted)
        asked = [right for right in wanted if right not in self._refused]
        refused = set(missing(self._kube, asked))
        self._refused.update({right: right in refused for right in asked})
        return [right for right in wanted if self._refused[right]]


def user(kube: KubeClient) -> str:
    """Who the API server says we are; "" where it does not tell (before 1.28)."""
    with suppress(ApiStatusError, KeyError):
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        return str(kube.request("POST", _WHO, body=body).json()["status"]["userInfo"]["username"])
    return ""


def refusal(lacking: list[Right], namespace: str, who: str = "") -> LabError:
    """A sentence that names each missing right that is required, and what whoever runs the cluster can type."""
    named = "; ".join(said(right for right in lacking if right.required))
    typed = "\n    ".join(grants(lacking, namespace, who))
    return LabError(
        f"You lack rights in this cluster: {named}.", f"Whoever runs the cluster can type:\n    {typed}"
    )


def said(lacking: Iterable[Right]) -> list[str]:
    """Rights in words, those for one purpose together."""
    return [
        f"{', '.join(verbs)} of {', '.join(resources)}{f' in {place}' if place else ''} ({purpose})"
        for (place, _, purpose), (verbs, resources) in _grouped(lacking).items()
    ]


def grants(lacking: Iterable[Right], namespace: str, who: str = "") -> list[str]:
    """The kubectl commands that grant them: a namespace that is to be made, roles, and their bindings."""
    lacking = list(lacking)
    typed = []
    if any(
        right.verb in ("get", "create") and right.resource == "namespaces" and right.required
        for right in lacking
    ):
        typed += [
            f"kubectl create namespace {namespace}   # unless it is there",
            f"kubectl label namespace {namespace} istio-injection=enabled --overwrite",
        ]
    for (place, role, _), (verbs, resources) in _grouped(right for right in lacking if right.role).items():
        name = f"meshtutor-{namespace}-{role}"
        kubectl, kind = (f"kubectl -n {place}", "role") if place else ("kubectl", "clusterrole")
        typed.append(
            f"{kubectl} create {kind} {name} --verb={','.join(verbs)} --resource={','.join(resources)}"
        )
        typed.append(f"{kubectl} create {kind}binding {name} --{kind}={name} --user={who or 'USER'}")
    return typed


def _grouped(lacking: Iterable[Right]) -> dict[tuple[str, str, str], tuple[list[str], list[str]]]:
    """(namespace, role, purpose) -> verbs and resources, each named once."""
    groups: dict[tuple[str, str, str], tuple[list[str], list[str]]] = {}
    for right in lacking:
        verbs, resources = groups.setdefault((right.namespace, right.role, right.purpose), ([], []))
        verbs += [right.verb] * (right.verb not in verbs)
        resources += [right.resource] * (right.resource not in resources)
    return groups
