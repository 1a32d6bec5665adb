"""The reorder buffer and the rebirth throttle."""

from hypothesis import given
from hypothesis import strategies as st

from uns.sparkplug.rebirth import Cause, RebirthThrottle, RebirthWanted
from uns.sparkplug.reorder import LIMIT, ReorderBuffer


def buffer(timeout_ms=1000, seq=0):
    made = ReorderBuffer(timeout_ms)
    made.restart(seq, {}, 0)
    return made


def test_messages_in_order_pass():
    made = buffer(seq=254)
    assert [made.offer(seq, seq, 0) for seq in (255, 0, 1)] == [([255], False), ([0], False), ([1], False)]
    assert not made.expired(10**6)


def test_a_missing_message_is_waited_for():
    made = buffer()
    assert made.offer(2, "b", 0) == ([], False)
    assert made.offer(3, "c", 500) == ([], False)
    assert not made.expired(999)
    assert made.offer(1, "a", 999) == (["a", "b", "c"], False)
    assert not made.expired(10**6)


def test_the_wait_starts_at_the_gap_and_starts_again_at_the_next():
    made = buffer()
    made.offer(2, "b", 100)
    made.offer(4, "d", 200)
    made.offer(1, "a", 300)
    assert not made.expired(1299)
    assert made.expired(1300)


def test_what_was_held_is_never_lost():
    made = buffer()
    made.offer(3, "c", 0)
    made.offer(2, "b", 0)
    assert made.expired(1000)
    assert made.give_up() == ["b", "c"]
    assert made.offer(4, "d", 1000) == (["d"], False)


def test_a_message_that_is_late_or_comes_twice_breaks_the_sequence():
    made = buffer(seq=10)
    assert made.offer(10, "again", 0) == ([], True)
    made.offer(13, "c", 0)
    assert made.offer(13, "c", 0) == ([], True)
    assert made.late == 2


def test_the_buffer_is_bounded():
    made = buffer()
    results = [made.offer(2 + index, index, 0) for index in range(LIMIT + 1)]
    assert results[:-1] == [([], False)] * LIMIT
    assert results[-1] == (list(range(LIMIT + 1)), True)


def test_without_a_timeout_nothing_is_held():
    assert buffer(timeout_ms=0).offer(2, "b", 0) == (["b"], True)


def test_a_seq_beyond_255_counts_on():
    assert buffer(seq=255 + 256).offer(512, "x", 0) == (["x"], False)


@given(st.data(), st.integers(0, 255))
def test_any_local_shuffle_is_put_right(data, base):
    made = buffer(seq=base)
    numbers = list(range(60))
    windows = [data.draw(st.permutations(numbers[start : start + 6])) for start in range(0, 60, 6)]
    out = []
    for number in (each for window in windows for each in window):
        ready, broken = made.offer((base + 1 + number) % 256, number, 0)
        assert not broken
        out += ready
    assert out == numbers


def test_the_throttle_lets_one_through_per_interval():
    throttle = RebirthThrottle(5000, 0)
    assert throttle.want(Cause.SEQ_GAP, 0) == [RebirthWanted(Cause.SEQ_GAP)]
    assert throttle.want(Cause.UNKNOWN_METRIC, 1) == []
    assert throttle.want(Cause.NO_BIRTH, 2) == []
    assert throttle.tick(4999) == []
    assert throttle.tick(5000) == [RebirthWanted(Cause.UNKNOWN_METRIC)]
    assert throttle.tick(99_999) == []
    assert (throttle.requests, throttle.last_cause) == (2, Cause.UNKNOWN_METRIC)


def test_a_birth_settles_what_was_wanted():
    throttle = RebirthThrottle(5000, 100)
    assert throttle.want(Cause.NO_BIRTH, 0) == []
    throttle.settle(1)
    assert throttle.tick(100) == []


def test_who_does_not_answer_is_asked_ever_more_seldom():
    throttle = RebirthThrottle(1000, 0)
    asked = [ms for ms in range(0, 200_000, 500) if throttle.want(Cause.NO_BIRTH, ms)]
    assert asked == [0, 1000, 3000, 7000, 15_000, 31_000, 63_000, 127_000, 191_000]
    assert throttle.unanswered == 9
    throttle.settle(191_000)
    assert throttle.want(Cause.SEQ_GAP, 191_999) == []
    assert throttle.tick(192_000) == [RebirthWanted(Cause.SEQ_GAP)]


def test_a_passive_host_asks_for_operators_alone():
    throttle = RebirthThrottle(1000, 0, passive=True)
    assert throttle.want(Cause.NO_BIRTH, 5) == []
    assert throttle.tick(9999) == []
    assert throttle.want(Cause.OPERATOR, 10_000) == [RebirthWanted(Cause.OPERATOR)]
