"""The loop that every controller shares: watch event -> keys -> queue -> reconcile, again after a failure."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable

from meshtutor.embedded.api import Event
from meshtutor.embedded.controllers.queue import WorkQueue
from meshtutor.embedded.informer import Informer
from meshtutor.embedded.objects import Key
from meshtutor.embedded.recorder import Recorder
from meshtutor.errors import ApiStatusError

log = logging.getLogger(__name__)
_FIRST_RETRY_SECONDS = 0.005
_LAST_RETRY_SECONDS = 10.0


class Controller(ABC):
    """One reconcile loop. Subclasses say which keys an event concerns, and what to do about a key."""

    component = "controller"

    def __init__(self, informer: Informer, recorder: Recorder) -> None:
        self.informer = informer
        self.recorder = recorder
        self.queue = WorkQueue()
        self._failures: dict[Key, int] = {}

    @abstractmethod
    def concerns(self, event: Event) -> Iterable[Key]:
        """Keys to reconcile because of this event."""

    @abstractmethod
    async def reconcile(self, key: Key) -> None:
        """Move the world one step towards what the object asks for; called again when something changes."""

    async def run(self) -> None:
        """Reconcile until cancelled."""
        self.informer.subscribe(self._notice)
        try:
            while True:
                await self._step(await self.queue.get())
        finally:
            self.queue.close()

    def _notice(self, event: Event) -> None:
        for key in self.concerns(event):
            self.queue.add(key)

    async def _step(self, key: Key) -> None:
        try:
            await self.reconcile(key)
        except ApiStatusError as refusal:
            # Conflicts and vanished objects are daily life: look again. Tell of anything else.
            self._retry(key, refusal, quiet=refusal.code in (404, 409))
        except Exception as failure:
            log.exception("%s failed on %s", self.component, key)
            self._retry(key, failure, quiet=True)
        else:
            self._failures.pop(key, None)

    def _retry(self, key: Key, failure: Exception, *, quiet: bool) -> None:
        tries = self._failures[key] = self._failures.get(key, 0) + 1
        if not quiet and tries in (1, 10):
            log.warning("%s cannot reconcile %s: %s", self.component, key, failure)
        self.queue.add_after(key, min(_LAST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2**tries))
