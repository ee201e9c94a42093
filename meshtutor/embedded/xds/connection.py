"""One proxy's delta ADS stream as a state machine without I/O: requests in, responses out.

The order of updates is Envoy's "make before break" (docs, "xDS protocol", eventual consistency): clusters, then their
endpoints, then listeners, then routes, and removals last. One response of a type is in flight at a time, and routes
are held until the endpoints of every new cluster are acknowledged: a route that names a cluster which still warms is
answered with 503 NC. So moving traffic to a new subset loses no request.

Endpoints and secrets do not wait for the ACK of their clusters: once Envoy has started it holds that ACK back until
the clusters are warm (ClusterManagerImpl::updateClusterCounts pauses CDS), and they warm by these. A cluster that is
already to be removed again when its endpoints are asked for is told that there are none, or it would warm for ever.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass

from envoy.service.discovery.v3 import discovery_pb2

from meshtutor.embedded.xds.resource import CDS, EDS, LDS, RDS, SDS, SHORT, Configuration, Resource
from meshtutor.embedded.xds.subscription import Subscription
from meshtutor.embedded.xds.wire import delta_response

log = logging.getLogger("meshtutor.xds")

TYPES = (CDS, EDS, LDS, RDS, SDS)
WARMING_SECONDS = 2.0
"""How long routes are held for endpoints that a proxy does not ask for (it refused their cluster, say)."""

_AFTER_CLUSTERS = (LDS, RDS)
_REMOVED = (LDS, CDS)


@dataclass(frozen=True)
class _InFlight:
    type_url: str
    nonce: str
    names: tuple[str, ...]


class Connection:
    """State of one stream.

    `send` writes a serialised response of a type; `answered` is called for every ACK and NACK with (type, error text or
    ""); and `settled` whenever nothing is left to send or to wait for.
    """

    def __init__(
        self,
        proxy: str,
        send: Callable[[str, bytes], None],
        answered: Callable[[str, str], None],
        settled: Callable[[], None],
    ) -> None:
        self.proxy = proxy
        self._send, self._answered, self._settled = send, answered, settled
        self.subscriptions = {type_url: Subscription(type_url) for type_url in TYPES}
        self._in_flight: dict[str, _InFlight] = {}
        self._warming: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._impatient = False
        self._nonces = itertools.count(1)
        self.version = ""

    @property
    def idle(self) -> bool:
        """Whether the proxy has all it shall have and has answered for it."""
        return not self._in_flight and not any(s.pending for s in self.subscriptions.values())

    @property
    def rejections(self) -> dict[str, str]:
        """What the proxy refuses to take: `CDS outbound|…` -> Envoy's text."""
        return {
            f"{SHORT[type_url]} {name}": text
            for type_url, subscription in self.subscriptions.items()
            for name, text in subscription.rejected.items()
        }

    def update(self, configuration: Configuration, version: str) -> set[str]:
        """Set what the proxy shall have; the type URLs of which something must be sent."""
        self.version = version
        changed = {t for t, s in self.subscriptions.items() if s.want(configuration.get(t, {}))}
        self._advance()
        return changed

    def receive(self, request: discovery_pb2.DeltaDiscoveryRequest) -> None:
        """Take a subscription, an ACK or a NACK."""
        subscription = self.subscriptions.get(request.type_url)
        if subscription is None:
            log.warning("%s asks for %s, which is not served here", self.proxy, request.type_url)
            return
        if request.response_nonce:
            self._acknowledge(request, subscription)
        added, removed = request.resource_names_subscribe, request.resource_names_unsubscribe
        if added or removed or not subscription.open:
            subscription.subscribe(added, removed, request.initial_resource_versions)
        if request.type_url == EDS:
            self._warming.difference_update(removed)
        self._advance()

    def close(self) -> None:
        """The stream has ended."""
        self._stop_timer()

    def _acknowledge(self, request: discovery_pb2.DeltaDiscoveryRequest, subscription: Subscription) -> None:
        flight = self._in_flight.get(request.type_url)
        if flight is None or flight.nonce != request.response_nonce:
            return
        del self._in_flight[request.type_url]
        error = request.error_detail.message if request.HasField("error_detail") else ""
        for name in flight.names:
            if error:
                subscription.rejected[name] = error
            else:
                subscription.rejected.pop(name, None)
        if flight.type_url == EDS:
            self._warming.difference_update(flight.names)
        elif error and flight.type_url == CDS:
            self._warming.clear()
        if not self._clusters_unfinished:
            self._stop_timer()
        if error:
            log.warning("%s refused %s: %s", self.proxy, SHORT[flight.type_url], error)
        self._answered(flight.type_url, error)

    def _advance(self) -> None:
        """Send what may go now; tell when nothing is left and everything is answered."""
        self._send_update(CDS)
        self._send_update(EDS)
        self._send_update(SDS)
        if self._clusters_unfinished and not self._impatient:
            self._start_timer()
            return
        for type_url in _AFTER_CLUSTERS:
            self._send_update(type_url)
            if type_url in self._in_flight:
                return
        if self._send_removals() or self._in_flight:
            return
        for subscription in self.subscriptions.values():
            subscription.dirty.clear()
        self._settled()

    @property
    def _clusters_unfinished(self) -> bool:
        """Whether some cluster cannot serve yet: Envoy holds the ACK back while clusters warm."""
        return bool(self._warming or CDS in self._in_flight or EDS in self._in_flight)

    def _send_update(self, type_url: str) -> None:
        subscription = self.subscriptions[type_url]
        if type_url in self._in_flight:
            return
        updates, missing = subscription.updates(), subscription.missing()
        if updates or missing or subscription.must_greet:
            self._respond(subscription, updates, missing)

    def _send_removals(self) -> bool:
        for type_url in _REMOVED:
            if removals := self.subscriptions[type_url].removals():
                self._respond(self.subscriptions[type_url], [], removals)
                return True
        return False

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WARMING_SECONDS, self._lose_patience)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._impatient = None, False

    def _lose_patience(self) -> None:
        """Routes go on without clusters that do not become ready: old ones must not wait for a broken new one."""
        self._timer, self._impatient = None, True
        named = ", ".join(sorted(self._warming)[:3]) or "some cluster"
        log.info("%s: %s is not ready after %g s; its routes go on", self.proxy, named, WARMING_SECONDS)
        self._warming.clear()
        self._advance()

    def _respond(self, subscription: Subscription, updates: list[Resource], removals: list[str]) -> None:
        nonce = str(next(self._nonces))
        names = (*(resource.name for resource in updates), *removals)
        self._in_flight[subscription.type_url] = _InFlight(subscription.type_url, nonce, names)
        subscription.mark_sent(updates, removals)
        if subscription.type_url == CDS:
            self._warm(updates)
        wire = delta_response(subscription.type_url, nonce, self.version, (r.wire for r in updates), removals)
        self._send(subscription.type_url, wire)

    def _warm(self, clusters: list[Resource]) -> None:
        """A cluster that is new or changed warms until its endpoints are sent (again): Envoy waits for them."""
        endpoints = self.subscriptions[EDS]
        for name in (ref for cluster in clusters for ref in cluster.refs):
            self._warming.add(name)
            if name in endpoints.names:
                endpoints.resend(name)
