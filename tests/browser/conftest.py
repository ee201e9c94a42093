"""A real browser (Debian's Chromium, driven by playwright) on a real JupyterLab with its token."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from meshtutor.config import study

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
CONNECT = "import meshtutor as mt\nmesh = mt.connect()\nmesh.reset()"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync"]  # fmt: skip


@dataclass(frozen=True)
class Jupyter:
    """A running JupyterLab: its address, its token, and the folder it serves."""

    url: str
    token: str
    folder: Path

    def notebook(self, name: str) -> str:
        return f"{self.url}/lab/tree/notebooks/{name}?token={self.token}&reset"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def jupyter(lab: dict, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """JupyterLab on a copy of the notebooks, with settings of its own."""
    del lab  # the notebooks find it by its name
    folder = tmp_path_factory.mktemp("study")
    for part in ("notebooks", "manifests"):
        shutil.copytree(study() / part, folder / part)
    port, token = _free_port(), secrets.token_hex(16)
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": str(study() / "meshtutor" / "_jupyter"),
                   "JUPYTER_CONFIG_DIR": str(folder / ".config"), "JUPYTER_DATA_DIR": str(folder / ".data"),
                   "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings"),
                   "JUPYTERLAB_WORKSPACES_DIR": str(folder / ".workspaces")}  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.root_dir={folder}", f"--port={port}",
               "--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={token}", "--allow-root"]  # fmt: skip
    log = (folder / "jupyter.log").open("wb")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    server = Jupyter(f"http://127.0.0.1:{port}", token, folder)
    try:
        _wait(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _wait(server: Jupyter, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, (server.folder / "jupyter.log").read_text()
        try:
            urllib.request.urlopen(f"{server.url}/api/status?token={server.token}", timeout=2)
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("JupyterLab did not answer within 60 s")


@pytest.fixture(scope="package")
def browser():
    """Headless Chromium. Ends with this folder: playwright's event loop would be in the way of asyncio's tests."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH (Debian: apt install chromium)")
    playwright = pytest.importorskip("playwright.sync_api").sync_playwright().start()
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
    yield chromium
    chromium.close()
    playwright.stop()


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest, jupyter: Jupyter) -> str:
    """JupyterLab's theme, written into its settings before the page is opened."""
    settings = (
        jupyter.folder / ".settings" / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
    )
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps({"theme": f"JupyterLab {request.param.capitalize()}"}))
    return str(request.param)


@pytest.fixture
def page(browser):
    """A tab of 1280 x 900; what the page logs as an error is kept for the failure."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    yield tab
    context.close()


def screenshots() -> Path | None:
    """Where to keep pictures for a person to look at: MESHTUTOR_SCREENSHOTS, else nowhere."""
    named = os.environ.get("MESHTUTOR_SCREENSHOTS")
    if named is None:
        return None
    Path(named).mkdir(parents=True, exist_ok=True)
    return Path(named)


def shoot(page, name: str) -> None:
    """Keep a picture of the page if someone asked for pictures."""
    if folder := screenshots():
        page.screenshot(path=folder / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}.png")


@pytest.fixture
def opened(jupyter, page, theme):
    """Open a notebook of these cells, run them all, and return the tab when the last one is done."""

    def run(name: str, *cells: str):
        sources = [nbformat.v4.new_code_cell(source) for source in (CONNECT, *cells)]
        file = f"{name}-{theme}.ipynb"
        written = nbformat.v4.new_notebook(cells=sources, metadata={"kernelspec": KERNEL})
        nbformat.write(written, jupyter.folder / "notebooks" / file)
        page.goto(jupyter.notebook(file))
        page.locator(".jp-Notebook").wait_for()
        page.get_by_text("| Idle").wait_for()  # before that, "Run All Cells" does nothing
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        return page

    return run


def drawn(page, timeout: float = 60_000) -> None:
    """Wait until plotly has drawn a figure; its element is there before, and has no data yet."""
    page.wait_for_function("() => document.querySelector('.js-plotly-plot')?.data?.length", timeout=timeout)


def boxes(page, *selectors: str):
    """The bounding boxes of all visible elements, by selector and number."""
    found = {}
    for selector in selectors:
        for i, element in enumerate(page.locator(selector).all()):
            if element.is_visible() and (box := element.bounding_box()):
                found[f"{selector} {i}"] = box
    return found


def assert_apart(found) -> None:
    """No two boxes overlap by more than a pixel, and none leaves the window on the right."""
    items = list(found.items())
    for i, (name, a) in enumerate(items):
        assert a["x"] + a["width"] <= 1281, f"{name} leaves the window"
        for other, b in items[i + 1 :]:
            wide = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
            high = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
            assert wide <= 1 or high <= 1, f"{name} overlaps {other}"
