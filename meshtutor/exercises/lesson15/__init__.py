"""Exercises of 15 Debug the mesh: patients, each built from a report in somebody's issue tracker.

    silent    the rule is there, and nothing happens
    failing   requests fail, and no application is to blame
    differing something happens, but not what is written

Belongs here: the complaint as its reporter saw it, and the questions that a sound mesh answers. What is broken lies in
../patients/, what mends it in ../solutions/. `istio#N` in a comment is the report: github.com/istio/istio/issues/N.
"""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.lesson15 import differing, failing, silent

TASKS: Final = (*silent.TASKS, *failing.TASKS, *differing.TASKS)
