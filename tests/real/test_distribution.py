"""Does every proxy have a change? Concluded from a real istiod's own pages, on a real API server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from meshtutor.kube import kinds
from meshtutor.providers.context import syncz
from meshtutor.providers.context.distribution import Watcher
from tests.real.apiserver import ApiServer
from tests.real.istiod import Istiod
from tests.real.programs import until
from tests.real.proxy import CDS, RDS, Proxy


@pytest.fixture
def proxies(server: ApiServer, istiod: Istiod) -> Iterator[list[Proxy]]:
    """Two proxies that have what there is; namespace `shop` has a Service at port 9080."""
    kube = server.client()
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    kube.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "reviews", "namespace": "shop"},
                "spec": {"selector": {"app": "reviews"}, "ports": [{"name": "http", "port": 9080}]}})  # fmt: skip
    with ExitStack() as stack:
        found = [Proxy(istiod.grpc, f"proxy-{i}.shop", f"10.9.0.{i}") for i in (1, 2)]
        for proxy in found:
            stack.callback(proxy.close)
        until(lambda: all({CDS, RDS} <= set(p.received) for p in found), "configured proxies")
        until(lambda: _all_acked(istiod), "acknowledgements")
        yield found
    until(lambda: not syncz.read(istiod.pages("/debug/syncz")), "gone proxies")


def _all_acked(istiod: Istiod) -> bool:
    status = syncz.read(istiod.pages("/debug/syncz"))
    return len(status) == 2 and all(s.state == "ACK" for types in status.values() for s in types.values())


def rule(server: ApiServer, timeout: str) -> str:
    """Apply a VirtualService that differs from the last; its resourceVersion."""
    route = {"route": [{"destination": {"host": "reviews"}}], "timeout": timeout}
    written = server.client().apply({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": "reviews", "namespace": "shop"}, "spec": {"hosts": ["reviews"], "http": [route]},
    })  # fmt: skip
    return str(written.object["metadata"]["resourceVersion"])


def test_the_proxies_that_got_a_rule_are_named_with_what_they_got(
    server: ApiServer, istiod: Istiod, proxies: list[Proxy]
) -> None:
    watcher = Watcher(istiod)
    watcher.wait("0", 5)
    answer = watcher.wait(rule(server, "3s"), 10)
    assert answer.complete
    assert {ack.proxy for ack in answer.proxies} == {"proxy-1.shop", "proxy-2.shop"}
    assert {ack.state for ack in answer.proxies} == {"ACK"}
    assert all("RDS" in ack.types for ack in answer.proxies)
    assert 50 < answer.milliseconds < 5000  # istiod itself waits 100 ms for more changes


def test_a_change_just_before_the_question_is_not_missed(
    server: ApiServer, istiod: Istiod, proxies: list[Proxy]
) -> None:
    """What was sent between two questions belongs to the second."""
    watcher = Watcher(istiod)
    watcher.wait("0", 5)
    version = rule(server, "4s")
    until(lambda: syncz.changed(watcher._last, syncz.read(istiod.pages("/debug/syncz"))), "a push")
    assert len(watcher.wait(version, 10).proxies) == 2


def test_a_rejection_reaches_the_learner_in_the_proxys_words(
    server: ApiServer, istiod: Istiod, proxies: list[Proxy]
) -> None:
    watcher = Watcher(istiod)
    watcher.wait("0", 5)
    proxies[0].rejects.add(RDS)
    answer = watcher.wait(rule(server, "5s"), 10)
    states = {ack.proxy: (ack.state, ack.error) for ack in answer.proxies}
    assert states["proxy-1.shop"] == ("NACK", "the proxy does not like it")
    assert states["proxy-2.shop"][0] == "ACK"


def test_a_proxy_that_does_not_answer_is_pending_at_the_deadline(
    server: ApiServer, istiod: Istiod, proxies: list[Proxy]
) -> None:
    watcher = Watcher(istiod)
    watcher.wait("0", 5)
    proxies[1].silent.add(RDS)
    began = time.monotonic()
    answer = watcher.wait(rule(server, "6s"), 1.5)
    assert time.monotonic() - began < 4
    assert not answer.complete
    assert {ack.proxy: ack.state for ack in answer.proxies} == {
        "proxy-1.shop": "ACK",
        "proxy-2.shop": "PENDING",
    }
    proxies[1].answer_now()
    assert watcher.wait("0", 5).complete


def test_a_change_that_concerns_no_proxy_ends_soon(
    server: ApiServer, istiod: Istiod, proxies: list[Proxy]
) -> None:
    watcher = Watcher(istiod)
    watcher.wait("0", 5)
    version = server.client().apply({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"},
                                     "metadata": {"name": "unrelated", "namespace": "shop"}})  # fmt: skip
    began = time.monotonic()
    answer = watcher.wait(str(version.object["metadata"]["resourceVersion"]), 10)
    assert answer.complete
    assert answer.proxies == ()
    assert time.monotonic() - began < 3


def test_istiod_asks_a_stranger_for_a_token_but_not_its_own_pod(istiod: Istiod) -> None:
    """Why the pages are read by port-forward: from loopback they are open."""
    assert requests.get(f"http://127.0.0.1:{istiod.monitoring}/debug/syncz", timeout=5).status_code == 200


def test_what_istiod_holds_is_as_new_as_what_was_applied(
    server: ApiServer, istiod: Istiod, proxies: list[Proxy]
) -> None:
    version = int(rule(server, "7s"))
    until(lambda: syncz.newest_version(istiod.pages("/debug/configz")[0]) >= version, "the rule in istiod")
    found = server.client().get(kinds.VIRTUAL_SERVICE, "reviews", "shop")
    assert int(found["metadata"]["resourceVersion"]) == version
