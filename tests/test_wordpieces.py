"""Windows over the pieces of a long sentence."""

from cman_tf.encoders.wordpieces import cut_windows


def test_windows():
    assert cut_windows(3, 10) == [(0, 3, 0, 3)]
    for pieces in range(1, 60):
        found = cut_windows(pieces, 10)
        read = [place for window in found for place in range(window.read_from, window.read_to)]
        assert read == list(range(pieces))  # every piece once, in order
        for window in found:
            assert window.end - window.start == min(pieces, 10)
            for place in range(window.read_from, window.read_to):
                # Two pieces on each side at least, where the sentence has them.
                assert place - window.start >= min(place, 2)
                assert window.end - 1 - place >= min(pieces - 1 - place, 2)
