"""Repeat the checks, print one table, write every refusal. `python -m tests.repeats --times 20 8.1` asks only one.

Round after round of all exercises, so that a run that is broken off (by Ctrl-C or SIGTERM) still says something about
each.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from meshtutor.display import text
from tests.repeats.counting import CONFIDENCE, Count, table, whole_sets


def main() -> None:
    os.environ["MESHTUTOR_HOME"] = tempfile.mkdtemp(prefix="meshtutor-repeats-")
    os.environ["MESHTUTOR_LAB"] = "repeats"
    from meshtutor.config import settings
    from meshtutor.exercises import BOOK
    from meshtutor.providers import embedded

    asked = _arguments()
    counts = [Count(name) for name in BOOK if not asked.names or name in asked.names]
    asked.refusals.write_text("", encoding="utf-8")
    for one in (signal.SIGINT, signal.SIGTERM):  # a shell's background job would not hear of Ctrl-C
        signal.signal(one, signal.default_int_handler)
    try:
        embedded.up(settings().lab)
        for turn in range(asked.times):
            _round(counts, asked.refusals, turn + 1)
            failed, rounds = whole_sets(counts)
            print(f"· {rounds} of {asked.times}, {failed} with a false alarm", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("· broken off", file=sys.stderr, flush=True)
    finally:
        print(text.columns(table(counts), indent="", right=(1, 2, 3, 4)))
        print(f"\nat most: with {CONFIDENCE:.0%} confidence, exact; refusals are in {asked.refusals}")
        embedded.down(settings().lab)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.repeats", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="exercises, such as 8.1; without, all")
    parser.add_argument("--times", type=int, default=200, help="rounds (default: 200)")
    parser.add_argument("--refusals", type=Path, default=Path("refusals.txt"), help="file for the refusals")
    return parser.parse_args()


def _round(counts: list[Count], refusals: Path, turn: int) -> None:
    for count in counts:
        began = time.monotonic()
        said = _refusal(count.name)
        count.add(bool(said), time.monotonic() - began)
        if said:
            with refusals.open("a", encoding="utf-8") as file:
                file.write(f"--- {count.name}, round {turn}\n{said}\n")


def _refusal(name: str) -> str:
    """What was said against the reference answer; empty if it is correct. A check that breaks off is a refusal, too."""
    import meshtutor as mt
    from meshtutor.exercises import BOOK, answers
    from meshtutor.exercises.mystery import Mystery

    exercise = BOOK[name]
    try:
        with contextlib.redirect_stdout(io.StringIO()), mt.connect():
            if isinstance(exercise, Mystery):  # a case that was left open would be taken up again
                exercise.begin()
            verdict = exercise.attempt(answers.reference(name))
    except Exception:  # hours of counting must not end with one check
        return traceback.format_exc()
    return "" if verdict else repr(verdict)


if __name__ == "__main__":
    main()
