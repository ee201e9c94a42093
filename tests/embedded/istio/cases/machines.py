"""WorkloadEntries: machines outside of Kubernetes, picked by ServiceEntries and by Services; and near endpoints."""

from __future__ import annotations

from . import Expect, case
from .outside import API, SUBSETS, rule
from .resolutions import EVENLY, balanced


def selecting(labels: str = "{app: legacy}", how: str = "STATIC", more: str = "") -> str:
    """A ServiceEntry for whoever has these labels."""
    return (
        f"kind: ServiceEntry\nmetadata: {{name: api}}\nspec:\n  hosts: [api.example.com]\n  resolution: {how}\n"
        f"  location: MESH_INTERNAL\n  ports: [{{number: 80, name: http, protocol: HTTP, targetPort: 9080}}]\n"
        f"  workloadSelector: {{labels: {labels}}}\n{more}"
    )


def machine(version: str, more: str = "", meta: str = "", labels: str = "{app: legacy}") -> str:
    """A WorkloadEntry at the address of a pod."""
    return (
        f"---\nkind: WorkloadEntry\nmetadata: {{name: m-{version}{meta}}}\n"
        f"spec: {{address: IP({version}), labels: {labels}{more}}}\n"
    )


SERVICE = """---
apiVersion: v1
kind: Service
metadata: {name: legacy}
spec: {clusterIP: 10.0.0.77, selector: {app: legacy}, ports: [{name: http, port: 9080, targetPort: TARGET}]}
"""
SLICE = """---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: legacy-1, labels: {kubernetes.io/service-name: legacy}}
addressType: IPv4
ports: [{name: http, port: 9080}]
endpoints:
- {addresses: [IP(v1)], conditions: {ready: NEAR}, targetRef: {kind: Pod, name: POD(v1)}}
- {addresses: [IP(v2)], targetRef: {kind: Pod, name: POD(v2)}}
- {addresses: [IP(v3)], targetRef: {kind: Pod, name: POD(v3)}}
"""
NAMESPACE = """---
apiVersion: v1
kind: Namespace
metadata: {name: default, annotations: {networking.istio.io/traffic-distribution: PreferSameZone}}
"""
LEGACY = "http://legacy:9080/"
XFCC = "x-forwarded-client-cert"


def near(distribution: str, ready: str = "true") -> str:
    """A Service for the pods of reviews, with a trafficDistribution."""
    service = SERVICE.replace("TARGET", "9080").replace("spec: {", f"spec: {{trafficDistribution: {distribution}, ")
    return service + SLICE.replace("NEAR", ready)


CASES = [
    case("a WorkloadEntry that is selected", selecting() + machine("v2"), Expect(API, to="v2")),
    case("one with other labels is not", selecting("{app: other}") + machine("v2"), Expect(API, status=503, flags="UH")),
    case("one of another namespace is not", selecting() + machine("v2", meta=", namespace: other"),
         Expect(API, status=503, flags="UH")),
    case("several share", selecting() + machine("v1") + machine("v3"), Expect(API, versions={"v1": 50, "v3": 50})),
    case("pods are selected, too", selecting("{app: reviews}") + machine("ratings", labels="{app: reviews}") + EVENLY,
         Expect(API, versions={"v1": 50, "v2": 25, "v3": 25})),
    case("by their weights", selecting() + machine("v1", ", weight: 4") + machine("v3") + EVENLY,
         Expect(API, versions={"v1": 80, "v3": 20})),
    case("its own port goes before targetPort",
         selecting().replace("targetPort: 9080", "targetPort: 1") + machine("v2", ", ports: {http: 9080}"),
         Expect(API, to="v2")),
    case("labels of its metadata count, and go first",
         selecting("{app: legacy, tier: web}")
         + machine("v2", meta=", labels: {app: legacy, tier: web}", labels="{app: other}"), Expect(API, to="v2")),
    case("subsets by its labels",
         selecting() + machine("v1", labels="{app: legacy, stage: old}")
         + machine("v3", labels="{app: legacy, stage: new}") + SUBSETS
         + rule("[{route: [{destination: {host: api.example.com, subset: new}}]}]"), Expect(API, to="v3")),
    case("the nearest first",
         selecting() + machine("v3", ", locality: brazil/brazil-1") + machine("v1", ", locality: europe/europe-1")
         + balanced("outlierDetection: {}"), Expect(API, to="v1")),
    case("a name is no address for STATIC",
         selecting() + machine("v2").replace("IP(v2)", "machine.example.com"), Expect(API, status=503, flags="UH")),
    case("DNS selects, too", selecting(how="DNS") + machine("v2"), Expect(API, to="v2")),
    case("DNS that selects nothing has no cluster", selecting(how="DNS"), Expect(API, status=503, flags="NC")),
    case("without a service account it is asked in plain text", selecting() + machine("v2"),
         Expect(API, to="v2", seen={XFCC: None})),
    case("a Service's selector picks it", SERVICE.replace("TARGET", "9080") + machine("v2"), Expect(LEGACY, to="v2")),
    case("beside the Service's pods", near("null") + machine("ratings") + balanced("loadBalancer: {simple: ROUND_ROBIN}",
         "legacy"), Expect(LEGACY, versions={"v1": 50, "v2": 25, "v3": 25})),
    case("by the name of its port", SERVICE.replace("TARGET", "web") + machine("v2", ", ports: {web: 9080}"),
         Expect(LEGACY, to="v2")),
    case("not without that port", SERVICE.replace("TARGET", "web") + machine("v2"),
         Expect(LEGACY, status=503, flags="UH")),
    case("PreferClose stays in the zone", near("PreferClose"), Expect(LEGACY, to="v1")),
    case("PreferSameZone, too", near("PreferSameZone"), Expect(LEGACY, to="v1")),
    case("PreferSameNode stays on the node", near("PreferSameNode"), Expect(LEGACY, to="v1")),
    case("140 % of what is ready nearby stays there, the rest goes to the next",
         near("PreferClose", "false") + "- {addresses: [IP(ratings)], targetRef: {kind: Pod, name: POD(ratings)}}\n",
         Expect(LEGACY, versions={"v1": 70, "v2": 30})),
    case("what the namespace wishes holds for its Services", near("null") + NAMESPACE, Expect(LEGACY, to="v1")),
    case("but a Service's own wish goes first", near("PreferSameZone") + NAMESPACE.replace("SameZone", "SameNode"),
         Expect(LEGACY, to="v1")),
    case("where nobody near is ready, the next help", near("PreferClose", "false"), Expect(LEGACY, to="v2")),
    case("a rule about places goes before the Service's wish",
         near("PreferClose") + balanced("loadBalancer: {localityLbSetting: {enabled: false}}", "legacy"),
         Expect(LEGACY, versions={"v1": 100 / 3, "v2": 100 / 3, "v3": 100 / 3})),
]  # fmt: skip
