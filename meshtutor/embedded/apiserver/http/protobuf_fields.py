"""Field numbers of the messages that kubectl sends as protobuf: facts of Kubernetes' wire format, which never change.

One line a message: `NUMBER NAME TYPE` triples; TYPE is str, int, bool, bytes or a message, `[T]` a list, `{T}` a map
from strings; a `?` marks a pointer, whose zero means something; the name `-` a struct inlined in JSON. Source: the
`protobuf` tags in staging/src/k8s.io/api/*/types.go and apimachinery's pkg/apis/meta/v1/types.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_TABLE: Final = """
Unknown: 1 typeMeta TypeMeta, 2 raw bytes
TypeMeta: 1 apiVersion str, 2 kind str
Time: 1 seconds int, 2 nanos int
IntOrString: 1 type int, 2 intVal int, 3 strVal str
ObjectMeta: 1 name str, 2 generateName str, 3 namespace str, 5 uid str, 6 resourceVersion str, 8 creationTimestamp Time,
  11 labels {str}, 12 annotations {str}, 13 ownerReferences [OwnerReference], 14 finalizers [str]
OwnerReference: 1 kind str, 3 name str, 4 uid str, 5 apiVersion str, 6 controller bool?, 7 blockOwnerDeletion bool?
LabelSelector: 1 matchLabels {str}, 2 matchExpressions [LabelSelectorRequirement]
LabelSelectorRequirement: 1 key str, 2 operator str, 3 values [str]
DeleteOptions: 1 gracePeriodSeconds int?, 2 preconditions Preconditions, 3 orphanDependents bool?,
  4 propagationPolicy str, 5 dryRun [str]
Preconditions: 1 uid str, 2 resourceVersion str
Namespace: 1 metadata ObjectMeta, 2 spec NamespaceSpec
NamespaceSpec: 1 finalizers [str]
ConfigMap: 1 metadata ObjectMeta, 2 data {str}, 3 binaryData {bytes}, 4 immutable bool?
Secret: 1 metadata ObjectMeta, 2 data {bytes}, 3 type str, 4 stringData {str}, 5 immutable bool?
ServiceAccount: 1 metadata ObjectMeta, 2 secrets [ObjectReference], 3 imagePullSecrets [LocalObjectReference],
  4 automountServiceAccountToken bool?
ObjectReference: 1 kind str, 2 namespace str, 3 name str, 4 uid str, 5 apiVersion str, 6 resourceVersion str,
  7 fieldPath str
LocalObjectReference: 1 name str
Service: 1 metadata ObjectMeta, 2 spec ServiceSpec
ServiceSpec: 1 ports [ServicePort], 2 selector {str}, 3 clusterIP str, 4 type str, 5 externalIPs [str],
  7 sessionAffinity str, 8 loadBalancerIP str, 10 externalName str, 11 externalTrafficPolicy str
ServicePort: 1 name str, 2 protocol str, 3 port int, 4 targetPort IntOrString, 5 nodePort int, 6 appProtocol str
Deployment: 1 metadata ObjectMeta, 2 spec DeploymentSpec
DeploymentSpec: 1 replicas int?, 2 selector LabelSelector, 3 template PodTemplateSpec, 4 strategy DeploymentStrategy
DeploymentStrategy: 1 type str
PodTemplateSpec: 1 metadata ObjectMeta, 2 spec PodSpec
PodSpec: 2 containers [Container], 3 restartPolicy str, 8 serviceAccountName str
Container: 1 name str, 2 image str, 3 command [str], 4 args [str], 5 workingDir str, 6 ports [ContainerPort],
  7 env [EnvVar]
ContainerPort: 1 name str, 2 hostPort int, 3 containerPort int, 4 protocol str, 5 hostIP str
EnvVar: 1 name str, 2 value str
Ingress: 1 metadata ObjectMeta, 2 spec IngressSpec
IngressSpec: 1 defaultBackend IngressBackend, 2 tls [IngressTLS], 3 rules [IngressRule], 4 ingressClassName str
IngressRule: 1 host str, 2 - IngressRuleValue
IngressRuleValue: 1 http HTTPIngressRuleValue
HTTPIngressRuleValue: 1 paths [HTTPIngressPath]
HTTPIngressPath: 1 path str, 2 backend IngressBackend, 3 pathType str
IngressBackend: 4 service IngressServiceBackend
IngressServiceBackend: 1 name str, 2 port ServiceBackendPort
ServiceBackendPort: 1 name str, 2 number int
IngressTLS: 1 hosts [str], 2 secretName str
Eviction: 1 metadata ObjectMeta, 2 deleteOptions DeleteOptions
TokenRequest: 1 metadata ObjectMeta, 2 spec TokenRequestSpec
TokenRequestSpec: 1 audiences [str], 3 boundObjectRef BoundObjectReference, 4 expirationSeconds int
BoundObjectReference: 1 kind str, 2 apiVersion str, 3 name str, 4 uid str
TokenReview: 1 metadata ObjectMeta, 2 spec TokenReviewSpec
TokenReviewSpec: 1 token str, 2 audiences [str]
SelfSubjectReview: 1 metadata ObjectMeta
SelfSubjectAccessReview: 1 metadata ObjectMeta, 2 spec SelfSubjectAccessReviewSpec
SelfSubjectAccessReviewSpec: 1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes
SubjectAccessReview: 1 metadata ObjectMeta, 2 spec SubjectAccessReviewSpec
SubjectAccessReviewSpec: 1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes,
  3 user str, 4 groups [str], 6 uid str
SelfSubjectRulesReview: 1 metadata ObjectMeta, 2 spec SelfSubjectRulesReviewSpec
SelfSubjectRulesReviewSpec: 1 namespace str
ResourceAttributes: 1 namespace str, 2 verb str, 3 group str, 4 version str, 5 resource str, 6 subresource str,
  7 name str
NonResourceAttributes: 1 path str, 2 verb str
"""


INLINE: Final = "-"


@dataclass(frozen=True)
class Field:
    """One field; `shape` is "", `list` or `map`."""

    name: str
    type: str
    shape: str = ""
    pointer: bool = False


def _field(name: str, kind: str) -> Field:
    bare = kind.strip("[]{}?")
    shape = {"[": "list", "{": "map"}.get(kind[0], "")
    return Field(name, bare, shape, kind.endswith("?"))


def _messages() -> dict[str, dict[int, Field]]:
    lines = _TABLE.replace(",\n ", ",").strip().splitlines()
    table: dict[str, dict[int, Field]] = {}
    for line in lines:
        message, _, fields = line.partition(":")
        triples = [triple.split() for triple in fields.split(",")]
        table[message] = {int(number): _field(name, kind) for number, name, kind in triples}
    return table


MESSAGES: Final = _messages()
"""By message, by field number."""
