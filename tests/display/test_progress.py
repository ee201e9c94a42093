"""Progress: quiet at first, in place, gone at the end, silent where nobody watches."""

from __future__ import annotations

import itertools

import pytest

from meshtutor.display import surroundings, text
from meshtutor.display.progress import Progress


@pytest.fixture
def terminal(monkeypatch, capsys):
    """A person watches stderr; what they see so far."""
    monkeypatch.setattr(surroundings, "in_terminal", lambda: True)
    return lambda: capsys.readouterr().err


def ticking(step: float):
    ticks = itertools.count(0.0, step)
    return lambda: next(ticks)


def test_a_terminal_shows_one_line_and_ends_clean(terminal):
    with Progress("Sending", ticking(1.0)) as progress:
        progress(5, 10)
        progress(10, 10, "reviews-v1")
    shown = terminal()
    assert "Sending ████████████" in shown
    assert "5 of 10" in shown
    assert "waiting for reviews-v1" in shown
    assert shown.endswith("\r\033[K")
    assert "\n" not in shown


def test_quick_work_shows_nothing(terminal):
    with Progress("Sending", ticking(0.01)) as progress:
        for done in range(20):
            progress(done, 20)
    assert terminal() == ""


def test_where_nobody_watches_it_is_silent(capsys):
    with Progress("Sending", ticking(1.0)) as progress:
        progress(5, 10)
    assert capsys.readouterr() == ("", "")


def test_a_notebook_gets_one_output_that_is_updated_and_emptied(monkeypatch):
    shown: list[str] = []

    class Handle:
        def update(self, content) -> None:
            shown.append(content.data)

    def display(content, display_id):
        shown.append(content.data)
        return Handle()

    monkeypatch.setattr(surroundings, "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", display)
    with Progress("Resetting", ticking(1.0)) as progress:
        progress(1, 7, "<reviews>")
        progress(2, 7)
    assert "1 of 7" in shown[0]
    assert "&lt;reviews&gt;" in shown[0]
    assert shown[-1] == ""


@pytest.mark.parametrize(
    ("share", "drawn"), [(0, ""), (1, "█" * 8), (0.5, "████"), (1 / 16, "▌"), (7, "█" * 8)]
)
def test_bars_are_exact_to_an_eighth(share, drawn):
    assert text.bar(share, 8) == drawn


@pytest.mark.parametrize(
    ("value", "shown"), [(0.854, "0.85 ms"), (12.34, "12.3 ms"), (123.4, "123 ms"), (1234, "1.23 s")]
)
def test_milliseconds_have_three_digits(value, shown):
    assert text.milliseconds(value) == shown
