"""The providers that Telemetry may name: MeshConfig's `extensionProviders`, and those that Istio always has. Pure.

Source: Istio's pkg/config/mesh/mesh.go (DefaultMeshConfig; ApplyMeshConfig, where an entry of a built-in name takes its
place), mesh/v1alpha1/config.proto (ExtensionProvider) and pilot/pkg/model/telemetry.go (fetchProvider).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.istio.log_files import KIND as FILE
from meshtutor.embedded.istio.log_files import STDOUT

PROMETHEUS: Final = "prometheus"
TRACERS: Final = ("zipkin", "opentelemetry")
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "metrics": (PROMETHEUS, "stackdriver"),
    "tracing": (*TRACERS, "lightstep", "datadog", "skywalking", "opencensus", "stackdriver"),
    "accessLogging": (FILE, "envoyHttpAls", "envoyTcpAls", "envoyOtelAls", "stackdriver"),
}
"""The section of a Telemetry -> the kinds of provider that do something there in Istio."""
IMPLEMENTED: Final = frozenset({PROMETHEUS, FILE, *TRACERS})
_BUILT_IN: Final = ({"name": "prometheus", PROMETHEUS: {}}, {"name": "envoy", FILE: {"path": STDOUT}})


@dataclass(frozen=True, eq=False)
class Extension:
    """One provider; `kind` is the field of ExtensionProvider that it has ("" without one)."""

    name: str
    kind: str
    entry: Mapping[str, Any]

    @property
    def settings(self) -> Mapping[str, Any]:
        """What stands under its kind."""
        return self.entry.get(self.kind) or {}


def extensions(mesh: Mapping[str, Any]) -> list[Extension]:
    """The providers of a mesh, the built-in ones first; an entry of the same name goes before them."""
    own = mesh.get("extensionProviders") or ()
    return list({str(entry["name"]): _extension(entry) for entry in (*_BUILT_IN, *own)}.values())


def named(name: str, among: list[Extension]) -> Extension | None:
    """The provider of a name, in whatever case."""
    return next((one for one in among if one.name.lower() == name.lower()), None)


def _extension(entry: Mapping[str, Any]) -> Extension:
    return Extension(str(entry["name"]), next((key for key in entry if key != "name"), ""), entry)
