"""When a container that ended may start again.

As kubelet's back-off (pkg/kubelet/kuberuntime, client-go util/flowcontrol/backoff.go): the first restart is
at once, then it waits 10 s, 20 s, 40 s ... up to 5 minutes after each end; a container that ran for 10
minutes starts afresh.
"""

from __future__ import annotations

from typing import Final

INITIAL: Final = 10.0
LIMIT: Final = 300.0
_FORGOTTEN_AFTER: Final = 2 * LIMIT


class Backoff:
    """The delays of one container; times are seconds of any monotonic clock."""

    def __init__(self) -> None:
        self._delay = 0.0
        self._since = 0.0

    def next(self, ended: float) -> float:
        """Seconds to wait after an end at `ended`."""
        if self._delay and ended - self._since > _FORGOTTEN_AFTER:
            self._delay = 0.0
        wait = self._delay
        self._delay = min(LIMIT, self._delay * 2) if self._delay else INITIAL
        self._since = ended + wait
        return wait
