"""Where a ServiceEntry's endpoints come from: DNS, one DNS answer, or the request itself; and who has a name."""

from __future__ import annotations

from . import Expect, case
from .outside import API, ONLY, SUBSETS, TWO, entry, rule


def resolved(how: str, endpoints: str = "[{address: IP(v2)}]", host: str = "api.example.com", more: str = "") -> str:
    """A ServiceEntry as in `outside`, with another resolution."""
    return entry(host, more, endpoints).replace("STATIC", how)


def forwarded(host: str, more: str = "") -> str:
    """A ServiceEntry for port 9080 of whatever address the client asks for."""
    return (
        f"kind: ServiceEntry\nmetadata: {{name: api}}\nspec:\n  hosts: ['{host}']\n"
        f"  ports: [{{number: 9080, name: http, protocol: HTTP}}]\n{more}"
    )


def second(namespace: str = "default", endpoints: str = "[{address: IP(v3)}]", more: str = "") -> str:
    """A younger ServiceEntry for the same host."""
    return "---\n" + entry(endpoints=endpoints, more=more).replace(
        "{name: api}", f"{{name: api2, namespace: {namespace}}}"
    )


def balanced(policy: str, host: str = "api.example.com") -> str:
    return (
        f"---\nkind: DestinationRule\nmetadata: {{name: balance}}\n"
        f"spec: {{host: {host}, trafficPolicy: {{{policy}}}}}\n"
    )


EVENLY = balanced("loadBalancer: {simple: ROUND_ROBIN}")
NEAR = "[{address: IP(v3), locality: brazil/brazil-1}, {address: IP(v1), locality: europe/europe-1}]"
RATINGS = "ratings.default.svc.cluster.local"
BESIDE = (
    f"kind: ServiceEntry\nmetadata: {{name: more}}\nspec:\n  hosts: [{RATINGS}]\n  resolution: STATIC\n"
    "  ports: [{number: 9080, name: http-9080, protocol: HTTP}]\n  endpoints: [{address: IP(v2)}]\n"
)
OUT = (
    "---\nkind: VirtualService\nmetadata: {name: out}\nspec: {hosts: ['out.test'], gateways: [web],"
    " http: [{route: [{destination: {host: api.example.com}}]}]}\n"
)
PLAIN = "x-forwarded-client-cert"

CASES = [
    case("DNS leads to the endpoint", resolved("DNS"), Expect(API, to="v2")),
    case("DNS and REGISTRY_ONLY", resolved("DNS") + ONLY, Expect(API, to="v2"),
         Expect("http://other.example.com/", status=502)),
    case("DNS with several endpoints",
         resolved("DNS", "[{address: IP(v1)}, {address: IP(v3)}]"), Expect(API, versions={"v1": 50, "v3": 50})),
    case("DNS with weights",
         resolved("DNS", "[{address: IP(v1), weight: 1}, {address: IP(v3), weight: 4}]") + EVENLY,
         Expect(API, versions={"v1": 20, "v3": 80})),
    case("DNS and subsets by the endpoints' labels",
         resolved("DNS", TWO) + SUBSETS
         + rule("[{route: [{destination: {host: api.example.com, subset: new}}]}]"), Expect(API, to="v3")),
    case("DNS and a subset without endpoints has no cluster",
         resolved("DNS", "[{address: IP(v1), labels: {stage: old}}]") + SUBSETS
         + rule("[{route: [{destination: {host: api.example.com, subset: new}}]}]"),
         Expect(API, status=503, flags="NC")),
    case("DNS and the nearest first", resolved("DNS", NEAR) + balanced("outlierDetection: {}"),
         Expect(API, to="v1")),
    case("DNS for every name below a domain", resolved("DNS", host="*.example.com"), Expect(API, to="v2")),
    case("DNS and an endpoint's own port",
         resolved("DNS", "[{address: IP(v2), ports: {http: 9080}}]").replace("targetPort: 9080", "targetPort: 1"),
         Expect(API, to="v2")),
    case("DNS through a gateway", resolved("DNS") + OUT, Expect("http://out.test/", through="gateway", to="v2")),
    case("DNS_ROUND_ROBIN has one endpoint", resolved("DNS_ROUND_ROBIN"), Expect(API, to="v2")),
    case("the younger of two with DNS_ROUND_ROBIN adds nothing",
         resolved("DNS_ROUND_ROBIN") + second().replace("STATIC", "DNS_ROUND_ROBIN"), Expect(API, to="v2")),
    case("no resolution goes where the request says", forwarded("IP(v2)") + ONLY,
         Expect("http://IP(v2):9080/", to="v2"), Expect("http://IP(v1):9080/", status=502)),
    case("by the entry's address", forwarded("api.example.com", "  addresses: [IP(v3)]\n") + ONLY,
         Expect("http://IP(v3):9080/", to="v3")),
    case("no resolution and no port of that number", forwarded("IP(v2)") + ONLY,
         Expect("http://IP(v2):80/", status=502)),
    case("no resolution and a rule",
         forwarded("IP(v2)") + "---\nkind: VirtualService\nmetadata: {name: a}\nspec: {hosts: [IP(v2)], http:"
         " [{timeout: 3s, route: [{destination: {host: IP(v2)}}]}]}\n",
         Expect("http://IP(v2):9080/", to="v2", timeout=3.0)),
    case("no resolution, and plain text inside the mesh", forwarded("IP(v2)", "  location: MESH_INTERNAL\n"),
         Expect("http://IP(v2):9080/", to="v2", seen={PLAIN: None})),
    case("a gateway does not go where requests say", forwarded("api.example.com") + OUT,
         Expect("http://out.test/", through="gateway", status=503, flags="UH")),
    case("two entries of a namespace share their endpoints", entry() + second(),
         Expect(API, versions={"v2": 50, "v3": 50})),
    case("of two namespaces' entries the older is heard", entry() + second("other"), Expect(API, to="v2")),
    case("one that is meant for the client goes before an older one for all",
         entry().replace("{name: api}", "{name: api, namespace: other}") + second(more="  exportTo: ['.']\n"),
         Expect(API, to="v3")),
    case("an older one that the client must not see does not count",
         entry(more="  exportTo: ['.']\n").replace("{name: api}", "{name: api, namespace: other}") + second(),
         Expect(API, to="v3")),
    case("an older one that the client's Sidecar hides does not count",
         entry().replace("{name: api}", "{name: api, namespace: other}") + second()
         + "---\nkind: Sidecar\nmetadata: {name: own}\nspec: {egress: [{hosts: ['./*']}]}\n",
         Expect(API, to="v3")),
    case("the younger's ports are added",
         entry() + second().replace("number: 80, name: http", "number: 81, name: more"),
         Expect(API, to="v2"), Expect("http://api.example.com:81/", to="v3")),
    case("ports of entries that differ are not added",
         entry() + ONLY + second(more="  exportTo: ['*']\n").replace("number: 80, name: http", "number: 81, name: more"),
         Expect(API, to="v2"), Expect("http://api.example.com:81/", status=502)),
    case("an entry of the Service's namespace adds endpoints to it", BESIDE,
         Expect("http://ratings:9080/ratings/1", versions={"v1": 50, "v2": 50})),
    case("one of another namespace does not", BESIDE.replace("{name: more}", "{name: more, namespace: other}"),
         Expect("http://ratings:9080/", to="v1")),
    case("endpoints inside the mesh may have its certificates",
         entry(more="  location: MESH_INTERNAL\n", endpoints="[{address: IP(v2), serviceAccount: reviews}]"),
         Expect(API, to="v2")),
    case("tls without a mode is DISABLE", balanced("tls: {}", "ratings"),
         Expect("http://ratings:9080/", to="v1", seen={PLAIN: None})),
]  # fmt: skip
