"""The box: one lab's parts, made and wired. It reads like a list of them.

registry + API server   the Kubernetes API; everything below knows only `api.Api`
controllers             deployments, replica sets, endpoint slices, scheduler, ...
kubelet + network       pods as processes; NodePorts, and the proxy for pods without a sidecar
pilot                   Istio's control plane, in the place of a pod's program; statuses of the Gateway API
targets                 what Prometheus scrapes
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from meshtutor.embedded import ready
from meshtutor.embedded.addons.binaries import get_prometheus
from meshtutor.embedded.addons.targets import keep_targets
from meshtutor.embedded.apiserver.http.server import ApiServer
from meshtutor.embedded.apiserver.kubeconfig import write_kubeconfig
from meshtutor.embedded.apiserver.pki import make_pki
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.controllers.run import run_all
from meshtutor.embedded.crds import crds
from meshtutor.embedded.istio.gateway_api.controller import GatewayController
from meshtutor.embedded.istio.pilot import Pilot
from meshtutor.embedded.istio.validation.admission import references_validator, validate
from meshtutor.embedded.istio.webhooks import WebhookMetrics
from meshtutor.embedded.kubelet.catalogue import default_images
from meshtutor.embedded.kubelet.images import InProcess
from meshtutor.embedded.kubelet.injection import inject
from meshtutor.embedded.kubelet.kubelet import Kubelet
from meshtutor.embedded.kubelet.network import NodeNetwork
from meshtutor.embedded.kubelet.place import Place
from meshtutor.embedded.network import NODE_PROXY_PORT
from meshtutor.embedded.place import GATEWAY_TLS_PORT, Claim, claim_block, claim_gateway_port
from meshtutor.embedded.system import objects as system_objects
from meshtutor.embedded.xds.ca import CertificateAuthority
from meshtutor.embedded.xds.tokens import Tokens
from meshtutor.errors import LabError
from meshtutor.kube import manifests
from meshtutor.kube.kinds import kind_of

log = logging.getLogger(__name__)
_GATEWAY_NODE_PORTS = (30000, 30443)  # http, https
_PILOT_LOGGERS = ("meshtutor.pilot", "meshtutor.xds", "meshtutor.sds")
Say = Callable[[str], None]


class Box:
    """One lab: `start` returns where it is reached, `stop` leaves no process."""

    def __init__(self, name: str, directory: Path, gateway_port: int | None, study: list[Path]) -> None:
        self.name = name
        self.directory = directory
        self._wanted_port = gateway_port
        self._study = study
        self._webhooks = WebhookMetrics()
        self._certificates: dict[str, dict[str, str]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._closers: list[Callable[[], Awaitable[None]]] = []

    async def start(self, part: Say) -> dict[str, Any]:
        """Bring every part up, saying each by name; what lab.json holds."""
        doors = claim_gateway_port(self._wanted_port), claim_gateway_port(None, GATEWAY_TLS_PORT)
        claim = claim_block(self.name)
        port, tls_port = (door.getsockname()[1] for door in doors)
        registry = await self._serve_api(claim)
        part("Kubernetes API")
        await self._run_cluster(registry, claim, doors)
        part("control plane, kubelet, node network")
        await _create(registry, system_objects())
        await _apply(registry, manifests.load(*self._study))
        self._keep(keep_targets(registry))
        await ready.deployments(registry, part)
        gateway = f"http://localhost:{port}"
        await ready.answers(f"http://127.0.0.1:{port}/productpage")
        part("application answers through the gateway")
        return {**self._facts(claim, gateway), "gateway_tls": f"https://localhost:{tls_port}"}

    async def _serve_api(self, claim: Claim) -> Registry:
        injector = partial(inject, tell=self._webhooks.injected)
        validator = self._webhooks.validating(validate)
        registry = Registry(claim.block, mutators=[injector], validators=[validator])
        registry.validators.append(references_validator(registry.store.objects))
        pki, token = make_pki(self.directory / "pki" / "api", [claim.block.host]), secrets.token_urlsafe(32)
        server = ApiServer(registry, token, pki)
        self._closers.append(server.stop)
        await server.start(claim.block.host, claim.api_port, claim.socket)
        write_kubeconfig(self.directory / "kubeconfig", self.name, claim.api, pki.ca_pem, token)
        self._certificates["kube-root-ca.crt"] = {"ca.crt": pki.ca_pem.decode()}
        for definition in crds():
            await registry.create(definition)
        return registry

    async def _run_cluster(self, registry: Registry, claim: Claim, doors: Sequence[socket.socket]) -> None:
        prometheus = await asyncio.to_thread(get_prometheus, log.info)
        tokens, mesh_pki = Tokens(secrets.token_bytes(32)), self.directory / "pki" / "istio"
        root = CertificateAuthority(mesh_pki).root.decode()
        self._certificates["istio-ca-root-cert"] = {"root-cert.pem": root}
        pilot = Pilot(registry, claim.block, mesh_pki, tokens, beside=[self._webhooks.registry])
        images = default_images(tokens, self.directory, prometheus)
        images.add("istio/pilot", InProcess(_pages_of(pilot), loggers=_PILOT_LOGGERS))
        kubelet = Kubelet(registry, claim.block, self.directory / "pods", images)
        registry.log_source = kubelet.logs
        self._keep(run_all(registry, claim.block, self._certificates))
        self._keep(pilot.run())
        self._keep(GatewayController(registry, pilot).run())
        ports = (door.getsockname()[1] for door in doors)
        forwards = dict(zip(ports, _GATEWAY_NODE_PORTS, strict=True))
        for component in (kubelet, NodeNetwork(registry, claim.block, forwards, doors)):
            self._closers.append(component.stop)
            await component.start()
        self._closers.append(pilot.stop)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def _facts(self, claim: Claim, gateway: str) -> dict[str, Any]:
        return {
            "name": self.name,
            "kubeconfig": str(self.directory / "kubeconfig"),
            "context": f"meshtutor-{self.name}",
            "api": claim.api,
            "gateway": gateway,
            "prometheus": f"{claim.api}/api/v1/namespaces/istio-system/services/prometheus:9090/proxy",
            "node_proxy": f"{claim.block.node_proxy}:{NODE_PROXY_PORT}",
        }

    async def until(self, stop: asyncio.Event) -> None:
        """Return when `stop` is set; a part that fails ends the lab with its error, in the log."""
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({waiting, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        for task in self._tasks:
            if task.done():
                task.result()

    async def stop(self) -> None:
        """End every part, in the reverse order of their start."""
        for task in self._tasks:
            task.cancel()
        for close in reversed(self._closers):
            with suppress(Exception):
                await close()


def _pages_of(pilot: Pilot) -> Callable[[Place], Awaitable[None]]:
    """What the istiod pod runs: the control plane's HTTP pages on the pod's address, until the pod ends."""

    async def istiod(place: Place) -> None:
        pages = await pilot.serve_http(place.ip)
        try:
            await asyncio.Event().wait()
        finally:
            await pages.close()

    return istiod


async def _create(registry: Registry, objects: Iterable[dict[str, Any]]) -> None:
    for obj in objects:
        await registry.create(obj)


async def _apply(registry: Registry, objects: Iterable[dict[str, Any]]) -> None:
    """As a learner applies the same files, so that their first `reset` finds nothing to do."""
    for obj in objects:
        meta, kind = obj["metadata"], kind_of(obj)
        if kind is None:
            raise LabError(
                f"{obj.get('kind')} {meta['name']} of the study is of no known kind.", "meshtutor doctor"
            )
        namespace = meta.setdefault("namespace", "default") if kind.namespaced else ""
        await registry.patch(kind, meta["name"], namespace, obj, type="apply")
