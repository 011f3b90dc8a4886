"""The token bucket."""

from pando_shared.rate_limit import TokenBucket


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate() -> None:
    bucket = TokenBucket(burst=3, rate=2, now=0)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(0.4)
    assert bucket.take(0.5)
    assert not bucket.take(0.5)


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = TokenBucket(burst=2, rate=1, now=0)
    assert [bucket.take(1_000) for _ in range(3)] == [True, True, False]


def test_looking_into_a_bucket_takes_nothing() -> None:
    bucket = TokenBucket(burst=1, rate=1, now=0)
    assert bucket.has(0)
    assert bucket.has(0)
    assert bucket.take(0)
    assert not bucket.has(0)


def test_a_bucket_that_nobody_used_for_long_is_full_again() -> None:
    bucket = TokenBucket(burst=3, rate=2, now=10)
    assert bucket.is_full(10)
    assert bucket.take(10)
    assert not bucket.is_full(10.4)
    assert bucket.is_full(10.5)


def test_it_shows_what_is_left() -> None:
    bucket = TokenBucket(burst=3, rate=2, now=0)
    bucket.take(0)
    assert repr(bucket) == "<TokenBucket 2 of 3 at 0 s>"
