"""Cross-origin resource sharing (route.go, TranslateCORSPolicy)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from envoy.extensions.filters.http.cors.v3 import cors_pb2
from envoy.type.matcher.v3 import string_pb2

from meshtutor.embedded.istio.reading import boolean, seconds
from meshtutor.embedded.istio.routes.matches import string_matcher
from meshtutor.embedded.istio.routes.percentages import of_integer


def policy(cors: Mapping[str, Any]) -> Any:
    """The CORS filter's configuration for one route."""
    origins = [string_matcher(origin) for origin in cors.get("allowOrigins") or ()]
    if "allowOrigins" not in cors:
        origins = [string_pb2.StringMatcher(exact=origin) for origin in cors.get("allowOrigin") or ()]
    out = cors_pb2.CorsPolicy(
        allow_origin_string_match=origins,
        allow_methods=",".join(cors.get("allowMethods") or ()),
        allow_headers=",".join(cors.get("allowHeaders") or ()),
        expose_headers=",".join(cors.get("exposeHeaders") or ()),
        forward_not_matching_preflights=boolean(cors.get("unmatchedPreflights") != "IGNORE"),
    )
    out.filter_enabled.default_value.CopyFrom(of_integer(100))
    if "maxAge" in cors:
        out.max_age = str(int(seconds(cors["maxAge"])))
    if "allowCredentials" in cors:
        out.allow_credentials.value = bool(cors["allowCredentials"])
    return out
