"""Access logs to files as MeshConfig writes them: `accessLogFile`, and providers of kind `envoyFileAccessLog`. Pure.

Source: Istio's pilot/pkg/model/telemetry_logging.go (telemetryAccessLog, fileAccessLogWithDefaults).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from meshtutor.errors import MeshtutorError

log = logging.getLogger("meshtutor.pilot")

KIND: Final = "envoyFileAccessLog"
BUILT_IN: Final = "envoy"
STDOUT: Final = "/dev/stdout"
_ENCODINGS: Final = ("TEXT", "JSON")


@dataclass(frozen=True)
class LogFile:
    """Where lines go and how they look: `text` ("": Istio's format), or JSON with `fields` (none: Istio's fields).

    `fields` is an object of JSON as text; `omit_empty` leaves out what has no value, which else is `-` or null.
    """

    path: str
    text: str = ""
    json: bool = False
    fields: str = ""
    omit_empty: bool = False


def mesh_log(path: str, mesh: Mapping[str, Any]) -> LogFile:
    """A file in MeshConfig's own format: `accessLogEncoding` and `accessLogFormat`."""
    encoding, form = str(mesh.get("accessLogEncoding") or "TEXT"), str(mesh.get("accessLogFormat") or "")
    if encoding not in _ENCODINGS:
        raise MeshtutorError(f"accessLogEncoding: {encoding} is neither TEXT nor JSON.", "Write it as JSON.")
    if encoding == "TEXT":
        return LogFile(path, text=form)
    return LogFile(path, json=True, fields=_object(form) if form else "")


def log_file_of(name: str, settings: Mapping[str, Any], mesh: Mapping[str, Any]) -> LogFile:
    """A provider's `envoyFileAccessLog`; the built-in provider looks as MeshConfig says unless it says otherwise."""
    path, form = str(settings.get("path") or STDOUT), settings.get("logFormat")
    omit = bool(settings.get("omitEmptyValues"))
    if name == BUILT_IN and form is None and not omit:
        return mesh_log(path, mesh)
    form = form or {}
    found = LogFile(path, text=str(form.get("text") or ""), omit_empty=omit)
    if "labels" not in form:
        return found
    labels = form["labels"]
    return replace(found, text="", json=True, fields=json.dumps(labels, sort_keys=True) if labels else "")


def _object(form: str) -> str:
    """The format as an object of JSON; "" (Istio's fields) for one that is none, which the log then says."""
    try:
        found = json.loads(form)
    except ValueError as error:
        log.warning("MeshConfig: accessLogFormat is no JSON, so Istio's own fields are logged: %s", error)
        return ""
    if not isinstance(found, dict):
        log.warning("MeshConfig: accessLogFormat is no object of JSON, so Istio's own fields are logged.")
        return ""
    return json.dumps(found, sort_keys=True)
