"""Exercises with checks that talk back: `mt.exercises["6.1"].check()`, `.hint()`, `.solution()`.

    mt.exercises                      all of them, and where you stand
    mt.exercises["6.1"]               the task
    %%exercise 6.1                    a cell of YAML: applied to a clean mesh and checked

Belongs here: tasks as data (a file per lesson), the engine that judges them by traffic, reference answers and
recorded wrong ones (solutions/). Does not belong here: sending and counting (mesh/, traffic/), widgets. A
check is counterfactual: the traffic is measured with the learner's objects and again without them, and the
effect must vanish; so a tick says "you caused this".

This package can be subscripted: its own class is that of `Shelf` below, by the way the language offers
(https://docs.python.org/3/reference/datamodel.html#customizing-module-attribute-access).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

from meshtutor.exercises.book import BOOK
from meshtutor.exercises.exercise import Exercise

__all__ = ["BOOK", "Exercise"]


class Shelf(ModuleType):
    """A module that passes what is asked of it on to its book."""

    def __getitem__(self, name: str) -> Exercise:
        return BOOK[name]

    def __iter__(self) -> Iterator[str]:
        return iter(BOOK)

    def __len__(self) -> int:
        return len(BOOK)

    def __repr__(self) -> str:
        return repr(BOOK)

    def _repr_html_(self) -> str:
        return BOOK._repr_html_()


sys.modules[__name__].__class__ = Shelf
