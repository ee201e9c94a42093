"""Under which names a service is found, and which rule is bound to it."""

from __future__ import annotations

from . import Expect, case, reviews, route

ALL = {"v1": 100 / 3, "v2": 100 / 3, "v3": 100 / 3}
_V2 = f"[{{{route('v2')}}}]"


def virtual_service(hosts: str, name: str = "rule", namespace: str = "default", more: str = "", http: str = _V2) -> str:
    return f"kind: VirtualService\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{hosts: {hosts}, http: {http}{more}}}\n"


def full(subset: str) -> str:
    """`http` to a subset of reviews in default, by its full name."""
    host = "reviews.default.svc.cluster.local"
    return f"[{{route: [{{destination: {{host: {host}, subset: {subset}}}}}]}}]"


CASES = [
    case("without a rule every pod takes its share", "", Expect("http://reviews:9080/", versions=ALL, route="default")),
    case("all names of a service", reviews(_V2), *(
        Expect(f"http://{name}:9080/", to="v2")
        for name in ("reviews", "reviews.default", "reviews.default.svc", "reviews.default.svc.cluster.local",
                     "reviews.default.svc.cluster.local.", "REVIEWS")
    )),
    case("a bare name is the first HTTP port where there is no port 80", reviews(_V2), Expect("http://reviews/", to="v2")),
    case("a service of another namespace", "",
         Expect("http://reviews.other:9080/", versions={"v9": 100}),
         Expect("http://reviews.other.svc.cluster.local:9080/", versions={"v9": 100})),
    case("a rule by its full name", virtual_service("[reviews.default.svc.cluster.local]"),
         Expect("http://reviews:9080/", to="v2")),
    case("a rule's short host means the rule's own namespace", virtual_service("[reviews]", namespace="other", http=full("v2")),
         Expect("http://reviews:9080/", versions=ALL), Expect("http://reviews.other:9080/", to="v2")),
    case("a rule for NAME.NAMESPACE is not about the service", virtual_service("[reviews.default]"),
         Expect("http://reviews:9080/", versions=ALL)),
    case("a rule of another namespace holds everywhere",
         virtual_service("[reviews.default.svc.cluster.local]", namespace="other", http=full("v3")),
         Expect("http://reviews:9080/", to="v3")),
    case("exportTo the rule's own namespace",
         virtual_service("[reviews.default.svc.cluster.local]", namespace="other", http=full("v3"), more=", exportTo: ['.']"),
         Expect("http://reviews:9080/", versions=ALL)),
    case("exportTo a list of namespaces",
         virtual_service("[reviews.default.svc.cluster.local]", namespace="other", http=full("v3"), more=", exportTo: [default]"),
         Expect("http://reviews:9080/", to="v3")),
    case("the oldest of two rules for a host is taken",
         virtual_service("[reviews]", "old") + "---\n" + virtual_service("[reviews]", "new", http=full("v3")),
         Expect("http://reviews:9080/", to="v2")),
    case("a wildcard host", virtual_service("['*.default.svc.cluster.local']"), Expect("http://reviews:9080/", to="v2")),
    case("an exact host goes before an older wildcard",
         virtual_service("['*.default.svc.cluster.local']", "old", http=full("v3")) + "---\n" + virtual_service("[reviews]", "new"),
         Expect("http://reviews:9080/", to="v2")),
    case("the longer wildcard goes before an older one",
         virtual_service("['*.svc.cluster.local']", "old", http=full("v3")) + "---\n"
         + virtual_service("['*.default.svc.cluster.local']", "new"),
         Expect("http://reviews:9080/", to="v2")),
    case("a host that no service has", virtual_service("[shop.example.com]", http=full("v2")),
         Expect("http://shop.example.com/", to="v2")),
    case("a wildcard host that no service has", virtual_service("['*.example.com']", http=full("v2")),
         Expect("http://a.example.com/", to="v2"), Expect("http://b.c.example.com/", to="v2")),
    case("a rule for a gateway only is not for sidecars", virtual_service("[reviews]", more=", gateways: [web]"),
         Expect("http://reviews:9080/", versions=ALL)),
    case("a rule for a gateway and the mesh", virtual_service("['reviews.default.svc.cluster.local']", more=", gateways: [web, mesh]"),
         Expect("http://reviews:9080/", to="v2"),
         Expect("http://reviews.default.svc.cluster.local/", through="gateway", to="v2")),
]  # fmt: skip
