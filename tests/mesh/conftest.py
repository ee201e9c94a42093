"""A mesh on a small API: no proxies, no processes."""

from __future__ import annotations

import pytest

from meshtutor.mesh import Mesh
from tests.support.kubernetes import FakeKubernetes, FakeProvider


@pytest.fixture
def kubernetes():
    fake = FakeKubernetes()
    fake.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    yield fake
    fake.server.close()


@pytest.fixture
def provider(kubernetes, tmp_path) -> FakeProvider:
    return FakeProvider(kubernetes, tmp_path)


@pytest.fixture
def mesh(provider):
    with Mesh(provider) as made:
        yield made
