"""The objects of a mesh by kind, each kind listed once and only when it is asked for."""

from __future__ import annotations

from typing import Any

from meshtutor.errors import ApiStatusError
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import Kind

Object = dict[str, Any]


class Listing:
    """What one explanation reads."""

    def __init__(self, kube: KubeClient) -> None:
        self._kube = kube
        self._listed: dict[Kind, list[Object]] = {}

    def all(self, kind: Kind) -> list[Object]:
        """Everything of a kind; nothing where a cluster lacks it or hides it."""
        if kind not in self._listed:
            try:
                self._listed[kind] = self._kube.list(kind)
            except ApiStatusError:
                self._listed[kind] = []
        return self._listed[kind]
