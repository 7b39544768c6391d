"""Which batches of a training are profiled, read without TensorFlow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from cman_tf.errors import DataError

_MOST = 100  # a profile of more takes gigabytes


class ProfiledBatches(NamedTuple):
    """The batches to profile.

    Attributes:
      first: the first one, counted from 1.
      last: the last one.
    """

    first: int
    last: int


def read_batches(values: Sequence[str]) -> ProfiledBatches | None:
    """Read the value of `--profile_batches`.

    Args:
      values: two numbers as text, or nothing.

    Raises:
      DataError: if they are not the first and the last of at most 100 batches.

    >>> read_batches(["10", "20"])
    ProfiledBatches(first=10, last=20)
    """
    if not values:
        return None
    numbers = [int(value) if re.fullmatch("[0-9]{1,9}", value) else 0 for value in values]
    if len(numbers) != 2 or not 1 <= numbers[0] <= numbers[1] < numbers[0] + _MOST:
        given = ",".join(values)[:40]
        raise DataError(
            f"--profile_batches={given}: expected FIRST,LAST, at most {_MOST} batches counted from 1, as in 10,20"
        )
    return ProfiledBatches(*numbers)
