"""Settings, read from the environment in this one place.

MESHTUTOR_LAB       name of the lab that `connect()` and the CLI use (default "default")
MESHTUTOR_PROVIDER  embedded | k3d | context (default: what the last `meshtutor up --on` named, else embedded)
MESHTUTOR_CONTEXT   the kubeconfig context for the last
MESHTUTOR_HOME      where labs keep their state (default: $XDG_STATE_HOME/meshtutor, ~/.local/state/meshtutor)
MESHTUTOR_CACHE     where downloads are kept (default: $XDG_CACHE_HOME/meshtutor, ~/.cache/meshtutor)
MESHTUTOR_SMALL     1: fewer requests and shorter loads, for Binder and CI
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path


def _directory(variable: str, xdg: str, fallback: str) -> Path:
    if named := os.environ.get(variable):
        return Path(named).expanduser().absolute()
    return Path(os.environ.get(xdg) or Path.home() / fallback) / "meshtutor"


@dataclass(frozen=True)
class Settings:
    """What the environment says; make one with `settings()` so that tests can change the environment."""

    lab: str = field(default_factory=lambda: os.environ.get("MESHTUTOR_LAB", "default"))
    provider: str = field(default_factory=lambda: os.environ.get("MESHTUTOR_PROVIDER", ""))
    context: str = field(default_factory=lambda: os.environ.get("MESHTUTOR_CONTEXT", ""))
    home: Path = field(default_factory=lambda: _directory("MESHTUTOR_HOME", "XDG_STATE_HOME", ".local/state"))
    cache: Path = field(default_factory=lambda: _directory("MESHTUTOR_CACHE", "XDG_CACHE_HOME", ".cache"))
    small: bool = field(default_factory=lambda: os.environ.get("MESHTUTOR_SMALL", "") not in ("", "0"))

    def lab_dir(self, name: str | None = None) -> Path:
        """The directory of one lab: lab.json, kubeconfig, lab.log, pods/, pki/."""
        return self.home / "labs" / (name or self.lab)


def study() -> Path:
    """The folder that holds `notebooks/` and `manifests/`: in the wheel `_study`, in a checkout its root."""
    package = Path(__file__).parent
    travelled = package / "_study"
    return travelled if travelled.is_dir() else package.parent


def settings() -> Settings:
    """The settings as the environment is now."""
    return Settings()
