"""Kinds with little to do: Namespace, ConfigMap, Secret, ServiceAccount, Node, EndpointSlice, Event.

Source: pkg/registry/core/*/strategy.go, pkg/apis/core/validation/validation.go, pkg/apis/discovery/validation.
An EndpointSlice may hold loopback addresses here, which a real API server forbids: they are what this lab is made of.
"""

from __future__ import annotations

import base64
import re
from typing import Any, Final

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.statuses import FieldError, forbidden_field, invalid_value, required
from meshtutor.embedded.apiserver.strategies.base import Strategy
from meshtutor.embedded.apiserver.strategies.names import label_error
from meshtutor.embedded.apiserver.strategies.pod_checks import one_of
from meshtutor.embedded.apiserver.values import fill, items_of, section

_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_LIMIT: Final = 1024 * 1024
NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"


class NamespaceStrategy(Strategy):
    """Namespace."""

    name_error = staticmethod(label_error)

    def default(self, obj: Object) -> None:
        """The label with its own name."""
        section(obj["metadata"], "labels")[NAMESPACE_LABEL] = obj["metadata"]["name"]

    def prepare_create(self, obj: Object) -> None:
        """Active, and emptied before it goes."""
        obj["spec"] = {"finalizers": ["kubernetes"]}
        obj["status"] = {"phase": "Active"}

    def prepare_update(self, obj: Object, old: Object) -> None:
        """Finalizers change by the `finalize` subresource only."""
        obj["spec"] = old["spec"]


class _Data(Strategy):
    """ConfigMap and Secret: keys, size, `immutable`."""

    def validate(self, obj: Object) -> list[FieldError]:
        """Keys that can be file names; 1 MiB at most."""
        found = []
        for part in ("data", "binaryData"):
            for key in obj.get(part) or {}:
                if not _KEY.fullmatch(key) or key in (".", ".."):
                    detail = (
                        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
                        "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', "
                        "regex used for validation is '[-._a-zA-Z0-9]+')"
                    )
                    found.append(invalid_value(f"{part}[{key}]", key, detail))
        if sum(_size(obj.get(part)) for part in ("data", "binaryData")) > _LIMIT:
            message = f"Too long: may not be more than {_LIMIT} bytes"
            found.append(FieldError("data", "FieldValueTooLong", message))
        return found

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        """Nothing of an immutable one changes."""
        if not old.get("immutable"):
            return []
        parts = ("immutable", "data", "binaryData")
        detail = "field is immutable when `immutable` is set"
        return [forbidden_field(part, detail) for part in parts if obj.get(part) != old.get(part)]


class ConfigMapStrategy(_Data):
    """ConfigMap."""


class SecretStrategy(_Data):
    """Secret."""

    def default(self, obj: Object) -> None:
        """`stringData` becomes `data`."""
        fill(obj, {"type": "Opaque"})
        plain = obj.pop("stringData", None)
        if isinstance(plain, dict):
            encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()}
            section(obj, "data").update(encoded)

    def validate(self, obj: Object) -> list[FieldError]:
        """Also what its type asks for; that `data` is base64 its schema says."""
        found: list[FieldError] = []
        if obj["type"] == "kubernetes.io/tls":
            missing = {"tls.crt", "tls.key"} - set(obj.get("data") or {})
            found += [required(f"data[{key}]") for key in sorted(missing)]
        return super().validate(obj) + found

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        """Also the type."""
        found = super().validate_update(obj, old)
        if obj["type"] != old["type"]:
            found.append(invalid_value("type", obj["type"], "field is immutable"))
        return found


class NodeStrategy(Strategy):
    """Node; a kubelet creates it with a status."""

    keeps_status = True

    def validate(self, obj: Object) -> list[FieldError]:
        """Taints."""
        effects = ("NoSchedule", "PreferNoSchedule", "NoExecute")
        taints = items_of(obj.get("spec"), "taints")
        return [e for i, t in enumerate(taints) for e in one_of(t, "effect", effects, f"spec.taints[{i}]")]


class EndpointSliceStrategy(Strategy):
    """EndpointSlice."""

    def validate(self, obj: Object) -> list[FieldError]:
        """Address type and addresses."""
        found = one_of(obj, "addressType", ("IPv4", "IPv6", "FQDN"), "")
        if not obj.get("addressType"):
            found.append(required("addressType"))
        for i, endpoint in enumerate(items_of(obj, "endpoints")):
            if not endpoint.get("addresses"):
                found.append(required(f"endpoints[{i}].addresses", "must contain at least 1 address"))
        return found

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        """The address type is immutable."""
        if obj.get("addressType") == old.get("addressType"):
            return []
        return [invalid_value("addressType", obj.get("addressType"), "field is immutable")]


class EventStrategy(Strategy):
    """Event: in the namespace of what it is about."""

    keeps_status = True

    def validate(self, obj: Object) -> list[FieldError]:
        """The namespaces agree; cluster-scoped objects have theirs in `default`."""
        about = (obj.get("involvedObject") or {}).get("namespace") or "default"
        if about in (obj["metadata"]["namespace"], "default"):
            return []
        return [invalid_value("involvedObject.namespace", about, "does not match event.namespace")]


def _size(data: Any) -> int:
    return sum(len(str(value)) for value in data.values()) if isinstance(data, dict) else 0
