"""When access loggers are called, and for what: filters of Envoy's access logs.

A logger is called at the end of a request or connection; where a proxy is told to (`TcpProxy.access_log_options`,
HttpConnectionManager.access_log_options), also when a connection to a server or a tunnel (CONNECT) is open.
"""

from __future__ import annotations

from typing import Any, Final

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.data.accesslog.v3 import accesslog_pb2 as data_pb2
from envoy.extensions.access_loggers.filters.cel.v3 import cel_pb2
from envoy.type.matcher.v3 import string_pb2

from meshtutor.embedded.istio.transport import any_of

_TYPES: Final = data_pb2.AccessLogType
_NEVER_OPEN: Final = "!has(upstream.local_address)"


def with_filters(logger: Any, *filters: Any) -> Any:
    """The logger, called when all of these filters let it."""
    if filters:
        logger.filter.CopyFrom(_all(*filters))
    return logger


def ended() -> Any:
    """The end of a request, a tunnel or a connection."""
    return _of_type(_TYPES.DownstreamEnd, _TYPES.TcpConnectionEnd)


def opened() -> Any:
    """A tunnel or a connection is open to its server; or has ended without (istio_stats counts both, then)."""
    opening = _of_type(_TYPES.TcpUpstreamConnected, _TYPES.DownstreamTunnelSuccessfullyEstablished)
    return accesslog_pb2.AccessLogFilter(
        or_filter=accesslog_pb2.OrFilter(filters=[opening, _all(ended(), cel(_NEVER_OPEN))])
    )


def tunnels(*, only: bool) -> Any:
    """Tunnels only, or everything else."""
    method = route_components_pb2.HeaderMatcher(
        name=":method", string_match=string_pb2.StringMatcher(exact="CONNECT"), invert_match=not only
    )
    return accesslog_pb2.AccessLogFilter(header_filter=accesslog_pb2.HeaderFilter(header=method))


def cel(expression: str) -> Any:
    """What an expression in CEL says yes to."""
    config = any_of(cel_pb2.ExpressionFilter(expression=expression))
    name = "envoy.access_loggers.extension_filters.cel"
    return accesslog_pb2.AccessLogFilter(
        extension_filter=accesslog_pb2.ExtensionFilter(name=name, typed_config=config)
    )


def _of_type(*types: int) -> Any:
    return accesslog_pb2.AccessLogFilter(log_type_filter=accesslog_pb2.LogTypeFilter(types=types))


def _all(*filters: Any) -> Any:
    if len(filters) == 1:
        return filters[0]
    return accesslog_pb2.AccessLogFilter(and_filter=accesslog_pb2.AndFilter(filters=filters))
