"""The program that a pod runs: its ports, its memory at rest, its end."""

from __future__ import annotations

import sys

import pytest

from tests.embedded.addons.jaeger_process import jaeger_process

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="needs any address of 127.0.0.0/8, which Linux has"
)


def test_it_listens_on_jaeger_s_ports_of_its_own_address_only() -> None:
    with jaeger_process() as (process, address):
        listening = {tuple(c.laddr) for c in process.net_connections() if c.status == "LISTEN"}
        assert listening == {(address, 16686), (address, 4317), (address, 4318), (address, 9411)}


def test_at_rest_neither_grpc_nor_protobuf_is_in_memory() -> None:
    with jaeger_process() as (process, _):
        mapped = " ".join(region.path for region in process.memory_maps())
    assert "grpc" not in mapped
    assert "protobuf" not in mapped
