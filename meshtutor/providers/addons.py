"""Istio's add-ons and where each shows its pages.

Source: istio/istio, samples/addons/{kiali,grafana,jaeger,prometheus}.yaml: Services in istio-system, their ports, and
the paths below which Kiali and Jaeger serve themselves.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

from meshtutor.errors import MeshtutorError

NAMESPACE: Final = "istio-system"


@dataclass(frozen=True)
class Addon:
    """An add-on's Service, its port, and the path of its first page."""

    name: str
    service: str
    port: int
    path: str = "/"


@dataclass(frozen=True)
class AddonPage:
    """Where an add-on's page is opened from this machine; `note` says what is special about it."""

    url: str
    note: str = ""


ADDONS: Final = {
    addon.name: addon
    for addon in (
        Addon("kiali", "kiali", 20001, "/kiali"),
        Addon("grafana", "grafana", 3000),
        Addon("jaeger", "tracing", 80, "/jaeger"),
        Addon("prometheus", "prometheus", 9090),
    )
}


def addon_called(name: str) -> Addon:
    """The add-on of this name; MeshtutorError if there is none."""
    if found := ADDONS.get(name.lower()):
        return found
    close = difflib.get_close_matches(name.lower(), ADDONS, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(ADDONS)}"
    raise MeshtutorError(f"{name!r} is no dashboard.", hint)
