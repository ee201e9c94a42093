"""What a rule sets in a proxy's configuration, field by field: what no single request shows."""

from __future__ import annotations

from typing import Any

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf.json_format import MessageToDict

from meshtutor.embedded.istio.proxy import Proxy
from meshtutor.embedded.istio.snapshot import Snapshot
from meshtutor.embedded.istio.translate import Translator
from meshtutor.embedded.xds.resource import CDS, LDS, RDS, Configuration

from .support import objects as make

REVIEWS = "reviews.default.svc.cluster.local"


def configuration(*rules: dict[str, Any]) -> Configuration:
    """What the sidecar of a client of `reviews` gets."""
    service, pod = make.service("reviews", 9080, 9090), make.pod("reviews", ip="10.3.0.1")
    client = make.pod("client", ip="10.3.0.2")
    snapshot = Snapshot.of([service, pod, client, make.endpoint_slice(service, pod), *rules])
    workload = snapshot.workloads["default", client["metadata"]["name"]]
    return Translator().configuration(Proxy("client", False, workload.ip, "127.0.0.1", workload), snapshot)


def policy(top: dict[str, Any] | None = None, subset: dict[str, Any] | None = None) -> dict[str, Any]:
    subsets = [{"name": "s", "trafficPolicy": subset}] if subset is not None else []
    return make.rule("DestinationRule", "reviews", host="reviews", trafficPolicy=top or {}, subsets=subsets)


def cluster(found: Configuration, port: int = 9080, subset: str = "") -> Any:
    return found[CDS][f"outbound|{port}|{subset}|{REVIEWS}"].message(cluster_pb2.Cluster)


def action(found: Configuration) -> Any:
    """The first route's action for reviews:9080."""
    hosts = found[RDS]["http_proxy"].message(route_pb2.RouteConfiguration).virtual_hosts
    return next(host for host in hosts if host.name == f"{REVIEWS}:9080").routes[0].route


def service(**rule: Any) -> dict[str, Any]:
    route = [{"destination": {"host": "reviews", "port": {"number": 9080}}}]
    return make.rule("VirtualService", "reviews", hosts=["reviews"], http=[{"route": route, **rule}])


@pytest.mark.parametrize(("rules", "seconds"), [((), 0), ((service(),), 0), ((service(timeout="7s"),), 7)])
def test_a_grpc_clients_own_timeout_holds_up_to_the_routes(rules, seconds):
    found = action(configuration(*rules))
    assert (found.timeout.seconds, found.max_grpc_timeout.seconds) == (seconds, seconds)
    assert found.HasField("max_grpc_timeout")


def test_with_a_consistent_hash_only_a_rules_route_may_ask_the_same_pod_again():
    hashing = policy({"loadBalancer": {"consistentHash": {"useSourceIp": True}}})
    (avoids,) = action(configuration(hashing)).retry_policy.retry_host_predicate
    assert avoids.name == "envoy.retry_host_predicates.previous_hosts"
    assert not action(configuration(hashing, service())).retry_policy.retry_host_predicate


@pytest.mark.parametrize(
    ("tcp", "http", "seconds"), [("7s", None, 7), ("7s", "3s", 3), (None, "3s", 3), ("0s", None, 0)]
)
def test_an_idle_timeout_of_tcp_stands_in_for_a_missing_one_of_http(tcp, http, seconds):
    parts = {"tcp": tcp, "http": http}
    pool = {section: {"idleTimeout": value} for section, value in parts.items() if value}
    packed = next(
        iter(
            cluster(configuration(policy({"connectionPool": pool}))).typed_extension_protocol_options.values()
        )
    )
    options = http_protocol_options_pb2.HttpProtocolOptions()
    packed.Unpack(options)
    assert options.common_http_protocol_options.idle_timeout.seconds == seconds


@pytest.mark.parametrize(
    ("budget", "percent", "least"),
    [({}, 0.2, 3), ({"percent": 50}, 50, 3), ({"percent": 0, "minRetryConcurrency": 9}, 0, 9)],
)
def test_a_retry_budget_and_its_defaults(budget, percent, least):
    (found,) = cluster(configuration(policy({"retryBudget": budget}))).circuit_breakers.thresholds
    assert found.retry_budget.budget_percent.value == percent
    assert found.retry_budget.min_retry_concurrency.value == least


AT_9080 = {"portLevelSettings": [{"port": {"number": 9080}, "connectionPool": {"http": {"maxRetries": 5}}}]}


@pytest.mark.parametrize(
    ("top", "subset", "port", "expected"),
    [
        ({"retryBudget": {"percent": 10}}, None, 9080, 10),
        ({"retryBudget": {"percent": 10}, **AT_9080}, None, 9080, None),
        ({"retryBudget": {"percent": 10}, **AT_9080}, None, 9090, 10),
        ({"retryBudget": {"percent": 10}}, {"loadBalancer": {"simple": "RANDOM"}}, 9080, 10),
        ({"retryBudget": {"percent": 10}}, {"retryBudget": {"percent": 20}}, 9080, 20),
        ({"retryBudget": {"percent": 10}}, {"retryBudget": {"percent": 20}, **AT_9080}, 9080, 10),
        (None, {"retryBudget": {"percent": 20}, **AT_9080}, 9080, None),
    ],
)
def test_a_retry_budget_goes_with_its_level_as_ports_have_none(top, subset, port, expected):
    """The rule's port: none; a subset's port: the rule's (MergeSubsetTrafficPolicy)."""
    found = configuration(policy(top, subset))
    (thresholds,) = cluster(found, port, "" if subset is None else "s").circuit_breakers.thresholds
    assert MessageToDict(thresholds).get("retryBudget", {}).get("budgetPercent", {}).get("value") == expected


def passing(*rules: dict[str, Any], subset: str = "") -> dict[str, Any]:
    """What a gateway that passes on TCP says of connections to `reviews`."""
    labels = {"istio": "ingressgateway"}
    gateway = make.pod("front", ip="10.3.0.3", namespace="istio-system", router=True, **labels)
    server = {"port": {"number": 9, "name": "tcp", "protocol": "TCP"}, "hosts": ["*"]}
    destination = {"host": "reviews", "port": {"number": 9080}, "subset": subset}
    bound = make.rule("VirtualService", "tcp", hosts=["*"], gateways=["front"], tcp=[
        {"route": [{"destination": destination}]}])  # fmt: skip
    front = make.rule("Gateway", "front", selector=labels, servers=[server])
    snapshot = Snapshot.of([make.service("reviews", 9080, 9090), gateway, front, bound, *rules])
    workload = snapshot.workloads["istio-system", gateway["metadata"]["name"]]
    found = Translator().configuration(Proxy("front", True, workload.ip, "127.0.0.1", workload), snapshot)
    (chain,) = found[LDS]["10.3.0.3_9"].message(listener_pb2.Listener).filter_chains
    config = tcp_proxy_pb2.TcpProxy()
    chain.filters[0].typed_config.Unpack(config)
    return MessageToDict(config, preserving_proto_field_name=True)


def test_a_destination_rule_says_how_long_bytes_may_be_passed_on():
    tcp = {"idleTimeout": "5s", "maxConnectionDuration": "60s"}
    found = passing(policy({"connectionPool": {"tcp": tcp}}))
    assert (found["idle_timeout"], found["max_downstream_connection_duration"]) == ("5s", "60s")
    assert not {"idle_timeout", "max_downstream_connection_duration"} & passing().keys()


BY_CLIENT = {"loadBalancer": {"consistentHash": {"useSourceIp": True}}}
IN_TURNS = {"loadBalancer": {"simple": "ROUND_ROBIN"}}


@pytest.mark.parametrize(
    ("top", "own", "asked", "hashed"),
    [
        ({}, None, "", False),
        (BY_CLIENT, None, "", True),
        (BY_CLIENT, {}, "s", True),
        (BY_CLIENT, IN_TURNS, "s", False),
        (IN_TURNS, BY_CLIENT, "s", True),
        (IN_TURNS, BY_CLIENT, "", False),
    ],
)
def test_clients_of_bytes_keep_to_a_pod_where_the_subset_or_else_the_host_says_so(top, own, asked, hashed):
    assert ("hash_policy" in passing(policy(top, own), subset=asked)) is hashed
