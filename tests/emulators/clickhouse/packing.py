"""Content-Encoding in both directions, piece by piece: gzip, deflate, zstd and lz4 frames."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import lz4.frame  # type: ignore[import-untyped]
from backports import zstd

from tests.emulators.clickhouse.errors import BAD_ARGUMENTS, refusal

Unpack = Callable[[bytes], bytes]


def unpacker(encoding: str) -> Unpack:
    """A function that unpacks the next piece of a body; raises EngineError for an unknown encoding."""
    makers: dict[str, Callable[[], Any]] = {
        "gzip": lambda: zlib.decompressobj(wbits=31),
        "deflate": zlib.decompressobj,
        "zstd": zstd.ZstdDecompressor,
        "lz4": lz4.frame.LZ4FrameDecompressor,
    }
    if encoding in ("", "identity"):
        return lambda piece: piece
    if encoding not in makers:
        raise refusal(
            BAD_ARGUMENTS, "BAD_ARGUMENTS", f"Unknown compression method '{encoding}' of the body"
        )
    return _frames(makers[encoding])


def _frames(make: Callable[[], Any]) -> Unpack:
    current = make()

    def unpack(piece: bytes) -> bytes:
        nonlocal current
        unpacked = []
        # A client may send one frame a block: the next begins where the last ended.
        while piece:
            if current.eof:
                current = make()
            unpacked.append(current.decompress(piece))
            piece = (current.unused_data or b"") if current.eof else b""
        return b"".join(unpacked)

    return unpack


class Packer:
    """Packs an answer piece by piece; `encoding` is None where nothing is packed."""

    def __init__(self, accepted: str) -> None:
        offered = {part.split(";")[0].strip() for part in accepted.lower().split(",")}
        self.encoding = next((one for one in ("lz4", "zstd", "gzip") if one in offered), None)
        self._zstd = zstd.ZstdCompressor() if self.encoding == "zstd" else None
        self._gzip = zlib.compressobj(level=1, wbits=31) if self.encoding == "gzip" else None
        self._lz4: Any = lz4.frame.LZ4FrameCompressor() if self.encoding == "lz4" else None
        self._begun = False

    def pack(self, piece: bytes) -> bytes:
        """The packed form of one more piece, which may come later, with another."""
        if self._zstd is not None:
            return self._zstd.compress(piece)
        if self._gzip is not None:
            return self._gzip.compress(piece)
        if self._lz4 is not None:
            begin = b"" if self._begun else self._lz4.begin()
            self._begun = True
            return bytes(begin + self._lz4.compress(piece))
        return piece

    def end(self) -> bytes:
        """What is left at the end."""
        if self._zstd is not None:
            return self._zstd.flush()
        if self._gzip is not None:
            return self._gzip.flush()
        if self._lz4 is not None:
            return bytes((b"" if self._begun else self._lz4.begin()) + self._lz4.flush())
        return b""
