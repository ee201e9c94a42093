"""One palette, the same everywhere, readable in both themes."""

from __future__ import annotations

import itertools

import pytest

from meshtutor.display.colors import CYCLE, DASHES, GREY, SERVICES, color_of, look_of, looks, translucent


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


def test_a_version_beyond_the_palette_has_the_colour_of_another_one_and_a_dash_of_its_own():
    assert [look_of(f"v{n}").color for n in range(1, 6)] == list(CYCLE)
    assert color_of("reviews-v7") == color_of("v2")
    assert look_of("reviews-v7").dash != look_of("v2").dash
    assert look_of("reviews-v7").symbol != look_of("v2").symbol
    assert len({look_of(f"v{n}") for n in range(1, 21)}) == 20


@pytest.mark.parametrize("name", ["dev2", "archiv1", "v2beta1", "v"])
def test_a_name_that_only_ends_like_a_version_is_none(name):
    assert look_of(name).dash != "solid"


def test_the_studys_services_look_different_from_each_other_with_a_namespace_and_without():
    assert len(set(SERVICES.values())) == len(SERVICES)
    for name, look in SERVICES.items():
        assert look_of(f"{name}.default") == look_of(f"{name}:9080") == look


def test_in_one_picture_a_name_keeps_its_colour_whatever_stands_beside_it():
    names = [*SERVICES, *(f"shop-{letter}" for letter in "abcdefgh"), "reviews-v2", "ratings-v2"]
    everything = looks(names)
    for name in names:
        assert looks([name])[name] == look_of(name)
        assert everything[name].color == color_of(name)
    assert {name: everything[name] for name in SERVICES} == SERVICES


def test_in_one_picture_no_two_look_alike_as_long_as_there_are_dashes():
    alike = [f"{app}-v2" for app in ("details", "ratings", "reviews", "shop")]
    found = looks(alike)
    assert len(set(found.values())) == len(alike) == len(DASHES)
    assert {look.color for look in found.values()} == {color_of("v2")}
    assert looks([*alike, "zoo-v2"])["zoo-v2"] == look_of("v2"), "beyond that it is at least the right colour"


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
