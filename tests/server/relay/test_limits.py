from pando_server.relay.limits import Bucket, Buckets


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate() -> None:
    bucket = Bucket(burst=3, rate=2, now=0)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(0.4)
    assert bucket.take(0.5)
    assert not bucket.take(0.5)


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = Bucket(burst=2, rate=1, now=0)
    assert [bucket.take(1_000) for _ in range(3)] == [True, True, False]


def test_looking_into_a_bucket_takes_nothing() -> None:
    bucket = Bucket(burst=1, rate=1, now=0)
    assert bucket.has(0)
    assert bucket.has(0)
    assert bucket.take(0)
    assert not bucket.has(0)


def test_each_key_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(burst=1, rate=1, kept=10)
    assert buckets.has("a", 0)
    assert buckets.take("a", 0)
    assert not buckets.has("a", 0)
    assert buckets.take("b", 0)


def test_full_buckets_are_forgotten_before_those_in_use() -> None:
    buckets = Buckets(burst=1, rate=1, kept=10)
    for key in range(10):
        buckets.take(key, 0)
    buckets.take("busy", 5)  # The ten are full again, and go.
    assert len(buckets) == 1


def test_a_crowd_of_addresses_cannot_make_the_table_grow() -> None:
    buckets = Buckets(burst=1, rate=0, kept=100)
    for key in range(10_000):
        buckets.take(key, 0)
    assert len(buckets) <= 100
    assert not buckets.has(9_999, 0)
