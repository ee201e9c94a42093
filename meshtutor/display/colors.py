"""The one palette: Okabe and Ito's eight colours, which people with any colour vision can tell apart.

Source: M. Okabe, K. Ito, "Color Universal Design" (2008), https://jfly.uni-koeln.de/color/. Their yellow is
left out (unreadable on white) and black becomes grey, so that every colour works in light and in dark themes.
A version keeps its colour everywhere: v1 is blue, v2 orange, v3 green, as long as the study lasts.
"""

from __future__ import annotations

import re
from typing import Final

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
PURPLE: Final = "#CC79A7"
SKY: Final = "#56B4E9"
VERMILION: Final = "#D55E00"
GREY: Final = "#808080"
CYCLE: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY)
GOOD: Final = GREEN
BAD: Final = VERMILION
_VERSION = re.compile(r"v(\d+)$")


def color_of(name: str) -> str:
    """The colour of a version, a service or any other name; the same name always has the same colour."""
    if found := _VERSION.search(name):
        return CYCLE[(int(found[1]) - 1) % len(CYCLE)]
    if name in ("", "none", "unknown"):
        return GREY
    if re.fullmatch(r"[45]\d\d|error", name):
        return BAD
    if re.fullmatch(r"[23]\d\d", name):
        return GOOD
    return CYCLE[sum(name.encode()) % len(CYCLE)]


def translucent(color: str, alpha: float) -> str:
    """A `#rrggbb` colour as `rgba(...)`, for bands and fills."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
