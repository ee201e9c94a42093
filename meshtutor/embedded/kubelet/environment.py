"""A container's environment, command and arguments, as Kubernetes makes them of the pod. Pure.

`$(NAME)` in values, command and arguments is replaced by a variable defined before; `$$(NAME)` stands for
itself, an unknown one stays as it is (third_party/forked/golang/expansion of Kubernetes). A missing
ConfigMap, Secret or key keeps the container from starting, unless it is `optional`.

Left out: variables of other Services (`enableServiceLinks`), `fileKeyRef`; `resourceFieldRef` is refused by
name.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from meshtutor.embedded.api import Object
from meshtutor.embedded.kubelet.place import Place
from meshtutor.embedded.network import API_PORT
from meshtutor.errors import MeshtutorError

Lookup = Callable[[str, str], Object | None]
"""("ConfigMap" or "Secret", name) -> the object in the pod's namespace, or None."""

_REFERENCE: Final = re.compile(r"\$\$|\$\(([^()$]+)\)")
_BY_KEY: Final = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


def environment(container: Mapping[str, Any], place: Place, lookup: Lookup) -> dict[str, str]:
    """The variables of a container: where to listen and send, then `envFrom`, then `env`."""
    variables = _given(place)
    for source in container.get("envFrom") or ():
        variables |= _all_of(source, lookup)
    for entry in container.get("env") or ():
        if "valueFrom" in entry:
            value = _from(entry["valueFrom"], place, lookup)
        else:
            value = expand(str(entry.get("value") or ""), variables)
        if value is not None:
            variables[entry["name"]] = value
    return variables


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)`."""

    def one(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return variables.get(found[1], found[0])

    return _REFERENCE.sub(one, text)


def field(path: str, place: Place) -> str:
    """The value of a `fieldRef`, or MeshtutorError if Kubernetes has no such field."""
    pod = place.pod
    if found := _BY_KEY.fullmatch(path):
        return str((pod["metadata"].get(found[1]) or {}).get(found[2], ""))
    values: dict[str, Callable[[], str]] = {
        "metadata.name": lambda: place.name,
        "metadata.namespace": lambda: place.namespace,
        "metadata.uid": lambda: pod["metadata"]["uid"],
        "metadata.labels": lambda: _lines(pod["metadata"].get("labels") or {}),
        "metadata.annotations": lambda: _lines(pod["metadata"].get("annotations") or {}),
        "spec.nodeName": lambda: pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": lambda: pod["spec"].get("serviceAccountName") or "default",
        "status.podIP": lambda: place.ip,
        "status.podIPs": lambda: place.ip,
        "status.hostIP": lambda: place.host_ip,
        "status.hostIPs": lambda: place.host_ip,
    }
    if path not in values:
        raise MeshtutorError(f"unsupported fieldPath: {path}", f"Expected one of {', '.join(values)}.")
    return values[path]()


def data_of(obj: Mapping[str, Any]) -> dict[str, bytes]:
    """The keys of a ConfigMap or Secret with their content."""
    plain = {key: value.encode() for key, value in (obj.get("stringData") or {}).items()}
    if obj.get("kind") == "Secret":
        return {key: base64.b64decode(value) for key, value in (obj.get("data") or {}).items()} | plain
    binary = {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}
    return {key: value.encode() for key, value in (obj.get("data") or {}).items()} | binary


def _given(place: Place) -> dict[str, str]:
    proxy = place.http_proxy
    return {
        "KUBERNETES_SERVICE_HOST": place.block.host,
        "KUBERNETES_SERVICE_PORT": str(API_PORT),
        "BIND_ADDRESS": place.app_ip,
        "http_proxy": proxy,
        "HTTP_PROXY": proxy,
        "no_proxy": "",
        "NO_PROXY": "",
    }


def _lines(values: Mapping[str, str]) -> str:
    """As the downward API writes labels: one `key="value"` a line."""
    quoted = (
        (key, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"))
        for key, value in values.items()
    )
    return "\n".join(f'{key}="{value}"' for key, value in sorted(quoted))


def _all_of(source: Mapping[str, Any], lookup: Lookup) -> dict[str, str]:
    kind = "ConfigMap" if "configMapRef" in source else "Secret"
    reference = source.get("configMapRef") or source.get("secretRef") or {}
    obj = _found(kind, reference, lookup)
    prefix = source.get("prefix", "")
    return {prefix + key: value.decode() for key, value in (data_of(obj) if obj else {}).items()}


def _from(source: Mapping[str, Any], place: Place, lookup: Lookup) -> str | None:
    if "fieldRef" in source:
        return field(source["fieldRef"]["fieldPath"], place)
    for name, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if name in source:
            return _key_of(kind, source[name], lookup)
    named = ", ".join(source)
    raise MeshtutorError(
        f"env valueFrom.{named} is not implemented in the embedded cluster",
        "Use value, fieldRef, configMapKeyRef or secretKeyRef.",
    )


def _key_of(kind: str, reference: Mapping[str, Any], lookup: Lookup) -> str | None:
    obj = _found(kind, reference, lookup)
    value = data_of(obj).get(reference["key"]) if obj else None
    if value is None:
        if reference.get("optional"):
            return None
        raise MeshtutorError(f"couldn't find key {reference['key']} in {kind} {reference['name']}")
    return value.decode()


def _found(kind: str, reference: Mapping[str, Any], lookup: Lookup) -> Object | None:
    obj = lookup(kind, reference["name"])
    if obj is None and not reference.get("optional"):
        raise MeshtutorError(f'{kind.lower()} "{reference["name"]}" not found')
    return obj
