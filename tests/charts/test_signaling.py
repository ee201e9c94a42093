"""The golden signals as plots."""

from __future__ import annotations

from meshtutor.charts import golden_signals, signaling
from meshtutor.display.colors import color_of
from meshtutor.mesh.happenings import Happening
from meshtutor.telemetry.signals import Board, Signals

NOW = 1000.0


def signals(name: str, rate: float = 1.0) -> Signals:
    points = dict.fromkeys(("rate", "errors", "p50", "p90", "p99", "sent"), ((NOW - 10, rate), (NOW, rate)))
    return Signals(name, points)


def board(*names: str, total: str = "") -> Board:
    return Board(tuple(map(signals, names)), signals(total) if total else None, NOW, 60.0)


def test_each_service_is_a_line_in_each_plot_and_the_number_of_traces_never_changes():
    two, none = golden_signals(board("reviews", "ratings")), golden_signals(board())
    assert len(two.data) == len(none.data) == signaling.PANELS * signaling.MOST
    drawn = [trace for trace in two.data if trace.x]
    assert sorted({trace.yaxis for trace in drawn}) == ["y", "y2", "y3", "y4"]
    assert [trace.y[0] for trace in drawn if trace.yaxis == "y2"] == [
        100.0,
        100.0,
    ]  # shares are drawn in percent


def test_of_one_service_the_versions_keep_their_colours_and_latency_is_its_own():
    lines = signaling.lines(board("reviews-v1", "reviews-v3", total="reviews"))
    colors = {line.name: line.color for line in lines if line.panel == 0}
    assert colors == {"reviews-v1": "#0072B2", "reviews-v3": "#009E73"}
    assert [line.name for line in lines if line.panel == 2] == ["reviews p50", "reviews p90", "reviews p99"]


def test_services_keep_their_look_when_another_one_has_no_traffic():
    everybody = looks_of(board("details", "productpage", "ratings", "reviews"))
    assert len(set(everybody.values())) == 4
    assert looks_of(board("productpage", "ratings", "reviews")).items() <= everybody.items()


def test_a_version_beyond_the_palette_leaves_the_others_their_colours():
    found = looks_of(board("reviews-v2", "reviews-v7", total="reviews"))
    assert found["reviews-v2"] == (color_of("v2"), "solid")
    assert found["reviews-v7"][0] == color_of("v2")
    assert found["reviews-v7"][1] != "solid"


def looks_of(found: Board) -> dict[str, tuple[str, str]]:
    """Colour and dash by name, in each plot the same."""
    drawn = {line.name: (line.color, line.dash) for line in signaling.lines(found) if line.panel == 0}
    for line in signaling.lines(found):
        assert drawn.get(line.name, (line.color, line.dash)) == (line.color, line.dash)
    return drawn


def test_the_busiest_are_drawn():
    many = Board(tuple(signals(f"s{i:02d}", rate=float(i)) for i in range(20)), None, NOW, 60.0)
    shown = [line.name for line in signaling.lines(many) if line.panel == 0]
    assert shown == [f"s{i:02d}" for i in range(12, 20)]


def test_a_change_is_marked_in_each_plot_while_it_is_in_sight():
    done = [
        Happening(NOW - 90, "created", "old"),
        Happening(NOW - 30, "created", "rule"),
        Happening(NOW - 29.5, "deleted", "rule"),
    ]
    chart = golden_signals(board("reviews"), done)
    assert len(chart.layout.shapes) == 2 * signaling.PANELS
    assert [note.text for note in chart.layout.annotations] == ["1, 2"]
    assert signaling.told(done, board("reviews")) == [
        "1: rule created, 30 s ago",
        "2: rule deleted, 30 s ago",
    ]
