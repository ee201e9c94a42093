"""The box: one lab's parts, made and wired. It reads like a list of them.

registry + API server   the Kubernetes API; everything below knows only `api.Api`
controllers             deployments, replica sets, endpoint slices, scheduler, ...
kubelet + network       pods as processes; NodePorts, and the proxy for pods without a sidecar
pilot                   Istio's control plane, in the place of a pod's program
targets                 what Prometheus scrapes
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from meshtutor.embedded import ready
from meshtutor.embedded.addons.binaries import get_prometheus
from meshtutor.embedded.addons.targets import keep_targets
from meshtutor.embedded.apiserver.http.server import ApiServer
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.controllers.run import run_all
from meshtutor.embedded.crds import crds
from meshtutor.embedded.istio.pilot import Pilot
from meshtutor.embedded.istio.validation.admission import validate
from meshtutor.embedded.kubelet.catalogue import default_images
from meshtutor.embedded.kubelet.images import InProcess
from meshtutor.embedded.kubelet.injection import inject
from meshtutor.embedded.kubelet.kubelet import Kubelet
from meshtutor.embedded.kubelet.network import NodeNetwork
from meshtutor.embedded.network import NODE_PROXY_PORT
from meshtutor.embedded.place import Claim, claim_block, claim_gateway_port
from meshtutor.embedded.system import objects as system_objects
from meshtutor.embedded.xds.tokens import Tokens
from meshtutor.kube import manifests
from meshtutor.kube.kinds import kind_of

log = logging.getLogger(__name__)
_GATEWAY_NODE_PORT = 30000
Say = Callable[[str], None]


class Box:
    """One lab: `start` returns where it is reached, `stop` leaves no process."""

    def __init__(self, name: str, directory: Path, gateway_port: int | None, study: list[Path]) -> None:
        self.name = name
        self.directory = directory
        self._wanted_port = gateway_port
        self._study = study
        self._tasks: list[asyncio.Task[None]] = []
        self._closers: list[Callable[[], Awaitable[None]]] = []

    async def start(self, part: Say) -> dict[str, Any]:
        """Bring every part up, saying each by name; what lab.json holds."""
        port, claim = claim_gateway_port(self._wanted_port), claim_block(self.name)
        registry = await self._serve_api(claim)
        part("Kubernetes API")
        await self._run_cluster(registry, claim, port)
        part("control plane, kubelet, node network")
        await _create(registry, system_objects())
        await _create(registry, manifests.load(*self._study))
        self._keep(keep_targets(registry))
        await ready.deployments(registry, part)
        gateway = f"http://localhost:{port}"
        await ready.answers(f"http://127.0.0.1:{port}/productpage")
        part("application answers through the gateway")
        return self._facts(claim, gateway)

    async def _serve_api(self, claim: Claim) -> Registry:
        registry = Registry(claim.block, mutators=[inject], validators=[validate])
        server = ApiServer(registry, self.directory / "pki", secrets.token_urlsafe(32), sock=claim.socket)
        await server.start()
        self._closers.append(server.stop)
        server.write_kubeconfig(self.directory / "kubeconfig", f"meshtutor-{self.name}")
        for definition in crds():
            await registry.create(definition)
        self._ca = server.ca_pem
        return registry

    async def _run_cluster(self, registry: Registry, claim: Claim, port: int) -> None:
        prometheus = await asyncio.to_thread(get_prometheus, log.info)
        tokens = Tokens(secrets.token_bytes(32))
        pilot = Pilot(registry, claim.block, self.directory / "pki", tokens)
        images = default_images(tokens, self.directory, prometheus)
        images.add(
            "istio/pilot",
            InProcess(pilot.serve, loggers=("meshtutor.embedded.istio", "meshtutor.embedded.xds")),
        )
        kubelet = Kubelet(registry, claim.block, self.directory / "pods", images)
        registry.log_source = kubelet.logs
        network = NodeNetwork(registry, claim.block, {port: _GATEWAY_NODE_PORT})
        certificates = {
            "kube-root-ca.crt": {"ca.crt": self._ca},
            "istio-ca-root-cert": {"root-cert.pem": pilot.root_certificate},
        }
        self._keep(run_all(registry, claim.block, certificates, registry.kinds))
        for component in (pilot, kubelet, network):
            await component.start()
            self._closers.append(component.stop)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def _facts(self, claim: Claim, gateway: str) -> dict[str, Any]:
        api = f"https://{claim.block.host}:{claim.api_port}"
        return {
            "name": self.name,
            "kubeconfig": str(self.directory / "kubeconfig"),
            "context": f"meshtutor-{self.name}",
            "api": api,
            "gateway": gateway,
            "prometheus": f"{api}/api/v1/namespaces/istio-system/services/prometheus:9090/proxy",
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


async def _create(registry: Registry, objects: Iterable[dict[str, Any]]) -> None:
    for obj in objects:
        kind = kind_of(obj)
        if kind is None or kind.namespaced:
            obj["metadata"].setdefault("namespace", "default")
        await registry.create(obj)
