"""Where the Prometheus binary comes from: each place in its turn, and a sentence where there is none."""

from __future__ import annotations

import hashlib
import io
import platform
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from meshtutor.embedded.addons import binaries
from meshtutor.errors import LabError


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No program on PATH, an empty cache, and no network."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("MESHTUTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        binaries, "_download", lambda url: (_ for _ in ()).throw(OSError(f"no network for {url}"))
    )
    return tmp_path


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def release(content: bytes = b"#!/bin/sh\n") -> tuple[str, bytes]:
    """An archive as the project publishes it: its name and its bytes."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    folder = f"prometheus-{binaries._VERSION}.{platform.system().lower()}-{machine}"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo(f"{folder}/prometheus")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return f"{folder}.tar.gz", packed.getvalue()


def test_one_on_the_path_comes_first(nowhere: Path):
    on_path = program(nowhere / "bin" / "prometheus")
    program(nowhere / "cache" / "prometheus" / "prometheus")
    assert binaries.get_prometheus() == on_path


def test_then_the_one_in_the_cache(nowhere: Path):
    assert binaries.find_prometheus() is None
    cached = program(nowhere / "cache" / "prometheus" / "prometheus")
    assert binaries.find_prometheus() == binaries.get_prometheus() == cached


def test_the_release_is_kept_when_its_checksum_is_the_published_one(nowhere: Path, monkeypatch):
    name, archive = release()
    sums = f"{'0' * 64}  other.tar.gz\n{hashlib.sha256(archive).hexdigest()}  {name}\n".encode()
    monkeypatch.setattr(
        binaries, "_download", lambda url: sums if url.endswith("sha256sums.txt") else archive
    )
    said: list[str] = []
    found = binaries.get_prometheus(said.append)
    assert found == nowhere / "cache" / "prometheus" / "prometheus"
    assert found.stat().st_mode & 0o111
    assert any(name in line for line in said)
    assert binaries.find_prometheus() == found


def test_a_release_with_another_checksum_is_not_kept(nowhere: Path, monkeypatch):
    name, archive = release()
    sums = f"{'0' * 64}  {name}\n".encode()
    monkeypatch.setattr(
        binaries, "_download", lambda url: sums if url.endswith("sha256sums.txt") else archive
    )
    with pytest.raises(LabError, match="is not the published one"):
        binaries.get_prometheus()
    assert binaries.find_prometheus() is None


def test_where_none_can_be_had_the_error_says_what_was_tried_and_what_to_do(nowhere: Path):
    with pytest.raises(LabError) as refusal:
        binaries.get_prometheus()
    assert "no apt-get here" in refusal.value.message
    assert "no network" in refusal.value.message
    assert "apt install prometheus" in refusal.value.hint


@pytest.mark.skipif(
    shutil.which("dpkg-deb") is None, reason="dpkg-deb, which makes the package, is not on PATH"
)
def test_the_distributions_package_is_unpacked_without_being_installed(nowhere: Path, monkeypatch):
    monkeypatch.setenv("PATH", f"{nowhere / 'bin'}:/usr/bin:/bin")
    package = nowhere / "package"
    program(package / "usr" / "bin" / "prometheus")
    (package / "DEBIAN").mkdir()
    control = "Package: prometheus\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n"
    (package / "DEBIAN" / "control").write_text(control)
    subprocess.run(
        ["/usr/bin/dpkg-deb", "-b", str(package), str(nowhere / "made.deb")], check=True, capture_output=True
    )
    apt = program(nowhere / "bin" / "apt-get")
    apt.write_text(f"#!/bin/sh\n/bin/cp {nowhere}/made.deb prometheus_1_all.deb\n")
    policy = program(nowhere / "bin" / "apt-cache")
    policy.write_text("#!/bin/sh\necho 'prometheus:\n  Installed: (none)\n  Candidate: 1'\n")
    monkeypatch.setattr(binaries, "find_prometheus", lambda: None)
    assert binaries.get_prometheus().read_text() == "#!/bin/sh\n"
