"""A cluster whose pods are real processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meshtutor.embedded.kubelet.clock import Clock
from tests.embedded.world import World, world


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[World]:
    """Registry, controllers and kubelet; back-off and probe periods pass twenty times faster."""
    async with world(tmp_path, clock=Clock(20)) as held:
        yield held
