"""Formulas against values computed elsewhere: R 4 (binom.test, prop.test) and SciPy, as quoted beside each."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb

import pytest

from meshtutor.traffic.statistics import binomial_test, requests_needed, wilson_interval


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [  # Brown, Cai, DasGupta (2001), and R: prop.test(k, n, correct=FALSE)$conf.int
        (0, 10, 0.0, 0.2775328),
        (10, 10, 0.7224672, 1.0),
        (30, 100, 0.2189489, 0.3958485),
        (5, 10, 0.2365931, 0.7634069),
    ],
)
def test_wilson_interval_is_the_one_of_the_literature(count, n, low, high):
    assert wilson_interval(count, n) == pytest.approx((low, high), abs=1e-6)


def test_nothing_counted_excludes_nothing():
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("count", "n", "share", "p"),
    [  # R: binom.test(k, n, p)$p.value
        (682, 925, 0.75, 0.3824916),  # Conover (1971), p. 97f: the example in R's own documentation
        (0, 10, 0.5, 0.001953125),
        (5, 10, 0.5, 1.0),
    ],
)
def test_binomial_test_is_the_one_of_r(count, n, share, p):
    assert binomial_test(count, n, share) == pytest.approx(p, abs=1e-6)


@pytest.mark.parametrize(
    ("count", "n", "tenths"), [(7, 20, 3), (0, 30, 1), (19, 20, 7), (3, 100, 1), (50, 100, 4)]
)
def test_binomial_test_agrees_with_exact_fractions(count, n, tenths):
    share = Fraction(tenths, 10)
    chances = [comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    exact = sum(chance for chance in chances if chance <= chances[count])
    assert binomial_test(count, n, float(share)) == pytest.approx(float(exact), rel=1e-9)


def test_what_cannot_happen_has_no_chance():
    assert binomial_test(1, 100, 0.0) == 0.0
    assert binomial_test(0, 100, 0.0) == 1.0
    assert binomial_test(99, 100, 1.0) == 0.0


def test_the_test_alarms_no_more_often_than_it_says():
    chance = random.Random(7)
    alarms = sum(
        binomial_test(sum(chance.random() < 0.3 for _ in range(50)), 50, 0.3) < 0.05 for _ in range(2000)
    )
    assert alarms <= 2000 * 0.05  # exact tests are conservative: at most the stated rate


@pytest.mark.parametrize(("share", "other", "n"), [(0.1, 0.2, 291), (0.5, 0.6, 590), (0.1, 0.15, 1027)])
def test_requests_needed_to_tell_two_shares_apart(share, other, n):
    assert requests_needed(share, other) == pytest.approx(n, abs=3)


def test_equal_shares_can_never_be_told_apart():
    with pytest.raises(ValueError, match="equal shares"):
        requests_needed(0.3, 0.3)
