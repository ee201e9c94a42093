"""One lab for the whole run, apart from any lab of the person who runs the tests.

`make test` sets MESHTUTOR_HOME and MESHTUTOR_LAB, so that the notebooks under nbmake use the same lab; a bare
`pytest tests` gets a home of its own. The lab ends with the run, whatever happened in it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_OWN_HOME = "MESHTUTOR_HOME" not in os.environ
if _OWN_HOME:
    os.environ["MESHTUTOR_HOME"] = tempfile.mkdtemp(prefix="meshtutor-tests-")
os.environ.setdefault("MESHTUTOR_LAB", "test")
os.environ.setdefault("MESHTUTOR_SMALL", "1")


@pytest.fixture(scope="session")
def lab() -> Iterator[dict]:
    """lab.json of a running lab."""
    from meshtutor.config import settings
    from meshtutor.providers import embedded

    provider, _ = embedded.up(settings().lab)
    return provider.lab


@pytest.fixture
def kubectl(lab: dict):
    """Run kubectl against the lab and return its output; the test is skipped where kubectl is absent."""
    import subprocess

    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not on PATH")

    def run(*args: str, check: bool = True, stdin: str | None = None) -> str:
        command = ["kubectl", "--kubeconfig", lab["kubeconfig"], *args]
        done = subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=60, check=False)
        assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    return run


def pytest_sessionfinish() -> None:
    """End every lab that this run started; nothing is left behind."""
    from meshtutor.config import settings
    from meshtutor.providers import embedded

    for name in embedded.names():
        embedded.down(name)
    if _OWN_HOME or Path(settings().home).name == "test":
        shutil.rmtree(settings().home, ignore_errors=True)
