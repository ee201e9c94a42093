"""A recorder of answers that also looks, twice a second, which pods the sender's proxy sends to."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from meshtutor.errors import MeshtutorError, NotReadyError
from meshtutor.telemetry.ejections import Spell, spells
from meshtutor.widgets.recorder import KEEP_SECONDS, TICK_SECONDS, Recorder

Look = Callable[[], Mapping[str, str]]
_MOST: Final = 2000


class PodWatch(Recorder):
    """`states` is the last look; `history` what it was in the last minute."""

    def __init__(
        self, on_change: Callable[[], None], look: Look, clock: Callable[[], float] = time.time
    ) -> None:
        self._look = look
        self._samples: deque[tuple[float, Mapping[str, str]]] = deque(maxlen=_MOST)
        self.error = ""
        super().__init__(on_change, clock)

    @property
    def states(self) -> Mapping[str, str]:
        """State by pod."""
        return self._samples[-1][1] if self._samples else {}

    def history(self, seconds: float = KEEP_SECONDS) -> list[Spell]:
        """The spells of the last `seconds`."""
        start = self.now() - seconds
        return spells([sample for sample in self._samples.copy() if sample[0] >= start])

    def look(self) -> Mapping[str, str]:
        """Look now; MeshtutorError where the proxy cannot be asked."""
        seen = self._look()
        self._samples.append((self.now(), seen))
        return seen

    def wait_for(self, pod: str, state: str, timeout: float) -> float:
        """Look until a pod whose name begins so is in a state; the seconds that took. NotReadyError at the deadline."""
        began = time.monotonic()
        while True:
            seen = self.look()
            if any(name.startswith(pod) and found == state for name, found in seen.items()):
                return time.monotonic() - began
            if time.monotonic() - began > timeout:
                raise NotReadyError(
                    f"{pod} is not {state} after {timeout:g} s; the proxy says {dict(seen)}.",
                    "is there traffic for it, and an outlierDetection in force?",
                )
            time.sleep(TICK_SECONDS / 5)

    def turn(self) -> float:
        """See Recorder; a proxy that cannot be asked for a moment leaves a gap."""
        try:
            self.look()
            self.error = ""
        except MeshtutorError as error:
            self.error = error.message
        return super().turn()
