"""What is inside a compressed payload? The form that the reference implementation sends: uuid `SPBV1.0_COMPRESSED`, the
whole inner payload in `body`, and a metric `algorithm` that says DEFLATE (also when it is missing) or GZIP.
"""

import zlib

from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.payload import Metric, Payload

COMPRESSED = "SPBV1.0_COMPRESSED"
MAX_BYTES = 16 * 1024 * 1024
"""A larger payload is refused: a few bytes can hold gigabytes of zeros."""

_WINDOW_BITS = {"DEFLATE": zlib.MAX_WBITS, "GZIP": zlib.MAX_WBITS | 16}


def deflate(data: bytes, payload: Payload, algorithm: str = "DEFLATE") -> Payload:
    """The payload to send in the place of `payload`, whose bytes are `data`; algorithm: DEFLATE or GZIP.

    seq and timestamp stand outside as well, for hosts that keep order before they inflate.
    """
    deflater = zlib.compressobj(wbits=_WINDOW_BITS[algorithm])
    told = Metric("algorithm", None, SparkplugType.STRING, algorithm, payload.timestamp_ms)
    body = deflater.compress(data) + deflater.flush()
    return Payload(payload.timestamp_ms, [told], payload.seq, COMPRESSED, body)


def inflate(payload: Payload) -> bytes:
    """The bytes of the inner payload. Raises ValueError for an unknown algorithm, broken data, or too much of it."""
    algorithm = next((metric.value for metric in payload.metrics if metric.name == "algorithm"), "DEFLATE")
    window_bits = _WINDOW_BITS.get(str(algorithm).upper())
    if window_bits is None:
        raise ValueError(f"unknown algorithm '{algorithm}'")
    inflater = zlib.decompressobj(window_bits)
    try:
        data = inflater.decompress(payload.body or b"", MAX_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not inflater.eof:
        raise ValueError(f"it is cut off, or larger than {MAX_BYTES} bytes")
    return data
