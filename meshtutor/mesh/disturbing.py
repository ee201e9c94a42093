"""Misbehaviour of single instances of the study's application, switched on and off while they run.

The switch is the application's own page /fault, reached by the API server's pod proxy: so it works in every mesh,
and no rule of Istio's has a part in it.
"""

from __future__ import annotations

from typing import Any, Final

from meshtutor.errors import MeshtutorError
from meshtutor.kube.client import KubeClient, proxy_path
from meshtutor.kube.kinds import POD

_APP_PORT: Final = 9080
_SWITCHES: Final = ("delay_ms", "status", "share", "hang")


def switch_of(pod: dict[str, Any]) -> str:
    """The path of a pod's switch on the API server."""
    return proxy_path(POD, pod["metadata"]["namespace"], pod["metadata"]["name"], _APP_PORT, "/fault")


def disturb(kube: KubeClient, pod: dict[str, Any], switches: dict[str, Any]) -> None:
    """Switch a pod's misbehaviour on, or without switches off; MeshtutorError for a switch that there is not."""
    if unknown := set(switches) - set(_SWITCHES):
        raise MeshtutorError(f"No switch {min(unknown)!r}.", f"There are: {', '.join(_SWITCHES)}")
    path = switch_of(pod)
    if switches:
        kube.request("PUT", path, body=switches, timeout=5.0)
    else:
        kube.request("DELETE", path, timeout=5.0)
