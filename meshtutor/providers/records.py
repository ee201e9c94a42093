"""What `meshtutor up --on k3d|context` made, remembered under MESHTUTOR_HOME/clusters/NAME (for its owner only).

`record.json` is written before anything is made, so that a half-made cluster is known to `status` and `down` even
if the machine lost its power meanwhile. Beside it lie the kubeconfig with this one context, and what was handed
to istioctl. `chosen` holds the provider that the last `up` brought up, which is the one `connect()` then means.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from meshtutor.config import settings
from meshtutor.files import write_private


@dataclass
class Record:
    """One lab on a real cluster.

    `made` names what this project made and `down` may therefore remove; `done` keeps, for a step whose outcome does not
    show with which choices it was done, those choices.
    """

    name: str
    provider: str
    context: str
    namespace: str
    gateway: str = ""
    cluster: str = ""
    istio: str = ""
    made: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)

    @property
    def directory(self) -> Path:
        """Where this lab's files are."""
        return _directory(self.name)

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig with this lab's context and namespace only."""
        return self.directory / "kubeconfig"

    def save(self) -> None:
        """Write it down, whole or not at all."""
        write_private(self.directory / "record.json", json.dumps(asdict(self), indent=1))

    def remember(self, made: str) -> None:
        """Note that we made something, before it is made."""
        if made not in self.made:
            self.made.append(made)
        self.save()

    def note(self, step: str, choices: str) -> None:
        """Note with which choices a step has been done."""
        self.done[step] = choices
        self.save()

    def lost(self, made: str) -> None:
        """Note that what we made is gone, and all that was done in it."""
        if made in self.made:
            self.made.remove(made)
            self.done.clear()
            self.save()

    def forget(self) -> None:
        """Remove every trace of the lab on this machine."""
        shutil.rmtree(self.directory, ignore_errors=True)


def load(name: str) -> Record | None:
    """The record of a lab, or None."""
    with suppress(OSError, ValueError, TypeError):
        return Record(**json.loads((_directory(name) / "record.json").read_text()))
    return None


def names() -> list[str]:
    """The labs on real clusters that this user has."""
    root = settings().home / "clusters"
    return sorted(d.name for d in root.iterdir() if (d / "record.json").is_file()) if root.is_dir() else []


def choose(name: str, provider: str) -> None:
    """Remember that the last `up` of this lab brought up this provider; "embedded" needs no memory."""
    if provider == "embedded":
        _chosen(name).unlink(missing_ok=True)
    else:
        write_private(_chosen(name), provider)


def chosen(name: str) -> str:
    """The provider that the last `up --on` named, or an empty string."""
    with suppress(OSError):
        return _chosen(name).read_text().strip()
    return ""


def unchoose(name: str, provider: str) -> None:
    """Forget the choice if it is this provider."""
    if chosen(name) == provider:
        _chosen(name).unlink(missing_ok=True)


def _directory(name: str) -> Path:
    return settings().home / "clusters" / name


def _chosen(name: str) -> Path:
    return settings().home / "chosen" / name
