"""Downloads: checked, whole, and a message where there is no network."""

import functools
import hashlib
import http.server
import threading

import pytest

from cman_tf.downloads import corpora
from cman_tf.errors import DataError


@pytest.fixture
def server(tmp_path):
    """A web server on this machine with two files; gives its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "train.json").write_bytes(b"[1]")
    (folder / "test.json").write_bytes(b"[2]")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}/"
        served.shutdown()


def sha(content):
    return hashlib.sha256(content).hexdigest()


def test_downloads_what_is_missing(server, tmp_path):
    source = corpora.Source(server, {"train.json": sha(b"[1]"), "test.json": sha(b"[2]")})
    folder = tmp_path / "new" / "corpus"
    assert corpora.download_corpus(source, folder) == ["train.json", "test.json"]
    assert (folder / "train.json").read_bytes() == b"[1]"
    assert sorted(path.name for path in folder.iterdir()) == ["test.json", "train.json"]
    assert corpora.download_corpus(source, folder) == []
    for content in (b"mine", b""):
        (folder / "train.json").write_bytes(content)
        with pytest.raises(DataError, match="train.json: is there with sha256 .* changed or cut short, move it away"):
            corpora.download_corpus(source, folder)
        assert (folder / "train.json").read_bytes() == content  # nothing is overwritten


def test_https_comes_first(monkeypatch):
    asked = []

    def open_address(address, timeout):
        asked.append(address)
        raise OSError("no network")

    monkeypatch.setattr(corpora.urllib.request, "urlopen", open_address)
    with pytest.raises(DataError, match="http://x/a: no network"):
        corpora.fetch("http://x/a", sha(b""))
    assert asked == ["https://x/a", "http://x/a"]


def test_a_wrong_file_is_not_written(server, tmp_path):
    source = corpora.Source(server, {"train.json": sha(b"[1]"), "test.json": sha(b"[3]")})
    with pytest.raises(DataError, match="test.json: 3 bytes of sha256 .* nothing was written"):
        corpora.download_corpus(source, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["absent.json", "train.json"])
def test_no_file_or_no_server(server, tmp_path, name):
    address = server if name == "absent.json" else "http://127.0.0.1:9/"
    with pytest.raises(DataError, match=f"{name}: .*, expected to download it"):
        corpora.download_corpus(corpora.Source(address, {name: sha(b"")}), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_advice(tmp_path):
    text = corpora.explain_by_hand("spert", tmp_path)
    assert "conll04_train.json, conll04_dev.json, conll04_test.json" in text
    assert "--sample" in text
    assert str(tmp_path) in text


def test_known_sums_are_those_of_the_corpora(data_dir):
    for form, source in corpora.CONLL04.items():
        for name, expected in source.files.items():
            assert sha((data_dir / f"conll04_{form}" / name).read_bytes()) == expected
