"""Features are computed once and kept."""

import h5py
import numpy as np
import pytest

from cman_tf.encoders import feature_cache as cache
from cman_tf.encoders.feature_cache import prepare_features
from cman_tf.encoders.opening import RoundedEncoder
from cman_tf.encoders.source import Source
from cman_tf.errors import DataError

SOURCE = Source("elmo_hub", {"elmo": "somewhere"}, "a" * 64)

SENTENCES = [("Lee", "lives", "."), ("Rome",), ("a", "b"), ("c", "d", "e"), ("f", "g", "h")]


class Counting:
    """Stands for an encoder: features are made of the letters; stops after some calls."""

    name, layers, size = "counting", 2, 3

    def __init__(self, stop_after=1000):
        self.encoded, self.left = [], stop_after

    def encode(self, sentences):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        self.encoded += sentences
        return [np.array([[[ord(t[0]), len(s), k] for k in range(2)] for t in s], np.float32) for s in sentences]


def no_encoder():
    raise AssertionError("nothing was missing")


def test_features_are_computed_once(tmp_path):
    path, encoder = tmp_path / "new" / "features.h5", Counting()
    made = prepare_features(path, SOURCE, [*SENTENCES, SENTENCES[0]], lambda: encoder)
    assert sorted(encoder.encoded) == sorted(SENTENCES)  # the same one twice, once
    assert (made.layers, made.size) == (2, 3)
    found = prepare_features(path, SOURCE, SENTENCES, no_encoder)
    for mine, expected in zip(found.encode(SENTENCES[::-1]), Counting().encode(SENTENCES[::-1])):
        np.testing.assert_array_equal(mine, expected)
    more = Counting()
    prepare_features(path, SOURCE, [*SENTENCES, ("new",)], lambda: more)
    assert more.encoded == [("new",)]
    with pytest.raises(DataError, match="no features of 'absent', expected those of all sentences"):
        prepare_features(path, SOURCE, SENTENCES, no_encoder).encode([("absent",)])


def test_a_killed_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_PART_TOKENS", 4)
    path, killed, after = tmp_path / "features.h5", Counting(stop_after=2), Counting()
    with pytest.raises(KeyboardInterrupt):
        prepare_features(path, SOURCE, SENTENCES, lambda: killed)
    assert not path.exists()
    whole = prepare_features(path, SOURCE, SENTENCES, lambda: after)
    assert killed.encoded and sorted(killed.encoded + after.encoded) == sorted(SENTENCES)
    for mine, expected in zip(whole.encode(SENTENCES), Counting().encode(SENTENCES)):
        np.testing.assert_array_equal(mine, expected)
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(".")] == ["features.h5"]


def test_a_part_that_was_deleted_is_made_again(tmp_path, monkeypatch):
    """As its message asks for where it is damaged; the parts that are there stay."""
    monkeypatch.setattr(cache, "_PART_TOKENS", 4)
    path = tmp_path / "features.h5"
    with pytest.raises(KeyboardInterrupt):
        prepare_features(path, SOURCE, SENTENCES, lambda: Counting(stop_after=3))
    first = tmp_path / "features.h5.parts" / "000000.h5"
    first.write_bytes(b"damaged")
    with pytest.raises(DataError, match="000000.h5: .*expected features of cman-tf embed"):
        prepare_features(path, SOURCE, SENTENCES, no_encoder)
    first.unlink()
    assert not prepare_features(path, SOURCE, SENTENCES, Counting).missing(SENTENCES)


def test_what_was_begun_for_a_corpus_serves_a_share_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_PART_TOKENS", 4)
    path, after = tmp_path / "features.h5", Counting()
    with pytest.raises(KeyboardInterrupt):
        prepare_features(path, SOURCE, SENTENCES, lambda: Counting(stop_after=3))
    assert not prepare_features(path, SOURCE, SENTENCES[:3], lambda: after).missing(SENTENCES[:3])
    assert len(after.encoded) < 3


def test_what_a_kill_leaves(tmp_path, monkeypatch):
    """SIGKILL while merging, and between the merged file and its parts' end."""
    monkeypatch.setattr(cache, "_PART_TOKENS", 4)
    path = tmp_path / "features.h5"
    (tmp_path / ".features.h5.4711").write_bytes(b"half a file")
    with monkeypatch.context() as patch:
        patch.setattr(cache, "_remove", lambda *_: None)
        prepare_features(path, SOURCE, SENTENCES, Counting)
    parts = tmp_path / "features.h5.parts"
    assert parts.exists() and not (tmp_path / ".features.h5.4711").exists()
    prepare_features(path, SOURCE, SENTENCES, no_encoder)
    assert not parts.exists()
    parts.mkdir()
    prepare_features(parts / "000000.h5", SOURCE, [("another", "corpus")], Counting)
    with pytest.raises(DataError, match="parts: unfinished features of another corpus"):
        prepare_features(path, SOURCE, [*SENTENCES, ("new",)], Counting)


def test_parts_that_were_merged_are_not_merged_again(tmp_path, monkeypatch):
    """Killed between the merged file and its parts' end, then asked for more; other people's files stay."""
    path, backup = tmp_path / "features.h5", tmp_path / ".features.h5.2024-backup"
    backup.write_bytes(b"theirs")
    with monkeypatch.context() as patch:
        patch.setattr(cache, "_remove", lambda *_: None)
        prepare_features(path, SOURCE, SENTENCES, Counting)
    (tmp_path / "features.h5.parts" / "thesis.txt").write_text("theirs")
    whole = prepare_features(path, SOURCE, [*SENTENCES, ("new",)], Counting)
    with h5py.File(path) as file:
        assert len(file["keys"]) == len(whole.keys()) == len(SENTENCES) + 1
        assert len(file["features"]) == sum(map(len, SENTENCES)) + 1
    assert [p.name for p in (tmp_path / "features.h5.parts").iterdir()] == ["thesis.txt"]
    assert backup.exists()


def test_the_cache_of_a_part_is_filled_up(tmp_path):
    """Features of one sentence first, say of dev, then of them all."""
    path = tmp_path / "features.h5"
    prepare_features(path, SOURCE, SENTENCES[:1], Counting)
    assert not prepare_features(path, SOURCE, SENTENCES, Counting).missing(SENTENCES)


def test_caches_that_do_not_fit(tmp_path):
    path = tmp_path / "features.h5"
    prepare_features(path, SOURCE, SENTENCES, Counting)
    other = Source("elmo_hub", {"elmo": "elsewhere"}, "b" * 64)
    with pytest.raises(DataError, match="features of another encoder .--elmo=somewhere., expected those of --elmo=els"):
        prepare_features(path, other, SENTENCES, no_encoder)
    with pytest.raises(DataError, match="features of another corpus .it lacks 1 of these 1 sentences"):
        prepare_features(path, SOURCE, [("another", "corpus")], no_encoder)
    others = [SENTENCES[0], *((f"other{number}", "corpus") for number in range(2 * len(SENTENCES)))]
    with pytest.raises(DataError, match="features of another corpus"):  # though it shares a sentence
        prepare_features(path, SOURCE, others, no_encoder)
    with open(path, "r+b") as file:
        file.truncate(500)
    with pytest.raises(DataError, match="features.h5: .*, expected features of cman-tf embed"):
        prepare_features(path, SOURCE, SENTENCES, no_encoder)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["features"], file["keys"], file["starts"], file["lengths"] = np.zeros((1, 1, 1)), 1, 1, 1
        file.attrs["fingerprint"], file.attrs["name"] = SOURCE.fingerprint, "x"
    with pytest.raises(DataError, match="other.h5: .*expected features of cman-tf embed"):
        prepare_features(tmp_path / "other.h5", SOURCE, SENTENCES, no_encoder)


def test_half_precision(tmp_path):
    """Half the disk; what is read is what the encoder itself gives, rounded."""
    half = Source("elmo_hub", {"elmo": "somewhere", "encoder_precision": "float16"}, "b" * 64)
    assert (half.precision, SOURCE.precision) == ("float16", "float32")
    path = tmp_path / "features.h5"
    made = prepare_features(path, half, SENTENCES, Counting)
    with h5py.File(path, "r") as file:
        assert file["features"].dtype == np.float16
    rounded = RoundedEncoder(Counting(), "float16").encode(SENTENCES)
    for mine, expected in zip(made.encode(SENTENCES), rounded):
        assert mine.dtype == np.float32
        np.testing.assert_array_equal(mine, expected)
    with pytest.raises(DataError, match="features of another encoder"):
        prepare_features(path, SOURCE, SENTENCES, Counting)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("starts", lambda values: values + 1, "starts and lengths that do not cover"),
        ("starts", lambda values: values[::-1].copy(), "starts and lengths that do not cover"),
        ("lengths", lambda values: values * 2**20, "a sentence with no row, or with more than there are"),
        ("lengths", lambda values: values[:-1], "5 keys, 5 starts and 4 lengths"),
        ("lengths", lambda values: values.astype("f4"), "lengths of float32"),
        ("keys", lambda values: np.repeat(values[:1], len(values)), "a sentence twice"),
        ("features", lambda values: values[:-1], "starts and lengths that do not cover the 11 rows"),
        ("features", lambda values: values[:, :0], "features of float32"),
        ("features", lambda values: values.astype("i4"), "features of int32"),
        ("features", lambda values: np.full_like(values, np.nan), "a feature of 'Lee lives .' is not finite"),
    ],
)
def test_damaged_caches_are_refused(tmp_path, name, change, message):
    path = tmp_path / "features.h5"
    prepare_features(path, SOURCE, SENTENCES, Counting).close()
    with h5py.File(path, "r+") as file:
        values = file[name][...]
        del file[name]
        file[name] = change(values)
    with pytest.raises(DataError, match=f"features.h5: {message}"):
        prepare_features(path, SOURCE, SENTENCES, no_encoder).encode(SENTENCES)
