"""What nobody can see stands still: a notebook behind another one, a widget scrolled away; and it comes back."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.browser.conftest import drawn, shoot

# the kernel tells what its widget does: how often it has asked Prometheus, how many requests it has sent
WIDGET = """\
import json, os, pathlib, threading, time
dashboard = mt.widgets.Dashboard(mesh)
def tell():
    while True:
        load = dashboard._live.load
        told = {"asked": dashboard.model.drawn, "sent": load.sent if load else 0}
        pathlib.Path("told.new").write_text(json.dumps(told))
        os.replace("told.new", "told.json")
        time.sleep(0.2)
threading.Thread(target=tell, daemon=True).start()
dashboard"""
BELOW = 'print("\\n" * 120)', 'print("the", "end")'
QUIET_SECONDS = 7.0  # two beats, three questions


class Told:
    """What the kernel says."""

    def __init__(self, file: Path, page) -> None:
        self._file, self._page = file, page

    def now(self) -> dict[str, int]:
        return json.loads(self._file.read_text())

    def grows(self, *names: str) -> None:
        """Wait until each of these has grown."""
        before = self.now()
        self._until(lambda: all(self.now()[name] > before[name] for name in names), f"{names} grow")

    def stands(self, *names: str) -> None:
        """Wait until none of these has grown for a while."""
        seen, since = None, time.monotonic()

        def still() -> bool:
            nonlocal seen, since
            if (found := [self.now()[name] for name in names]) != seen:
                seen, since = found, time.monotonic()
            return time.monotonic() - since > QUIET_SECONDS

        self._until(still, f"{names} stand still")

    def _until(self, condition, what: str) -> None:
        deadline = time.monotonic() + 45
        while not condition():
            assert time.monotonic() < deadline, f"{what}: {self.now()}"
            self._page.wait_for_timeout(100)


@pytest.fixture
def told(opened, jupyter, page) -> Told:
    opened("out-of-sight", WIDGET, *BELOW)
    page.get_by_role("button", name="Send traffic").click()
    drawn(page)
    found = Told(jupyter.folder / "notebooks" / "told.json", page)
    found.grows("asked", "sent")
    return found


@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_behind_another_notebook_a_widget_stops_and_in_front_again_it_goes_on(told, page, theme):
    page.locator(".jp-DirListing-item", has_text="00_start_here.ipynb").dblclick()
    page.locator(".lm-mod-hidden button", has_text="Stop traffic").wait_for(state="attached")
    told.stands("asked", "sent")
    shoot(page, "behind another notebook")
    page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text="out-of-sight").click()
    told.grows("asked", "sent")
    page.get_by_role("button", name="Stop traffic").wait_for()


@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_scrolled_away_a_widget_no_longer_asks_but_what_was_started_goes_on(told, page, theme):
    page.get_by_text("the end", exact=True).scroll_into_view_if_needed()
    told.stands("asked")
    told.grows("sent")
    page.get_by_role("button", name="Stop traffic").scroll_into_view_if_needed()
    told.grows("asked", "sent")
