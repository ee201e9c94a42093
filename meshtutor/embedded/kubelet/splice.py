"""Two connections made one: bytes pass both ways until both sides have ended."""

from __future__ import annotations

import asyncio
import contextlib

_CHUNK = 1 << 16
_CONNECT_SECONDS = 10.0


async def connect(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection, or OSError."""
    async with asyncio.timeout(_CONNECT_SECONDS):
        return await asyncio.open_connection(host, port)


async def splice(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    other_reader: asyncio.StreamReader,
    other_writer: asyncio.StreamWriter,
) -> None:
    """Pass bytes both ways until both sides have ended; half-closed connections stay half-closed."""
    try:
        await asyncio.gather(_pump(reader, other_writer), _pump(other_reader, writer))
    except (ConnectionError, OSError):
        abort(writer)
        abort(other_writer)
    finally:
        writer.close()
        other_writer.close()


def abort(writer: asyncio.StreamWriter) -> None:
    """End a connection at once, with a reset."""
    with contextlib.suppress(OSError):
        writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
