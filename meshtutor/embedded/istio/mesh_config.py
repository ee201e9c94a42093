"""MeshConfig: the mesh-wide settings in ConfigMap `istio` of istio-system, key `mesh`.

Defaults: Istio's pkg/config/mesh/mesh.go. Read here are the fields that the control plane honours; Istio ignores
unknown ones too. `pilotDebounceAfter` is no field of Istio's: there it is istiod's variable PILOT_DEBOUNCE_AFTER
(100 ms). Here it is 0, as changes come from people and not from thousands of services.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final

import yaml

from meshtutor.embedded.istio.reading import Object, seconds
from meshtutor.errors import MeshtutorError

log = logging.getLogger("meshtutor.pilot")

ROOT_NAMESPACE: Final = "istio-system"
CONFIG_MAP_KEY: Final = (ROOT_NAMESPACE, "istio")
DOMAIN: Final = "cluster.local"


@dataclass(frozen=True)
class MeshConfig:
    """The settings; times in seconds."""

    allow_any: bool = True
    auto_mtls: bool = True
    trust_domain: str = "cluster.local"
    access_log_file: str = ""
    access_log_format: str = ""
    access_log_json: bool = False
    connect_timeout: float = 10.0
    debounce: float = 0.0
    default_retries: str = ""


DEFAULT: Final = MeshConfig()


def parse(config_map: Object | None) -> MeshConfig:
    """The settings of the ConfigMap; the defaults where it is absent or cannot be read (said in the log)."""
    if config_map is None:
        return DEFAULT
    try:
        data = yaml.safe_load((config_map.get("data") or {}).get("mesh") or "") or {}
        return _read(data)
    except (yaml.YAMLError, MeshtutorError, AttributeError, TypeError) as error:
        log.warning(
            "ConfigMap istio-system/istio, key mesh, cannot be read; Istio's defaults apply: %s", error
        )
        return DEFAULT


def _read(data: dict[str, Any]) -> MeshConfig:
    return MeshConfig(
        allow_any=(data.get("outboundTrafficPolicy") or {}).get("mode", "ALLOW_ANY") != "REGISTRY_ONLY",
        auto_mtls=bool(data.get("enableAutoMtls", True)),
        trust_domain=str(data.get("trustDomain") or DOMAIN),
        access_log_file=str(data.get("accessLogFile") or ""),
        access_log_format=str(data.get("accessLogFormat") or ""),
        access_log_json=data.get("accessLogEncoding") == "JSON",
        connect_timeout=seconds(str(data.get("connectTimeout", "10s"))),
        debounce=seconds(str(data.get("pilotDebounceAfter", "0s"))),
        default_retries=yaml.safe_dump(data["defaultHttpRetryPolicy"])
        if data.get("defaultHttpRetryPolicy")
        else "",
    )
