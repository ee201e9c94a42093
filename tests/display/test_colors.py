"""One palette, the same everywhere, readable in both themes."""

from __future__ import annotations

import itertools

import pytest

from meshtutor.display.colors import CYCLE, GREY, color_of, translucent


def luminance(color: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_versions_keep_their_colour():
    assert [color_of(v) for v in ("v1", "v2", "v3")] == ["#0072B2", "#E69F00", "#009E73"]
    assert color_of("reviews-v2") == color_of("v2")
    assert color_of("anything") == color_of("anything")
    assert color_of("none") == GREY


@pytest.mark.parametrize("background", ["#ffffff", "#111111"])
def test_every_colour_can_be_seen_on_both_themes(background):
    """WCAG asks 3:1 of graphics; Okabe and Ito's orange and sky blue have a little over 2:1 on white."""
    assert all(contrast(color, background) > 2.0 for color in (*CYCLE, GREY))
    assert contrast(GREY, background) > 3.5


def test_no_two_colours_are_alike():
    assert len(set(CYCLE)) == len(CYCLE)
    assert all(one != other for one, other in itertools.combinations(CYCLE, 2))


def test_translucent():
    assert translucent("#0072B2", 0.2) == "rgba(0,114,178,0.2)"
