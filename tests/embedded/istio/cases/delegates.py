"""VirtualServices that delegate: whose conditions hold, who says what, and what is left out."""

from __future__ import annotations

from . import Expect, case, route

URL = "http://reviews:9080"


def root(*rules: str, namespace: str = "default", hosts: str = "[reviews]", gateways: str = "") -> str:
    more = f", gateways: {gateways}" if gateways else ""
    spec = f"{{hosts: {hosts}{more}, http: [{', '.join(rules)}]}}"
    return f"kind: VirtualService\nmetadata: {{name: root, namespace: {namespace}}}\nspec: {spec}\n"


def delegate(*rules: str, name: str = "team", namespace: str = "default", more: str = "") -> str:
    spec = f"{{{more}http: [{', '.join(rules)}]}}"
    return f"---\nkind: VirtualService\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"


def asks(match: str, to: str = "team", more: str = "") -> str:
    """A root's rule."""
    return f"{{match: [{match}], delegate: {{name: {to}}}{more}}}"


def says(match: str, subset: str, more: str = "") -> str:
    """A delegate's rule."""
    return f"{{match: [{match}], {route(subset)}{more}}}"


ALL = "{delegate: {name: team}}"
REST = f"{{{route('v1')}}}"
A = "{uri: {prefix: /a}}"


def merges(name: str, above: str, below: str, taken: list[str | Expect], left: list[str | Expect]):
    """The delegate's rule leads to v2, where both conditions hold; the root's second rule leads to v1."""
    calls = [_call(url, "v2") for url in taken] + [_call(url, "v1") for url in left]
    return case(name, root(asks(above), REST) + delegate(says(below, "v2")), *calls)


def _call(url: str | Expect, subset: str) -> Expect:
    if isinstance(url, Expect):
        return Expect(url.url, url.headers, url.method, to=subset)
    return Expect(f"{URL}{url}", to=subset)


CASES = [
    case("a delegate without conditions", root(ALL) + delegate(f"{{{route('v2')}}}"), Expect(f"{URL}/", to="v2")),
    case("a root's condition alone", root(asks(A), REST) + delegate(f"{{{route('v2')}}}"), Expect(f"{URL}/a/x", to="v2"), Expect(f"{URL}/b", to="v1")),
    case("a delegate's condition alone", root(ALL, REST) + delegate(says(A, "v2")), Expect(f"{URL}/a", to="v2"), Expect(f"{URL}/b", to="v1")),
    merges("a longer prefix lies within a shorter one", A, "{uri: {prefix: /a/b}}", ["/a/b", "/a/bc"], ["/a", "/b"]),
    merges("an exact path lies within a prefix", A, "{uri: {exact: /a/b}}", ["/a/b"], ["/a", "/a/b/c"]),
    merges("the same exact path", "{uri: {exact: /a}}", "{uri: {exact: /a}}", ["/a"], ["/b"]),
    merges("another exact path conflicts", "{uri: {exact: /a}}", "{uri: {exact: /b}}", [], ["/a", "/b"]),
    merges("a shorter prefix conflicts", "{uri: {prefix: /a/b}}", A, [], ["/a", "/a/b"]),
    merges("a prefix within an exact path conflicts", "{uri: {exact: /a}}", A, [], ["/a"]),
    merges("a regex below a prefix conflicts", A, "{uri: {regex: '/a.*'}}", [], ["/a"]),
    merges("a regex beside a header does not", "{headers: {u: {exact: x}}}", "{uri: {regex: '/a.*'}}",
           [Expect(f"{URL}/a", {"u": "x"})], ["/a", Expect(f"{URL}/b", {"u": "x"})]),
    merges("headers of both", "{headers: {u: {exact: x}}}", "{headers: {v: {exact: y}}}",
           [Expect(f"{URL}/", {"u": "x", "v": "y"})], [Expect(f"{URL}/", {"u": "x"}), Expect(f"{URL}/", {"v": "y"})]),
    merges("a header narrowed", "{headers: {u: {prefix: x}}}", "{headers: {u: {exact: xy}}}",
           [Expect(f"{URL}/", {"u": "xy"})], [Expect(f"{URL}/", {"u": "x"})]),
    merges("query parameters of both", "{queryParams: {p: {exact: '1'}}}", "{queryParams: {q: {exact: '2'}}}", ["/?p=1&q=2"], ["/?p=1", "/?q=2"]),
    merges("without headers of both", "{withoutHeaders: {u: {}}}", "{withoutHeaders: {v: {}}}", ["/"], [Expect(f"{URL}/", {"u": "x"}), Expect(f"{URL}/", {"v": "x"})]),
    merges("a method below a path", A, "{method: {exact: POST}}", [Expect(f"{URL}/a", method="POST")], ["/a", Expect(f"{URL}/b", method="POST")]),
    merges("case folding must be the same", "{uri: {prefix: /a}, ignoreUriCase: true}", A, [], ["/a", "/A"]),
    merges("case folding that is the same", "{uri: {prefix: /a}, ignoreUriCase: true}", "{uri: {prefix: /a/b}, ignoreUriCase: true}", ["/A/B"], ["/A"]),
    merges("ports that differ conflict", "{port: 9080}", "{port: 80}", [], ["/"]),
    merges("source labels that differ conflict", "{sourceLabels: {app: client}}", "{sourceLabels: {app: ratings}}", [], ["/"]),
    merges("source labels of both", "{sourceLabels: {app: client}}", "{sourceLabels: {version: v1}}", ["/"], []),
    merges("a source namespace must be said again", "{sourceNamespace: default}", A, [], ["/a"]),
    merges("each match of the delegate within any of the root's", "{uri: {prefix: /a}}, {uri: {prefix: /b}}", "{uri: {prefix: /b/c}}, {uri: {exact: /a/x}}",
           ["/b/c", "/a/x"], ["/a", "/b"]),
    merges("one match outside spoils the rule", A, "{uri: {prefix: /a/b}}, {uri: {prefix: /c}}", [], ["/a/b", "/c"]),
    merges("gateways that the root does not name conflict", "{gateways: [mesh]}", "{gateways: [web]}", [], ["/"]),
    case("only the rule in conflict is left out", root(asks(A), REST) + delegate(says("{uri: {prefix: /b}}", "v3"), says("{uri: {prefix: /a/b}}", "v2")),
         Expect(f"{URL}/a/b", to="v2"), Expect(f"{URL}/b", to="v1")),
    case("rules keep their order", root(asks(A), asks("{uri: {prefix: /b}}", "other"), REST) + delegate(says("{uri: {exact: /a/b}}", "v2"), f"{{{route('v3')}}}")
         + delegate(f"{{{route('v2')}}}", name="other"),
         Expect(f"{URL}/a/b", to="v2"), Expect(f"{URL}/a", to="v3"), Expect(f"{URL}/b", to="v2"), Expect(f"{URL}/", to="v1")),
    case("a delegate for two rules", root(asks(A, more=", timeout: 1s"), asks("{uri: {prefix: /b}}")) + delegate(f"{{{route('v2')}}}"),
         Expect(f"{URL}/a", to="v2", timeout=1.0), Expect(f"{URL}/b", to="v2", timeout=None)),
    case("what the delegate leaves open the root says", root(asks(A, more=", timeout: 2s, retries: {attempts: 1}, rewrite: {uri: /x}, headers: {request: {set: {x-a: root}}}")) + delegate(f"{{{route('v2')}}}"),
         Expect(f"{URL}/a", to="v2", timeout=2.0, path="/x", seen={"X-A": "root"})),
    case("what the delegate says counts, as a whole", root(asks(A, more=", timeout: 2s, headers: {request: {set: {x-a: root, x-b: root}}}"))
         + delegate(f"{{{route('v2')}, timeout: 3s, headers: {{request: {{set: {{x-a: team}}}}}}}}"),
         Expect(f"{URL}/a", to="v2", timeout=3.0, seen={"X-A": "team", "X-B": None})),
    case("a root's fault", root(asks(A, more=", fault: {abort: {httpStatus: 555, percentage: {value: 100}}}")) + delegate(f"{{{route('v2')}}}"),
         Expect(f"{URL}/a", status=555, flags="FI")),
    case("names are joined", root(f"{{name: root, {asks('{uri: {prefix: /a}, name: m}')[1:]}") + delegate(f"{{name: team, {says('{uri: {prefix: /a}, name: n}', 'v2')[1:]}"),
         Expect(f"{URL}/a", to="v2", route="root-team.m-n")),
    case("a delegate of another namespace, whose short names are its own",
         root("{delegate: {name: team, namespace: other}}") + delegate("{route: [{destination: {host: reviews}}]}", namespace="other"), Expect(f"{URL}/", to="v9")),
    case("a delegate that is not exported is left out", root("{delegate: {name: team, namespace: other}}", REST)
         + delegate("{route: [{destination: {host: reviews}}]}", namespace="other", more="exportTo: ['.'], "), Expect(f"{URL}/", to="v1")),
    case("a delegate that is exported", root("{delegate: {name: team, namespace: other}}", REST)
         + delegate("{route: [{destination: {host: reviews}}]}", namespace="other", more="exportTo: [default], "), Expect(f"{URL}/", to="v9")),
    case("a delegate that is missing is left out", root(ALL, REST), Expect(f"{URL}/", to="v1")),
    case("a VirtualService with hosts is no delegate", root(ALL, REST) + delegate(f"{{{route('v2')}}}", more="hosts: [team], "), Expect(f"{URL}/", to="v1")),
    case("a rule of which nothing is left leaves the service as it is", root(ALL), Expect(f"{URL}/", versions={"v1": 100 / 3, "v2": 100 / 3, "v3": 100 / 3})),
    case("a delegate is nobody's rule by itself", delegate(f"{{{route('v2')}}}"), Expect(f"{URL}/", versions={"v1": 100 / 3, "v2": 100 / 3, "v3": 100 / 3})),
    case("a delegate's redirect", root(asks(A)) + delegate("{redirect: {uri: /new}}"), Expect(f"{URL}/a", status=301, location="http://reviews:9080/new")),
    case("a root's direct response", root(asks(A, more=", directResponse: {status: 418}"), REST) + delegate(f"{{{route('v2')}}}"),
         Expect(f"{URL}/a", status=418), Expect(f"{URL}/", to="v1")),
    case("at a gateway", root(asks(A), "{directResponse: {status: 404}}", hosts="['*']", gateways="[web]") + delegate(says("{uri: {prefix: /a/b}}", "v2"), f"{{{route('v3')}}}"),
         Expect("http://any/a/b", through="gateway", to="v2"), Expect("http://any/a", through="gateway", to="v3"), Expect("http://any/", through="gateway", status=404)),
]  # fmt: skip
