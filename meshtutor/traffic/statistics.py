"""The statistics of shares, exact where that is affordable: no requests are wasted on a rule of thumb.

Sources: Wilson (1927) for the interval; the two-sided exact binomial test by the method of small p-values, as
R's `binom.test` and SciPy's `binomtest` have it; the normal approximation for planning a sample size (Fleiss,
Statistical Methods for Rates and Proportions, ch. 4). Written here because SciPy would be 100 MB for three
formulas.
"""

from __future__ import annotations

from math import ceil, comb, exp, lgamma, log, log1p, sqrt
from statistics import NormalDist

_NORMAL = NormalDist()
_TIES = 1e-7  # relative slack, so that outcomes of equal probability count as equal despite rounding


def wilson_interval(count: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The shares (0..1) that `count` of `n` is compatible with; (0, 1) when nothing was counted."""
    if n == 0:
        return 0.0, 1.0
    z = _NORMAL.inv_cdf(0.5 + confidence / 2)
    share, z2 = count / n, z * z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == n else min(1.0, centre + half)
    return low, high


def binomial_test(count: int, n: int, expected: float) -> float:
    """The two-sided p-value: the chance of an outcome no likelier than `count` of `n`, given `expected`."""
    if not 0 <= count <= n:
        raise ValueError(f"count must be within 0..{n}, got {count}")
    if expected <= 0.0 or expected >= 1.0:
        return 1.0 if count == (n if expected >= 1.0 else 0) else 0.0
    seen = _log_probability(count, n, expected) + log1p(_TIES)
    as_unlikely = (lp for k in range(n + 1) if (lp := _log_probability(k, n, expected)) <= seen)
    return min(1.0, sum(map(exp, as_unlikely)))


def same_share_test(count: int, n: int, other_count: int, other_n: int) -> float:
    """The p-value of "both samples have the same share" (Fisher's exact test, two-sided); 1.0 without a sample."""
    whole, hits = n + other_n, count + other_count
    possible = range(max(0, hits - other_n), min(n, hits) + 1)
    ways = {k: comb(n, k) * comb(other_n, hits - k) for k in possible}
    rare = sum(way for way in ways.values() if way <= ways[count])
    return float(rare / comb(whole, hits))


def _log_probability(k: int, n: int, p: float) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p)


def requests_needed(share: float, other: float, false_alarm: float = 0.01, power: float = 0.99) -> int:
    """How many requests tell a share from another (both 0..1), wrong in at most `false_alarm` of the cases.

    `power` is the chance to notice the difference if it is there. 90/10 against 80/20 takes 291.
    """
    if share == other:
        raise ValueError("equal shares cannot be told apart by any number of requests")
    if not (0 <= share <= 1 and 0 <= other <= 1):
        raise ValueError(f"shares are within 0..1, got {share} and {other}")
    alarm, miss = _NORMAL.inv_cdf(1 - false_alarm / 2), _NORMAL.inv_cdf(power)
    spread = alarm * sqrt(share * (1 - share)) + miss * sqrt(other * (1 - other))
    return max(1, ceil((spread / (share - other)) ** 2))
