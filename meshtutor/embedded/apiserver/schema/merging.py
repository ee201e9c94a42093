"""How the lists of built-in kinds merge: what Go's `patchStrategy`, `patchMergeKey` and `listType` tags say.

The official client's models do not carry these tags, so this is a table of facts from
staging/src/k8s.io/api/*/types.go.
Keys are the client's model names. A list of any other model is replaced as a whole (atomic).
"""

from __future__ import annotations

from typing import Any, Final

_BY_TYPE = ("V1PodCondition", "V1DeploymentCondition", "V1ReplicaSetCondition", "V1NodeCondition",
            "V1NamespaceCondition", "V1Condition", "V1CustomResourceDefinitionCondition", "V1NodeAddress")  # fmt: skip
_BY_NAME = (
    "V1Container",
    "V1EphemeralContainer",
    "V1EnvVar",
    "V1LocalObjectReference",
    "V1MutatingWebhook",
    "V1ValidatingWebhook",
    "V1Volume",
)
MERGED_BY: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(_BY_TYPE, ("type",)),
    **dict.fromkeys(_BY_NAME, ("name",)),
    "V1ContainerPort": ("containerPort", "protocol"),
    "V1ServicePort": ("port", "protocol"),
    "V1VolumeMount": ("mountPath",),
    "V1VolumeDevice": ("devicePath",),
    "V1OwnerReference": ("uid",),
    "V1HostAlias": ("ip",),
    "V1HostIP": ("ip",),
    "V1PodIP": ("ip",),
    "V1TopologySpreadConstraint": ("topologyKey", "whenUnsatisfiable"),
}
"""Keys of a list that is a map; a strategic merge uses the first only, server-side apply all of them."""

FIELDS: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("V1ObjectMeta", "finalizers"): {"x-kubernetes-list-type": "set", "x-kubernetes-patch-strategy": "merge"},
    ("V1ServiceAccount", "secrets"): {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "x-kubernetes-patch-strategy": "merge",
        "x-kubernetes-patch-merge-key": "name",
    },
    ("V1ServiceAccount", "imagePullSecrets"): {"x-kubernetes-list-type": "atomic"},
    ("V1PodSpec", "volumes"): {"x-kubernetes-patch-strategy": "merge,retainKeys"},
    ("V1DeploymentSpec", "strategy"): {"x-kubernetes-patch-strategy": "retainKeys"},
    ("V1ServiceSpec", "selector"): {"x-kubernetes-map-type": "atomic"},
    ("V1PodSpec", "nodeSelector"): {"x-kubernetes-map-type": "atomic"},
}
"""What one field says beyond, or against, its item's model."""

ATOMIC_MODELS: Final = frozenset({
    "V1LabelSelector", "V1ObjectFieldSelector", "V1ResourceFieldSelector", "V1SecretKeySelector",
    "V1ConfigMapKeySelector", "V1LocalObjectReference", "V1ObjectReference", "V1OwnerReference", "V1NodeSelector",
    "V1NodeSelectorTerm", "V1TypedLocalObjectReference",
})  # fmt: skip
"""Structs that have one owner in server-side apply (`+structType=atomic`)."""

INT_OR_STRING: Final = frozenset({
    ("V1ServicePort", "targetPort"), ("V1HTTPGetAction", "port"), ("V1TCPSocketAction", "port"),
    ("V1RollingUpdateDeployment", "maxSurge"), ("V1RollingUpdateDeployment", "maxUnavailable"),
})  # fmt: skip

QUANTITIES: Final = frozenset({
    ("V1ResourceRequirements", "limits"), ("V1ResourceRequirements", "requests"), ("V1NodeStatus", "capacity"),
    ("V1NodeStatus", "allocatable"), ("V1EmptyDirVolumeSource", "sizeLimit"), ("V1PodSpec", "overhead"),
    ("V1ResourceFieldSelector", "divisor"), ("V1ContainerStatus", "allocatedResources"),
})  # fmt: skip
"""Quantities, or maps of them: a number is as good as a string."""

FREE: Final = frozenset(
    {("V1CustomResourceValidation", "openAPIV3Schema"), ("V1ObjectMeta", "managedFields")}
)
"""Not looked into: a schema is read where it is used; managedFields are the server's own."""


def list_extensions(item_model: str) -> dict[str, Any]:
    """The `x-kubernetes-*` extensions of a list of models."""
    keys = MERGED_BY.get(item_model)
    if keys is None:
        return {"x-kubernetes-list-type": "atomic"}
    return {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": list(keys),
        "x-kubernetes-patch-strategy": "merge",
        "x-kubernetes-patch-merge-key": keys[0],
    }
