"""The Secret Discovery Service: each workload's certificate (`default`) and the mesh's root (`ROOTCA`).

On a real node the Istio agent serves these over a Unix socket in the pod; here one server serves all pods and tells
them apart by the token of the stream. A certificate is replaced when half of its life has passed.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import grpc
from envoy.config.core.v3 import base_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, secret_pb2
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import any_pb2

from meshtutor.embedded.xds.ca import LEAF_LIFETIME, Certificate, CertificateAuthority
from meshtutor.embedded.xds.resource import SDS
from meshtutor.embedded.xds.tokens import Tokens

log = logging.getLogger("meshtutor.sds")

METHOD: Final = "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets"
WORKLOAD: Final = "default"
ROOT: Final = "ROOTCA"


class SecretDiscovery:
    """Serves secrets. `service_account` finds the account of (namespace, pod), or None for an unknown pod."""

    def __init__(
        self,
        authority: CertificateAuthority,
        tokens: Tokens,
        service_account: Callable[[str, str], str | None],
        lifetime: timedelta = LEAF_LIFETIME,
    ) -> None:
        self._authority, self._tokens, self._service_account = authority, tokens, service_account
        self._lifetime = lifetime
        self._certificates: dict[tuple[str, str, str], Certificate] = {}

    async def stream(
        self, requests: AsyncIterator[Any], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Any]:
        """Serve one stream: the gRPC method. State of the world, one or more names per stream."""
        proved = self._tokens.check(str(dict(context.invocation_metadata() or ()).get("authorization", "")))
        if proved is None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "secrets need the pod's token")
            return
        namespace, pod = proved
        account = self._service_account(namespace, pod)
        if account is None:
            await context.abort(grpc.StatusCode.UNAVAILABLE, f"pod {namespace}/{pod} is not known yet")
            return
        inbox: asyncio.Queue[Any] = asyncio.Queue()
        reading = asyncio.ensure_future(_read(requests, inbox))
        names: tuple[str, ...] = ()
        try:
            for nonce in itertools.count(1):
                names = await self._due(inbox, names, self.certificate(namespace, account, pod))
                if not names:
                    return
                yield self._response(names, self.certificate(namespace, account, pod), str(nonce))
        finally:
            reading.cancel()

    def certificate(self, namespace: str, account: str, pod: str) -> Certificate:
        """The pod's certificate now: the one that it has, or a new one when half of its life is over."""
        key = (namespace, account, pod)
        held = self._certificates.get(key)
        if held is None or self._left(held) <= 0:
            held = self._certificates[key] = self._authority.issue(namespace, account, self._lifetime)
        return held

    def _left(self, certificate: Certificate) -> float:
        """Seconds until the certificate is to be replaced."""
        return (certificate.expires - datetime.now(UTC) - self._lifetime / 2).total_seconds()

    async def _due(
        self, inbox: asyncio.Queue[Any], names: tuple[str, ...], held: Certificate
    ) -> tuple[str, ...]:
        """Wait until something is to be sent: a new name, or a rotation. Empty when the stream has ended."""
        while True:
            try:
                async with asyncio.timeout(self._left(held) if WORKLOAD in names else None):
                    request = await inbox.get()
            except TimeoutError:
                return names
            if request is None:
                return ()
            if request.HasField("error_detail"):
                log.warning("%s refused a secret: %s", request.node.id, request.error_detail.message)
            if tuple(request.resource_names) != names:
                return tuple(request.resource_names)

    def _response(self, names: tuple[str, ...], certificate: Certificate, nonce: str) -> Any:
        secrets = [self._secret(name, certificate) for name in names if name in (WORKLOAD, ROOT)]
        resources = [any_pb2.Any(type_url=SDS, value=secret.SerializeToString()) for secret in secrets]
        return discovery_pb2.DiscoveryResponse(
            type_url=SDS, resources=resources, nonce=nonce, version_info=certificate.expires.isoformat()
        )

    def _secret(self, name: str, certificate: Certificate) -> Any:
        if name == ROOT:
            trusted = common_pb2.CertificateValidationContext(trusted_ca=_inline(self._authority.root))
            return secret_pb2.Secret(name=name, validation_context=trusted)
        pair = common_pb2.TlsCertificate(
            certificate_chain=_inline(certificate.chain), private_key=_inline(certificate.key)
        )
        return secret_pb2.Secret(name=name, tls_certificate=pair)


def _inline(data: bytes) -> Any:
    return base_pb2.DataSource(inline_bytes=data)


async def _read(requests: AsyncIterator[Any], inbox: asyncio.Queue[Any]) -> None:
    try:
        async for request in requests:
            inbox.put_nowait(request)
    finally:
        inbox.put_nowait(None)


def handler(service: SecretDiscovery) -> Any:
    """The gRPC method."""
    return grpc.stream_stream_rpc_method_handler(
        service.stream,
        request_deserializer=discovery_pb2.DiscoveryRequest.FromString,
        response_serializer=discovery_pb2.DiscoveryResponse.SerializeToString,
    )
