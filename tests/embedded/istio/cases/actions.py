"""What a route does beside choosing a cluster."""

from __future__ import annotations

from . import Case, Expect, case, reviews, route, to

URL = "http://reviews:9080"
DEFAULT_RETRIES = {"attempts": 2, "on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"}


def rule(more: str, *calls: Expect, name: str, first: str = "") -> Case:
    """A case of one rule to v2 with `more` fields (YAML, flow style)."""
    return case(name, reviews(f"[{{{first}{route('v2')}, {more}}}]"), *calls)


def answers(name: str, http: str, *calls: Expect) -> Case:
    return case(name, reviews(f"[{{{http}}}]"), *calls)


CASES = [
    case("defaults of a service without a rule", "", Expect(f"{URL}/", timeout=None, retries=DEFAULT_RETRIES)),
    case("defaults of a rule", reviews(f"[{{{route('v2')}}}]"), Expect(f"{URL}/", to="v2", timeout=None, retries=DEFAULT_RETRIES)),
    rule("timeout: 0.2s", Expect(f"{URL}/", to="v2", timeout=0.2), Expect(f"{URL}/delay/1", status=504, flags="UT"), name="timeout"),
    rule("retries: {attempts: 0}", Expect(f"{URL}/", retries={}), name="no retries"),
    rule("retries: {attempts: 3}", Expect(f"{URL}/", retries=DEFAULT_RETRIES | {"attempts": 3}), name="only attempts"),
    rule("retries: {attempts: 3, perTryTimeout: 2s, retryOn: '5xx,gateway-error,409'}",
         Expect(f"{URL}/", retries={"attempts": 3, "on": "5xx,gateway-error,retriable-status-codes", "codes": [409], "per_try_timeout": 2.0}),
         Expect(f"{URL}/status/200", seen={"x-envoy-attempt-count": "1"}),
         Expect(f"{URL}/status/500", status=500, seen={"x-envoy-attempt-count": "4"}),
         Expect(f"{URL}/status/409", status=409, seen={"x-envoy-attempt-count": "4"}), name="retries on status codes"),
    rule("timeout: 5s", Expect(f"{URL}/status/503", status=503, seen={"x-envoy-attempt-count": "1"}),
         Expect(f"{URL}/status/500", status=500, seen={"x-envoy-attempt-count": "1"}), name="an answer of 503 is not tried again by default"),
    rule("retries: {attempts: 2, retryOn: '503'}", Expect(f"{URL}/status/503", status=503, seen={"x-envoy-attempt-count": "3"}),
         name="an answer of 503 is tried again when asked for"),
    rule("retries: {attempts: 1, perTryTimeout: 0.1s, retryOn: 'reset,gateway-error,5xx'}",
         Expect(f"{URL}/delay/1", status=504, least=0.2), name="per-try timeouts add up"),
    answers("redirect of uri and authority", "redirect: {uri: /new, authority: shop.example.com}",
            Expect(f"{URL}/old", status=301, location="http://shop.example.com/new")),
    answers("redirect with a code keeps host and path", "redirect: {redirectCode: 308, scheme: https}",
            Expect(f"{URL}/old?x=1", status=308, location="https://reviews:9080/old?x=1")),
    answers("redirect to a port", "redirect: {port: 8443, scheme: https}", Expect(f"{URL}/a", status=301, location="https://reviews:8443/a")),
    answers("redirect: the scheme's own port is left out", "redirect: {port: 443, scheme: https, authority: x.example.com}",
            Expect(f"{URL}/a", status=301, location="https://x.example.com/a")),
    answers("redirect to the port of the request", "redirect: {derivePort: FROM_REQUEST_PORT, authority: x.example.com}",
            Expect(f"{URL}/a", status=301, location="http://x.example.com:9080/a")),
    answers("direct response", "directResponse: {status: 418, body: {string: short and stout}}", Expect(f"{URL}/", status=418)),
    answers("direct response of bytes", "directResponse: {status: 200, body: {bytes: aGVsbG8=}}", Expect(f"{URL}/", status=200)),
    answers("direct response beyond Envoy's own limit of 4 KB", f"directResponse: {{status: 200, body: {{string: {'long' * 2000}}}}}",
            Expect(f"{URL}/", answer={"content-length": "8000"})),
    rule("rewrite: {uri: /b}", Expect(f"{URL}/a/x", path="/b/x", to="v2"), first="match: [{uri: {prefix: /a}}], ", name="rewrite of a prefix"),
    rule("rewrite: {uri: /b}", Expect(f"{URL}/a?q=1", path="/b", to="v2"), first="match: [{uri: {exact: /a}}], ", name="rewrite of a whole path"),
    rule("rewrite: {authority: shop.example.com}", Expect(f"{URL}/", host="shop.example.com"), name="rewrite of the authority"),
    rule(r"rewrite: {uriRegexRewrite: {match: '^/v1/(\w+)', rewrite: '/\1/new'}}", Expect(f"{URL}/v1/books/7", path="/books/new/7"),
         name="rewrite by regex"),
    rule("headers: {request: {set: {x-a: '1'}, add: {x-b: '2'}, remove: [x-c]}, response: {set: {x-d: '3'}}}",
         Expect(f"{URL}/", {"x-a": "0", "x-c": "0"}, seen={"X-A": "1", "X-B": "2", "X-C": None}, answer={"x-d": "3"}), name="headers of a rule"),
    rule("headers: {request: {add: {x-b: '2'}}}", Expect(f"{URL}/", {"x-b": "1"}, seen={"X-B": "1"}), name="add keeps the value that is there"),
    rule("headers: {request: {set: {Host: shop.example.com}}}", Expect(f"{URL}/", host="shop.example.com"), name="setting Host rewrites the authority"),
    rule("headers: {response: {remove: [server]}}", Expect(f"{URL}/", to="v2"), name="removing a response header"),
    case("headers of a destination",
         reviews(f"[{{route: [{to('v1')[:-1]}, headers: {{request: {{set: {{x-a: one}}}}, response: {{add: {{x-v: one}}}}}}}}]}}]"),
         Expect(f"{URL}/", seen={"X-A": "one"}, answer={"x-v": "one"})),
    case("headers of weighted destinations",
         reviews(f"[{{route: [{to('v1', 100)[:-1]}, headers: {{request: {{set: {{x-a: one}}}}}}}}, {to('v2', 0)}, {to('v3', 0)}]}}]"),
         Expect(f"{URL}/", to="v1", seen={"X-A": "one"})),
    rule("fault: {abort: {httpStatus: 555, percentage: {value: 100}}}", Expect(f"{URL}/", status=555, flags="FI"), name="abort"),
    rule("fault: {abort: {httpStatus: 555}}", Expect(f"{URL}/", to="v2"), name="abort without a percentage does nothing"),
    rule("fault: {abort: {httpStatus: 555, percentage: {value: 0}}}", Expect(f"{URL}/", to="v2"), name="abort of 0 %"),
    rule("fault: {abort: {grpcStatus: UNAVAILABLE, percentage: {value: 100}}}",
         Expect(f"{URL}/", {"content-type": "application/grpc"}, "POST", status=200, answer={"grpc-status": "14"}), name="abort with a gRPC status"),
    rule("fault: {delay: {fixedDelay: 0.3s, percentage: {value: 100}}}", Expect(f"{URL}/", to="v2", least=0.3), name="delay"),
    rule("fault: {delay: {fixedDelay: 0.3s, percentage: {value: 100}}}, timeout: 0.1s", Expect(f"{URL}/", to="v2", least=0.3),
         name="a timeout does not see an injected delay"),
    rule("fault: {abort: {httpStatus: 503, percentage: {value: 100}}}, retries: {attempts: 3, retryOn: 5xx}",
         Expect(f"{URL}/", status=503, flags="FI"), name="a retry does not hide an injected abort"),
    rule("fault: {delay: {fixedDelay: 0.2s, percentage: {value: 100}}, abort: {httpStatus: 500, percentage: {value: 100}}}",
         Expect(f"{URL}/", status=500, least=0.2), name="delay and abort"),
    rule("corsPolicy: {allowOrigins: [{exact: 'http://a.example.com'}], allowMethods: [GET, PUT], allowHeaders: [x-a], maxAge: 24h}",
         Expect(f"{URL}/", {"origin": "http://a.example.com", "access-control-request-method": "PUT"}, "OPTIONS",
                answer={"access-control-allow-origin": "http://a.example.com", "access-control-allow-methods": "GET,PUT",
                        "access-control-allow-headers": "x-a", "access-control-max-age": "86400"}),
         Expect(f"{URL}/", {"origin": "http://a.example.com"}, answer={"access-control-allow-origin": "http://a.example.com"}),
         Expect(f"{URL}/", {"origin": "http://b.example.com"}, answer={"access-control-allow-origin": None}), name="CORS"),
    rule("mirror: {host: ratings}", Expect(f"{URL}/", to="v2"), name="mirror"),
    rule("mirror: {host: ratings}, mirrorPercentage: {value: 0}", Expect(f"{URL}/", to="v2"), name="mirror nothing"),
    rule("mirrors: [{destination: {host: ratings}}, {destination: {host: reviews, subset: v3}, percentage: {value: 10}}]",
         Expect(f"{URL}/", to="v2"), name="several mirrors"),
]  # fmt: skip
