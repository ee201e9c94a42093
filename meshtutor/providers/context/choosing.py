"""Which gateway the lessons use: one that the cluster has, or one of the learner's own. Only looks.

The lessons' Gateways choose their pods by labels (`istio: ingressgateway`, as `istioctl install` has it), so a gateway
with other labels would serve none of them: Istio's Helm chart labels by the release's name, `istio: ingress` as usually
installed. There, where no gateway is, and where istiod keeps gateways to their own namespace
(PILOT_SCOPE_GATEWAY_TO_NAMESPACE=true), `entrance.GatewayIsOwn` makes one. Everywhere else all namespaces share the
gateway, where of two Gateways for the same host the older one wins; a note says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from meshtutor.errors import LabError, NotFoundError
from meshtutor.kube import kinds, objects, reach
from meshtutor.kube.client import KubeClient
from meshtutor.providers.context import gateway, rights
from meshtutor.providers.context.provider import ROOT
from meshtutor.providers.records import Record
from meshtutor.providers.steps import Said
from meshtutor.providers.tools import Command, command

Object = dict[str, Any]
NAME: Final = "istio-ingressgateway"
SHARED: Final = (
    'All namespaces of this cluster share one gateway: of two learners who open host "*", the older Gateway wins. '
    "For a class: istioctl install --set values.pilot.env.PILOT_SCOPE_GATEWAY_TO_NAMESPACE=true, then up again."
)


class GatewayIsChosen:
    """The gateway in use, noted in the record, and the right to a port-forward if that is the only way to it."""

    name = "a gateway for the lessons"

    def __init__(self, kube: KubeClient, record: Record, said: Said,
                 reachable: Callable[[gateway.Way], bool] = gateway.is_reachable) -> None:  # fmt: skip
        self._kube, self._record, self._said, self._reachable = kube, record, said, reachable

    def commands(self) -> Sequence[Command]:
        """How a person would look."""
        kubectl = ("kubectl", "--context", self._record.context)
        wanted = self._record.options.get("wanted_gateway", "")
        if wanted:
            place, _, name = wanted.partition("/")
            return [command(*kubectl, "-n", place, "get", "service", name)]
        return [command(*kubectl, "get", "services", "-A", "-l", gateway.selector(gateway.selected()))]

    def is_done(self) -> bool:
        """True once it is chosen; LabError if a gateway that was asked for will not do, or cannot be reached."""
        known = self._record.options.get("gateway")
        if known and self._is_there(known):
            return True
        wanted = self._record.options.get("wanted_gateway", "")
        service = self._asked_for(wanted) if wanted else self._found()
        chosen = place_of(service) if service else own_place(self._record.namespace)
        if not self._has_address(service):
            purpose = "the gateway: it has no address that is reached from here"
            self._must_have(rights.forwarding(chosen["namespace"], purpose, required=True))
        if known and known != chosen:  # the way that was found leads to another one
            self._record.options.pop("forward", None)
            self._record.gateway = ""
        self._record.options["gateway"] = chosen
        return True

    def run(self) -> None:
        """Nothing: `is_done` has looked."""

    def _is_there(self, known: dict[str, Any]) -> bool:
        if known["own"]:
            return True
        if self._is_scoped():
            return False
        try:
            self._kube.get(kinds.SERVICE, known["service"], known["namespace"])
        except NotFoundError:
            return False
        return True

    def _is_scoped(self) -> bool:
        return bool(self._record.options.get("scoped")) and self._record.namespace != ROOT

    def _asked_for(self, wanted: str) -> Object:
        place, _, name = wanted.partition("/")
        self._must_have(rights.for_gateway(place))
        try:
            service = self._kube.get(kinds.SERVICE, name, place)
        except NotFoundError as error:
            raise LabError(
                f"There is no Service {wanted}.",
                "kubectl get services -A -l istio   # names those of gateways",
            ) from error
        self._must_serve(service, wanted)
        return service

    def _must_serve(self, service: Object, wanted: str) -> None:
        labels = gateway.selector(gateway.selected())
        pods = self._kube.list(kinds.POD, objects.namespace(service), labels)
        if any(gateway.leads_to(service, objects.labels(pod)) for pod in pods):
            return
        raise LabError(
            f"No pod of the gateway {wanted} has the labels {labels}, by which the lessons' Gateways choose their "
            "pods: none of their rules would reach it.",
            "leave --gateway out: up then makes a gateway of your own; or one more for the class: "
            f"helm install {NAME} istio/gateway -n {objects.namespace(service)}",
        )

    def _found(self) -> Object | None:
        if self._is_scoped():
            return None
        found = gateway.services(self._kube, [self._record.namespace], gateway.selected())
        if not found:
            self._said({"note": self._why_own()})
            return None
        if self._record.namespace != objects.namespace(found[0]):
            self._said({"note": SHARED})
        if len(found) > 1:
            self._said({"note": f"Several gateways would do; this one is taken: {_title(found[0])}. Another: --gateway "
                                f"{' or '.join(map(_title, found[1:4]))}"})  # fmt: skip
        return found[0]

    def _why_own(self) -> str:
        labels = gateway.selector(gateway.selected())
        others, _ = reach.list_everywhere(self._kube, kinds.SERVICE, ("istio-ingress", ROOT), "istio")
        named = ", ".join(f"{_title(one)} (istio={objects.labels(one)['istio']})" for one in others
                          if "ingress" in objects.labels(one)["istio"])  # fmt: skip
        there = f"; there is {named}" if named else ""
        return f"No gateway has the label {labels} by which the lessons choose it{there}: up makes one of your own."

    def _has_address(self, service: Object | None) -> bool:
        """Of its own a gateway has none outside the cluster; a shared one's may not be reached from here."""
        ways = gateway.candidates(service, gateway.nodes_of(self._kube)) if service else []
        return gateway.choose(ways, self._reachable) is not None

    def _must_have(self, wanted: list[rights.Right]) -> None:
        if lacking := rights.missing(self._kube, wanted):
            raise rights.refusal(lacking, self._record.namespace, rights.user(self._kube))


def own_place(namespace: str) -> dict[str, Any]:
    """A gateway that `up` makes, as the record keeps it."""
    return {"namespace": namespace, "service": NAME, "labels": gateway.selector(own_labels()), "own": True}


def own_labels() -> dict[str, str]:
    """The labels of its pods."""
    return {**gateway.selected(), "app": NAME}


def place_of(service: Object) -> dict[str, Any]:
    """A gateway that is there, as the record keeps it."""
    labels = gateway.selector(objects.spec(service)["selector"])
    return {"namespace": objects.namespace(service), "service": objects.name(service), "labels": labels,
            "own": False}  # fmt: skip


def _title(service: Object) -> str:
    return f"{objects.namespace(service)}/{objects.name(service)}"
