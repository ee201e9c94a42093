"""What may fail by chance: a check refuses a right answer at most once in a thousand times (FALSE_ALARM).

A run of all tests makes dozens of such checks, so one that fails is made once more; both fail by chance at most once in
a million. That it was needed is a warning in pytest's summary, and `python -m tests.repeats` counts how often it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def unless_twice_wrong(ask: Callable[[], Answer], right: Callable[[Answer], bool]) -> Answer:
    """What `ask` returns, or, where that is not `right`, what it returns when asked again."""
    answer = ask()
    if right(answer):
        return answer
    warnings.warn(f"refused once, by chance or not: {answer!r}", stacklevel=2)
    return ask()
