"""A cluster whose pods are only pretended to run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.embedded.world import World, world


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[World]:
    """Registry and controllers; bound pods become ready at once."""
    async with world(tmp_path, real=False) as held:
        yield held
