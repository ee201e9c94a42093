"""Pods' addresses: one each while the pod lives; the one that was released longest ago comes next."""

from __future__ import annotations

from collections import deque

from meshtutor.embedded.network import Block

_ADDRESSES = 12_000


class Addresses:
    """Hands out the pod addresses of a block. Late reuse keeps old connections from meeting a new pod."""

    def __init__(self, block: Block) -> None:
        self._free = deque(block.pod(index) for index in range(_ADDRESSES))
        self._taken: dict[str, str] = {}

    def take(self, uid: str) -> str:
        """The address of the pod with this uid; the same for each call until it is released."""
        if uid not in self._taken:
            self._taken[uid] = self._free.popleft()
        return self._taken[uid]

    def release(self, uid: str) -> None:
        """The pod is gone."""
        if address := self._taken.pop(uid, None):
            self._free.append(address)
