"""Weights that always sum to 100: what linked sliders do to each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from meshtutor.errors import MeshtutorError

TOTAL = 100
Weights = dict[str, int]


def even(names: Iterable[str]) -> Weights:
    """As equal as whole percents allow: 34, 33, 33."""
    return spread(dict.fromkeys(names, 1.0))


def checked(weights: Mapping[str, float], names: Iterable[str]) -> Weights:
    """The weights, 0 for each name left out; MeshtutorError if a name is unknown or the sum is not 100."""
    known = list(names)
    example = ", ".join(f'"{name}": {weight}' for name, weight in even(known).items())
    if unknown := sorted(set(weights) - set(known)):
        raise MeshtutorError(
            f"There is no subset {unknown[0]!r}; there are {', '.join(known)}.",
            f"Expected for example {{{example}}}",
        )
    whole = {name: weights.get(name, 0) for name in known}
    if any(weight != int(weight) or not 0 <= weight <= TOTAL for weight in whole.values()):
        raise MeshtutorError(
            f"Weights are whole numbers from 0 to 100, got {dict(weights)}.", f"For example {{{example}}}"
        )
    if sum(whole.values()) != TOTAL:
        raise MeshtutorError(
            f"The weights sum to {sum(whole.values()):g}, not to 100: {dict(weights)}.",
            f"For example {{{example}}}",
        )
    return {name: int(weight) for name, weight in whole.items()}


def moved(weights: Mapping[str, int], name: str, value: int) -> Weights:
    """One weight set to `value`; the others share the rest in the proportion they had (evenly if none had any)."""
    value = max(0, min(TOTAL, value))
    others = {other: float(weight) for other, weight in weights.items() if other != name}
    if not others:
        return {name: TOTAL}
    if not any(others.values()):
        others = dict.fromkeys(others, 1.0)
    shared = spread(others, TOTAL - value)
    return {each: value if each == name else shared[each] for each in weights}


def spread(proportions: Mapping[str, float], total: int = TOTAL) -> Weights:
    """Whole numbers that sum to `total`, nearest to the proportions (largest remainders, ties by order)."""
    if not proportions:
        return {}
    whole = sum(proportions.values())
    exact = {name: total * part / whole for name, part in proportions.items()}
    rounded = {name: int(share) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: rounded[name] - exact[name])
    for name in by_remainder[: total - sum(rounded.values())]:
        rounded[name] += 1
    return rounded
