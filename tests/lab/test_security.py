"""Only loopback is bound, the API needs its token, and the files that open the lab are their owner's alone."""

from __future__ import annotations

import ipaddress
import stat
import urllib.request
from pathlib import Path

import psutil
import pytest
import requests

from meshtutor.config import settings


def _listening(lab: dict) -> set[tuple[str, int]]:
    daemon = psutil.Process(lab["pid"])
    family = [daemon, *daemon.children(recursive=True)]
    return {
        tuple(connection.laddr)
        for process in family
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN or connection.type.name == "SOCK_DGRAM"
    }


def _is_loopback(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback  # gRPC binds ::ffff:127.L.0.1


def test_every_socket_of_the_lab_is_on_loopback(lab):
    listening = _listening(lab)
    assert len(listening) > 40, "the lab's sockets were not found"
    assert [address for address in listening if not _is_loopback(address[0])] == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}])
@pytest.mark.parametrize(
    "path", ["/api/v1/pods", "/apis", "/openapi/v3", "/api/v1/namespaces/default/secrets"]
)
def test_the_api_refuses_whoever_has_no_token(lab, headers, path):
    answer = requests.get(lab["api"] + path, headers=headers, verify=False, timeout=5)
    assert answer.status_code == 401
    assert answer.json()["kind"] == "Status"
    assert answer.json()["reason"] == "Unauthorized"


def test_the_control_plane_gives_nothing_to_a_stream_without_a_pods_token(lab):
    import grpc
    from envoy.service.discovery.v3 import discovery_pb2

    address = lab["api"].removeprefix("https://").rpartition(":")[0] + ":15010"
    request = discovery_pb2.DiscoveryRequest(
        resource_names=["default"],
        type_url="type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
    )
    with grpc.insecure_channel(address) as channel:
        stream = channel.stream_stream(
            "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets",
            request_serializer=discovery_pb2.DiscoveryRequest.SerializeToString,
            response_deserializer=discovery_pb2.DiscoveryResponse.FromString,
        )
        with pytest.raises(grpc.RpcError) as refusal:
            next(stream(iter([request]), timeout=5))
    assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_what_opens_the_lab_is_readable_by_its_owner_only(lab):
    directory = settings().lab_dir()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(Path(lab["kubeconfig"]).stat().st_mode) == 0o600
    secret = [*directory.rglob("*key*.pem"), *directory.rglob("envoy.json"), directory / "lab.json"]
    assert len(secret) > 8
    assert [path for path in secret if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_the_gateway_is_the_only_door_without_a_token(lab):
    assert urllib.request.urlopen(lab["gateway"] + "/productpage", timeout=5).status == 200
