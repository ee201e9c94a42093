"""SPDY/3.1 frames, as much as port forwarding needs: streams, data, pings.

Source: SPDY Protocol draft 3.1, sections 2.2 (frames), 2.6.10 (name/value blocks). Headers of all frames of one
direction go through one zlib stream that starts with a dictionary known to both sides.
Left out: flow control, which neither client-go's spdystream does, and what a server never receives (HEADERS, pushes).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
FIN: Final = 0x01
_HEADER: Final = 8
_CONTROL: Final = 0x80000000
_VERSION: Final = 3
_STREAM_MASK: Final = 0x7FFFFFFF

_WORDS: Final = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie "
    "keep-alive origin"
)
_TAIL: Final = (
    b"100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative "
    b"Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 "
    b"Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec "
    b"00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,"
    b"application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8"
    b"charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY: Final = (
    b"".join(struct.pack(">I", len(word)) + word.replace("_", " ").encode() for word in _WORDS.split())
    + _TAIL
)
"""Section 2.6.10.1 of the draft."""


@dataclass(frozen=True)
class Frame:
    """A frame that was received; `type` 0 is data. `body` is the data, or a ping's payload."""

    type: int
    stream: int
    flags: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Codec:
    """Both directions of one connection."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now; the rest is kept for the next piece."""
        self._held += data
        while len(self._held) >= _HEADER:
            first, second = struct.unpack(">II", self._held[:_HEADER])
            length = second & 0xFFFFFF
            if len(self._held) < _HEADER + length:
                return
            body = bytes(self._held[_HEADER : _HEADER + length])
            del self._held[: _HEADER + length]
            if frame := self._frame(first, second >> 24, body):
                yield frame

    def _frame(self, first: int, flags: int, body: bytes) -> Frame | None:
        if not first & _CONTROL:
            return Frame(0, first, flags, body=body)
        kind = first & 0xFFFF
        if kind == SYN_STREAM:
            stream = struct.unpack(">I", body[:4])[0] & _STREAM_MASK
            return Frame(kind, stream, flags, self._headers(body[10:]))
        if kind == RST_STREAM:
            return Frame(kind, struct.unpack(">I", body[:4])[0] & _STREAM_MASK)
        return Frame(kind, 0, flags, body=body)

    def _headers(self, block: bytes) -> dict[str, str]:
        """Names come in lower case; values of one name are separated by NUL, of which the first counts."""
        plain = self._inflate.decompress(block)
        (count,), at, found = struct.unpack(">I", plain[:4]), 4, {}
        for _ in range(count):
            name, at = _text(plain, at)
            value, at = _text(plain, at)
            found[name.lower()] = value.partition("\0")[0]
        return found

    def reply(self, stream: int) -> bytes:
        """SYN_REPLY without headers."""
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(SYN_REPLY, struct.pack(">I", stream) + block)


def data(stream: int, body: bytes, *, fin: bool = False) -> bytes:
    """A data frame; with `fin` the last of its direction."""
    return struct.pack(">II", stream, (FIN if fin else 0) << 24 | len(body)) + body


def ping(body: bytes) -> bytes:
    """The answer to a ping: itself."""
    return _control(PING, body)


def reset(stream: int) -> bytes:
    """RST_STREAM with status CANCEL."""
    return _control(RST_STREAM, struct.pack(">II", stream, 5))


def _control(kind: int, body: bytes) -> bytes:
    return struct.pack(">II", _CONTROL | _VERSION << 16 | kind, len(body)) + body


def _text(plain: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack(">I", plain[at : at + 4])
    return plain[at + 4 : at + 4 + length].decode("latin-1"), at + 4 + length
