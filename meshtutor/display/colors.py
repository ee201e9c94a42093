"""The one palette: Okabe and Ito's eight colours, which people with any colour vision can tell apart.

Source: M. Okabe, K. Ito, "Color Universal Design" (2008), https://jfly.uni-koeln.de/color/. Their yellow is
left out (unreadable on white) and black becomes grey, so that every colour works in light and in dark themes.

A name looks the same wherever it stands, whatever stands beside it:
- A version has its own colour: v1 is blue, v2 orange, v3 green, as long as the study lasts; `reviews-v2` is a v2.
- The study's services have theirs, no two alike.
- Any other name has one that follows from its letters, and a dash that the study's names do not have.
Five colours are soon used up: from v6 on, and for other names, the dash of a line and the shape of a dot tell two of
the same colour apart (WCAG 2.2, 1.4.1: never by colour alone). Bars have their names beside them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
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
_SYMBOLS: Final = {"solid": "circle", "dot": "diamond", "dashdot": "square", "longdash": "triangle-up"}
DASHES: Final = tuple(_SYMBOLS)
"""Plotly's names; "dash" is left to targets, which stand beside what they are compared with."""
_VERSION: Final = re.compile(r"(?:^|[-_ ])v(\d+)$")
_NOBODY: Final = ("", "none", "unknown")


@dataclass(frozen=True)
class Look:
    """How a name is drawn: a colour, and a dash for its line."""

    color: str
    dash: str = "solid"

    @property
    def symbol(self) -> str:
        """The shape of a dot, which goes with the dash."""
        return _SYMBOLS[self.dash]


SERVICES: Final = {
    "istio-ingressgateway": Look(SKY),
    "productpage": Look(BLUE),
    "details": Look(PURPLE),
    "reviews": Look(ORANGE),
    "ratings": Look(GREEN),
    "client": Look(SKY, "dot"),  # where requests come from, as through the gateway
}
"""The study's own services (manifests/), as `reviews` or with their namespace."""


def look_of(name: str) -> Look:
    """The look of a version, a service, a status or any other name; the same name always has the same look."""
    if found := _VERSION.search(name):
        return nth(int(found[1]) - 1)
    if name in _NOBODY:
        return Look(GREY)
    if re.fullmatch(r"[45]\d\d|error", name):
        return Look(BAD)
    if re.fullmatch(r"[23]\d\d", name):
        return Look(GOOD)
    if _short(name) in SERVICES:
        return SERVICES[_short(name)]
    return nth(len(CYCLE) + zlib.crc32(name.encode()) % (len(CYCLE) * (len(DASHES) - 1)))


def color_of(name: str) -> str:
    """The colour of a name."""
    return look_of(name).color


def looks(names: Iterable[str]) -> dict[str, Look]:
    """The looks of the names of one picture; of two that are alike one has the next dash, never another colour."""
    found: dict[str, Look] = {}
    for name in sorted(set(names), key=_rank):
        own = look_of(name)
        first = DASHES.index(own.dash)
        same = (Look(own.color, dash) for dash in (*DASHES[first:], *DASHES[:first]))
        found[name] = next((look for look in same if look not in found.values()), own)
    return found


def nth(index: int) -> Look:
    """The look of what has a number and no name of its own: the palette, then the palette with the next dash."""
    return Look(CYCLE[index % len(CYCLE)], DASHES[index // len(CYCLE) % len(DASHES)])


def _rank(name: str) -> tuple[bool, int, str]:
    """Who keeps its dash when two are alike: the study's services, then what is solid, then by name."""
    return _short(name) not in SERVICES, DASHES.index(look_of(name).dash), name


def _short(name: str) -> str:
    """A service's name without its namespace and port."""
    return re.split(r"[.:]", name, maxsplit=1)[0]


def translucent(color: str, alpha: float) -> str:
    """A `#rrggbb` colour as `rgba(...)`, for bands and fills."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
