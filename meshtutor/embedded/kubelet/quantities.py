"""Kubernetes' resource quantities: `128Mi`, `1G`, `0.5`."""

from __future__ import annotations

from typing import Final

from meshtutor.errors import MeshtutorError

_FACTORS: Final = {
    "": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
    "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50,
}  # fmt: skip


def to_bytes(quantity: str | float) -> int:
    """A quantity of memory in bytes, or MeshtutorError."""
    text = str(quantity)
    number = text.rstrip("".join(set("".join(_FACTORS))))
    try:
        return int(float(number) * _FACTORS[text[len(number) :]])
    except (ValueError, KeyError):
        raise MeshtutorError(
            f"{text!r} is not a quantity", "Write bytes, or a number with Ki, Mi, Gi, k, M, G."
        ) from None
