"""The order in which one proxy is told things, without a network."""

from __future__ import annotations

import asyncio

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2
from envoy.service.discovery.v3 import discovery_pb2

from meshtutor.embedded.xds import connection as connections
from meshtutor.embedded.xds.connection import Connection
from meshtutor.embedded.xds.resource import CDS, EDS, LDS, RDS, SDS, SHORT, Configuration, pack


class Proxy:
    """The other end of a Connection: takes responses, subscribes, acknowledges when told to."""

    def __init__(self) -> None:
        self.received: list[discovery_pb2.DeltaDiscoveryResponse] = []
        self.settled = 0
        self.answers: list[tuple[str, str]] = []
        self.connection = Connection(
            "p.default", self._take, lambda *answer: self.answers.append(answer), self._settle
        )

    def _take(self, type_url: str, wire: bytes) -> None:
        self.received.append(discovery_pb2.DeltaDiscoveryResponse.FromString(wire))
        assert self.received[-1].type_url == type_url

    def _settle(self) -> None:
        self.settled += 1

    def subscribe(self, type_url: str, *names: str, **known: str) -> None:
        request = discovery_pb2.DeltaDiscoveryRequest(
            type_url=type_url, resource_names_subscribe=names, initial_resource_versions=known
        )
        self.connection.receive(request)

    def answer(self, error: str = "") -> str:
        """Answer the last response; its short contents."""
        last = self.received[-1]
        request = discovery_pb2.DeltaDiscoveryRequest(type_url=last.type_url, response_nonce=last.nonce)
        if error:
            request.error_detail.message = error
        self.connection.receive(request)
        return self.told(last)

    @staticmethod
    def told(response: discovery_pb2.DeltaDiscoveryResponse) -> str:
        kind = SHORT[response.type_url]
        return " ".join(
            [
                kind,
                *(f"+{r.name}" for r in response.resources),
                *(f"-{n}" for n in response.removed_resources),
            ]
        )

    @property
    def log(self) -> list[str]:
        return [self.told(response) for response in self.received]

    def start(self, configuration: Configuration, *clusters: str) -> None:
        """As Envoy starts: clusters, endpoints, listeners, routes."""
        self.connection.update(configuration, "1")
        self.subscribe(CDS)
        self.answer()
        self.subscribe(EDS, *clusters)
        self.answer()
        self.subscribe(LDS)
        self.answer()
        self.subscribe(RDS, "routes")
        self.answer()
        self.received.clear()


def configuration(*clusters: str, routes: str = "", content: int = 1, listener: bool = True) -> Configuration:
    found = {
        CDS: [
            pack(cluster_pb2.Cluster(name=name, connect_timeout={"seconds": content}), refs=(name,))
            for name in clusters
        ],
        EDS: [pack(endpoint_pb2.ClusterLoadAssignment(cluster_name=name)) for name in clusters],
        LDS: [pack(listener_pb2.Listener(name="in"), refs=("routes",))] if listener else [],
        RDS: [
            pack(
                route_pb2.RouteConfiguration(
                    name="routes", virtual_hosts=[{"name": routes}] if routes else []
                )
            )
        ],
    }
    return {type_url: {r.name: r for r in resources} for type_url, resources in found.items()}


@pytest.fixture
async def proxy():
    proxy = Proxy()
    yield proxy
    proxy.connection.close()


async def test_a_start_is_told_in_order(proxy: Proxy):
    proxy.connection.update(configuration("a"), "1")
    for type_url, names in ((CDS, ()), (EDS, ("a",)), (LDS, ()), (RDS, ("routes",))):
        proxy.subscribe(type_url, *names)
        proxy.answer()
    assert proxy.log == ["CDS +a", "EDS +a", "LDS +in", "RDS +routes"]
    assert proxy.connection.idle


async def test_what_is_the_same_is_not_sent_again(proxy: Proxy):
    proxy.start(configuration("a"), "a")
    assert proxy.connection.update(configuration("a"), "2") == set()
    assert proxy.log == []


async def test_a_route_change_sends_the_route_only(proxy: Proxy):
    proxy.start(configuration("a"), "a")
    assert proxy.connection.update(configuration("a", routes="x"), "2") == {RDS}
    assert proxy.log == ["RDS +routes"]


async def test_routes_wait_for_the_endpoints_of_new_clusters(proxy: Proxy):
    proxy.start(configuration("a"), "a")
    proxy.connection.update(configuration("a", "b", routes="to b"), "2")
    assert proxy.log == ["CDS +b"]
    proxy.answer()
    assert proxy.log == ["CDS +b"]
    proxy.subscribe(EDS, "b")
    assert proxy.log[1:] == ["EDS +b"]
    proxy.answer()
    assert proxy.log[2:] == ["RDS +routes"]


async def test_endpoints_do_not_wait_for_the_acknowledgement_of_clusters(proxy: Proxy):
    proxy.start(configuration("a"), "a")
    proxy.connection.update(configuration("a", "b"), "2")
    proxy.subscribe(EDS, "b")
    assert proxy.log == ["CDS +b", "EDS +b"]


async def test_secrets_do_not_wait_for_anything_and_the_stream_is_not_settled_without_them(proxy: Proxy):
    proxy.start(configuration("a", routes="a"), "a")
    before, settled = len(proxy.log), proxy.settled
    held = {"s": pack(secret_pb2.Secret(name="s"))}
    proxy.connection.update({**configuration("a", routes="a", content=2), SDS: held}, "2")
    proxy.subscribe(SDS, "s", "missing")
    assert proxy.log[before:] == ["CDS +a", "EDS +a", "SDS +s"]
    assert proxy.settled == settled
    assert not proxy.connection.idle


async def test_endpoints_are_sent_again_for_a_cluster_that_changed(proxy: Proxy):
    proxy.start(configuration("a"), "a")
    proxy.connection.update(configuration("a", content=2), "2")
    assert proxy.log == ["CDS +a", "EDS +a"]


async def test_removals_come_last(proxy: Proxy):
    proxy.start(configuration("a", "b", routes="to b"), "a", "b")
    proxy.connection.update(configuration("a", routes="to a"), "2")
    assert proxy.log == ["RDS +routes"]
    proxy.answer()
    assert proxy.log[1:] == ["CDS -b"]
    proxy.answer()
    assert proxy.connection.idle


async def test_a_refusal_is_kept_with_its_text_until_something_better_is_taken(proxy: Proxy):
    proxy.start(configuration("a"), "a")
    proxy.connection.update(configuration("a", routes="bad"), "2")
    proxy.answer("no such thing")
    assert proxy.connection.rejections == {"RDS routes": "no such thing"}
    assert proxy.answers[-1] == (RDS, "no such thing")
    assert proxy.connection.idle
    proxy.connection.update(configuration("a", routes="good"), "3")
    proxy.answer()
    assert proxy.connection.rejections == {}


async def test_changes_that_come_while_one_is_in_flight_are_sent_together(proxy: Proxy):
    proxy.start(configuration("a"), "a")
    for number in range(5):
        proxy.connection.update(configuration("a", routes=f"r{number}"), str(number))
    assert proxy.log == ["RDS +routes"]
    proxy.answer()
    assert len(proxy.log) == 2
    proxy.answer()
    assert len(proxy.log) == 2


async def test_routes_go_on_when_a_new_cluster_never_becomes_ready(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connections, "WARMING_SECONDS", 0.02)
    proxy.start(configuration("a"), "a")
    proxy.connection.update(configuration("a", "b", routes="to b"), "2")
    proxy.answer()
    assert proxy.log == ["CDS +b"]
    async with asyncio.timeout(2):
        while len(proxy.log) < 2:
            await asyncio.sleep(0.005)
    assert proxy.log[1:] == ["RDS +routes"]


async def test_routes_go_on_when_a_new_cluster_is_refused(proxy: Proxy):
    proxy.start(configuration("a"), "a")
    proxy.connection.update(configuration("a", "b", routes="to b"), "2")
    proxy.answer("bad cluster")
    assert proxy.log[1:] == ["RDS +routes"]


async def test_a_proxy_without_listeners_is_told_so(proxy: Proxy):
    proxy.connection.update(configuration("a", listener=False), "1")
    proxy.subscribe(CDS)
    proxy.answer()
    proxy.subscribe(EDS, "a")
    proxy.answer()
    proxy.subscribe(LDS)
    assert proxy.log[2:] == ["LDS"]


async def test_after_a_reconnect_clusters_that_differ_are_sent_and_all_endpoints(proxy: Proxy):
    wanted = configuration("a", "b")
    proxy.connection.update(wanted, "1")
    proxy.subscribe(CDS, a=wanted[CDS]["a"].version, b="older", gone="x")
    assert proxy.log == ["CDS +b"]
    proxy.subscribe(EDS, "a", "b", a=wanted[EDS]["a"].version, b=wanted[EDS]["b"].version)
    assert proxy.log[1:] == ["EDS +a +b"], (
        "b warms until it is told its endpoints, whatever was known of the old b"
    )
    proxy.answer()
    proxy.connection.receive(
        discovery_pb2.DeltaDiscoveryRequest(type_url=CDS, response_nonce=proxy.received[0].nonce)
    )
    assert proxy.log[2:] == ["CDS -gone"]


async def test_endpoints_of_a_cluster_that_is_gone_before_they_are_asked_for_are_said_to_be_none(
    proxy: Proxy,
):
    proxy.start(configuration("a"), "a")
    proxy.connection.update(configuration("a", "b"), "2")
    proxy.connection.update(configuration("a"), "3")
    proxy.subscribe(EDS, "b")
    assert proxy.log == ["CDS +b", "EDS -b"], "b warms, and Envoy acknowledges no clusters as long as it does"
    clusters = proxy.received[0].nonce
    proxy.answer()
    proxy.connection.receive(discovery_pb2.DeltaDiscoveryRequest(type_url=CDS, response_nonce=clusters))
    assert proxy.log[2:] == ["CDS -b"]
    proxy.answer()
    assert proxy.connection.idle


async def test_endpoints_that_were_said_to_be_none_are_sent_when_there_are_some(proxy: Proxy):
    proxy.start(configuration("a"), "a")
    proxy.subscribe(EDS, "b")
    assert proxy.log == ["EDS -b"]
    proxy.answer()
    settled = proxy.settled
    proxy.connection.update(configuration("a"), "2")
    assert proxy.log == ["EDS -b"], "it is said once"
    assert proxy.settled > settled
    proxy.connection.update(configuration("a", "b"), "3")
    assert proxy.log[1:] == ["CDS +b", "EDS +b"]


async def test_endpoints_that_could_not_be_sent_before_their_cluster_went_are_said_to_be_none(proxy: Proxy):
    proxy.start(configuration("a"), "a")
    proxy.connection.update(configuration("a", content=2), "2")
    assert proxy.log == ["CDS +a", "EDS +a"]
    proxy.subscribe(EDS, "b")
    proxy.connection.update(configuration("a", "b", content=2), "3")
    proxy.connection.update(configuration("a", content=2), "4")
    proxy.answer()
    assert proxy.log[2:] == ["EDS -b"]
