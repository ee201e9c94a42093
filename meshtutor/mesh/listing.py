"""The objects of a mesh by kind, each kind listed once and only when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from meshtutor.errors import ApiStatusError
from meshtutor.kube import reach, sidecars
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import Kind

Object = dict[str, Any]


class Listing:
    """What one explanation reads; where not all of the mesh may be read, what there is in some namespaces."""

    def __init__(self, kube: KubeClient, namespaces: Iterable[str] = ()) -> None:
        self._kube = kube
        self._namespaces = (*namespaces, sidecars.ROOT)
        self._listed: dict[Kind, list[Object]] = {}

    def all(self, kind: Kind) -> list[Object]:
        """Everything of a kind; nothing where a cluster lacks it or hides it."""
        if kind not in self._listed:
            try:
                found, _ = reach.list_everywhere(self._kube, kind, self._namespaces)
            except ApiStatusError:
                found = []
            self._listed[kind] = [{"apiVersion": kind.api_version, "kind": kind.kind, **one} for one in found]
        return self._listed[kind]
