"""A work queue of object keys: adding a key twice before it is handled means handling it once."""

from __future__ import annotations

import asyncio

from meshtutor.embedded.objects import Key


class WorkQueue:
    """Keys to reconcile, in the order in which they were first added."""

    def __init__(self) -> None:
        self._keys: dict[Key, None] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._wake = asyncio.Event()

    def add(self, key: Key) -> None:
        """Have `key` reconciled soon."""
        self._keys[key] = None
        self._wake.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """Have `key` reconciled in a while; of two such requests the later replaces the earlier."""
        if timer := self._timers.pop(key, None):
            timer.cancel()
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, self._due, key)

    async def get(self) -> Key:
        """The next key; waits for one."""
        while not self._keys:
            self._wake.clear()
            await self._wake.wait()
        key = next(iter(self._keys))
        del self._keys[key]
        return key

    def close(self) -> None:
        """Drop what is pending."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._keys.clear()

    def _due(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)
