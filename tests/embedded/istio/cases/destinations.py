"""Where a route leads: subsets, weights, ports, what is missing."""

from __future__ import annotations

from . import Expect, case, reviews, to

URL = "http://reviews:9080/"
_UNKNOWN = "[{route: [{destination: {host: nowhere}}]}]"


def split(*destinations: str) -> str:
    return reviews(f"[{{route: [{', '.join(destinations)}]}}]")


CASES = [
    case("one subset", split(to("v3")), Expect(URL, to="v3")),
    case("weights", split(to("v1", 70), to("v3", 30)), Expect(URL, versions={"v1": 70, "v3": 30})),
    case("weights need not sum to 100", split(to("v1", 1), to("v3", 3)), Expect(URL, versions={"v1": 25, "v3": 75})),
    case("weight 0 takes nothing", split(to("v1", 100), to("v2", 0)), Expect(URL, versions={"v1": 100})),
    case("a single destination takes all, whatever its weight", split(to("v2", 10)), Expect(URL, versions={"v2": 100})),
    case("a destination without a subset", reviews("[{route: [{destination: {host: reviews}}]}]"),
         Expect(URL, versions={"v1": 100 / 3, "v2": 100 / 3, "v3": 100 / 3})),
    case("a destination's full name and port",
         reviews("[{route: [{destination: {host: reviews.default.svc.cluster.local, subset: v2, port: {number: 9080}}}]}]"),
         Expect(URL, to="v2")),
    case("another service", reviews("[{route: [{destination: {host: ratings}}]}]"), Expect(URL, seen={"app": "ratings"})),
    case("another namespace's service",
         reviews("[{route: [{destination: {host: reviews.other.svc.cluster.local}}]}]"), Expect(URL, to="v9")),
    case("a subset that no DestinationRule has", split(to("v7")), Expect(URL, status=503, flags="NC")),
    case("a host that does not exist", reviews(_UNKNOWN), Expect(URL, status=503, flags="NC")),
    case("NAME.NAMESPACE is no destination", reviews("[{route: [{destination: {host: reviews.other}}]}]"),
         Expect(URL, status=503, flags="NC")),
    case("a port that the service has not",
         reviews("[{route: [{destination: {host: reviews, port: {number: 81}}}]}]"), Expect(URL, status=503, flags="NC")),
    case("a subset without pods",
         "kind: DestinationRule\nmetadata: {name: more}\nspec: {host: reviews, subsets: [{name: v8, labels: {version: v8}}]}\n---\n"
         + split(to("v8")), Expect(URL, status=503, flags="UH")),
    case("subsets of two rules for one host are merged",
         "kind: DestinationRule\nmetadata: {name: more}\nspec: {host: reviews, subsets: [{name: third, labels: {version: v3}}]}\n---\n"
         + split(to("third", 50), to("v1", 50)), Expect(URL, versions={"v3": 50, "v1": 50})),
    case("a rule of the client's namespace goes before the service's",
         "kind: DestinationRule\nmetadata: {name: mine, namespace: default}\n"
         "spec: {host: reviews.other.svc.cluster.local, subsets: [{name: s, labels: {version: v9}}]}\n---\n"
         "kind: DestinationRule\nmetadata: {name: theirs, namespace: other}\n"
         "spec: {host: reviews, subsets: [{name: t, labels: {version: v9}}]}\n---\n"
         + reviews("[{match: [{uri: {exact: /mine}}], route: [{destination: {host: reviews.other.svc.cluster.local, subset: s}}]},"
                   " {route: [{destination: {host: reviews.other.svc.cluster.local, subset: t}}]}]"),
         Expect(f"{URL}mine", to="v9"), Expect(f"{URL}theirs", status=503, flags="NC")),
    case("a rule of the service's namespace",
         "kind: DestinationRule\nmetadata: {name: theirs, namespace: other}\n"
         "spec: {host: reviews, subsets: [{name: t, labels: {version: v9}}]}\n---\n"
         + reviews("[{route: [{destination: {host: reviews.other.svc.cluster.local, subset: t}}]}]"),
         Expect(URL, to="v9")),
    case("a rule of the root namespace for a wildcard host",
         "kind: DestinationRule\nmetadata: {name: all, namespace: istio-system}\n"
         "spec: {host: '*.cluster.local', subsets: [{name: nine, labels: {version: v9}}]}\n---\n"
         + reviews("[{route: [{destination: {host: reviews.other.svc.cluster.local, subset: nine}}]}]"),
         Expect(URL, to="v9")),
    case("a rule exported to nobody else",
         "kind: DestinationRule\nmetadata: {name: theirs, namespace: other}\n"
         "spec: {host: reviews, exportTo: ['.'], subsets: [{name: t, labels: {version: v9}}]}\n---\n"
         + reviews("[{route: [{destination: {host: reviews.other.svc.cluster.local, subset: t}}]}]"),
         Expect(URL, status=503, flags="NC")),
    case("a rule for other clients (workloadSelector)",
         "kind: DestinationRule\nmetadata: {name: a}\n"
         "spec: {host: ratings, workloadSelector: {matchLabels: {app: nobody}}, subsets: [{name: s, labels: {version: v1}}]}\n---\n"
         + reviews("[{route: [{destination: {host: ratings, subset: s}}]}]"),
         Expect(URL, status=503, flags="NC")),
    case("a rule for this client (workloadSelector)",
         "kind: DestinationRule\nmetadata: {name: a}\n"
         "spec: {host: ratings, workloadSelector: {matchLabels: {app: client}}, subsets: [{name: s, labels: {version: v1}}]}\n---\n"
         + reviews("[{route: [{destination: {host: ratings, subset: s}}]}]"),
         Expect(URL, seen={"app": "ratings"})),
]  # fmt: skip
