"""One table of the kinds that this project names.

Source of groups, versions, plurals and short names: `kubectl api-resources` of Kubernetes 1.35 and Istio 1.30's
CustomResourceDefinitions (manifests/charts/base/files/crd-all.gen.yaml); the Gateway API's standard channel, 1.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

GATEWAY_API_GROUP: Final = "gateway.networking.k8s.io"


@dataclass(frozen=True)
class Kind:
    """A kind's name in the API. `version` is the stored one; `versions` are all that are served."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    other_versions: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """`v1` or `GROUP/VERSION`, as `apiVersion` has it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def versions(self) -> tuple[str, ...]:
        """All served versions, the preferred one first."""
        return (self.version, *self.other_versions)

    @property
    def resource(self) -> str:
        """`plural` or `plural.group`, the name of a CustomResourceDefinition."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def unique_name(self) -> str:
        """The kind; for the Gateway API's Gateway its resource, because Istio has a Gateway, too."""
        return self.resource if self.kind == "Gateway" and self.group == GATEWAY_API_GROUP else self.kind

    def path(self, name: str = "", namespace: str = "", subresource: str = "", version: str = "") -> str:
        """The URL path of the collection, an object, or a subresource of it."""
        root = f"/apis/{self.group}/{version or self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        tail = "".join(f"/{part}" for part in (name, subresource) if part)
        return f"{root}{scope}/{self.plural}{tail}"


def _core(
    kind: str, plural: str, *short: str, namespaced: bool = True, sub: tuple[str, ...] = (), **kw: Any
) -> Kind:
    return Kind("", "v1", kind, plural, namespaced, short, (), sub, **kw)


def _istio(
    group: str, kind: str, plural: str, *short: str, version: str = "v1", others: tuple[str, ...] = ()
) -> Kind:
    return Kind(f"{group}.istio.io", version, kind, plural, True, short, others, ("status",), ("istio-io",))


def _gateway_api(
    kind: str, plural: str, *short: str, namespaced: bool = True, version: str = "v1",
    others: tuple[str, ...] = (), sub: tuple[str, ...] = ("status",),
) -> Kind:  # fmt: skip
    return Kind(GATEWAY_API_GROUP, version, kind, plural, namespaced, short, others, sub, ("gateway-api",))


NAMESPACE: Final = _core("Namespace", "namespaces", "ns", namespaced=False, sub=("status", "finalize"))
NODE: Final = _core("Node", "nodes", "no", namespaced=False, sub=("status",))
POD: Final = _core(
    "Pod", "pods", "po", sub=("status", "log", "proxy", "eviction", "portforward"), categories=("all",)
)
SERVICE: Final = _core("Service", "services", "svc", sub=("status", "proxy"), categories=("all",))
CONFIG_MAP: Final = _core("ConfigMap", "configmaps", "cm")
SECRET: Final = _core("Secret", "secrets")
SERVICE_ACCOUNT: Final = _core("ServiceAccount", "serviceaccounts", "sa", sub=("token",))
EVENT: Final = _core("Event", "events", "ev")
DEPLOYMENT: Final = Kind(
    "apps", "v1", "Deployment", "deployments", True, ("deploy",), (), ("status", "scale"), ("all",)
)
REPLICA_SET: Final = Kind(
    "apps", "v1", "ReplicaSet", "replicasets", True, ("rs",), (), ("status", "scale"), ("all",)
)
ENDPOINT_SLICE: Final = Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
LEASE: Final = Kind("coordination.k8s.io", "v1", "Lease", "leases")
INGRESS: Final = Kind("networking.k8s.io", "v1", "Ingress", "ingresses", True, ("ing",), (), ("status",))
INGRESS_CLASS: Final = Kind("networking.k8s.io", "v1", "IngressClass", "ingressclasses", False)
MUTATING_WEBHOOK: Final = Kind("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration",
                               "mutatingwebhookconfigurations", False)  # fmt: skip
VALIDATING_WEBHOOK: Final = Kind("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration",
                                 "validatingwebhookconfigurations", False)  # fmt: skip
CRD: Final = Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", False,
                  ("crd", "crds"), (), ("status",))  # fmt: skip

_V1 = ("v1beta1", "v1alpha3")
VIRTUAL_SERVICE: Final = _istio("networking", "VirtualService", "virtualservices", "vs", others=_V1)
DESTINATION_RULE: Final = _istio("networking", "DestinationRule", "destinationrules", "dr", others=_V1)
GATEWAY: Final = _istio("networking", "Gateway", "gateways", "gw", others=_V1)
SERVICE_ENTRY: Final = _istio("networking", "ServiceEntry", "serviceentries", "se", others=_V1)
SIDECAR: Final = _istio("networking", "Sidecar", "sidecars", others=_V1)
WORKLOAD_ENTRY: Final = _istio("networking", "WorkloadEntry", "workloadentries", "we", others=_V1)
WORKLOAD_GROUP: Final = _istio("networking", "WorkloadGroup", "workloadgroups", "wg", others=_V1)
ENVOY_FILTER: Final = _istio("networking", "EnvoyFilter", "envoyfilters", version="v1alpha3")
PROXY_CONFIG: Final = _istio("networking", "ProxyConfig", "proxyconfigs", version="v1beta1")
AUTHORIZATION_POLICY: Final = _istio(
    "security", "AuthorizationPolicy", "authorizationpolicies", "ap", others=("v1beta1",)
)
PEER_AUTHENTICATION: Final = _istio(
    "security", "PeerAuthentication", "peerauthentications", "pa", others=("v1beta1",)
)
REQUEST_AUTHENTICATION: Final = _istio("security", "RequestAuthentication", "requestauthentications", "ra",
                                       others=("v1beta1",))  # fmt: skip
TELEMETRY: Final = _istio("telemetry", "Telemetry", "telemetries", "telemetry", others=("v1alpha1",))

_BETA = ("v1beta1",)
GATEWAY_CLASS: Final = _gateway_api("GatewayClass", "gatewayclasses", "gc", namespaced=False, others=_BETA)
KUBERNETES_GATEWAY: Final = _gateway_api("Gateway", "gateways", "gtw", others=_BETA)
"""Gateway of the Gateway API; Istio's own kind of that name is GATEWAY."""
HTTP_ROUTE: Final = _gateway_api("HTTPRoute", "httproutes", others=_BETA)
REFERENCE_GRANT: Final = _gateway_api("ReferenceGrant", "referencegrants", "refgrant", version="v1beta1",
                                      others=("v1",), sub=())  # fmt: skip
GRPC_ROUTE: Final = _gateway_api("GRPCRoute", "grpcroutes")
TLS_ROUTE: Final = _gateway_api("TLSRoute", "tlsroutes")
BACKEND_TLS_POLICY: Final = _gateway_api("BackendTLSPolicy", "backendtlspolicies", "btlspolicy")
LISTENER_SET: Final = _gateway_api("ListenerSet", "listenersets", "lset")

BUILT_IN: Final = (
    NAMESPACE, NODE, POD, SERVICE, CONFIG_MAP, SECRET, SERVICE_ACCOUNT, EVENT, DEPLOYMENT, REPLICA_SET, ENDPOINT_SLICE,
    LEASE, INGRESS, INGRESS_CLASS, MUTATING_WEBHOOK, VALIDATING_WEBHOOK, CRD,
)  # fmt: skip
ISTIO: Final = (
    VIRTUAL_SERVICE, DESTINATION_RULE, GATEWAY, SERVICE_ENTRY, SIDECAR, WORKLOAD_ENTRY, WORKLOAD_GROUP, ENVOY_FILTER,
    PROXY_CONFIG, AUTHORIZATION_POLICY, PEER_AUTHENTICATION, REQUEST_AUTHENTICATION, TELEMETRY,
)  # fmt: skip
GATEWAY_API: Final = (
    GATEWAY_CLASS, KUBERNETES_GATEWAY, HTTP_ROUTE, REFERENCE_GRANT, GRPC_ROUTE, TLS_ROUTE, BACKEND_TLS_POLICY,
    LISTENER_SET,
)  # fmt: skip
RULES: Final = ISTIO + tuple(kind for kind in GATEWAY_API if kind.namespaced)
"""What people write to rule traffic. A GatewayClass is not among them: it belongs to the cluster."""
ALL: Final = BUILT_IN + ISTIO + GATEWAY_API
WORKLOADS: Final = (DEPLOYMENT, POD, SERVICE, CONFIG_MAP, SECRET, SERVICE_ACCOUNT)
"""What a lesson's namespace holds beside rules."""
OPTIONAL: Final = frozenset({
    SECRET, WORKLOAD_ENTRY, WORKLOAD_GROUP, ENVOY_FILTER, PROXY_CONFIG, *(k for k in GATEWAY_API if k.namespaced),
})  # fmt: skip
"""Those of WORKLOADS and RULES that a cluster may lack or hide from a learner; all lessons but a few go on without."""


def kind_of(obj: Mapping[str, Any], known: Iterable[Kind] = ALL) -> Kind | None:
    """The kind of an object by its `apiVersion` (any served version) and `kind`, or None."""
    group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
    return next(
        (k for k in known if k.kind == obj.get("kind") and k.group == group and version in k.versions), None
    )
