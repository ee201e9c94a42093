"""The control plane's loop: watch the API, translate, hand the result to the proxies.

    pilot = Pilot(api, block, pki_dir=lab / "pki", tokens=tokens)
    task = asyncio.create_task(pilot.run())      # returns only when cancelled or stopped
    await pilot.ready()                          # the snapshot is complete and the xDS port open
    await pilot.serve_http(istiod_pod_ip)        # /ready, /debug/..., /metrics on that address
    ...
    await pilot.stop()

Events that arrive while one translation runs are translated together. As in istiod, the xDS port opens only after the
first snapshot is complete, so that no proxy is told of an empty mesh.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from meshtutor.embedded.api import Api, Event
from meshtutor.embedded.istio import debug
from meshtutor.embedded.istio.metrics import PilotMetrics
from meshtutor.embedded.istio.proxy import Proxy, proxy_of
from meshtutor.embedded.istio.snapshot import WATCHED, Snapshot
from meshtutor.embedded.istio.translate import Translator
from meshtutor.embedded.network import XDS_PORT, Block
from meshtutor.embedded.xds.ads import AggregatedDiscovery, proxy_name
from meshtutor.embedded.xds.ca import CertificateAuthority
from meshtutor.embedded.xds.distribution import Distribution
from meshtutor.embedded.xds.resource import SHORT, Configuration
from meshtutor.embedded.xds.sds import SecretDiscovery
from meshtutor.embedded.xds.server import Server
from meshtutor.embedded.xds.tokens import Tokens

log = logging.getLogger("meshtutor.pilot")


class Pilot:
    """One lab's control plane. `pki_dir` holds the mesh's root certificate and key, made on first use.

    `beside` are registries of metrics that its page shows as well.
    """

    def __init__(
        self, api: Api, block: Block, pki_dir: Path, tokens: Tokens, *,
        xds_port: int = XDS_PORT, beside: Iterable[CollectorRegistry] = (),
    ) -> None:  # fmt: skip
        self._api = api
        self.metrics = PilotMetrics(debug.VERSION)
        self.registries = (self.metrics.registry, *beside)
        self.distribution = Distribution(self.metrics.convergence.observe)
        self.snapshot = Snapshot({})
        self._translator = Translator()
        self._nodes: dict[str, Any] = {}
        self._last_good: dict[str, Configuration] = {}
        self.discovery = AggregatedDiscovery(
            self, tokens, self.distribution, self._answered, self.metrics.pushed
        )
        secrets = SecretDiscovery(CertificateAuthority(pki_dir), tokens, self._service_account)
        self._server = Server(f"{block.host}:{xds_port}", self.discovery, secrets)
        self._inbox: asyncio.Queue[Event] = asyncio.Queue()
        self._ready = asyncio.Event()
        self._pages: list[debug.Pages] = []
        self._running: asyncio.Task[None] | None = None
        self._followers: list[Callable[[], None]] = []

    async def run(self) -> None:
        """Serve until cancelled or stopped. Raises LabError if the xDS port is taken."""
        self._running = asyncio.current_task()
        watching = asyncio.create_task(self._watch())
        try:
            await self._first_snapshot()
            await self._server.start()
            self._ready.set()
            while True:
                self._translate(await self._batch())
        finally:
            watching.cancel()
            await self._server.stop()
            await asyncio.gather(*(pages.close() for pages in self._pages))

    async def ready(self) -> None:
        """Wait until proxies can be served."""
        await self._ready.wait()

    @property
    def is_ready(self) -> bool:
        """Whether proxies can be served."""
        return self._ready.is_set()

    async def stop(self) -> None:
        """End `run` and everything it serves."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def serve_http(self, address: str) -> debug.Pages:
        """Open istiod's HTTP pages on an address (the istiod pod's); close them with `close()` or `stop()`."""
        pages = debug.Pages(self)
        await pages.open(address)
        self._pages.append(pages)
        return pages

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call `changed` after each new snapshot. It must not block."""
        self._followers.append(changed)

    async def distributed(self, revision: int, timeout: float, since: int | None = None) -> dict[str, Any]:
        """Wait until the proxies have all up to the store's `revision` (see `Distribution.wait`)."""
        newest = await self._api.newest(*WATCHED)
        return await self.distribution.wait(revision, timeout, since, newest)

    # -- what proxies ask ------------------------------------------------------------------------------------------

    def connected(self, node: Any) -> Configuration:
        """A proxy has connected (see `xds.ads.Source`)."""
        name = proxy_name(node.id)
        self._nodes[name] = node
        self.metrics.connected.set(len(self._nodes))
        self._configure([name])
        return self._last_good.get(name, {})

    def disconnected(self, proxy: str) -> None:
        """A proxy's stream has ended."""
        self._nodes.pop(proxy, None)
        self._last_good.pop(proxy, None)
        self._translator.forget(proxy)
        self.metrics.connected.set(len(self._nodes))

    def proxy(self, name: str) -> Proxy:
        """A connected proxy. Raises KeyError."""
        return proxy_of(self._nodes[name], self.snapshot)

    def _service_account(self, namespace: str, pod: str) -> str | None:
        return self.snapshot.service_account(namespace, pod)

    def _answered(self, type_url: str, error: str) -> None:
        self.metrics.answered(SHORT[type_url], error)

    # -- the loop --------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        async for event in self._api.watch(*WATCHED):
            self._inbox.put_nowait(event)

    async def _first_snapshot(self) -> None:
        events = []
        while (event := await self._inbox.get()).type != "BOOKMARK":
            events.append(event)
        self._translate(events)
        self.distribution.reached(event.resource_version)  # what was deleted before has left no event

    async def _batch(self) -> list[Event]:
        """The next event and all that are there already, or come within the mesh's debounce time."""
        events = [await self._inbox.get()]
        if self.snapshot.mesh.debounce:
            await asyncio.sleep(self.snapshot.mesh.debounce)
        while not self._inbox.empty():
            events.append(self._inbox.get_nowait())
        return events

    def _translate(self, events: list[Event]) -> None:
        changes = [event for event in events if event.type != "BOOKMARK"]
        if not changes:
            return
        self.metrics.changed(changes)
        began = time.monotonic()
        self.snapshot = self.snapshot.evolve(changes)
        configurations = self._configure(list(self._nodes))
        committed = min((event.time for event in changes if event.time), default=began)
        self.discovery.publish(configurations, self.snapshot.revision, committed)
        self.metrics.services.set(len(self.snapshot.hosts))
        self.metrics.virtual_services.set(len(self.snapshot.virtual_services.all))
        self.metrics.translation.observe(time.monotonic() - began)
        for changed in self._followers:
            changed()

    def _configure(self, names: Iterable[str]) -> dict[str, Configuration]:
        """The configurations of proxies; one that cannot be made is left as it was, and the log says why."""
        found = {}
        for name in names:
            try:
                found[name] = self._translator.configuration(self.proxy(name), self.snapshot)
            except Exception:
                self.metrics.failures.inc()
                log.exception("%s keeps its configuration", name)
        self._last_good.update(found)
        return found
