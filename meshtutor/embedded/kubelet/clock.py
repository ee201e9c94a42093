"""Time as the kubelet sees it, with a scale so that tests of back-off do not take minutes."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """Seconds that pass `scale` times faster than on the wall; 1.0 outside tests."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic() * self.scale

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        await asyncio.sleep(seconds / self.scale)

    def real(self, seconds: float) -> float:
        """Wall-clock seconds for so many seconds of this clock."""
        return seconds / self.scale
