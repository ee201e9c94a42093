"""The model of a traffic split: weights in, rules applied, answers kept. It knows no widget and no HTTP.

`weights` is what the mesh has; setting it applies the rule and returns when every proxy has answered. `draft`
is what a slider being dragged says; `settle()` makes it the weights.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from traitlets import Bool, Dict, Float, HasTraits, Int, Tuple, Unicode, observe, validate

from meshtutor.display.yaml import changed_lines
from meshtutor.errors import MeshtutorError
from meshtutor.mesh.changes import Applied
from meshtutor.widgets.split_rules import Rules
from meshtutor.widgets.weights import checked, even, moved

Apply = Callable[[list[dict[str, Any]]], Applied]


class SplitModel(HasTraits):  # type: ignore[misc]  # traitlets has no types
    """Weights per subset of one service.

    `message` is a sentence on the last change (what went wrong, or how many proxies acknowledged it),
    `tone` is good, bad or plain, `milliseconds` the time until the last proxy's answer, `changed_at` when
    that was (epoch seconds).
    """

    weights = Dict()
    draft = Dict()
    yaml = Unicode()
    changed = Tuple()
    message = Unicode()
    tone = Unicode("plain")
    milliseconds = Float()
    proxies = Int()
    changed_at = Float()
    busy = Bool(default_value=False)

    def __init__(self, rules: Rules, apply: Apply, clock: Callable[[], float] = time.time) -> None:
        self._rules = rules
        self._apply = apply
        self._clock = clock
        self._lock = threading.RLock()
        self._applying = False
        self._settling = False
        self._applied_yaml = ""
        super().__init__()
        current = rules.weights()
        draft = current or even(rules.subsets)
        self._applied_yaml = rules.yaml(draft)  # what stands there at first is not marked as a change
        self.draft = draft
        if current:
            self._adopt(current)

    @property
    def subsets(self) -> tuple[str, ...]:
        """The subsets' names, in the order of the sliders."""
        return self._rules.subsets

    @property
    def ruled(self) -> bool:
        """Whether a rule is in force; without one Kubernetes spreads requests evenly over the pods."""
        return bool(self.weights)

    def drag(self, name: str, value: int) -> None:
        """Move one weight of the draft; the others make room."""
        self.draft = moved(self.draft, name, value)

    def settle(self) -> bool:
        """Apply the draft; False if it failed, then `message` says why. A draft that moves on meanwhile stays."""
        self._settling = True
        try:
            self.weights = self.draft
        except MeshtutorError as error:
            self._report(str(error), "bad")
            return False
        finally:
            self._settling = False
        return True

    def forget(self, weights: dict[str, int]) -> None:
        """Other rules are in force now: their weights, or none."""
        self._start(weights)
        self._report("", "plain")

    @validate("weights")  # type: ignore[untyped-decorator]
    def _check(self, proposal: Mapping[str, Any]) -> dict[str, int]:
        return checked(proposal["value"], self.subsets) if proposal["value"] else {}

    @observe("weights")  # type: ignore[untyped-decorator]
    def _weights_changed(self, change: Mapping[str, Any]) -> None:
        if self._applying or not change["new"]:
            return
        with self._lock:
            try:
                applied = self._put(change["new"])
            except BaseException:
                # traitlets' old value is a sentinel the first time
                self._adopt(change["old"] if isinstance(change["old"], dict) else {})
                raise
            self._tell(applied)

    @observe("draft")  # type: ignore[untyped-decorator]
    def _draft_changed(self, change: Mapping[str, Any]) -> None:
        self.yaml = self._rules.yaml(change["new"])
        self.changed = tuple(sorted(changed_lines(self._applied_yaml, self.yaml)))

    def _start(self, current: dict[str, int]) -> None:
        """Begin with the weights in force, or with none and an even draft."""
        self._adopt(current)
        self._applied_yaml = self._rules.yaml(current or even(self.subsets))
        self.draft = current or even(self.subsets)

    def _put(self, weights: dict[str, int]) -> Applied:
        self.busy = True
        try:
            return self._apply(self._rules.objects(weights))
        finally:
            self.busy = False

    def _adopt(self, weights: dict[str, int]) -> None:
        """Take weights over without applying them: they are what the mesh has already."""
        self._applying = True
        try:
            self.weights = weights
        finally:
            self._applying = False

    def _tell(self, applied: Applied) -> None:
        if not self._settling:
            self.draft = self.weights
        self._applied_yaml = self._rules.yaml(self.weights)
        self.proxies, self.milliseconds = len(applied.distribution.proxies), applied.milliseconds
        self.changed_at = self._clock()
        sentence, tone = applied.verdict()
        texts = [f"{proxy.proxy}: {proxy.error}" for proxy in applied.nacks]
        self._report("\n".join([sentence, *texts, *applied.warnings]), tone)

    def _report(self, message: str, tone: str) -> None:
        self.tone, self.message = tone, message
