"""Cluster IPs and node ports that no other Service has; what is in use is read from the Services themselves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.statuses import FieldError, invalid_value, refusal
from meshtutor.embedded.apiserver.store import Store
from meshtutor.embedded.apiserver.values import items_of
from meshtutor.embedded.network import Block
from meshtutor.kube.kinds import SERVICE

_NODE_PORTS: Final = range(30000, 32768)
_FIRST: Final = 31000
"""Where allocation starts, so that the ports people write down (30000, 30080, ...) stay free."""
_ADDRESSES: Final = 64 * 250


class Allocator:
    """First free address of the block, first free node port."""

    def __init__(self, block: Block, store: Store) -> None:
        self._block = block
        self._store = store

    def address(self) -> str:
        """A free cluster IP."""
        used = {service["spec"].get("clusterIP") for service in self._store.objects(SERVICE)}
        found = next((a for a in map(self._block.service, range(_ADDRESSES)) if a not in used), None)
        if found is None:
            raise refusal(500, "InternalError", "the range of cluster IPs is full")
        return found

    def node_ports(self, ports: list[dict[str, Any]]) -> None:
        """Give each port that has none a free node port."""
        used = {p.get("nodePort") for p in ports} | set(self._used_ports(""))
        free = (
            n for n in (*range(_FIRST, _NODE_PORTS.stop), *range(_NODE_PORTS.start, _FIRST)) if n not in used
        )
        for port in ports:
            if not port.get("nodePort"):
                port["nodePort"] = next(free)

    def check(self, service: Object) -> list[FieldError]:
        """That a chosen address or node port is in its range, and nobody else's."""
        return [*self._check_address(service), *self._check_node_ports(service)]

    def _check_address(self, service: Object) -> Iterator[FieldError]:
        address = service["spec"]["clusterIP"]
        if address == "None":
            return
        prefix, third = f"127.{self._block.number}.", address.split(".")[2:3]
        if not address.startswith(prefix) or not third or not 128 <= int(third[0]) < 192:
            detail = f"failed to allocate IP {address}: the provided network does not match the current range"
            yield invalid_value("spec.clusterIPs", [address], detail)
        elif any(s["spec"].get("clusterIP") == address for s in self._others(service)):
            detail = f"failed to allocate IP {address}: provided IP is already allocated"
            yield invalid_value("spec.clusterIPs", [address], detail)

    def _check_node_ports(self, service: Object) -> Iterator[FieldError]:
        used = set(self._used_ports(service["metadata"].get("uid", "")))
        for i, port in zip(count(), items_of(service["spec"], "ports"), strict=False):
            number = port.get("nodePort")
            path = f"spec.ports[{i}].nodePort"
            if number and service["spec"]["type"] == "ClusterIP":
                detail = "Forbidden: may not be used when `type` is 'ClusterIP'"
                yield FieldError(path, "FieldValueForbidden", detail)
            elif number and number not in _NODE_PORTS:
                detail = "provided port is not in the valid range. The range of valid ports is 30000-32767"
                yield invalid_value(path, number, detail)
            elif number and number in used:
                yield invalid_value(path, number, "provided port is already allocated")

    def _others(self, service: Object) -> Iterator[Object]:
        uid = service["metadata"].get("uid")
        return (s for s in self._store.objects(SERVICE) if s["metadata"]["uid"] != uid)

    def _used_ports(self, except_uid: str) -> Iterator[int]:
        for service in self._store.objects(SERVICE):
            if service["metadata"]["uid"] != except_uid:
                yield from (p["nodePort"] for p in items_of(service["spec"], "ports") if p.get("nodePort"))
