"""Which sentences share a batch."""

import numpy as np

from cman_tf.data.bucketing import batch_order, order_by_length


def test_batches_by_seed_and_epoch():
    lengths = np.random.default_rng(0).integers(1, 100, 205)

    def flat(seed, epoch):
        return np.concatenate(batch_order(lengths, 16, seed, epoch)).tolist()

    assert flat(1, 1) == flat(1, 1)
    assert flat(1, 1) != flat(1, 2) != flat(2, 1)
    assert sorted(flat(1, 1)) == list(range(205))
    batches = batch_order(lengths, 16, 1, 1)
    assert sorted(map(len, batches)) == [13] + [16] * 12
    padded = sum(lengths[b].max() * len(b) for b in batches)
    assert padded < 1.25 * lengths.sum()  # without buckets it is near 2
    by_tokens = order_by_length([5, 1, 9, 3, 2], 6)
    assert by_tokens == [[1, 4], [3], [0], [2]]  # 2 * 2, then 3 * 3 is too much, 9 alone is too


def test_order_of_the_file():
    order = batch_order([5, 1, 9, 2, 2], 2, seed=1, epoch=3, kind="file")
    assert [rows.tolist() for rows in order] == [[0, 1], [2, 3], [4]]
