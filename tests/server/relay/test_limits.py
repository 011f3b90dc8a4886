"""One bucket for each address, in a table that does not grow."""

from pando_server.relay.limits import TokenBuckets


def test_each_key_has_a_bucket_of_its_own() -> None:
    buckets = TokenBuckets(burst=1, rate=1, kept=10)
    assert buckets.has("a", 0)
    assert buckets.take("a", 0)
    assert not buckets.has("a", 0)
    assert buckets.take("b", 0)


def test_full_buckets_are_forgotten_before_those_in_use() -> None:
    buckets = TokenBuckets(burst=1, rate=1, kept=10)
    for key in range(10):
        buckets.take(key, 0)
    buckets.take("busy", 5)  # The ten are full again, and go.
    assert len(buckets) == 1


def test_a_crowd_of_addresses_cannot_make_the_table_grow() -> None:
    buckets = TokenBuckets(burst=1, rate=0, kept=100)
    for key in range(10_000):
        buckets.take(key, 0)
    assert len(buckets) <= 100
    assert not buckets.has(9_999, 0)
