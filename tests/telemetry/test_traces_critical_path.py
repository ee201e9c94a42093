"""The critical path: known traces by hand, and what must hold for any trace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtutor.telemetry.spans import Span
from meshtutor.telemetry.trace import Trace
from tests.telemetry.some_traces import retried, span, trace


def path(found: Trace) -> list[tuple[str, float, float]]:
    return [(segment.span.id, segment.start, segment.end) for segment in found.critical_path]


def test_a_lonely_span_is_its_own_path():
    assert path(trace(span("a", start=2, end=7))) == [("a", 2, 7)]


def test_children_one_after_another_are_all_waited_for():
    found = trace(span("a", end=10), span("b", "a", 1, 4), span("c", "a", 5, 9))
    assert path(found) == [("a", 0, 1), ("b", 1, 4), ("a", 4, 5), ("c", 5, 9), ("a", 9, 10)]


def test_of_children_side_by_side_the_one_that_ends_last_counts():
    found = trace(span("a", end=10), span("fast", "a", 1, 5), span("slow", "a", 1, 9))
    assert path(found) == [("a", 0, 1), ("slow", 1, 9), ("a", 9, 10)]


def test_before_it_the_one_that_ended_before_it_began():
    found = trace(
        span("a", end=10), span("first", "a", 0, 3), span("beside", "a", 2, 6), span("last", "a", 4, 10)
    )
    assert path(found) == [("first", 0, 3), ("a", 3, 4), ("last", 4, 10)]


def test_a_child_that_outlasts_its_parent_counts_until_the_parent_s_end():
    found = trace(span("a", end=10), span("b", "a", 5, 20), span("c", "b", 12, 19))
    assert path(found) == [("a", 0, 5), ("b", 5, 10)]


def test_a_child_before_or_after_its_parent_is_not_waited_for():
    found = trace(span("a", start=5, end=10), span("early", "a", 0, 3), span("late", "a", 11, 12))
    assert path(found) == [("a", 5, 10)]


def test_what_only_follows_is_not_waited_for():
    found = trace(span("a", end=10), span("b", "a", 1, 10, follows=True))
    assert path(found) == [("a", 0, 10)]


def test_the_retry_and_the_injected_delay_are_what_a_slow_request_waited_for():
    waited = retried().waited_for("name")
    assert list(waited) == ["reviews", "productpage", "ratings"]
    assert waited == pytest.approx({"reviews": 59.5, "productpage": 26.0, "ratings": 6.5})
    assert retried().waited_for("version") == pytest.approx({"": 85.5, "v1": 6.5})


@st.composite
def random_trace(draw: st.DrawFn) -> Trace:
    spans: list[Span] = []
    for index in range(draw(st.integers(1, 12))):
        parent = draw(st.sampled_from(spans)).id if spans else ""
        start = draw(st.integers(0, 50))
        spans.append(
            span(
                str(index),
                parent,
                start,
                start + draw(st.integers(0, 50)),
                follows=draw(st.booleans()) and index > 0,
            )
        )
    return trace(*spans)


@given(random_trace())
def test_it_covers_the_root_without_gap_or_overlap(found: Trace):
    segments, root = found.critical_path, found.root
    edges = [root.offset, *(segment.end for segment in segments)]
    assert [segment.start for segment in segments] == edges[:-1]
    assert edges[-1] == root.end
    assert all(segment.span.offset <= segment.start < segment.end <= segment.span.end for segment in segments)
    assert sum(found.waited_for().values()) == pytest.approx(root.milliseconds)


@given(random_trace())
def test_whoever_is_on_it_was_waited_for_by_all_above(found: Trace):
    for segment in found.critical_path:
        above = segment.span
        while above is not found.root:
            assert not above.follows
            parent = found.parent(above)
            assert parent is not None
            assert parent.offset <= segment.start < segment.end <= parent.end
            above = parent


@given(random_trace())
def test_a_parent_is_on_it_only_where_no_child_that_ended_in_time_was_running_last(found: Trace):
    for segment in found.critical_path:
        for child in found.children(segment.span):
            inside = segment.start < child.end < segment.end and not child.follows
            # a child that ended inside the parent's own segment would have been waited for
            assert not (
                inside and child.milliseconds > 0 and child.end > max(child.offset, segment.span.offset)
            )
