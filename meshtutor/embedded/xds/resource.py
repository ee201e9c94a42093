"""A resource as the wire needs it: a name, a version, bytes that were made once, and the names it refers to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import any_pb2

_TYPE: Final = "type.googleapis.com/"
CDS: Final = _TYPE + "envoy.config.cluster.v3.Cluster"
EDS: Final = _TYPE + "envoy.config.endpoint.v3.ClusterLoadAssignment"
LDS: Final = _TYPE + "envoy.config.listener.v3.Listener"
RDS: Final = _TYPE + "envoy.config.route.v3.RouteConfiguration"
SDS: Final = _TYPE + "envoy.extensions.transport_sockets.tls.v3.Secret"
SHORT: Final = {CDS: "CDS", EDS: "EDS", LDS: "LDS", RDS: "RDS", SDS: "SDS"}


@dataclass(frozen=True, eq=False, slots=True)
class Resource:
    """One named piece of configuration.

    `version` is a hash of the content: equal content is never sent twice, whoever made it. `wire` is the serialised
    `envoy.service.discovery.v3.Resource`, shared by every proxy that gets it. `refs` are the names of EDS resources
    that a cluster, or RDS resources that a listener needs before it can serve.
    """

    type_url: str
    name: str
    version: str
    wire: bytes
    refs: tuple[str, ...] = ()

    def message(self, kind: Any) -> Any:
        """The content as the protobuf message `kind`: for tests and debug pages, not for the hot path."""
        packed = discovery_pb2.Resource.FromString(self.wire).resource
        message = kind()
        packed.Unpack(message)
        return message


Resources = Mapping[str, Resource]
"""By name, all of one type."""

Configuration = Mapping[str, Resources]
"""By type URL: all that one proxy shall have."""


def pack(message: Any, refs: Iterable[str] = (), name: str = "") -> Resource:
    """A protobuf message as a Resource; its name is `message.name` (EDS: `cluster_name`) unless given."""
    name = name or getattr(message, "name", "") or message.cluster_name
    return pack_bytes(
        _TYPE + message.DESCRIPTOR.full_name, name, message.SerializeToString(deterministic=True), refs
    )


def pack_bytes(type_url: str, name: str, content: bytes, refs: Iterable[str] = ()) -> Resource:
    """A serialised message as a Resource."""
    version = hashlib.blake2b(content, digest_size=6).hexdigest()
    held = discovery_pb2.Resource(
        name=name, version=version, resource=any_pb2.Any(type_url=type_url, value=content)
    )
    return Resource(type_url, name, version, held.SerializeToString(), tuple(refs))
