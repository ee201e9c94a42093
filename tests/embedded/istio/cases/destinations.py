"""Where a route leads: subsets, weights, ports, what is missing."""

from __future__ import annotations

from . import Expect, case, reviews, to

URL = "http://reviews:9080/"
OTHER = "reviews.other.svc.cluster.local"
_UNKNOWN = "[{route: [{destination: {host: nowhere}}]}]"


def named(name: str, export: str, http: str, namespace: str = "default", host: str = "reviews") -> str:
    """A VirtualService for reviews in default that is exported to some."""
    target = host if namespace == "default" else f"{host}.default.svc.cluster.local"
    return (f"kind: VirtualService\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
            f"spec: {{hosts: [{target}], exportTo: [{export}], http: {http}}}\n")  # fmt: skip


def direct(status: int, match: str = "") -> str:
    """`http` that answers with a status."""
    return f"[{{{f'match: [{{{match}}}], ' if match else ''}directResponse: {{status: {status}}}}}]"


def policy(name: str, spec: str, namespace: str = "default") -> str:
    return f"kind: DestinationRule\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n---\n"


def through(host: str, *subsets: str) -> str:
    """A VirtualService that sends /SUBSET to a subset of a host."""
    rules = (f"{{match: [{{uri: {{prefix: /{s}}}}}], route: [{{destination: {{host: {host}, subset: {s}}}}}]}}" for s in subsets)
    return reviews(f"[{', '.join(rules)}]")


ONLY = "workloadSelector: {matchLabels: {app: %s}}"
RATINGS_V1 = "subsets: [{name: %s, labels: {version: v1}}]"


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
    # -- which VirtualService counts ------------------------------------------------------------------------------
    case("a private rule goes before an older one for all",
         named("old", "'*'", direct(418)) + "---\n" + named("young", "'.'", direct(419)), Expect(URL, status=419)),
    case("a rule for the client's namespace goes before an older one for all",
         named("old", "'*'", direct(418)) + "---\n" + named("young", "default", direct(419), "other"), Expect(URL, status=419)),
    case("a private rule goes before an older one for the client's namespace",
         named("old", "default", direct(418), "other") + "---\n" + named("young", "default", direct(419)), Expect(URL, status=419)),
    case("of two equally visible rules the older counts",
         named("b", "'.'", direct(418)) + "---\n" + named("a", "'.'", direct(419)), Expect(URL, status=418)),
    case("a rule for other clients leaves the host to the next one",
         named("old", "'*'", direct(418, "sourceLabels: {app: nobody}")) + "---\n" + named("young", "'*'", direct(419)), Expect(URL, status=419)),
    case("a rule for another port leaves the host to the next one",
         named("old", "'*'", direct(418, "port: 81")) + "---\n" + named("young", "'*'", direct(419)), Expect(URL, status=419)),
    case("a rule that says something leaves nothing to the next one",
         named("old", "'*'", direct(418, "uri: {prefix: /old}")) + "---\n" + named("young", "'*'", direct(419)),
         Expect(f"{URL}old", status=418), Expect(URL, status=404, flags="NR")),
    case("a rule of the host leaves nothing to one of a wildcard",
         named("own", "'*'", direct(418, "sourceLabels: {app: nobody}")) + "---\n" + named("wild", "'*'", direct(419), host="'*.default.svc.cluster.local'"),
         Expect(URL, versions={"v1": 100 / 3, "v2": 100 / 3, "v3": 100 / 3}), Expect("http://ratings:9080/", status=419)),
    case("of two rules for one wildcard the first counts, whomever it is for",
         named("a", "'*'", direct(418, "sourceLabels: {app: nobody}"), host="'*.default.svc.cluster.local'") + "---\n"
         + named("b", "'*'", direct(419), host="'*.default.svc.cluster.local'"), Expect("http://ratings:9080/", to="v1")),
    case("a host that no service has: the next rule counts, too",
         named("old", "'*'", direct(418, "sourceLabels: {app: nobody}"), host="x.example.com") + "---\n"
         + named("young", "'*'", direct(419), host="x.example.com"), Expect("http://x.example.com/", status=419)),
    # -- which DestinationRule counts -----------------------------------------------------------------------------
    case("a rule that selects the client goes before an older one for all, and has nothing of it",
         policy("all", "host: ratings, " + RATINGS_V1 % "all") + policy("mine", f"host: ratings, {ONLY % 'client'}, " + RATINGS_V1 % "mine")
         + through("ratings", "all", "mine"), Expect(f"{URL}mine", to="v1"), Expect(f"{URL}all", status=503, flags="NC")),
    case("a rule that selects others leaves those with the rule for all",
         policy("theirs", f"host: ratings, {ONLY % 'nobody'}, " + RATINGS_V1 % "theirs") + policy("all", "host: ratings, " + RATINGS_V1 % "all")
         + through("ratings", "all", "theirs"), Expect(f"{URL}all", to="v1"), Expect(f"{URL}theirs", status=503, flags="NC")),
    case("two rules with one selector are merged",
         policy("a", f"host: ratings, {ONLY % 'client'}, " + RATINGS_V1 % "a") + policy("b", f"host: ratings, {ONLY % 'client'}, " + RATINGS_V1 % "b")
         + through("ratings", "a", "b"), Expect(f"{URL}a", to="v1"), Expect(f"{URL}b", to="v1")),
    case("of two rules that select a client the older counts",
         policy("a", f"host: ratings, {ONLY % 'client'}, " + RATINGS_V1 % "a")
         + policy("b", "host: ratings, workloadSelector: {matchLabels: {version: v1}}, " + RATINGS_V1 % "b")
         + through("ratings", "a", "b"), Expect(f"{URL}a", to="v1"), Expect(f"{URL}b", status=503, flags="NC")),
    case("a selector selects in its own namespace only",
         policy("theirs", f"host: reviews, {ONLY % 'client'}, subsets: [{{name: t, labels: {{version: v9}}}}]", "other")
         + through(OTHER, "t"), Expect(f"{URL}t", status=503, flags="NC")),
    case("a rule that selects others in the client's namespace hides the service's own",
         policy("mine", f"host: {OTHER}, {ONLY % 'nobody'}, subsets: [{{name: m, labels: {{version: v9}}}}]")
         + policy("theirs", "host: reviews, subsets: [{name: t, labels: {version: v9}}]", "other")
         + through(OTHER, "t"), Expect(f"{URL}t", status=503, flags="NC")),
    case("a private rule with the selector's export gives it its subsets, and stands for the others",
         policy("mine", f"host: ratings, {ONLY % 'client'}, " + RATINGS_V1 % "mine") + policy("all", "host: ratings, exportTo: ['.'], " + RATINGS_V1 % "all")
         + through("ratings", "all", "mine"), Expect(f"{URL}mine", to="v1"), Expect(f"{URL}all", to="v1")),
    case("rules with different exports are not merged: the last counts",
         policy("a", "host: ratings, exportTo: ['*'], " + RATINGS_V1 % "a") + policy("b", "host: ratings, exportTo: ['.'], " + RATINGS_V1 % "b")
         + through("ratings", "a", "b"), Expect(f"{URL}b", to="v1"), Expect(f"{URL}a", status=503, flags="NC")),
    case("a rule of the client's namespace for others only does not hold here",
         policy("a", "host: ratings, exportTo: [other], " + RATINGS_V1 % "a") + through("ratings", "a"), Expect(f"{URL}a", status=503, flags="NC")),
    case("for a gateway the service's rule goes before the root namespace's for all",
         policy("root", "host: '*.cluster.local', subsets: [{name: root, labels: {version: v1}}]", "istio-system")
         + "kind: VirtualService\nmetadata: {name: g}\nspec: {hosts: ['*'], gateways: [web], http: ["
         "{match: [{uri: {prefix: /v1}}], route: [{destination: {host: reviews, subset: v1}}]},"
         " {match: [{uri: {prefix: /ratings}}], route: [{destination: {host: ratings, subset: root}}]},"
         " {route: [{destination: {host: reviews, subset: root}}]}]}\n",
         Expect("http://any/v1", through="gateway", to="v1"), Expect("http://any/ratings", through="gateway", to="v1"),
         Expect("http://any/", through="gateway", status=503, flags="NC")),
    case("for a gateway the root namespace's private rule goes first",
         policy("root", "host: '*.cluster.local', exportTo: ['.'], subsets: [{name: root, labels: {version: v1}}]", "istio-system")
         + "kind: VirtualService\nmetadata: {name: g}\nspec: {hosts: ['*'], gateways: [web], http: ["
         "{match: [{uri: {prefix: /v1}}], route: [{destination: {host: reviews, subset: v1}}]},"
         " {route: [{destination: {host: reviews, subset: root}}]}]}\n",
         Expect("http://any/v1", through="gateway", status=503, flags="NC"), Expect("http://any/", through="gateway", to="v1")),
]  # fmt: skip
