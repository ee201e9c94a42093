"""The part that models of a rule share: a draft that a form edits, the rule in force, and what the proxies said.

A subclass says how a value (a match, a fault) is written as objects, and what follows once it is in force.
"""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from traitlets import Bool, Dict, Float, HasTraits, Tuple, Unicode, observe, validate

from meshtutor.display.yaml import changed_lines, dump
from meshtutor.errors import MeshtutorError
from meshtutor.mesh.changes import Applied

Object = dict[str, Any]
Value = dict[str, Any]
Apply = Callable[[list[Object]], Applied]


class RuleModel(HasTraits):  # type: ignore[misc]  # traitlets has no types
    """A value in force and a draft of the next one; `yaml` is the draft's rule, `changed` its changed lines.

    `message` and `tone` (good, bad, plain) tell of the last change, `changed_at` is when it was in force (epoch
    seconds, 0 before the first).
    """

    draft = Dict()
    yaml = Unicode()
    changed = Tuple()
    message = Unicode()
    tone = Unicode("plain")
    busy = Bool(default_value=False)
    changed_at = Float()

    def __init__(self, apply: Apply, clock: Callable[[], float] = time.time) -> None:
        self._apply = apply
        self._clock = clock
        self._lock = threading.RLock()
        self._applied_yaml = ""
        self._value: Value = {}
        super().__init__()

    @abstractmethod
    def written(self, value: Value) -> list[Object]:
        """The objects for a value; see `shown`."""

    @abstractmethod
    def checked(self, value: Any) -> Value:
        """The value made whole; MeshtutorError if it cannot be one."""

    def shown(self, value: Value) -> str:
        """The YAML for a value that is shown: the first of its objects, which the others only help."""
        return dump(self.written(value)[0])

    def followed(self) -> str:
        """Called when the value is in force; a sentence for the message, or nothing."""
        return ""

    def use(self, value: Any) -> None:
        """Put a value in force: returns when every proxy has answered. MeshtutorError leaves everything as it was."""
        before = self.draft
        self.draft = self.checked(value)
        try:
            self._put(self.draft)
        except BaseException:
            self.draft = before
            raise

    def settle(self) -> bool:
        """Put the draft in force; False if it was refused, then `message` says why. A draft that moves on stays."""
        try:
            self._put(dict(self.draft))
        except MeshtutorError as error:
            self.tone, self.message = "bad", str(error)
            return False
        return True

    def forget(self) -> None:
        """The rule is not in force any more."""
        self._value, self._applied_yaml, self.changed_at = {}, "", 0.0
        self.tone, self.message = "plain", ""
        self._show_changes()

    @validate("draft")  # type: ignore[untyped-decorator]
    def _check(self, proposal: Mapping[str, Any]) -> Value:
        return self.checked(proposal["value"])

    @observe("draft")  # type: ignore[untyped-decorator]
    def _draft_changed(self, change: Mapping[str, Any]) -> None:
        self.yaml = self.shown(change["new"])
        self._show_changes()

    def _put(self, wanted: Value) -> None:
        with self._lock:
            self.busy = True
            try:
                applied = self._apply(self.written(wanted))
                self._value, self._applied_yaml = wanted, self.shown(wanted)
                self.changed_at = self._clock()
                said = self.followed()
            finally:
                self.busy = False
            self._tell(applied, said)

    def _show_changes(self) -> None:
        """Against what is in force; the marks stay when the draft is put in force, so that one sees what it did."""
        marks = changed_lines(self._applied_yaml, self.yaml) if self._applied_yaml else ()
        self.changed = tuple(sorted(marks))

    def _tell(self, applied: Applied, said: str) -> None:
        sentence, tone = applied.verdict()
        first = f"{said} · {sentence}" if said else sentence
        rejected = (f"{proxy.proxy}: {proxy.error}" for proxy in applied.nacks)
        self.tone, self.message = tone, "\n".join([first, *rejected, *applied.warnings])
