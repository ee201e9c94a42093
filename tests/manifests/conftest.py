"""The study's application, started as pods start it: one process a service, on loopback addresses of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from meshtutor.config import study

PROGRAM = study() / "manifests" / "bookinfo" / "app" / "app.py"
BLOCK = "127.211.7"


@dataclass
class App:
    """A running service."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str, **more) -> requests.Response:
        return requests.get(self.url + path, timeout=10, **more)

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def stop(self) -> float:
        """SIGTERM; the seconds until it ended."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        return time.monotonic() - began


Start = Callable[..., App]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a service: `start("reviews", "v3", RATINGS_URL=...)`."""
    running: list[App] = []

    def begin(service: str, version: str = "v1", **environment: str) -> App:
        address = f"{BLOCK}.{10 + len(running)}"
        known = {
            "SERVICE": service,
            "VERSION": version,
            "BIND_ADDRESS": address,
            "HOSTNAME": f"{service}-{version}-pod",
        }
        log = tmp_path / f"{service}-{len(running)}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM)],
                stdout=sink,
                stderr=sink,
                env={**_clean(), **known, **environment},
            )
        app = App(f"http://{address}:9080", process, log)
        running.append(app)
        _wait_until_listening(address, process)
        return app

    yield begin
    for app in running:
        app.process.kill()
        app.process.wait()


@pytest.fixture
def shop(start: Start) -> dict[str, App]:
    """productpage, details, reviews v3, ratings: wired directly, without a mesh."""
    ratings = start("ratings")
    reviews = start("reviews", "v3", RATINGS_URL=ratings.url)
    details = start("details")
    page = start("productpage", DETAILS_URL=details.url, REVIEWS_URL=reviews.url, RATINGS_URL=ratings.url)
    return {"ratings": ratings, "reviews": reviews, "details": details, "productpage": page}


def _clean() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}


def _wait_until_listening(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((address, 9080)) == 0:
                return
        time.sleep(0.01)
    raise AssertionError(f"the application does not listen on {address}:9080")
