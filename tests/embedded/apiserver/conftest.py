"""A registry for tests in the loop, and a server of its own thread for clients that block."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from meshtutor.embedded.apiserver.http.server import ApiServer
from meshtutor.embedded.apiserver.kubeconfig import write_kubeconfig
from meshtutor.embedded.apiserver.pki import make_pki
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.network import Block
from tests.embedded.apiserver.objects import namespace

TOKEN = "the-lab's-own-token"
BLOCK = Block(2 + os.getpid() % 18)  # labs settle from 20 on


@pytest.fixture
async def registry() -> Registry:
    made = Registry(BLOCK)
    await made.create(namespace("default"))
    return made


class Served:
    """A registry served over TLS by a thread of its own."""

    def __init__(self, directory: Path) -> None:
        self.registry = Registry(BLOCK)
        self.kubeconfig = directory / "kubeconfig"
        self._pki = make_pki(directory / "pki", [BLOCK.host])
        self.api = ApiServer(self.registry, TOKEN, self._pki)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self.api.start(BLOCK.host, 0))
        self.run(self.registry.create(namespace("default")))
        self.context = write_kubeconfig(self.kubeconfig, "test", self.api.url, self._pki.ca_pem, TOKEN)
        self.http = self.session(TOKEN)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.start(work).result(timeout=30)

    def start(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call_soon(self, work: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(work)

    def session(self, token: str) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self._pki.ca)
        session.headers["Authorization"] = f"Bearer {token}"
        return session

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """A request with JSON; header names with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, self.api.url + path, json=body, headers=named, timeout=20)

    def close(self) -> None:
        self.run(self.api.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    yield made
    made.close()


class Kubectl:
    """The real kubectl, with the test's kubeconfig and no cache but the test's."""

    def __init__(self, kubeconfig: Path, home: Path) -> None:
        self._environment = {"KUBECONFIG": str(kubeconfig), "HOME": str(home), "PATH": os.environ["PATH"]}

    def try_(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["kubectl", *arguments],
            input=stdin,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @contextmanager
    def reading(self, *arguments: str) -> Iterator[Iterator[str]]:
        """The lines of a kubectl that goes on until it is ended."""
        running = subprocess.Popen(
            ["kubectl", *arguments], env=self._environment, stdout=subprocess.PIPE, text=True
        )
        try:
            assert running.stdout is not None
            yield iter(running.stdout)
        finally:
            running.terminate()
            running.wait(10)

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        done = self.try_(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout


@pytest.fixture
def kubectl(served: Served, tmp_path: Path) -> Kubectl:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    return Kubectl(served.kubeconfig, tmp_path)
