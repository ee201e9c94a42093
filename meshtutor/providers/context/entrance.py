"""The last steps of `up --on context`: a way from this machine to the gateway, and the page that answers through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from meshtutor.errors import NotReadyError
from meshtutor.kube import kinds
from meshtutor.kube.client import KubeClient
from meshtutor.kube.target_ports import target_port
from meshtutor.providers import page
from meshtutor.providers.context import choosing, forwarder, gateway, ownership, writing
from meshtutor.providers.context.choosing import NAME
from meshtutor.providers.context.provider import ROOT
from meshtutor.providers.context.writing import Write
from meshtutor.providers.records import Record
from meshtutor.providers.steps import Said
from meshtutor.providers.tools import Command, command


class GatewayIsOwn:
    """A gateway in the learner's namespace, by gateway injection, where `choosing` found that none can be shared.

    Source: https://istio.io/latest/docs/setup/additional-setup/gateway/. Left out: TLS secrets, whose reading needs a
    Role for the gateway's service account.
    """

    def __init__(self, kube: KubeClient, record: Record, said: Said = lambda _: None) -> None:
        self._kube, self._record, self._said = kube, record, said
        self.name = f"a gateway in namespace {record.namespace}, where none can be shared"

    def commands(self) -> Sequence[Command]:
        """What is written, where it is needed."""
        return [write.command for write in self.writes()]

    def is_done(self) -> bool:
        """Whether it is there or not wanted."""
        if not (self._record.options.get("gateway") or {}).get("own"):
            return True
        there = {
            (o["kind"], o["metadata"]["name"])
            for o in ownership.contents(self._kube, self._record.namespace, (kinds.DEPLOYMENT, kinds.SERVICE))
        }
        return {("Deployment", NAME), ("Service", NAME)} <= there

    def run(self) -> None:
        """Apply its Deployment and Service."""
        writing.carry_out(self.writes(), self._said)

    def writes(self) -> Iterator[Write]:
        """One server-side apply of both."""
        namespace = self._record.namespace
        kubectl = ("kubectl", "--context", self._record.context, "-n", namespace, "apply", "--server-side",
                   "--force-conflicts", f"--field-manager={ownership.MARKER}")  # fmt: skip
        parts = own_gateway()
        yield Write(
            writing.fed(kubectl, map(ownership.labelled, parts)),
            lambda: [ownership.make(self._kube, obj, namespace) for obj in parts],
        )


def own_gateway() -> list[dict[str, Any]]:
    """The Deployment and Service of an injected gateway; `image: auto` is filled in by istiod."""
    labels = choosing.own_labels()
    template = {
        "metadata": {
            "labels": {**labels, "sidecar.istio.io/inject": "true"},
            "annotations": {"inject.istio.io/templates": "gateway"},
        },
        "spec": {"containers": [{"name": "istio-proxy", "image": "auto"}]},
    }
    ports = [{"name": "status-port", "port": 15021}, {"name": "http2", "port": 80, "targetPort": 8080}]
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME, "labels": dict(labels)},
         "spec": {"replicas": 1, "selector": {"matchLabels": dict(labels)}, "template": template}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME, "labels": dict(labels)},
         "spec": {"type": "ClusterIP", "selector": dict(labels), "ports": ports}},
    ]  # fmt: skip


class GatewayIsReached:
    """An address at which the gateway accepts connections from here; else a port-forward that we keep."""

    name = "a way to the gateway"

    def __init__(self, kube: KubeClient, record: Record, said: Said,
                 reach: Callable[[gateway.Way], bool] = gateway.is_reachable) -> None:  # fmt: skip
        self._kube, self._record, self._said, self._reach = kube, record, said, reach

    def commands(self) -> Sequence[Command]:
        """How a person would look, and what they would type where no address can be reached."""
        kubectl, place = ("kubectl", "--context", self._record.context, "-n"), self._place
        return [command(*kubectl, place["namespace"], "get", "service", place["service"]),
                self._typed(place, "8000:80")]  # fmt: skip

    def is_done(self) -> bool:
        """Whether the way found before is still there."""
        if self._record.options.get("forward"):
            return forwarder.is_running(self._record.directory)
        return bool(self._record.gateway) and self._reach(gateway.Way(self._record.gateway, ""))

    def run(self) -> None:
        """Find one; the record keeps it."""
        service = self._kube.get(kinds.SERVICE, self._place["service"], self._place["namespace"])
        self._record.options.pop("forward", None)
        way = gateway.choose(gateway.candidates(service, gateway.nodes_of(self._kube)), self._reach)
        if way is None:
            way = self._forward(service)
        self._record.gateway = way.url
        self._record.options["way"] = way.kind
        self._record.save()

    @property
    def _place(self) -> dict[str, Any]:
        chosen: dict[str, Any] | None = self._record.options.get("gateway")
        return chosen or choosing.own_place(ROOT)

    def _typed(self, place: dict[str, Any], ports: str) -> Command:
        return command("kubectl", "--context", self._record.context, "-n", place["namespace"], "port-forward",
                       f"service/{place['service']}", ports)  # fmt: skip

    def _forward(self, service: dict[str, Any]) -> gateway.Way:
        place, port = self._place, gateway.http_port(service)
        number = target_port(port, self._kube.list(kinds.POD, place["namespace"], place["labels"]))
        if number is None:
            raise NotReadyError(
                f"The gateway's Service sends port {port['port']} to the port called {port['targetPort']!r}, "
                "which none of its pods has.",
                f"kubectl -n {place['namespace']} get pods -l {place['labels']}   # are there any?",
            )
        target = {
            "kubeconfig": str(self._record.kubeconfig), "context": self._record.context,
            "namespace": place["namespace"], "labels": place["labels"], "port": number,
        }  # fmt: skip
        self._record.options["forward"] = target
        self._record.remember("port-forward")
        local = forwarder.ensure(self._record.directory, target)
        self._said({"command": str(self._typed(place, f"{local}:{port['port']}"))})
        return gateway.Way(f"http://localhost:{local}", "port-forward")


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
