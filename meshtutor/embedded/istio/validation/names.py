"""Texts that name something: hosts, labels, ports, addresses, namespaces.

Each check answers "" or what is wrong, in half a sentence. Source: Istio's pkg/config/validation/agent/validation.go
and pkg/config/labels/instance.go; as there, a label may have capitals, unlike in RFC 1123.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Final

from meshtutor.embedded.istio.validation.problem import Problems, error, unless_fine

_LABEL: Final = r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?"
_DNS_LABEL: Final = re.compile(_LABEL)
_WILDCARD_LABEL: Final = re.compile(rf"\*|(?:\*-?)?{_LABEL}")
_QUALIFIED: Final = r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_KEY: Final = re.compile(rf"(?:(?P<prefix>{_LABEL}(?:\.{_LABEL})*)/)?(?P<name>{_QUALIFIED})")
_LABEL_VALUE: Final = re.compile(rf"(?:{_QUALIFIED})?")
_LONGEST_LABEL: Final = 63
_LONGEST_NAME: Final = 255
PROTOCOLS: Final = (
    "HTTP", "HTTPS", "HTTP2", "HTTP_PROXY", "GRPC", "GRPC-WEB", "TCP", "TLS", "UDP", "MONGO", "REDIS", "MYSQL", "HBONE",
    "DOUBLE_HBONE",
)  # fmt: skip
HTTP_PROTOCOLS: Final = ("HTTP", "HTTP2", "HTTP_PROXY", "GRPC", "GRPC-WEB")
TLS_PROTOCOLS: Final = ("HTTPS", "TLS")


def is_label(text: str) -> bool:
    """Letters, digits and inner dashes, at most 63."""
    return len(text) <= _LONGEST_LABEL and bool(_DNS_LABEL.fullmatch(text))


def fqdn(name: str) -> str:
    """A name of labels with dots between."""
    return _length(name) or _labels(name, name)


def wildcard_domain(name: str) -> str:
    """Such a name, whose first label may be or begin with `*`."""
    if complaint := _length(name):
        return complaint
    first, dot, rest = name.partition(".")
    if len(first) > _LONGEST_LABEL or not _WILDCARD_LABEL.fullmatch(first):
        return f"domain name {name!r} is invalid (label {first!r})"
    return _labels(rest, name) if dot else ""


def partial_wildcard(name: str) -> str:
    """A `*` may only stand alone or as the whole first label."""
    partial = "*" in name and name != "*" and not name.startswith("*.")
    return f"partial wildcard {name!r} is not allowed" if partial else ""


def host_with_namespace(text: str, *, gateway: bool) -> str:
    """`NAMESPACE/HOST` as in Sidecar.egress.hosts, or, for a gateway, `HOST` too."""
    namespace, slash, host = text.partition("/")
    if not slash:
        return _listed_host(text, gateway=True) if gateway else "host must be of the form NAMESPACE/HOST"
    if not namespace or not host:
        return "namespace and host cannot be empty"
    plain = namespace if gateway else namespace.removeprefix("~")
    if plain not in ("", "*", ".") and not is_label(plain):
        return f"invalid namespace {namespace!r}"
    return _listed_host(host, gateway=gateway)


def is_address(text: str) -> bool:
    """Whether it is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def address(text: str) -> str:
    """An IP address."""
    return "" if is_address(text) else f"{text} is not a valid IP"


def subnet(text: str) -> str:
    """An IP address, or a network such as 10.0.0.0/8."""
    if text.count("/") != 1:
        return address(text)
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return f"{text} is not a valid CIDR block"
    return "" if text.rpartition("/")[2].isdigit() else f"{text} is not a valid CIDR block"


def port(number: int) -> str:
    """1 to 65535."""
    return "" if 1 <= number <= 65535 else f"port number {number} must be in the range 1..65535"


def port_name(name: str) -> str:
    """A label."""
    return "" if is_label(name) else f"invalid port name: {name}"


def protocol(name: str) -> str:
    """One that Istio knows, in any case of letters; empty: found out by looking at the traffic."""
    return "" if not name or name.upper() in PROTOCOLS else f"unsupported protocol: {name}"


def unix_path(text: str) -> str:
    """An absolute path, or an abstract socket that begins with @."""
    if not text:
        return "unix address must not be empty"
    if text.startswith("@") or (text.startswith("/") and not text.endswith("/")):
        return ""
    return f"{text} is not an absolute path to a file"


def subset_name(name: str) -> str:
    """A label."""
    if not name:
        return "subset name cannot be empty"
    return "" if is_label(name) else f"subset name is invalid: {name}"


def labels(found: Mapping[str, str] | None, path: str) -> Problems:
    """Keys and values of a set of labels."""
    for key, value in (found or {}).items():
        match = _LABEL_KEY.fullmatch(key)
        if not match or len(match["prefix"] or "") > 253 or len(match["name"]) > _LONGEST_LABEL:
            yield error(f"{path}[{key}]", f"invalid label key: {key!r}")
        if not _LABEL_VALUE.fullmatch(value):
            yield error(f"{path}[{key}]", f"invalid label value: {value!r}")


def gateways(found: list[str] | None, path: str) -> Problems:
    """Names of gateways: `mesh`, NAME or NAMESPACE/NAME."""
    for index, name in enumerate(found or ()):
        place = f"{path}[{index}]"
        namespace, slash, gateway = name.partition("/")
        if not slash:
            yield from unless_fine(place, fqdn(name), "expected NAME, NAMESPACE/NAME, or mesh")
        elif not is_label(namespace):
            yield error(place, f"invalid value for namespace: {namespace!r}", "expected NAMESPACE/NAME")
        elif not is_label(gateway):
            yield error(place, f"invalid value for gateway name: {gateway!r}", "expected NAMESPACE/NAME")


def _length(name: str) -> str:
    if not name:
        return "empty domain name not allowed"
    return f"domain name {name!r} too long (max {_LONGEST_NAME})" if len(name) > _LONGEST_NAME else ""


def _labels(text: str, whole: str) -> str:
    parts = text.split(".")
    if re.fullmatch(r"[-+]?\d+", parts[-1]):
        return f"domain name {whole!r} is invalid (its last label {parts[-1]!r} is a number)"
    if parts[-1] == "":  # `istio.io.` is allowed: it says that the name is complete
        parts.pop()
    wrong = next((label for label in parts if not is_label(label)), None)
    return "" if wrong is None else f"domain name {whole!r} is invalid (label {wrong!r})"


def _listed_host(host: str, *, gateway: bool) -> str:
    if host != "*" and "." not in host and not (gateway and is_address(host)):
        return f"short names (non FQDN) are not allowed: {host!r}"
    complaint = wildcard_domain(host)
    if complaint and not (gateway and is_address(host)):
        return complaint
    return partial_wildcard(host)
