"""The way to the gateway: load balancer, node's port, or none."""

from __future__ import annotations

import socket

from meshtutor.providers.context import gateway
from meshtutor.providers.context.gateway import Way

PORTS = [
    {"name": "status-port", "port": 15021, "nodePort": 31000},
    {"name": "http2", "port": 80, "targetPort": 8080, "nodePort": 30000},
]


def service(ingress: list | None = None, ports: list | None = None) -> dict:
    return {
        "spec": {"ports": ports or PORTS},
        "status": {"loadBalancer": {"ingress": ingress} if ingress else {}},
    }


def node(**addresses: str) -> dict:
    return {
        "status": {"addresses": [{"type": kind, "address": address} for kind, address in addresses.items()]}
    }


def test_a_load_balancer_comes_before_the_nodes() -> None:
    found = gateway.candidates(service([{"hostname": "lb.example.com"}]), [node(InternalIP="10.0.0.1")])
    assert found == [Way("http://lb.example.com", "LoadBalancer"), Way("http://10.0.0.1:30000", "NodePort")]


def test_a_pending_load_balancer_is_none() -> None:
    assert gateway.candidates(service([{}]), []) == []


def test_the_outer_address_of_a_node_is_preferred() -> None:
    nodes = [node(InternalIP="10.0.0.1", ExternalIP="203.0.113.5", Hostname="n1"), node(Hostname="n2")]
    assert gateway.candidates(service(), nodes) == [Way("http://203.0.113.5:30000", "NodePort")]


def test_a_port_other_than_80_is_in_the_url() -> None:
    ports = [{"name": "web", "port": 8081}]
    assert gateway.candidates(service([{"ip": "10.1.1.1"}], ports), []) == [
        Way("http://10.1.1.1:8081", "LoadBalancer")
    ]


def test_the_http_port_is_found_by_name_then_by_number() -> None:
    assert gateway.http_port(service())["name"] == "http2"
    assert gateway.http_port(service(ports=[{"port": 15021}, {"name": "x", "port": 80}]))["port"] == 80
    assert gateway.http_port(service(ports=[{"port": 15021}, {"name": "x", "port": 8000}]))["port"] == 8000


def test_the_first_way_that_accepts_a_connection_is_taken() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        open_way = Way(f"http://127.0.0.1:{listener.getsockname()[1]}", "NodePort")
        closed = Way("http://127.0.0.1:1", "LoadBalancer")
        assert gateway.choose([closed, open_way], gateway.is_reachable) == open_way
        assert gateway.choose([closed], gateway.is_reachable) is None
