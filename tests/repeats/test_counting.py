"""The arithmetic of the repeats: exact bounds, and rounds rather than checks for the whole set."""

from __future__ import annotations

import pytest

from tests.repeats.counting import Count, table, upper_bound, whole_sets


def counted(name: str, *refused: bool) -> Count:
    count = Count(name)
    for one in refused:
        count.add(one, 2.0)
    return count


@pytest.mark.parametrize("n", [1, 10, 200, 5000])
def test_after_no_refusal_the_bound_is_the_rate_that_passes_n_checks_once_in_twenty(n):
    assert (1 - upper_bound(0, n)) ** n == pytest.approx(0.05)


@pytest.mark.parametrize(("count", "n", "bound"), [(1, 10, 0.3942), (3, 200, 0.0383), (9, 10, 0.9949)])
def test_the_bound_is_that_of_the_published_tables(count, n, bound):
    assert upper_bound(count, n) == pytest.approx(bound, abs=1e-4)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_where_nothing_passed_any_rate_is_possible(n):
    assert upper_bound(n, n) == 1.0


@pytest.mark.parametrize(("count", "n"), [(-1, 3), (4, 3)])
def test_more_refusals_than_checks_are_refused(count, n):
    with pytest.raises(ValueError, match=r"within 0\.\.3"):
        upper_bound(count, n)


def test_two_refusals_in_one_round_are_one_set_and_an_unfinished_round_is_none():
    counts = [counted("5.1", False, True, False, True), counted("6.1", False, True, False)]
    assert whole_sets(counts) == (1, 3)


def test_the_table_has_a_row_per_exercise_and_the_whole_set_last():
    head, first, last = table([counted("5.1", False, True)])
    assert head[0] == "exercise"
    assert first == ("5.1", "2", "1", "97.47%", "2.0 s")
    assert last[:3] == ("whole set", "2", "1")
    assert table([Count("5.1")])[1] == ("5.1", "0", "0", "100.00%", "-")
