"""ELMo's characters."""

from cman_tf.encoders.bilm import character_ids


def test_character_ids_by_hand():
    assert character_ids("aé", 8) == [259, 98, 0xC3 + 1, 0xA9 + 1, 260, 261, 261, 261]
    assert character_ids("abcdefgh", 5) == [259, 98, 99, 100, 260]  # the end is cut
    assert character_ids(256, 4) == [259, 257, 260, 261]
