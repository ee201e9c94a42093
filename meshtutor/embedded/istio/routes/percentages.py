"""Percentages: Istio's doubles in millionths, its older whole numbers in hundredths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from envoy.type.v3 import percent_pb2

_Fraction = percent_pb2.FractionalPercent


def of_value(percentage: Mapping[str, float]) -> Any:
    """`{value: 12.5}`; an empty object is 0."""
    return _Fraction(numerator=int(float(percentage.get("value", 0)) * 10_000), denominator=_Fraction.MILLION)


def of_integer(percent: int) -> Any:
    """The older `percent: 12`."""
    return _Fraction(numerator=percent, denominator=_Fraction.HUNDRED)
