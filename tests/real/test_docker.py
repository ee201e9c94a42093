"""`up --on k3d` on a real Docker engine with the real k3d, as far as it comes where no image can be pulled."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from meshtutor.errors import MeshtutorError
from meshtutor.providers import records
from meshtutor.providers.k3d import up as k3d
from meshtutor.providers.k3d.docker import Docker
from meshtutor.providers.tools import Tools
from tests.real.programs import find, free_ports

NOWHERE = "registry.invalid/rancher/k3s:none"  # RFC 2606: no resolver knows it
LAB = "test-docker"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """The four real programs on a PATH, a home and a kubeconfig of their own; skips where no engine answers."""
    places = tmp_path / "bin"
    places.mkdir()
    for tool in ("docker", "k3d", "kubectl", "istioctl"):
        (places / tool).symlink_to(find(tool))
    if subprocess.run([places / "docker", "info"], capture_output=True, timeout=30, check=False).returncode:
        pytest.skip("no Docker engine answers here")
    monkeypatch.setenv("PATH", f"{places}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.setenv("MESHTUTOR_HOME", str(tmp_path / "home"))
    return Tools()


def test_an_image_that_cannot_be_pulled_leaves_nothing_that_down_does_not_remove(tools: Tools) -> None:
    options = k3d.options_for(LAB, image=NOWHERE, port=free_ports(1)[0], agents=1)
    try:
        with pytest.raises(MeshtutorError, match=f"cannot pull the image {NOWHERE}") as caught:
            k3d.up(LAB, options, tools, lambda _: None)
        assert f"docker pull {NOWHERE}" in caught.value.hint
        assert "\x1b" not in str(caught.value)
        assert records.chosen(LAB) == "k3d"
        assert Docker(tools).removals(LAB), (
            "k3d removes by itself now what it made: this way out is not needed"
        )
    finally:
        k3d.down(LAB, tools)
    assert not Docker(tools).removals(LAB)
    assert records.load(LAB) is None
