"""HTTPRoutes on a gateway and inside the mesh: matches by precedence, filters, weights, attachment, grants."""

from __future__ import annotations

from . import Expect, case
from .gateway_tls import _SECRET

_API = "apiVersion: gateway.networking.k8s.io/v1\n"
_CLASS = f"{_API}kind: GatewayClass\nmetadata: {{name: istio}}\nspec: {{controllerName: istio.io/gateway-controller}}\n---\n"
_ADDRESS = "{type: Hostname, value: istio-ingressgateway.istio-system.svc.cluster.local}"
_ALL = "allowedRoutes: {namespaces: {from: All}}"


def front(*listeners: str) -> str:
    """A Gateway in istio-system, served by the ingress gateway that is there already."""
    listed = ", ".join(f"{{{one}}}" for one in listeners)
    return (f"{_CLASS}{_API}kind: Gateway\nmetadata: {{name: front, namespace: istio-system}}\n"
            f"spec: {{gatewayClassName: istio, addresses: [{_ADDRESS}], listeners: [{listed}]}}\n---\n")  # fmt: skip


def listener(name: str = "http", hostname: str = "", allowed: str = _ALL, port: int = 80, protocol: str = "HTTP") -> str:
    host = f", hostname: {hostname!r}" if hostname else ""
    return f"name: {name}, port: {port}, protocol: {protocol}, {allowed}{host}"


def route(rules: str, name: str = "rule", parent: str = "{name: front, namespace: istio-system}", hosts: str = "", namespace: str = "default") -> str:
    hostnames = f", hostnames: {hosts}" if hosts else ""
    return (f"{_API}kind: HTTPRoute\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
            f"spec: {{parentRefs: [{parent}]{hostnames}, rules: {rules}}}\n---\n")  # fmt: skip


def to(version: str, more: str = "") -> str:
    return f"backendRefs: [{{name: reviews-{version}, port: 9080{more}}}]"


def path(value: str, form: str = "PathPrefix") -> str:
    return f"path: {{type: {form}, value: {value!r}}}"


def on(match: str, version: str) -> str:
    return f"{{matches: [{{{match}}}], {to(version)}}}"


def at(url: str, **rest) -> Expect:
    return Expect(url, through="gateway", **rest)


def inside(url: str = "http://reviews:9080/", **rest) -> Expect:
    return Expect(url, **rest)


GRANT = (
    "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: let-in, namespace: other}\n"
    "spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}], to: [%s]}\n"
)
SERVICE = "{group: '', kind: Service}"
GATEWAY = front(listener())
REVIEWS = "{group: '', kind: Service, name: reviews}"
ELSEWHERE = "[{backendRefs: [{name: reviews, namespace: other, port: 9080}]}]"


def bound(name: str, rules: str, *calls: Expect, gateway: str = GATEWAY, **rest: str):
    return case(name, gateway + route(rules, **rest), *calls, bare=True)


def meshed(name: str, rules: str, *calls: Expect):
    return case(name, route(rules, parent=REVIEWS), *calls, bare=True)


def filtered(name: str, filters: str, *calls: Expect, match: str = path("/a")):
    return bound(name, f"[{{matches: [{{{match}}}], filters: [{filters}], {to('v1')}}}]", *calls)


def redirected(name: str, redirect: str, *calls: Expect, match: str = path("/a")):
    return bound(name, f"[{{matches: [{{{match}}}], filters: [{{type: RequestRedirect, requestRedirect: {redirect}}}]}}]", *calls)


CASES = [
    bound("a route without a condition takes all", f"[{{{to('v2')}}}]", at("http://any/x", to="v2")),
    bound("a prefix takes whole parts of a path", f"[{on(path('/foo'), 'v1')}]",
          at("http://any/foo", to="v1"), at("http://any/foo/bar", to="v1"), at("http://any/foo?x=1", to="v1"), at("http://any/foobar", status=404, flags="NR")),
    bound("a slash at a prefix's end says nothing", f"[{on(path('/foo/'), 'v1')}]", at("http://any/foo", to="v1"), at("http://any/foo/x", to="v1")),
    bound("an exact path", f"[{on(path('/foo', 'Exact'), 'v1')}]", at("http://any/foo", to="v1"), at("http://any/foo/", status=404, flags="NR")),
    bound("a path by expression", f"[{on(path('/v[0-9]+/.*', 'RegularExpression'), 'v1')}]", at("http://any/v12/x", to="v1"), at("http://any/v/x", status=404, flags="NR")),
    bound("a header", f"[{on('headers: [{name: End-User, value: jason}]', 'v1')}]",
          at("http://any/", headers={"end-user": "jason"}, to="v1"), at("http://any/", headers={"end-user": "jasons"}, status=404, flags="NR")),
    bound("a header by expression", f"[{on('headers: [{type: RegularExpression, name: end-user, value: j.*}]', 'v1')}]",
          at("http://any/", headers={"end-user": "jane"}, to="v1"), at("http://any/", status=404, flags="NR")),
    bound("a query parameter", f"[{on('queryParams: [{name: q, value: x}]', 'v1')}]", at("http://any/?q=x", to="v1"), at("http://any/?q=y", status=404, flags="NR")),
    bound("a query parameter by expression", f"[{on('queryParams: [{type: RegularExpression, name: q, value: x+}]', 'v1')}]", at("http://any/?q=xxx", to="v1"), at("http://any/?q=", status=404, flags="NR")),
    bound("a method", f"[{on('method: POST', 'v1')}]", at("http://any/", method="POST", to="v1"), at("http://any/", status=404, flags="NR")),
    bound("conditions of one match are all asked for, matches are alternatives",
          f"[{{matches: [{{{path('/a')}, method: POST}}, {{{path('/b')}}}], {to('v1')}}}]",
          at("http://any/a", status=404, flags="NR"), at("http://any/a", method="POST", to="v1"), at("http://any/b", to="v1")),
    # -- the most specific match decides, wherever it stands
    bound("the longer prefix goes first", f"[{on(path('/a'), 'v1')}, {on(path('/a/b'), 'v2')}]", at("http://any/a/b/c", to="v2"), at("http://any/a", to="v1")),
    bound("exact goes before prefix", f"[{on(path('/a'), 'v1')}, {on(path('/a', 'Exact'), 'v2')}]", at("http://any/a", to="v2"), at("http://any/a/", to="v1")),
    bound("prefix goes before expression", f"[{on(path('/a.*', 'RegularExpression'), 'v1')}, {on(path('/a'), 'v2')}]", at("http://any/a", to="v2"), at("http://any/ab", to="v1")),
    bound("a method goes before headers", f"[{on('headers: [{name: x, value: y}]', 'v1')}, {on('method: GET', 'v2')}]", at("http://any/", headers={"x": "y"}, to="v2")),
    bound("more headers go first", f"[{on('headers: [{name: x, value: y}]', 'v1')}, {on('headers: [{name: x, value: y}, {name: z, value: y}]', 'v2')}]",
          at("http://any/", headers={"x": "y", "z": "y"}, to="v2"), at("http://any/", headers={"x": "y"}, to="v1")),
    bound("headers go before query parameters", f"[{on('queryParams: [{name: q, value: x}]', 'v1')}, {on('headers: [{name: x, value: y}]', 'v2')}]", at("http://any/?q=x", headers={"x": "y"}, to="v2")),
    bound("more query parameters go first", f"[{on('queryParams: [{name: q, value: x}]', 'v1')}, {on('queryParams: [{name: q, value: x}, {name: r, value: x}]', 'v2')}]", at("http://any/?q=x&r=x", to="v2")),
    bound("of equals the first goes first", f"[{on(path('/a'), 'v1')}, {on(path('/a'), 'v2')}]", at("http://any/a", to="v1")),
    case("of two routes' equals the older route goes first", GATEWAY + route(f"[{on(path('/a'), 'v1')}]", "z") + route(f"[{on(path('/a'), 'v2')}, {on(path('/a/b'), 'v3')}]", "a"),
         at("http://any/a", to="v1"), at("http://any/a/b", to="v3"), bare=True),
    # -- hostnames
    bound("hostnames are told apart", f"[{{{to('v1')}}}]", at("http://a.example.com/", to="v1"), at("http://b.example.com/", status=404, flags="NR"), hosts="[a.example.com]"),
    bound("a wildcard hostname", f"[{{{to('v1')}}}]", at("http://a.example.com/", to="v1"), at("http://a.b.example.com/", to="v1"), at("http://example.com/", status=404, flags="NR"), hosts="['*.example.com']"),
    bound("a listener's hostname limits its routes", f"[{{{to('v1')}}}]", at("http://a.example.com/", to="v1"), at("http://b.example.com/", status=404, flags="NR"), gateway=front(listener(hostname="a.example.com"))),
    bound("a listener's wildcard and a route's name", f"[{{{to('v1')}}}]", at("http://a.example.com/", to="v1"), at("http://b.example.com/", status=404, flags="NR"),
          gateway=front(listener(hostname="*.example.com")), hosts="[a.example.com, b.example.org]"),
    bound("a listener's name and a route's wildcard", f"[{{{to('v1')}}}]", at("http://a.example.com/", to="v1"), at("http://b.example.com/", status=404, flags="NR"),
          gateway=front(listener(hostname="a.example.com")), hosts="['*.example.com']"),
    bound("names that do not meet", f"[{{{to('v1')}}}]", at("http://a.example.com/", status=404, flags="NR"), gateway=front(listener(hostname="b.example.com")), hosts="[a.example.com]"),
    bound("the more specific listener keeps its hostname for itself", f"[{{{to('v1')}}}]", at("http://b.example.com/", to="v1"), at("http://a.example.com/", status=404, flags="NR"),
          gateway=front(listener("wide", "*.example.com"), listener("narrow", "a.example.com")), hosts="[a.example.com, b.example.com]", parent="{name: front, namespace: istio-system, sectionName: wide}"),
    # -- attachment
    bound("a route of a namespace that is not let in", f"[{{{to('v1')}}}]", at("http://any/", status=404, flags="NR"), gateway=front(listener(allowed="allowedRoutes: {namespaces: {from: Same}}"))),
    bound("same namespace is the default", f"[{{{to('v1')}}}]", at("http://any/", status=404, flags="NR"), gateway=front("name: http, port: 80, protocol: HTTP")),
    bound("a listener by its name", f"[{{{to('v1')}}}]", at("http://a.example.com/", to="v1"), at("http://b.example.com/", status=404, flags="NR"),
          gateway=front(listener("a", "a.example.com"), listener("b", "b.example.com")), parent="{name: front, namespace: istio-system, sectionName: a}"),
    bound("a listener that does not exist", f"[{{{to('v1')}}}]", at("http://any/", status=404, flags="NR"), parent="{name: front, namespace: istio-system, sectionName: none}"),
    bound("listeners by their port", f"[{{{to('v1')}}}]", at("http://any/", status=404, flags="NR"), parent="{name: front, namespace: istio-system, port: 81}"),
    bound("a gateway that does not exist", f"[{{{to('v1')}}}]", at("http://any/", status=404, flags="NR"), parent="{name: none, namespace: istio-system}"),
    bound("a listener that takes no HTTPRoutes", f"[{{{to('v1')}}}]", at("http://any/", status=404, flags="NR"), gateway=front(listener(allowed="allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}"))),
    case("a VirtualService and an HTTPRoute on one gateway", GATEWAY + "kind: Gateway\nmetadata: {name: web}\nspec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}\n---\n"
         "kind: VirtualService\nmetadata: {name: old}\nspec: {hosts: ['*'], gateways: [web], http: [{match: [{uri: {prefix: /vs}}], route: [{destination: {host: reviews-v2}}]}]}\n---\n" + route(f"[{{{to('v1')}}}]"),
         at("http://any/vs", to="v2"), at("http://any/", to="v1"), bare=True),
    case("a listener that terminates TLS, beside a plain one", f"{_SECRET}\n---\n" + front(listener(), "name: https, port: 443, protocol: HTTPS, hostname: shop.example.com, tls: {mode: Terminate, certificateRefs: [{name: shop}]}, " + _ALL)
         + route(f"[{{{to('v1')}}}]", "secure", "{name: front, namespace: istio-system, sectionName: https}") + route(f"[{{{to('v2')}}}]", "plain", "{name: front, namespace: istio-system, sectionName: http}"),
         at("https://shop.example.com/", to="v1"), at("http://shop.example.com/", to="v2"), bare=True),
    # -- backends
    bound("weights", "[{backendRefs: [{name: reviews-v1, port: 9080, weight: 70}, {name: reviews-v2, port: 9080, weight: 30}]}]", at("http://any/", versions={"v1": 70, "v2": 30})),
    bound("equal weights when nothing is said", "[{backendRefs: [{name: reviews-v1, port: 9080}, {name: reviews-v2, port: 9080}]}]", at("http://any/", versions={"v1": 50, "v2": 50})),
    bound("a weight of 0 gets nothing", "[{backendRefs: [{name: reviews-v1, port: 9080, weight: 0}, {name: reviews-v2, port: 9080, weight: 5}]}]", at("http://any/", to="v2")),
    bound("weights that are all 0 are answered with 500", f"[{{{to('v1', ', weight: 0')}}}]", at("http://any/", status=500)),
    bound("no backend is answered with 500", f"[{{matches: [{{{path('/')}}}]}}]", at("http://any/", status=500)),
    bound("a backend that does not exist is answered with 500", "[{backendRefs: [{name: none, port: 9080}]}]", at("http://any/", status=500, flags="NC")),
    bound("a port that the backend does not have", "[{backendRefs: [{name: reviews-v1, port: 81}]}]", at("http://any/", status=500, flags="NC")),
    bound("headers for one backend only", "[{backendRefs: [{name: reviews-v1, port: 9080, filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-for, value: v1}]}}]}]}]", at("http://any/", seen={"x-for": "v1"})),
    bound("another namespace's backend without a grant", ELSEWHERE, at("http://any/", status=500, flags="NC")),
    case("another namespace's backend with a grant", GATEWAY + route(ELSEWHERE) + GRANT % SERVICE, at("http://any/", to="v9"), bare=True),
    case("a grant for another name", GATEWAY + route(ELSEWHERE) + GRANT % "{group: '', kind: Service, name: ratings}", at("http://any/", status=500, flags="NC"), bare=True),
    case("a grant for another kind", GATEWAY + route(ELSEWHERE) + GRANT % "{group: '', kind: Secret}", at("http://any/", status=500, flags="NC"), bare=True),
    case("a grant in the wrong namespace", GATEWAY + route(ELSEWHERE) + (GRANT % SERVICE).replace("namespace: other}\nspec", "namespace: default}\nspec"), at("http://any/", status=500, flags="NC"), bare=True),
    # -- filters
    filtered("request headers", "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-a, value: new}], add: [{name: x-b, value: more}], remove: [x-c]}}",
             at("http://any/a", headers={"x-a": "old", "x-c": "gone"}, seen={"x-a": "new", "x-b": "more", "x-c": None})),
    filtered("response headers", "{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: x-said, value: hello}], remove: [content-type]}}", at("http://any/a", answer={"x-said": "hello", "content-type": None})),
    filtered("rewrite the whole path", "{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /new}}}", at("http://any/a/b", path="/new")),
    filtered("rewrite a prefix", "{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}}}", at("http://any/a/b", path="/new/b"), at("http://any/a", path="/new")),
    filtered("rewrite a prefix, slash or not", "{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /new/}}}", at("http://any/a/b", path="/new/b")),
    filtered("take a prefix away", "{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}", at("http://any/a/b", path="/b"), at("http://any/a", path="/")),
    filtered("rewrite the host", "{type: URLRewrite, urlRewrite: {hostname: inner.example.com}}", at("http://any/a", host="inner.example.com")),
    redirected("redirect with 302 when nothing is said", "{hostname: new.example.com}", at("http://any/a/b", status=302, location="http://new.example.com/a/b")),
    redirected("redirect to https", "{scheme: https, statusCode: 301}", at("http://any/a", status=301, location="https://any/a")),
    redirected("redirect with a port", "{hostname: new.example.com, port: 8443, statusCode: 307}", at("http://any/a", status=307, location="http://new.example.com:8443/a")),
    redirected("redirect to another path", "{path: {type: ReplaceFullPath, replaceFullPath: /new}}", at("http://any/a/b", status=302, location="http://any/new")),
    redirected("redirect to another prefix", "{path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}}", at("http://any/a/b", status=302, location="http://any/new/b")),
    filtered("a copy elsewhere changes no answer", "{type: RequestMirror, requestMirror: {backendRef: {name: reviews-v3, port: 9080}, percent: 50}}", at("http://any/a", to="v1")),
    # -- timeouts
    bound("a timeout", f"[{{matches: [{{{path('/delay')}}}], timeouts: {{request: 200ms}}, {to('v1')}}}]", at("http://any/delay/2", status=504, timeout=0.2)),
    bound("an attempt's timeout", f"[{{timeouts: {{request: 5s, backendRequest: 200ms}}, {to('v1')}}}]", at("http://any/delay/2", status=504, timeout=0.2)),
    bound("a timeout of 0 is none", f"[{{timeouts: {{request: 0s}}, {to('v1')}}}]", at("http://any/delay/0", timeout=None)),
    # -- inside the mesh
    meshed("a route of a Service", f"[{{{to('v2')}}}]", inside(to="v2"), inside("http://reviews.default.svc.cluster.local:9080/", to="v2")),
    meshed("a Service's route that does not match is 404", f"[{on(path('/a'), 'v2')}]", inside("http://reviews:9080/a", to="v2"), inside("http://reviews:9080/b", status=404, flags="NR")),
    meshed("weights inside the mesh", "[{backendRefs: [{name: reviews-v1, port: 9080, weight: 1}, {name: reviews-v3, port: 9080, weight: 3}]}]", inside(versions={"v1": 25, "v3": 75})),
    meshed("inside the mesh another namespace needs no grant", ELSEWHERE, inside(to="v9")),
    meshed("inside the mesh a missing backend is 500", "[{backendRefs: [{name: none, port: 9080}]}]", inside(status=500, flags="NC")),
    case("hostnames mean nothing inside the mesh", route(f"[{{{to('v2')}}}]", parent=REVIEWS, hosts="[x.example.com]"), inside(to="v2"), bare=True),
    case("a route for one port of a Service", route(f"[{{{to('v2')}}}]", parent="{group: '', kind: Service, name: reviews, port: 9080}"), inside(to="v2"), bare=True),
    case("a route for a port that the Service has not", route("[{backendRefs: [{name: none, port: 1}]}]", parent="{group: '', kind: Service, name: reviews, port: 9081}"), inside(versions={"v1": 100 / 3, "v2": 100 / 3, "v3": 100 / 3}), bare=True),
    case("a consumer's route is for its own namespace", route(f"[{{{to('v2')}}}]", parent="{group: '', kind: Service, name: reviews, namespace: other}"),
         inside("http://reviews.other:9080/", to="v2"), bare=True),
    case("a consumer's route of another namespace", route("[{backendRefs: [{name: reviews, port: 9080}]}]", parent="{group: '', kind: Service, name: reviews, namespace: default}", namespace="other"),
         inside(versions={"v1": 100 / 3, "v2": 100 / 3, "v3": 100 / 3}), bare=True),
    case("an HTTPRoute goes before a VirtualService of the same namespace", "kind: VirtualService\nmetadata: {name: old}\nspec: {hosts: [reviews], http: [{route: [{destination: {host: reviews-v1}}]}]}\n---\n" + route(f"[{{{to('v2')}}}]", parent=REVIEWS),
         inside(to="v2"), bare=True),
    case("a DestinationRule holds for a backend of an HTTPRoute", "kind: DestinationRule\nmetadata: {name: one}\nspec: {host: reviews-v2, trafficPolicy: {connectionPool: {http: {maxRetries: 3}}}}\n---\n" + route(f"[{{{to('v2')}}}]", parent=REVIEWS),
         inside(to="v2"), bare=True),
]  # fmt: skip
