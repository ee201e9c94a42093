"""Where spans come in over HTTP: OTLP (`POST /v1/traces`, protobuf or JSON) and Zipkin (`POST /api/v2/spans`).

OTLP specification, "OTLP/HTTP": the answer has the request's content type; a body that cannot be read is 400 with a
google.rpc.Status; spans that were not taken are counted in `partial_success`. A report is read to its end before
anything of it is kept. Bodies may be gzipped (aiohttp unpacks them) and are at most 20 MiB, as the collector's default
has it. protobuf is imported when the first report comes.
"""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from meshtutor.embedded.addons.jaeger.store import Store

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
_MOST_BYTES: Final = 20 * 2**20
_INVALID_ARGUMENT: Final = 3
_REJECTED: Final = "an id is wrong: expected trace ids of 16 bytes, span ids of 8, not all zeros"


def otlp_app(store: Store) -> web.Application:
    """The application of port 4318."""
    app = _application()

    async def traces(request: web.Request) -> web.Response:
        body = await request.read()
        return _export(store, request.content_type, body)

    app.router.add_post("/v1/traces", traces)
    return app


def zipkin_app(store: Store) -> web.Application:
    """The application of port 9411."""
    app = _application()

    async def spans(request: web.Request) -> web.Response:
        from meshtutor.embedded.addons.jaeger import zipkin

        if request.content_type != JSON:
            raise web.HTTPUnsupportedMediaType(text=f"{request.content_type} is not {JSON}\n")
        try:
            store.add(zipkin.read(await request.read()))
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        return web.Response(status=202)

    app.router.add_post("/api/v2/spans", spans)
    return app


def _application() -> web.Application:
    return web.Application(client_max_size=_MOST_BYTES)


def _export(store: Store, content_type: str, body: bytes) -> web.Response:
    if content_type not in (PROTOBUF, JSON):
        raise web.HTTPUnsupportedMediaType(text=f"{content_type} is neither {PROTOBUF} nor {JSON}\n")
    from meshtutor.embedded.addons.jaeger.otlp_messages import RpcStatus

    try:
        taken = take(store, _parse(content_type, body))
    except ValueError as error:
        said = str(error).encode(errors="backslashreplace").decode()  # JSON may hold what UTF-8 cannot
        return _answer(content_type, RpcStatus(code=_INVALID_ARGUMENT, message=said), 400)
    return _answer(content_type, taken)


def take(store: Store, request: Any) -> Any:
    """Keep the spans of an ExportTraceServiceRequest; its ExportTraceServiceResponse. ValueError if unreadable."""
    from google.protobuf.message import DecodeError

    from meshtutor.embedded.addons.jaeger import otlp, otlp_messages

    try:
        report = otlp.read(request)
    except DecodeError as error:
        raise ValueError(f"an attribute cannot be read: {error}") from error
    store.add(report.spans)
    response = otlp_messages.ExportTraceServiceResponse()
    if report.rejected:
        response.partial_success.rejected_spans = report.rejected
        response.partial_success.error_message = _REJECTED
    return response


def _parse(content_type: str, body: bytes) -> Any:
    """The request; ValueError if the body is no such thing."""
    if content_type == JSON:
        from meshtutor.embedded.addons.jaeger import otlp_json

        return otlp_json.parse(body)
    from google.protobuf.message import DecodeError

    from meshtutor.embedded.addons.jaeger.otlp_messages import ExportTraceServiceRequest

    try:
        return ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise ValueError(str(error)) from error


def _answer(content_type: str, message: Any, status: int = 200) -> web.Response:
    if content_type == JSON:
        from meshtutor.embedded.addons.jaeger import otlp_json

        return web.Response(text=otlp_json.response(message), content_type=JSON, status=status)
    return web.Response(body=message.SerializeToString(), content_type=PROTOBUF, status=status)
