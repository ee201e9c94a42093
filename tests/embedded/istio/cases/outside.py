"""Hosts outside the mesh: ServiceEntries, their endpoints, and rules about them."""

from __future__ import annotations

from . import Expect, case


def entry(host: str = "api.example.com", more: str = "", endpoints: str = "[{address: IP(v2)}]") -> str:
    """A ServiceEntry for port 80, whose endpoints serve at 9080."""
    return (
        f"kind: ServiceEntry\nmetadata: {{name: api}}\nspec:\n  hosts: ['{host}']\n  resolution: STATIC\n"
        f"  ports: [{{number: 80, name: http, protocol: HTTP, targetPort: 9080}}]\n"
        f"  endpoints: {endpoints}\n{more}"
    )


ONLY = """---
kind: Sidecar
metadata: {name: only}
spec: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}
"""
SUBSETS = """---
kind: DestinationRule
metadata: {name: api}
spec:
  host: api.example.com
  subsets: [{name: old, labels: {stage: old}}, {name: new, labels: {stage: new}}]
"""
TWO = "[{address: IP(v1), labels: {stage: old}}, {address: IP(v3), labels: {stage: new}}]"
API = "http://api.example.com/"


def rule(http: str) -> str:
    return f"---\nkind: VirtualService\nmetadata: {{name: api}}\nspec: {{hosts: [api.example.com], http: {http}}}\n"


CASES = [
    case("an entry's host goes to its endpoint", entry(), Expect(API, to="v2")),
    case("with its port in the URL", entry(), Expect("http://api.example.com:80/", to="v2")),
    case("and with REGISTRY_ONLY too", entry() + ONLY, Expect(API, to="v2"),
         Expect("http://other.example.com/", status=502)),
    case("a port that the entry does not have", entry() + ONLY,
         Expect("http://api.example.com:81/", status=502)),
    case("an entry for every name below a domain", entry("*.example.com") + ONLY,
         Expect(API, to="v2"), Expect("http://example.com/", status=502)),
    case("an endpoint's own port goes before targetPort",
         entry(endpoints="[{address: IP(v2), ports: {http: 9080}}]").replace("targetPort: 9080", "targetPort: 1"),
         Expect(API, to="v2")),
    case("several endpoints share", entry(endpoints="[{address: IP(v1)}, {address: IP(v3)}]"),
         Expect(API, versions={"v1": 50, "v3": 50})),
    case("an entry's address is a name for it", entry(more="  addresses: [240.0.0.9]\n") + ONLY,
         Expect("http://240.0.0.9/", to="v2")),
    case("each of its addresses", entry(more="  addresses: [240.0.0.9, 240.0.0.10, 240.0.0.9]\n") + ONLY,
         Expect("http://240.0.0.9/", to="v2"), Expect("http://240.0.0.10:80/", to="v2")),
    case("but not an address that a Service has", entry(more="  addresses: [10.0.0.2, 240.0.0.9]\n") + ONLY,
         Expect("http://10.0.0.2:9080/", to="v1"), Expect("http://240.0.0.9/", to="v2")),
    case("no endpoints", entry(endpoints="[]"), Expect(API, status=503, flags="UH")),
    case("subsets by the endpoints' labels",
         entry(endpoints=TWO) + SUBSETS
         + rule("[{match: [{headers: {beta: {exact: 'yes'}}}], route: [{destination: {host: api.example.com,"
                " subset: new}}]}, {route: [{destination: {host: api.example.com, subset: old}}]}]"),
         Expect(API, to="v1"), Expect(API, headers={"beta": "yes"}, to="v3")),
    case("a fault on the way out",
         entry() + rule("[{fault: {abort: {httpStatus: 418, percentage: {value: 100}}},"
                        " route: [{destination: {host: api.example.com}}]}]"),
         Expect(API, status=418, flags="FI")),
    case("a timeout on the way out",
         entry() + rule("[{timeout: 3s, route: [{destination: {host: api.example.com}}]}]"),
         Expect(API, to="v2", timeout=3.0)),
    case("an entry of another namespace that keeps it to itself",
         entry(more="  exportTo: ['.']\n").replace("{name: api}", "{name: api, namespace: other}") + ONLY,
         Expect(API, status=502)),
    case("a Service keeps its name", entry("ratings.default.svc.cluster.local"),
         Expect("http://ratings:9080/", to="v1")),
    case("a Service keeps its short name", entry("ratings.default"), Expect("http://ratings.default:9080/", to="v1")),
    case("a gateway leads out",
         entry() + "---\nkind: VirtualService\nmetadata: {name: out}\nspec: {hosts: ['out.test'], gateways: [web],"
         " http: [{route: [{destination: {host: api.example.com}}]}]}\n",
         Expect("http://out.test/", through="gateway", to="v2")),
]  # fmt: skip
