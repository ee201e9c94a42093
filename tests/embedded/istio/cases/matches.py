"""What a match catches. The rule under test leads to v2, everything else to v1."""

from __future__ import annotations

from . import Case, Expect, case, reviews, route

URL = "http://reviews:9080"


def matched(name: str, match: str, hits: list[Expect | str], misses: list[Expect | str]) -> Case:
    """A case of one match: these calls are caught, those are not."""
    yaml = reviews(f"[{{match: [{match}], {route('v2')}}}, {{{route('v1')}}}]")
    calls = [_call(hit, "v2") for hit in hits] + [_call(miss, "v1") for miss in misses]
    return case(name, yaml, *calls)


def _call(call: Expect | str, version: str) -> Expect:
    from dataclasses import replace

    made = Expect(f"{URL}{call}") if isinstance(call, str) else call
    return replace(made, to=version)


def ask(path: str = "/", method: str = "GET", **headers: str) -> Expect:
    return Expect(f"{URL}{path}", {k.replace("_", "-"): v for k, v in headers.items()}, method)


CASES = [
    matched("uri exact", "{uri: {exact: /a}}", ["/a", "/a?x=1"], ["/", "/a/", "/ab", "/A"]),
    matched("uri prefix is a prefix of the string, not of path segments", "{uri: {prefix: /a}}",
            ["/a", "/a/b", "/ab"], ["/", "/b/a", "/A"]),
    matched("uri regex takes the whole path, without the query", "{uri: {regex: '/a/[0-9]+'}}",
            ["/a/1", "/a/23?q=1"], ["/a/", "/a/1/b", "/b/a/1"]),
    matched("uri without case", "{uri: {exact: /Abc}, ignoreUriCase: true}", ["/abc", "/ABC"], ["/ab"]),
    matched("uri prefix without case", "{uri: {prefix: /Abc}, ignoreUriCase: true}", ["/aBcd"], ["/b"]),
    matched("method", "{method: {exact: POST}}", [ask(method="POST")], ["/", ask(method="PUT")]),
    matched("method by regex", "{method: {regex: 'POST|PUT'}}", [ask(method="POST"), ask(method="PUT")], ["/"]),
    matched("header exact", "{headers: {end-user: {exact: jason}}}", [ask(end_user="jason")],
            ["/", ask(end_user="jasonx"), ask(end_user="Jason")]),
    matched("header names have no case", "{headers: {end-user: {exact: jason}}}",
            [Expect(f"{URL}/", {"End-User": "jason"})], ["/"]),
    matched("header prefix", "{headers: {end-user: {prefix: ja}}}", [ask(end_user="jason")], ["/", ask(end_user="xja")]),
    matched("header regex takes the whole value", "{headers: {cookie: {regex: '^(.*?;)?(user=jason)(;.*)?$'}}}",
            [ask(cookie="user=jason"), ask(cookie="a=b;user=jason;c=d")], ["/", ask(cookie="user=jasonx")]),
    matched("an empty header condition asks for presence", "{headers: {end-user: {}}}", [ask(end_user="x")], ["/"]),
    matched("the regex * asks for presence", "{headers: {end-user: {regex: '*'}}}", [ask(end_user="x")], ["/"]),
    matched("all headers must match", "{headers: {a: {exact: '1'}, b: {exact: '2'}}}", [ask(a="1", b="2")],
            [ask(a="1"), ask(b="2"), ask(a="1", b="1")]),
    matched("without a header of a value", "{withoutHeaders: {end-user: {exact: jason}}}",
            ["/", ask(end_user="tom")], [ask(end_user="jason")]),
    matched("without a header at all", "{withoutHeaders: {end-user: {}}}", ["/"], [ask(end_user="tom")]),
    matched("with one header and without another", "{headers: {a: {exact: '1'}}, withoutHeaders: {b: {}}}",
            [ask(a="1")], ["/", ask(a="1", b="2")]),
    matched("query parameter exact", "{queryParams: {debug: {exact: 'true'}}}", ["/?debug=true", "/?a=1&debug=true"],
            ["/", "/?debug=false", "/?xdebug=true"]),
    matched("query parameter prefix", "{queryParams: {v: {prefix: be}}}", ["/?v=beta"], ["/?v=alpha", "/"]),
    matched("query parameter regex", "{queryParams: {n: {regex: '[0-9]+'}}}", ["/?n=12"], ["/?n=x", "/?n=1x"]),
    matched("query parameter is there", "{queryParams: {debug: {}}}", ["/?debug=", "/?debug=1"], ["/"]),
    matched("authority", "{authority: {exact: 'reviews.default:9080'}}", [Expect("http://reviews.default:9080/")], ["/"]),
    matched("authority prefix", "{authority: {prefix: reviews.default}}",
            [Expect("http://reviews.default.svc.cluster.local:9080/")], ["/"]),
    matched("scheme", "{scheme: {exact: http}}", ["/"], []),
    matched("a scheme that is not used", "{scheme: {exact: https}}", [], ["/"]),
    matched("port", "{port: 9080}", ["/"], []),
    matched("another port", "{port: 80}", [], ["/"]),
    matched("source labels of the client", "{sourceLabels: {app: client}}", ["/"], []),
    matched("source labels of another", "{sourceLabels: {app: ratings}}", [], ["/"]),
    matched("source labels: all of them", "{sourceLabels: {app: client, version: v2}}", [], ["/"]),
    matched("source namespace", "{sourceNamespace: default}", ["/"], []),
    matched("another source namespace", "{sourceNamespace: other}", [], ["/"]),
    matched("gateways mesh", "{gateways: [mesh]}", ["/"], []),
    matched("gateways of a match without mesh", "{gateways: [web]}", [], ["/"]),
    matched("gateways replace source labels", "{gateways: [mesh], sourceLabels: {app: nobody}}", ["/"], []),
    matched("conditions of one match are joined by and", "{uri: {prefix: /a}, headers: {u: {exact: x}}}",
            [ask("/a", u="x")], ["/a", ask("/b", u="x")]),
    matched("matches are joined by or", "{uri: {exact: /a}}, {headers: {u: {exact: x}}}", ["/a", ask("/b", u="x")], ["/b"]),
    case("the first rule wins",
         reviews(f"[{{match: [{{uri: {{prefix: /}}}}], {route('v3')}}}, {{match: [{{uri: {{exact: /a}}}}], {route('v2')}}}]"),
         Expect(f"{URL}/a", to="v3"), Expect(f"{URL}/", to="v3")),
    case("no rule matches", reviews(f"[{{match: [{{uri: {{exact: /a}}}}], {route('v2')}}}]"),
         Expect(f"{URL}/a", to="v2"), Expect(f"{URL}/b", status=404, flags="NR")),
    case("names of rule and match",
         reviews(f"[{{name: n, match: [{{name: m, uri: {{exact: /a}}}}], {route('v2')}}}, {{name: rest, {route('v1')}}}]"),
         Expect(f"{URL}/a", to="v2", route="n.m"), Expect(f"{URL}/", to="v1", route="rest")),
]  # fmt: skip
