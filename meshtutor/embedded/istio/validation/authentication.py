"""PeerAuthentication and RequestAuthentication.

Source: Istio's pkg/config/validation/validation.go (ValidatePeerAuthentication, ValidateRequestAuthentication).
"""

from __future__ import annotations

import json
from typing import Any

from meshtutor.embedded.istio.validation import names, sharing, values
from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, error, unless_fine


def check_peer(obj: dict[str, Any]) -> Problems:
    """Everything about one PeerAuthentication."""
    spec: Spec = obj.get("spec") or {}
    yield from sharing.selector(spec)
    ports = spec.get("portLevelMtls")
    if ports and not (spec.get("selector") or {}).get("matchLabels"):
        yield error(
            "spec.portLevelMtls", "settings for ports need a selector", "add `selector:` with matchLabels"
        )
    if ports == {}:
        yield error("spec.portLevelMtls", "must have at least one port")
    for port in ports or {}:
        number = int(port) if port.isdigit() else 0
        yield from unless_fine(f"spec.portLevelMtls[{port}]", names.port(number))


def check_request(obj: dict[str, Any]) -> Problems:
    """Everything about one RequestAuthentication."""
    spec: Spec = obj.get("spec") or {}
    yield from sharing.selector(spec)
    yield from sharing.targets(spec)
    for path, rule in each(spec.get("jwtRules"), "spec.jwtRules"):
        yield from _rule(rule, path)


def _rule(rule: dict[str, Any], path: str) -> Problems:
    uri = rule.get("jwksUri") or rule.get("jwks_uri") or ""
    if not rule.get("issuer") and not uri:
        yield error(path, "issuer or jwksUri must be set")
    if uri and not uri.startswith(("http://", "https://")):
        yield error(f"{path}.jwksUri", f"{uri!r}: expected http:// or https://")
    if rule.get("jwks"):
        yield from unless_fine(f"{path}.jwks", _key_set(rule["jwks"]))
    for place, claim in each(rule.get("outputClaimToHeaders"), f"{path}.outputClaimToHeaders"):
        if not claim.get("claim"):
            yield error(f"{place}.claim", "claim must not be empty")
        yield from unless_fine(f"{place}.header", values.strict_header(claim.get("header", "")))


def _key_set(text: str) -> str:
    try:
        keys = json.loads(text)
    except ValueError as wrong:
        return f"not JSON: {wrong}"
    found = keys.get("keys", [keys]) if isinstance(keys, dict) else None
    if not isinstance(found, list) or not all(isinstance(key, dict) and key.get("kty") for key in found):
        return 'expected {"keys": [...]}, each with a `kty`'
    return ""
