"""uns.security.throttle: how many failures, and for how long?"""

from tests.support.clock import FakeClock
from uns.security.throttle import FailureThrottle


def make(clock: FakeClock, capacity: int = 8) -> FailureThrottle:
    return FailureThrottle(clock, burst=3, refill_ms=1000, capacity=capacity)


def fail(throttle: FailureThrottle, key: str, times: int) -> None:
    for _ in range(times):
        throttle.failed(key)


def test_a_burst_is_free_then_one_at_a_time() -> None:
    clock = FakeClock()
    throttle = make(clock)
    fail(throttle, "a", 2)
    assert throttle.wait_ms("a") == 0
    throttle.failed("a")
    assert throttle.wait_ms("a") == 1000
    clock.advance(1000)
    assert throttle.wait_ms("a") == 0
    throttle.failed("a")
    assert throttle.wait_ms("a") == 1000


def test_time_refills_the_whole_burst_and_no_more() -> None:
    clock = FakeClock()
    throttle = make(clock)
    fail(throttle, "a", 3)
    clock.advance(1_000_000)
    fail(throttle, "a", 2)
    assert throttle.wait_ms("a") == 0
    throttle.failed("a")
    assert throttle.wait_ms("a") == 1000


def test_keys_do_not_touch_each_other_and_success_clears() -> None:
    throttle = make(FakeClock())
    fail(throttle, "a", 3)
    assert throttle.wait_ms("b") == 0
    throttle.cleared("a")
    assert throttle.wait_ms("a") == 0


def test_past_the_capacity_the_oldest_failure_is_forgotten() -> None:
    throttle = make(FakeClock(), capacity=2)
    for key in "abc":
        fail(throttle, key, 3)
    assert [throttle.wait_ms(key) > 0 for key in "abc"] == [False, True, True]
    assert throttle.forgotten == 1
