"""Situations for `explain`: rules, a request, and what must come of it, in the explanation and on the wire alike."""

from __future__ import annotations

from dataclasses import dataclass, field

SUBSETS = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: reviews
spec:
  host: reviews
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
  - {name: v3, labels: {version: v3}}
  - {name: nobody, labels: {version: v9}}
"""
_HEAD = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts:
  - reviews
  http:
"""


def to(version: str, weight: int = 100) -> str:
    return f"{{destination: {{host: reviews, subset: {version}}}, weight: {weight}}}"


def rules(*http: str) -> str:
    """A VirtualService; each rule is one line, the first is line 9."""
    return _HEAD + "".join(f"  - {rule}\n" for rule in http)


def matched(match: str, version: str = "v2") -> str:
    """A rule with one match to one version, and v1 for the rest."""
    return rules(f"{{match: [{match}], route: [{to(version)}]}}", f"{{route: [{to('v1')}]}}")


@dataclass(frozen=True)
class Situation:
    """`shares` by subset in percent; `status` where Envoy itself answers; `decided`: (step, path in the rule)."""

    name: str
    rule: str
    shares: dict[str, float] = field(default_factory=dict)
    path: str = "/reviews/0"
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    from_pod: str = "client"
    status: int = 0
    flags: str = ""
    decided: tuple[str, str] = ("", "")
    lost: str = ""


JASON = {"end-user": "jason"}
BY_USER = matched("{headers: {end-user: {exact: jason}}}")
BY_CALLER = matched("{sourceLabels: {app: productpage}}", "v3")

SITUATIONS = (
    Situation("no rule", "", {"": 100}),
    Situation("weights", rules(f"{{route: [{to('v1', 70)}, {to('v3', 30)}]}}"), {"v1": 70, "v3": 30},
              decided=("cluster", "spec.http[0].route[0].destination.subset")),
    Situation("a header that is there", BY_USER, {"v2": 100}, headers=JASON,
              decided=("route", "spec.http[0].match[0]"), lost="would take it, too"),
    Situation("a header that is absent", BY_USER, {"v1": 100}, decided=("route", "spec.http[1]"),
              lost="end-user is absent, wanted exact 'jason'"),
    Situation("a header with another value", BY_USER, {"v1": 100}, headers={"end-user": "mary"},
              lost="end-user: 'mary', wanted exact 'jason'"),
    Situation("a path's prefix", matched("{uri: {prefix: /reviews}}"), {"v2": 100},
              decided=("route", "spec.http[0].match[0]")),
    Situation("another path", matched("{uri: {exact: /health}}"), {"v1": 100},
              lost="path '/reviews/0' is not '/health'"),
    Situation("a regex", matched('{uri: {regex: "/reviews/[0-9]+"}}'), {"v2": 100}),
    Situation("a method", matched("{method: {exact: POST}}"), {"v2": 100}, method="POST"),
    Situation("another method", matched("{method: {exact: POST}}"), {"v1": 100},
              lost=":method: 'GET', wanted exact 'POST'"),
    Situation("a query parameter", matched("{queryParams: {beta: {exact: yes-please}}}"), {"v2": 100},
              path="/reviews/0?beta=yes-please"),
    Situation("without a header", matched("{withoutHeaders: {end-user: {}}}"), {"v1": 100}, headers=JASON),
    Situation("a caller", BY_CALLER, {"v3": 100}, from_pod="productpage"),
    Situation("another caller", BY_CALLER, {"v1": 100}, from_pod="client"),
    Situation("a subset that nobody defined", rules(f"{{route: [{to('v4')}]}}"), {"v4": 100}, status=503, flags="NC",
              decided=("cluster", "spec.http[0].route[0].destination.subset")),
    Situation("a subset without pods", rules(f"{{route: [{to('nobody')}]}}"), {"nobody": 100}, status=503, flags="UH"),
    Situation("no rule takes it", rules(f"{{match: [{{uri: {{exact: /health}}}}], route: [{to('v1')}]}}"),
              status=404, flags="NR", lost="path '/reviews/0' is not '/health'"),
    Situation("an answer of its own", rules("{directResponse: {status: 418}}"), status=418,
              decided=("answer", "spec.http[0].directResponse")),
    Situation("a redirect", rules("{redirect: {uri: /elsewhere}}"), status=301,
              decided=("redirect", "spec.http[0].redirect")),
    Situation("a fault", rules(f"{{fault: {{abort: {{httpStatus: 555, percentage: {{value: 100}}}}}}, "
                               f"route: [{to('v1')}]}}"), {"v1": 100}, status=555,
              decided=("fault", "spec.http[0].fault")),
    Situation("a timeout", rules(f"{{timeout: 3s, route: [{to('v1')}]}}"), {"v1": 100},
              decided=("timeout", "spec.http[0].timeout")),
    Situation("retries", rules(f"{{retries: {{attempts: 4, perTryTimeout: 1s}}, route: [{to('v3')}]}}"), {"v3": 100},
              decided=("retries", "spec.http[0].retries")),
    Situation("a rewrite", rules(f"{{match: [{{uri: {{prefix: /reviews/0}}}}], rewrite: {{uri: /health}}, "
                                 f"route: [{to('v2')}]}}"), {"v2": 100}, decided=("rewrite", "spec.http[0].rewrite")),
    Situation("a rewrite by an expression that only RE2 knows", rules(
        r"{rewrite: {uriRegexRewrite: {match: '^/(\pN)?(?i)REVIEWS(/)\pN+', rewrite: '\2health'}}, "
        f"route: [{to('v2')}]}}"), {"v2": 100}, decided=("rewrite", "spec.http[0].rewrite")),
    Situation("a mirror", rules(f"{{route: [{to('v1')}], mirror: {{host: reviews, subset: v2}}}}"), {"v1": 100},
              decided=("mirror", "spec.http[0].mirror")),
)  # fmt: skip

SHADOWED = rules(
    f"{{route: [{to('v1')}]}}",
    f"{{match: [{{headers: {{end-user: {{exact: jason}}}}}}], route: [{to('v3')}]}}",
)

DELEGATING = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts:
  - reviews
  http:
  - match: [{uri: {prefix: /reviews}}]
    delegate: {name: team}
    timeout: 3s
  - route: [{destination: {host: reviews, subset: v1}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: team
spec:
  http:
  - match: [{headers: {end-user: {exact: jason}}}]
    route: [{destination: {host: reviews, subset: v2}}]
    retries: {attempts: 1}
  - route: [{destination: {host: reviews, subset: v3}}]
"""


def subsets(explanation) -> dict[str, float]:
    return {name.split("|")[2]: share for name, share in explanation.clusters.items()}
