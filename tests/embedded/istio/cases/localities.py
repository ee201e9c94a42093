"""Where endpoints stand: v1 beside the client (europe/europe-1), v2 in europe/europe-2, v3 in brazil/brazil-1."""

from __future__ import annotations

from . import Expect, case

URL = "http://reviews:9080/"
EVEN = {"v1": 100 / 3, "v2": 100 / 3, "v3": 100 / 3}
DETECTS = "outlierDetection: {consecutive5xxErrors: 5}"


def policy(text: str, *, host: str = "reviews") -> str:
    """A DestinationRule with this `trafficPolicy` (YAML, the inside of a flow mapping)."""
    return f"kind: DestinationRule\nmetadata: {{name: near}}\nspec: {{host: {host}, trafficPolicy: {{{text}}}}}\n"


def setting(text: str, *more: str) -> str:
    return policy(", ".join((f"loadBalancer: {{localityLbSetting: {{{text}}}}}", *more)))


def shares(start: str, **to: int) -> str:
    """One entry of `distribute`; places are written with _ for / and A for *."""
    listed = ", ".join(f"'{place.replace('_', '/').replace('A', '*')}': {share}" for place, share in to.items())
    return f"{{from: '{start}', to: {{{listed}}}}}"


CASES = [
    case("without outlier detection places do not matter", setting("enabled: true"), Expect(URL, versions=EVEN), bare=True),
    case("outlier detection alone keeps requests near", policy(DETECTS), Expect(URL, to="v1"), bare=True),
    case("even an empty one", policy("outlierDetection: {}"), Expect(URL, to="v1"), bare=True),
    case("unless locality is switched off", setting("enabled: false", DETECTS), Expect(URL, versions=EVEN), bare=True),
    case("failover without outlier detection does nothing", setting("failover: [{from: europe, to: brazil}]"),
         Expect(URL, versions=EVEN), bare=True),
    case("failover with outlier detection: near first", setting("failover: [{from: europe, to: brazil}]", DETECTS),
         Expect(URL, to="v1"), bare=True),
    case("distribute needs no outlier detection",
         setting(f"distribute: [{shares('europe/europe-1/*', europe_A=70, brazil_A=30)}]"),
         Expect(URL, versions={"v1": 35, "v2": 35, "v3": 30}), bare=True),
    case("distribute by zone; a place that is not named gets nothing",
         setting("distribute: [{from: europe/*, to: {europe/europe-1: 80, brazil/brazil-1: 20}}]"),
         Expect(URL, versions={"v1": 80, "v3": 20}), bare=True),
    case("distribute from a region without a wildcard", setting("distribute: [{from: europe, to: {brazil: 100}}]"),
         Expect(URL, to="v3"), bare=True),
    case("distribute for other clients", setting("distribute: [{from: brazil/*, to: {brazil/*: 100}}]"),
         Expect(URL, versions=EVEN), bare=True),
    case("distribute to everywhere else",
         setting("distribute: [{from: europe/*, to: {europe/europe-1: 40, '*': 60}}]"),
         Expect(URL, versions={"v1": 40, "v2": 30, "v3": 30}), bare=True),
    case("distribute switches the order by outlier detection off",
         setting("distribute: [{from: '*', to: {brazil/*: 100}}]", DETECTS), Expect(URL, to="v3"), bare=True),
    case("failoverPriority by region",
         setting("failoverPriority: [topology.kubernetes.io/region]", DETECTS),
         Expect(URL, versions={"v1": 50, "v2": 50}), bare=True),
    case("failoverPriority by region and zone",
         setting("failoverPriority: [topology.kubernetes.io/region, topology.kubernetes.io/zone]", DETECTS),
         Expect(URL, to="v1"), bare=True),
    case("failoverPriority with a value instead of the client's",
         setting("failoverPriority: ['topology.kubernetes.io/region=brazil']", DETECTS), Expect(URL, to="v3"), bare=True),
    case("failoverPriority by a label of pods", setting("failoverPriority: ['version=v2']", DETECTS),
         Expect(URL, to="v2"), bare=True),
    case("failoverPriority and then failover",
         setting("failoverPriority: ['app=reviews'], failover: [{from: europe, to: brazil}]", DETECTS),
         Expect(URL, to="v1"), bare=True),
    case("failoverPriority without outlier detection does nothing",
         setting("failoverPriority: ['version=v2']"), Expect(URL, versions=EVEN), bare=True),
    case("a port's settings do not inherit the rule's",
         policy(f"{DETECTS}, portLevelSettings: [{{port: {{number: 9080}}, loadBalancer: {{simple: RANDOM}}}}]"),
         Expect(URL, versions=EVEN), bare=True),
    case("a port's own",
         policy(f"portLevelSettings: [{{port: {{number: 9080}}, {DETECTS}}}]"), Expect(URL, to="v1"), bare=True),
    case("a subset's own setting in place of the rule's",
         "kind: DestinationRule\nmetadata: {name: near}\n"
         "spec: {host: reviews, trafficPolicy: {loadBalancer: {localityLbSetting: {enabled: false}}, "
         f"{DETECTS}}}, subsets: [{{name: all, labels: {{app: reviews}}, trafficPolicy: {{loadBalancer: "
         "{localityLbSetting: {enabled: true}}}}]}\n---\n"
         "kind: VirtualService\nmetadata: {name: reviews}\n"
         "spec: {hosts: [reviews], http: [{match: [{uri: {exact: /all}}], route: [{destination: {host: reviews, subset: all}}]}, "
         "{route: [{destination: {host: reviews}}]}]}",
         Expect(f"{URL}all", to="v1"), Expect(URL, versions=EVEN), bare=True),
    case("subsets select by the labels of their pods' nodes",
         "kind: DestinationRule\nmetadata: {name: near}\nspec: {host: reviews, subsets: "
         "[{name: far, labels: {topology.kubernetes.io/region: brazil}}]}\n---\n"
         "kind: VirtualService\nmetadata: {name: reviews}\n"
         "spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: far}}]}]}",
         Expect(URL, to="v3"), bare=True),
    case("PASSTHROUGH knows no places", policy(f"loadBalancer: {{simple: PASSTHROUGH}}, {DETECTS}"),
         Expect(URL, versions=EVEN), bare=True),
    case("PASSTHROUGH goes on to the whole service, whatever the labels of a subset",
         policy("loadBalancer: {simple: PASSTHROUGH}").replace("spec: {", "spec: {subsets: [{name: s, labels: {version: v1}}], ")
         + "---\nkind: VirtualService\nmetadata: {name: reviews}\n"
         "spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: s}}]}]}",
         Expect(URL, versions=EVEN), bare=True),
    case("consistent hashing within the near place",
         policy(f"loadBalancer: {{consistentHash: {{httpHeaderName: x-user}}, localityLbSetting: {{enabled: true}}}}, {DETECTS}"),
         Expect(URL, headers={"x-user": "ada"}, to="v1"), bare=True),
]  # fmt: skip
