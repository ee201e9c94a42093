"""A proxy that asks istiod for its configuration as Envoy does, and acknowledges or rejects it as it is told."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import grpc
from envoy.config.core.v3.base_pb2 import Node
from envoy.service.discovery.v3 import ads_pb2_grpc, discovery_pb2
from google.protobuf.struct_pb2 import Struct

CDS = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
RDS = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"


class Proxy:
    """One stream; `rejects` holds the types it rejects, `silent` those it does not answer at all."""

    def __init__(self, port: int, name: str, ip: str) -> None:
        metadata = Struct()
        metadata.update(
            {"NAMESPACE": name.partition(".")[2], "ISTIO_VERSION": "1.30.0", "CLUSTER_ID": "Kubernetes"}
        )
        self._node = Node(id=f"sidecar~{ip}~{name}~default.svc.cluster.local", metadata=metadata)
        self._requests: queue.Queue[discovery_pb2.DiscoveryRequest | None] = queue.Queue()
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.received: list[str] = []
        self.rejects: set[str] = set()
        self.silent: set[str] = set()
        self._held: list[discovery_pb2.DiscoveryResponse] = []
        self._ask(CDS)
        self._ask(RDS, ["9080"])
        threading.Thread(target=self._listen, daemon=True).start()

    def answer_now(self) -> None:
        """Acknowledge what was held back."""
        self.silent.clear()
        for response in self._held:
            self._answer(response)
        self._held.clear()

    def close(self) -> None:
        """Hang up."""
        self._requests.put(None)
        self._channel.close()

    def _ask(self, url: str, names: tuple[str, ...] | list[str] = ()) -> None:
        self._requests.put(
            discovery_pb2.DiscoveryRequest(node=self._node, type_url=url, resource_names=names)
        )

    def _listen(self) -> None:
        stub = ads_pb2_grpc.AggregatedDiscoveryServiceStub(self._channel)
        try:
            for response in stub.StreamAggregatedResources(self._outgoing()):
                self.received.append(response.type_url)
                if response.type_url in self.silent:
                    self._held.append(response)
                else:
                    self._answer(response)
        except grpc.RpcError:
            return

    def _answer(self, response: discovery_pb2.DiscoveryResponse) -> None:
        request = discovery_pb2.DiscoveryRequest(
            type_url=response.type_url, response_nonce=response.nonce, version_info=response.version_info,
            resource_names=["9080"] if response.type_url == RDS else [],
        )  # fmt: skip
        if response.type_url in self.rejects:
            request.error_detail.code, request.error_detail.message = 3, "the proxy does not like it"
        self._requests.put(request)

    def _outgoing(self) -> Iterator[discovery_pb2.DiscoveryRequest]:
        while (request := self._requests.get()) is not None:
            yield request
