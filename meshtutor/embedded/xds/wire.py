"""A delta response put together from resources that are serialised already.

A protobuf message is the concatenation of its fields, so a response that carries shared resources is a small header
and the shared bytes: nothing is parsed or serialised again for each proxy.
Source of the encoding: the Protocol Buffers documentation, "Encoding"; field numbers:
envoy/service/discovery/v3/discovery.proto, DeltaDiscoveryResponse.
"""

from __future__ import annotations

from collections.abc import Iterable

from envoy.service.discovery.v3 import discovery_pb2

_LENGTH_DELIMITED = 2


def field_tag(number: int) -> bytes:
    """The tag of a length-delimited field below 16."""
    return bytes([number << 3 | _LENGTH_DELIMITED])


_RESOURCES = field_tag(discovery_pb2.DeltaDiscoveryResponse.DESCRIPTOR.fields_by_name["resources"].number)


def varint(number: int) -> bytes:
    """Base-128, low group first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def repeated(tag: bytes, parts: Iterable[bytes]) -> bytes:
    """A repeated message field from serialised messages."""
    return b"".join(piece for part in parts for piece in (tag, varint(len(part)), part))


def delta_response(
    type_url: str, nonce: str, version: str, resources: Iterable[bytes], removed: Iterable[str]
) -> bytes:
    """A serialised DeltaDiscoveryResponse; `resources` are serialised `discovery.v3.Resource` messages."""
    header = discovery_pb2.DeltaDiscoveryResponse(
        type_url=type_url, nonce=nonce, system_version_info=version, removed_resources=sorted(removed)
    )
    return bytes(header.SerializeToString()) + repeated(_RESOURCES, resources)
