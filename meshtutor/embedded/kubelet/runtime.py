"""What all pods of the lab share: the seams and tables that a container needs to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meshtutor.embedded.api import Object
from meshtutor.embedded.kubelet.clock import Clock
from meshtutor.embedded.kubelet.images import Images
from meshtutor.embedded.kubelet.processes import Spawn
from meshtutor.embedded.recorder import Recorder


@dataclass(frozen=True)
class Runtime:
    """`lookup(kind, namespace, name)` finds ConfigMaps and Secrets."""

    images: Images
    spawn: Spawn
    recorder: Recorder
    clock: Clock
    lookup: Callable[[str, str, str], Object | None]
