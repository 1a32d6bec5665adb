"""How is a sample written as JSON, hundreds of thousands of times a second?

The same bytes as `uns.samples.encode_sample`, from parts: what rarely changes is kept.
"""

from functools import lru_cache

import msgspec

from uns.samples import Quality, Sample, format_timestamp

_encode = msgspec.json.Encoder().encode
_MIDDLE = {quality: f',"quality":"{quality.value}","timestamp":"'.encode() for quality in Quality}
_MILLISECONDS = [f'.{ms:03d}Z"}}'.encode() for ms in range(1000)]


@lru_cache(maxsize=1024)
def _second(seconds: int) -> bytes:
    return format_timestamp(seconds * 1000)[:-5].encode()


def sample_json(sample: Sample) -> bytes:
    """The JSON payload of a sample. Bytes become base64 text."""
    seconds, ms = divmod(sample.timestamp_ms, 1000)
    return b'{"value":' + _encode(sample.value) + _MIDDLE[sample.quality] + _second(seconds) + _MILLISECONDS[ms]
