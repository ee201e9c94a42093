"""Where the Prometheus binary comes from: PATH, the cache, the distribution's package, or the official release.

Nothing is installed on the machine: a package is only downloaded and unpacked into the user's cache.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

from meshtutor.config import settings
from meshtutor.errors import LabError

_VERSION = "3.5.0"  # a long-term-support release
_RELEASES = f"https://github.com/prometheus/prometheus/releases/download/v{_VERSION}"
Say = Callable[[str], None]


def find_prometheus() -> Path | None:
    """A Prometheus on PATH or in the cache, or None."""
    if on_path := shutil.which("prometheus"):
        return Path(on_path)
    cached = _cached()
    return cached if cached.is_file() else None


def get_prometheus(say: Say = lambda _: None) -> Path:
    """A Prometheus binary, fetched into the cache if there is none; LabError names what was tried."""
    if found := find_prometheus():
        return found
    tried = []
    for source in (_from_package, _from_release):
        try:
            return source(say)
        except (OSError, subprocess.SubprocessError, LabError, tarfile.TarError) as error:
            tried.append(f"{source.__name__.removeprefix('_from_')}: {error}")
    raise LabError(
        f"No Prometheus could be had ({'; '.join(tried)}).",
        f"sudo apt install prometheus, or put a prometheus binary on PATH or at {_cached()}",
    )


def _cached() -> Path:
    return settings().cache / "prometheus" / "prometheus"


def _keep(binary: Path) -> Path:
    """Into the cache, whole or not at all."""
    _cached().parent.mkdir(parents=True, exist_ok=True)
    draft = _cached().with_suffix(".new")
    shutil.copy2(binary, draft)
    draft.chmod(0o755)
    draft.replace(_cached())
    return _cached()


def _from_package(say: Say) -> Path:
    """Debian's or Ubuntu's package, downloaded and unpacked without root and without installing it."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise LabError("no apt-get here")
    with tempfile.TemporaryDirectory() as folder:
        for command in _package_commands(Path(folder)):
            say(
                f"{' '.join(word for word in command if word in ('apt-get', 'update', 'download', 'prometheus'))} ..."
            )
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
            if packages := list(Path(folder).glob("prometheus_*.deb")):
                subprocess.run(
                    ["dpkg", "-x", str(packages[0]), "unpacked"], cwd=folder, check=True, timeout=60
                )
                return _keep(Path(folder) / "unpacked" / "usr" / "bin" / "prometheus")
    raise LabError("apt-get downloaded no package")


def _package_commands(folder: Path) -> list[list[str]]:
    """First with the machine's package lists; then with lists of our own, which need no root either."""
    own = [
        "-o",
        f"Dir::State::lists={folder}/lists",
        "-o",
        f"Dir::Cache={folder}/cache",
        "-o",
        "Debug::NoLocking=true",
    ]
    download = ["apt-get", "-q", "download", "prometheus"]
    present = subprocess.run(
        ["apt-cache", "policy", "prometheus"], capture_output=True, text=True, check=False
    ).stdout
    if "Candidate:" in present and "Candidate: (none)" not in present:
        return [download]
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    return [["apt-get", "-q", *own, "update"], [*download[:2], *own, *download[2:]]]


def _from_release(say: Say) -> Path:
    """The official release, held against the checksum that is published beside it."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    name = f"prometheus-{_VERSION}.{system}-{machine}.tar.gz"
    say(f"downloading {name}")
    sums = _download(f"{_RELEASES}/sha256sums.txt").decode()
    wanted = re.search(rf"^([0-9a-f]{{64}})\s+{re.escape(name)}$", sums, re.MULTILINE)
    archive = _download(f"{_RELEASES}/{name}")
    if wanted is None or hashlib.sha256(archive).hexdigest() != wanted[1]:
        raise LabError(f"the checksum of {name} is not the published one")
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / name
        packed.write_bytes(archive)
        with tarfile.open(packed) as tar:
            tar.extractall(folder, filter="data")
        return _keep(Path(folder) / name.removesuffix(".tar.gz") / "prometheus")


def _download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - the address is https and ours
        return bytes(answer.read())
