"""What is written into the status of a Gateway, an HTTPRoute and a GatewayClass: the answer to "why does it not work".

Types, reasons and sentences are Istio's (gateway/conditions.go, conversion.go reportGatewayStatus, gatewaycommon). A
condition says True or False, one word why, and a sentence; `lastTransitionTime` is the controller's to fill in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from meshtutor.embedded.istio.gateway_api import parents
from meshtutor.embedded.istio.gateway_api.conversion import Conversion, GatewayReport, RouteReport
from meshtutor.embedded.istio.gateway_api.listeners import Served
from meshtutor.embedded.istio.gateway_api.objects import CONTROLLER, GatewayClass
from meshtutor.embedded.istio.gateway_api.parents import Attachment
from meshtutor.embedded.istio.gateway_api.reach import Reach
from meshtutor.embedded.istio.gateway_api.world import Problem
from meshtutor.embedded.istio.reading import Key
from meshtutor.embedded.istio.rules import MESH
from meshtutor.kube.kinds import GATEWAY_API_GROUP

Status = dict[str, Any]
_SEVERITY: Final = (parents.NOT_ALLOWED, parents.NO_HOSTNAME, parents.NO_PARENT)
"""Of several reasons why no listener took a route, the first of these is told."""


def of_class(found: GatewayClass) -> Status:
    """That the class is Istio's."""
    return {
        "conditions": [
            _true("Accepted", "Accepted", "Handled by Istio controller", found.identity.generation)
        ]
    }


def of_route(report: RouteReport) -> list[Status]:
    """The entries of `status.parents` that are Istio's, one for each reference to a parent."""
    by_parent: dict[int, list[Attachment]] = {}
    for attachment in report.attachments:
        by_parent.setdefault(report.route.parents.index(attachment.parent), []).append(attachment)
    return [_of_parent(report, found) for _, found in sorted(by_parent.items())]


def attached_routes(conversion: Conversion) -> Counter[tuple[Key, str]]:
    """How many routes each listener has: by Gateway and listener."""
    taken = {
        (route.route.identity, (a.parent.namespace, a.parent.name), a.served.listener.name)
        for route in conversion.route_reports
        for a in route.attachments
        if a.served and a.denial is None
    }
    return Counter((gateway, listener) for _, gateway, listener in taken)


def of_gateway(report: GatewayReport, attached: Mapping[tuple[Key, str], int], reach: Reach) -> Status:
    """Conditions of the Gateway and its listeners, addresses, attached routes."""
    own = report.gateway.identity
    key, generation = (own.namespace, own.name), own.generation
    status: Status = {
        "conditions": [_accepted(report, generation), _programmed(report, reach, generation)],
        "listeners": [
            _listener(served, attached.get((key, served.listener.name), 0), generation)
            for served in report.listeners
        ],
    }
    addresses = [{"type": kind, "value": value} for kind, value in reach.addresses]
    return {**status, "addresses": addresses} if addresses else status


def _of_parent(report: RouteReport, attachments: list[Attachment]) -> Status:
    generation = report.route.identity.generation
    mesh = attachments[0].gateway == MESH
    problem = (report.mesh if mesh else report.gateway).problem
    return {
        "parentRef": attachments[0].parent.written,
        "controllerName": CONTROLLER,
        "conditions": [
            _attached(attachments, generation),
            _judged("ResolvedRefs", "ResolvedRefs", "All references resolved", problem, generation),
        ],
    }


def _attached(attachments: list[Attachment], generation: int) -> Status:
    """Accepted if any listener took the route; else the reason that came closest."""
    taken = sum(a.denial is None for a in attachments)
    denials = [a.denial for a in attachments if a.denial]
    if taken:
        more = f", bound to {taken} parents" if taken > 1 else ""
        return _true("Accepted", "Accepted", f"Route was valid{more}", generation)
    reason = min((d.reason for d in denials), key=_SEVERITY.index)
    sentences = dict.fromkeys(d.message for d in denials if d.reason == reason)
    return _false("Accepted", Problem(reason, "; ".join(sentences)), generation)


def _accepted(report: GatewayReport, generation: int) -> Status:
    ignored = [value for kind, value in report.gateway.addresses if kind != "Hostname"]
    problems = [served for served in report.listeners if served.problem]
    if ignored and not report.gateway.is_managed:
        problem = Problem("UnsupportedAddress", f"only Hostname is supported, ignoring {ignored}")
        return _false("Accepted", problem, generation)
    if problems and len(problems) == len(report.listeners):
        problem = Problem("ListenersNotValid", "None of the Gateway's listeners are valid")
        return _false("Accepted", problem, generation)
    if problems:
        sentence = "One or more of the Gateway's listeners are invalid"
        return _true("Accepted", "ListenersNotValid", sentence, generation)
    return _true("Accepted", "Accepted", "Resource accepted", generation)


def _programmed(report: GatewayReport, reach: Reach, generation: int) -> Status:
    served = " and ".join(reach.internal)
    if not report.services:
        problem = Problem("UnsupportedAddress", "Failed to assign to any requested addresses")
    elif reach.warnings:
        reason = "AddressNotAssigned" if reach.usable else "AddressNotUsable"
        failed = "Failed to assign to any requested addresses"
        if served:
            failed = f"Assigned to service(s) {served}, but failed to assign to all requested addresses"
        problem = Problem(reason, f"{failed}: {'; '.join(reach.warnings)}")
    else:
        sentence = (
            f"Resource programmed, assigned to service(s) {served}" if served else "Resource programmed"
        )
        return _true("Programmed", "Programmed", sentence, generation)
    return _false("Programmed", problem, generation)


def _listener(served: Served, attached: int, generation: int) -> Status:
    fine = "No errors found"
    problem = served.problem
    unserved = Problem("Invalid", problem.message) if problem else None
    unresolved = (
        problem if problem and problem.reason in ("InvalidCertificateRef", "RefNotPermitted") else None
    )
    if served.unknown_kinds:
        unresolved = Problem("InvalidRouteKinds", "Invalid route kinds")
    refused = None if problem is unresolved else problem
    return {
        "name": served.listener.name,
        "attachedRoutes": attached,
        "supportedKinds": [{"group": GATEWAY_API_GROUP, "kind": kind} for kind in served.kinds],
        "conditions": [
            _judged("Accepted", "Accepted", fine, refused, generation),
            {**_true("Conflicted", "NoConflicts", fine, generation), "status": "False"},
            _judged("Programmed", "Programmed", fine, unserved, generation),
            _judged("ResolvedRefs", "ResolvedRefs", fine, unresolved, generation),
        ],
    }


def _judged(kind: str, reason: str, sentence: str, problem: Problem | None, generation: int) -> Status:
    return _false(kind, problem, generation) if problem else _true(kind, reason, sentence, generation)


def _true(kind: str, reason: str, message: str, generation: int) -> Status:
    told = {"type": kind, "status": "True", "reason": reason, "message": message}
    return {**told, "observedGeneration": generation}


def _false(kind: str, problem: Problem, generation: int) -> Status:
    return {**_true(kind, problem.reason, problem.message, generation), "status": "False"}


def others(status: Mapping[str, Any]) -> Iterable[Status]:
    """The entries of `status.parents` that other controllers wrote."""
    return [entry for entry in status.get("parents") or () if entry.get("controllerName") != CONTROLLER]
