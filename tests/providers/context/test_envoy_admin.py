"""A real sidecar's admin page is asked from inside its pod."""

from __future__ import annotations

from meshtutor.providers.context.provider import ClusterProvider


def test_the_configuration_is_read_through_a_port_forward(monkeypatch):
    asked = []
    monkeypatch.setattr(
        ClusterProvider, "from_inside", lambda self, *what: asked.append(what) or {"configs": []}
    )
    provider = object.__new__(ClusterProvider)
    assert provider.config_dump({"metadata": {"namespace": "shop", "name": "a-1"}}) == {"configs": []}
    assert asked == [("shop", "a-1", 15000, "/config_dump?include_eds")]
