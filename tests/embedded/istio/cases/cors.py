"""Cross-origin requests: simple ones, and the questions (preflights) that browsers ask before others."""

from __future__ import annotations

from . import Expect, case, reviews, route

URL = "http://reviews:9080/"
SHOP, OTHER = "https://shop.example.com", "https://evil.example.net"
ALLOWED, CREDENTIALS, EXPOSED = (f"access-control-{field}" for field in ("allow-origin", "allow-credentials", "expose-headers"))
METHODS, HEADERS, AGE = (f"access-control-{field}" for field in ("allow-methods", "allow-headers", "max-age"))
BY_THE_APP = {"x-envoy-attempt-count": "1"}
BY_ENVOY = {"x-envoy-attempt-count": None}


def policy(name: str, cors: str, *calls: Expect):
    return case(f"CORS: {name}", reviews(f"[{{corsPolicy: {cors}, {route('v2')}}}]"), *calls)


def simple(page: str, **answer: str | None) -> Expect:
    """A request as a browser sends it for a page of an origin; it reaches the app in any case."""
    return Expect(URL, {"Origin": page}, seen=BY_THE_APP, answer=_named(answer))


def preflight(page: str, method: str = "PUT", *, answered: bool = True, **answer: str | None) -> Expect:
    """The question whether a page may; `answered` by the proxy, else by the app."""
    asked = {"Origin": page, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x-a"}
    return Expect(URL, asked, "OPTIONS", seen=BY_ENVOY if answered else BY_THE_APP, answer=_named(answer))


def _named(answer: dict[str, str | None]) -> dict[str, str | None]:
    names = {"origin": ALLOWED, "credentials": CREDENTIALS, "exposed": EXPOSED, "methods": METHODS, "headers": HEADERS, "age": AGE}
    return {names[field]: value for field, value in answer.items()}


CASES = [
    policy("an exact origin", f"{{allowOrigins: [{{exact: '{SHOP}'}}]}}", simple(SHOP, origin=SHOP), simple(OTHER, origin=None),
           simple(f"{SHOP}.evil.net", origin=None), Expect(URL, answer={ALLOWED: None})),
    policy("a prefix", "{allowOrigins: [{prefix: 'https://shop.'}]}", simple(SHOP, origin=SHOP), simple(OTHER, origin=None)),
    policy("a regex", r"{allowOrigins: [{regex: 'https://[a-z]+\.example\.com'}]}", simple(SHOP, origin=SHOP), simple(OTHER, origin=None),
           simple("https://a.b.example.com", origin=None)),
    policy("several origins", f"{{allowOrigins: [{{exact: 'https://a.example.com'}}, {{exact: '{SHOP}'}}]}}", simple(SHOP, origin=SHOP),
           simple("https://a.example.com", origin="https://a.example.com")),
    policy("any origin", "{allowOrigins: [{exact: '*'}]}", simple(OTHER, origin=OTHER)),
    policy("the old field", f"{{allowOrigin: ['{SHOP}']}}", simple(SHOP, origin=SHOP), simple(OTHER, origin=None)),
    policy("credentials and exposed headers", f"{{allowOrigins: [{{exact: '{SHOP}'}}], allowCredentials: true, exposeHeaders: [x-a, x-b]}}",
           simple(SHOP, origin=SHOP, credentials="true", exposed="x-a,x-b"), simple(OTHER, origin=None, credentials=None, exposed=None)),
    policy("no credentials", f"{{allowOrigins: [{{exact: '{SHOP}'}}], allowCredentials: false}}", simple(SHOP, origin=SHOP, credentials=None)),
    policy("a preflight", f"{{allowOrigins: [{{exact: '{SHOP}'}}], allowMethods: [GET, PUT], allowHeaders: [x-a, x-b], maxAge: 24h, allowCredentials: true}}",
           preflight(SHOP, origin=SHOP, methods="GET,PUT", headers="x-a,x-b", age="86400", credentials="true")),
    policy("a preflight of which little is said", f"{{allowOrigins: [{{exact: '{SHOP}'}}]}}", preflight(SHOP, origin=SHOP, age=None, credentials=None)),
    policy("a preflight of another origin is the app's affair", f"{{allowOrigins: [{{exact: '{SHOP}'}}], allowMethods: [PUT]}}",
           preflight(OTHER, answered=False, origin=None, methods=None)),
    policy("FORWARD says the same", f"{{allowOrigins: [{{exact: '{SHOP}'}}], unmatchedPreflights: FORWARD}}", preflight(OTHER, answered=False, origin=None)),
    policy("IGNORE answers it without a permission", f"{{allowOrigins: [{{exact: '{SHOP}'}}], unmatchedPreflights: IGNORE}}", preflight(OTHER, origin=None)),
    policy("OPTIONS without an origin is no preflight", f"{{allowOrigins: [{{exact: '{SHOP}'}}]}}", Expect(URL, method="OPTIONS", seen=BY_THE_APP)),
    case("CORS: no policy, no answer", reviews(f"[{{{route('v2')}}}]"), simple(SHOP, origin=None), preflight(SHOP, answered=False, origin=None)),
]  # fmt: skip
