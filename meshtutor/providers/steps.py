"""Work in steps, each of which knows whether it is done: so that a failed `up` goes on where it stopped.

A step never repeats what is there, says in the words of kubectl and istioctl what it does, and is small enough that
its name explains a failure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from meshtutor.errors import Interrupted, MeshtutorError
from meshtutor.providers.tools import Command

Said = Callable[[dict[str, Any]], None]
Explain = Callable[[MeshtutorError], MeshtutorError]


class Step(Protocol):
    """One part of the work."""

    @property
    def name(self) -> str:
        """What will be there afterwards, in a few words."""
        ...

    def commands(self) -> Sequence[Command]:
        """What a person would type to do it by hand."""
        ...

    def is_done(self) -> bool:
        """Whether there is nothing to do; looks at the world, not at a memory of it."""
        ...

    def run(self) -> None:
        """Do it; a MeshtutorError says what stands in the way."""
        ...


def run_all(
    steps: Sequence[Step],
    said: Said,
    resume: str,
    explain: Explain = lambda error: error,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Do what is not done yet, in order.

    `said` hears each step as {"part", "seconds", "done_before"}. A failure is put in words by `explain`, names the
    step, and `resume` says how to go on from there; so does Ctrl-C (Interrupted).
    """
    for number, step in enumerate(steps, 1):
        began = clock()
        said({"starting": step.name, "step": number, "total": len(steps)})
        try:
            done_before = step.is_done()
            if not done_before:
                step.run()
        except MeshtutorError as error:
            raise stopped(explain(error), step, resume) from error
        except KeyboardInterrupt as stop:
            raise Interrupted(f"Interrupted at: {step.name}, which may be half done.", resume) from stop
        said({"part": step.name, "seconds": clock() - began, "done_before": done_before})


def stopped(error: MeshtutorError, step: Step, resume: str) -> MeshtutorError:
    """The same error, with the step that it stopped and how to go on."""
    hint = "\n    ".join(part for part in (error.hint, resume) if part)
    raised = type(error).__new__(type(error))
    raised.__dict__.update(error.__dict__)
    MeshtutorError.__init__(raised, f"{step.name}: {error.message}", hint)
    return raised


def plan(steps: Sequence[Step]) -> list[tuple[str, list[str]]]:
    """For `--dry-run`: each step's name, and its commands as a person would type them."""
    return [(step.name, [str(command) for command in step.commands()]) for step in steps]
