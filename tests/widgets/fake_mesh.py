"""A mesh that only notes what is applied to it."""

from __future__ import annotations

from collections.abc import Callable

from meshtutor.errors import MeshtutorError
from meshtutor.mesh.changes import Applied, Change
from meshtutor.providers.base import Distribution, ProxyAck


class Mesh:
    """Notes what is applied; refuses when told to."""

    def __init__(self) -> None:
        self.applied: list[list[dict]] = []
        self.refusal: MeshtutorError | None = None
        self.during: Callable[[], None] = lambda: None

    def apply(self, objects: list[dict]) -> Applied:
        self.during()
        if self.refusal:
            raise self.refusal
        self.applied.append(objects)
        acks = (ProxyAck("client.default", "ACK", 3.0),)
        return Applied(
            tuple(Change("configured", obj) for obj in objects), Distribution("1", True, acks, 3.0)
        )
