"""The application's page, asked for from this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import requests

from meshtutor.errors import NotReadyError

_POLL_SECONDS: Final = 0.5


def wait_for(url: str, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
    """Ask until the answer is 200; NotReadyError with the last answer at the deadline."""
    deadline = clock() + timeout
    while (said := answer(url)) != "200":
        if clock() > deadline:
            raise NotReadyError(
                f"{url} does not answer 200 after {timeout:g} s but: {said}.",
                "istioctl analyze; WSL2: is localhost forwarded (wsl --shutdown, then again)?",
            )
        time.sleep(_POLL_SECONDS)


def answer(url: str) -> str:
    """The status code, or the name of what went wrong."""
    try:
        with requests.Session() as session:
            session.trust_env = False  # a company's http_proxy must not swallow a request to localhost
            return str(session.get(url, timeout=5).status_code)
    except requests.RequestException as error:
        return type(error).__name__
