"""Remember what was built for as long as what it was built from is the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Memo:
    """One value per slot, kept while the slot's inputs are equal.

    Inputs are compared with `==` after identity; the values of this package (hosts, rules, resources) compare by
    identity, so a comparison costs nanoseconds. A slot (a name and a scope) holds one value, hence memory does not
    grow with the number of changes.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[tuple[Any, ...], Any]] = {}
        self.built = 0

    def get(self, slot: Hashable, inputs: tuple[Any, ...], build: Callable[[], T]) -> T:
        """The slot's value, built anew if an input differs from last time."""
        kept = self._entries.get(slot)
        if kept is not None and kept[0] == inputs:
            value: T = kept[1]
            return value
        self.built += 1
        value = build()
        self._entries[slot] = (inputs, value)
        return value

    def forget(self, unwanted: Callable[[Any], bool]) -> None:
        """Drop the slots for which `unwanted(slot)` holds, such as those of a scope that has no proxy any more."""
        for slot in [slot for slot in self._entries if unwanted(slot)]:
            del self._entries[slot]
