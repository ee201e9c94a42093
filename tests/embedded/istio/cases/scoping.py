"""Sidecars: which hosts a proxy knows, what becomes of the others, and which Sidecar decides."""

from __future__ import annotations

from . import Expect, case


def sidecar(name: str, spec: str, namespace: str = "default") -> str:
    return f"---\nkind: Sidecar\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n"


def only(*hosts: str) -> str:
    """An egress list, and nothing else to be reached."""
    return f"egress: [{{hosts: [{', '.join(map(repr, hosts))}]}}], outboundTrafficPolicy: {{mode: REGISTRY_ONLY}}"


OWN = "http://ratings:9080/"
THEIRS = "http://reviews.other:9080/"
RATINGS = "ratings.default.svc.cluster.local"
TO_OTHER = """---
kind: VirtualService
metadata: {name: reviews}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews.other.svc.cluster.local}}]}]}
"""

CASES = [
    case("the own namespace", sidecar("a", only("./*")), Expect(OWN, to="v1"), Expect(THEIRS, status=502)),
    case("another namespace", sidecar("a", only("other/*")), Expect(OWN, status=502), Expect(THEIRS, to="v9")),
    case("one host of every namespace", sidecar("a", only(f"*/{RATINGS}")),
         Expect(OWN, to="v1"), Expect("http://reviews:9080/", status=502)),
    case("names below a domain", sidecar("a", only("*/*.other.svc.cluster.local")),
         Expect(OWN, status=502), Expect(THEIRS, to="v9")),
    case("nothing", sidecar("a", only("~/*")), Expect(OWN, status=502), Expect(THEIRS, status=502)),
    case("a policy alone hides nothing", sidecar("a", "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"),
         Expect(OWN, to="v1"), Expect(THEIRS, to="v9"), Expect("http://nobody.test/", status=502)),
    case("an empty policy is REGISTRY_ONLY", sidecar("a", "outboundTrafficPolicy: {}"),
         Expect("http://nobody.test/", status=502)),
    case("where a known rule leads is known", sidecar("a", only("./*")) + TO_OTHER,
         Expect("http://reviews:9080/", to="v9")),
    case("one that selects the pod goes first",
         sidecar("a", only("~/*")) + sidecar("b", "workloadSelector: {labels: {app: client}}, " + only("./*")),
         Expect(OWN, to="v1")),
    case("one that selects others does not count",
         sidecar("b", "workloadSelector: {labels: {app: ratings}}, " + only("~/*")), Expect(OWN, to="v1")),
    case("the root namespace's holds for everybody", sidecar("a", only("./*"), "istio-system"),
         Expect(OWN, to="v1"), Expect(THEIRS, status=502)),
    case("the own namespace's goes before the root's",
         sidecar("a", only("~/*"), "istio-system") + sidecar("b", only("./*")), Expect(OWN, to="v1")),
    case("the root namespace's selector does not reach other namespaces",
         sidecar("a", "workloadSelector: {labels: {app: client}}, " + only("~/*"), "istio-system"),
         Expect(OWN, to="v1")),
    case("gateways have no Sidecar",
         sidecar("a", only("~/*"), "istio-system") + "---\nkind: VirtualService\nmetadata: {name: r}\n"
         "spec: {hosts: ['a.test'], gateways: [web], http: [{route: [{destination: {host: ratings}}]}]}\n",
         Expect("http://a.test/", through="gateway", to="v1")),
]  # fmt: skip
