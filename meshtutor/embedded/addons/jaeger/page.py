"""The page at `/`: what this is, what it holds, and where the data are. Pure."""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import urlencode

from meshtutor.embedded.addons.jaeger.store import Store

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Traces</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 42em; margin: 2em auto; padding: 0 1em }}
</style></head><body>
<h1>Traces</h1>
<p>The trace store of this lab. It takes spans as Jaeger does (OTLP on 4317 and 4318, Zipkin on 9411) and answers
Jaeger's query API; Jaeger's own pages are not here. In a notebook, traces show themselves.</p>
<p>{spans} spans in {traces} traces, {megabytes:.1f} MB; at most {max_spans} spans and {max_megabytes:.0f} MB are kept,
the oldest traces go first.</p>
<ul>{services}</ul>
<p><a href="api/services">api/services</a>, <a href="api/dependencies">api/dependencies</a></p>
</body></html>
"""
_MEGABYTE: Final = 1e6


def html(store: Store) -> str:
    """The page for what the store holds now."""
    services = (
        f'<li><a href="api/traces?{escape(urlencode({"service": name, "limit": 20}))}">{escape(name)}</a></li>'
        for name in store.services()
    )
    return _PAGE.format(
        spans=store.span_count,
        traces=len(store.traces),
        megabytes=store.size / _MEGABYTE,
        max_spans=store.max_spans,
        max_megabytes=store.max_bytes / _MEGABYTE,
        services="".join(services) or "<li>no spans have come yet</li>",
    )
