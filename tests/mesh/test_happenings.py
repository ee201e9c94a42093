"""When rules were changed: by this notebook, and by what objects say."""

from __future__ import annotations

import time

from meshtutor.mesh.changes import Change
from meshtutor.mesh.happenings import Happenings, told_by


def rule(name: str, created: str, *changed: str, subresource: str = "") -> dict:
    fields = [{"time": stamp, **({"subresource": subresource} if subresource else {})} for stamp in changed]
    meta = {"name": name, "namespace": "default", "creationTimestamp": created, "managedFields": fields}
    return {"kind": "VirtualService", "metadata": meta}


def test_an_object_tells_when_it_was_made_and_last_changed():
    told = told_by(rule("r", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"))
    assert [(one.action, one.at) for one in told] == [("created", 1767225600.0), ("configured", 1767225900.0)]


def test_a_status_that_was_written_is_no_change_of_the_rule():
    told = told_by(rule("r", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z", subresource="status"))
    assert [one.action for one in told] == ["created"]


def test_what_was_done_here_is_told_once_and_deletions_are_remembered():
    done = Happenings()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    mine, gone = rule("mine", stamp), rule("gone", stamp)
    done.remember(
        [Change("created", mine), Change("deleted", gone), Change("unchanged", rule("same", stamp))]
    )
    told = [str(one) for one in done.with_those_of([mine, rule("theirs", "2026-01-01T00:00:00Z")])]
    assert told == [
        "VirtualService default/theirs created",
        "VirtualService default/mine created",
        "VirtualService default/gone deleted",
    ]
