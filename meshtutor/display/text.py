"""Plain text for terminals, logs and headless runs: aligned columns and bars of block characters."""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[object]], *, indent: str = "  ", right: Sequence[int] = ()) -> str:
    """Rows as aligned columns; columns whose index is in `right` are aligned to the right."""
    cells = [[str(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(
            v.rjust(w) if i in right else v.ljust(w) for i, (v, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )
    return "\n".join((indent + line).rstrip() for line in lines)


def bar(share: float, width: int = 24) -> str:
    """A bar of at most `width` characters, exact to an eighth of one; `share` is 0..1."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    partial = " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    return "█" * (eighths // 8) + partial


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 proxy`, `3 proxies`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def milliseconds(value: float) -> str:
    """A duration in ms with three significant digits at most: `0.85 ms`, `12.3 ms`, `1.20 s`."""
    if value >= 1000:
        return f"{value / 1000:.2f} s"
    return f"{value:.2f} ms" if value < 10 else f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"
