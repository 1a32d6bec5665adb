"""The fast JSON is the platform's JSON."""

from hypothesis import given
from hypothesis import strategies as st

from uns.host.sample_json import sample_json
from uns.samples import Quality, Sample, decode_sample, encode_sample

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
    st.lists(st.integers(-5, 5)),
    st.dictionaries(st.sampled_from("ab"), st.integers(-5, 5)),
)


@given(st.builds(Sample, scalars, st.sampled_from(Quality), st.integers(0, 253_402_300_799_999)))
def test_the_same_bytes_as_encode_sample(sample):
    assert sample_json(sample) == encode_sample(sample)


def test_an_example():
    payload = sample_json(Sample(21.4, Quality.GOOD, 1_790_000_000_123))
    assert payload == b'{"value":21.4,"quality":"Good","timestamp":"2026-09-21T14:13:20.123Z"}'
    assert decode_sample(payload, 0) == Sample(21.4, Quality.GOOD, 1_790_000_000_123)
