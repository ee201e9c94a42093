"""The last steps of `up --on context`: a way from this machine to the gateway, and the page that answers through it.

Where istiod is told to keep gateways to their own namespace (PILOT_SCOPE_GATEWAY_TO_NAMESPACE=true), each learner gets
a gateway of their own, so that thirty of them can all open host "*". Everywhere else all namespaces share Istio's
gateway, where of two Gateways for the same host the older one wins; a note says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from meshtutor.kube.client import KubeClient
from meshtutor.providers import page
from meshtutor.providers.context import forwarder, gateway, ownership
from meshtutor.providers.context.provider import ROOT
from meshtutor.providers.records import Record
from meshtutor.providers.steps import Said
from meshtutor.providers.tools import Command, command

NAME: Final = "istio-ingressgateway"
_LABELS: Final = {"istio": "ingressgateway", "app": NAME}
SHARED: Final = (
    'All namespaces of this cluster share one gateway: of two learners who open host "*", the older Gateway wins. '
    "For a class: istioctl install --set values.pilot.env.PILOT_SCOPE_GATEWAY_TO_NAMESPACE=true, then up again."
)


class GatewayIsOwn:
    """A gateway in the learner's namespace, by gateway injection, where istiod keeps gateways to their namespace.

    Source: https://istio.io/latest/docs/setup/additional-setup/gateway/. Left out: TLS secrets, whose reading needs a
    Role for the gateway's service account.
    """

    def __init__(self, kube: KubeClient, record: Record) -> None:
        self._kube, self._record = kube, record
        self.name = f"a gateway in namespace {record.namespace}"

    def commands(self) -> Sequence[Command]:
        """How a person would look whether it is needed."""
        return [
            command(
                "kubectl",
                "--context",
                self._record.context,
                "-n",
                self._record.namespace,
                "get",
                "deployment",
                NAME,
            )
        ]

    def is_done(self) -> bool:
        """Whether it is there or not wanted."""
        if not self._record.options.get("scoped") or self._record.namespace == ROOT:
            return True
        there = {
            (o["kind"], o["metadata"]["name"]) for o in ownership.contents(self._kube, self._record.namespace)
        }
        return {("Deployment", NAME), ("Service", NAME)} <= there

    def run(self) -> None:
        """Apply its Deployment and Service."""
        for obj in own_gateway():
            ownership.make(self._kube, obj, self._record.namespace)


def own_gateway() -> list[dict[str, Any]]:
    """The Deployment and Service of an injected gateway; `image: auto` is filled in by istiod."""
    metadata = {"name": NAME, "labels": dict(_LABELS)}
    template = {
        "metadata": {
            "labels": {**_LABELS, "sidecar.istio.io/inject": "true"},
            "annotations": {"inject.istio.io/templates": "gateway"},
        },
        "spec": {"containers": [{"name": "istio-proxy", "image": "auto"}]},
    }
    ports = [{"name": "status-port", "port": 15021}, {"name": "http2", "port": 80, "targetPort": 8080}]
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
         "spec": {"replicas": 1, "selector": {"matchLabels": dict(_LABELS)}, "template": template}},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata,
         "spec": {"type": "ClusterIP", "selector": dict(_LABELS), "ports": ports}},
    ]  # fmt: skip


class GatewayIsReached:
    """An address at which the gateway accepts connections from here; else a port-forward that we keep."""

    name = "a way to the gateway"

    def __init__(self, kube: KubeClient, record: Record, said: Said,
                 reach: Callable[[gateway.Way], bool] = gateway.is_reachable) -> None:  # fmt: skip
        self._kube, self._record, self._said, self._reach = kube, record, said, reach

    def commands(self) -> Sequence[Command]:
        """How a person would look, and what they would type where no address can be reached."""
        place = self._record.namespace if self._record.options.get("scoped") else ROOT
        kubectl = ("kubectl", "--context", self._record.context, "-n", place)
        return [command(*kubectl, "get", "service", "-l", gateway.LABELS),
                command(*kubectl, "port-forward", f"service/{NAME}", "8000:80")]  # fmt: skip

    def is_done(self) -> bool:
        """Whether the way found before is still there."""
        if self._record.options.get("forward"):
            return forwarder.is_running(self._record.directory)
        return bool(self._record.gateway) and self._reach(gateway.Way(self._record.gateway, ""))

    def run(self) -> None:
        """Find one; the record keeps it."""
        own = [self._record.namespace] if self._record.options.get("scoped") else []
        service = gateway.find_service(self._kube, [*own, ROOT])
        if service["metadata"]["namespace"] == ROOT and self._record.namespace != ROOT:
            self._said({"note": SHARED})
        way = gateway.choose(gateway.candidates(service, gateway.nodes_of(self._kube)), self._reach)
        if way is None:
            way = self._forward(service)
        self._record.gateway = way.url
        self._record.options["way"] = way.kind
        self._record.save()

    def _forward(self, service: dict[str, Any]) -> gateway.Way:
        target = {
            "kubeconfig": str(self._record.kubeconfig), "context": self._record.context,
            "namespace": service["metadata"]["namespace"],
            "labels": ",".join(f"{key}={value}" for key, value in service["spec"]["selector"].items()),
            "port": int(gateway.http_port(service).get("targetPort") or 8080),
        }  # fmt: skip
        self._record.options["forward"] = target
        self._record.remember("port-forward")
        return gateway.Way(
            f"http://localhost:{forwarder.ensure(self._record.directory, target)}", "port-forward"
        )


class PageAnswers:
    """The application's page comes back with 200 through the gateway."""

    name = "the application's page through the gateway"

    def __init__(
        self, record: Record, timeout: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._record, self._timeout, self._clock = record, timeout, clock

    def commands(self) -> Sequence[Command]:
        """How a person would look."""
        return [command("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", self._url)]

    def is_done(self) -> bool:
        """Whether it answers 200 now."""
        return page.answer(self._url) == "200"

    def run(self) -> None:
        """Ask until it does."""
        page.wait_for(self._url, self._timeout, self._clock)

    @property
    def _url(self) -> str:
        return f"{self._record.gateway or 'http://GATEWAY'}/productpage"
