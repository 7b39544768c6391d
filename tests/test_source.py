"""Which encoder is meant; a model directory cannot make us fetch or run one."""

import http.server
import json
import threading

import pytest

from cman_tf.encoders.source import find_again, find_source, load_source
from cman_tf.errors import DataError


def test_encoder_flags(tmp_path):
    with pytest.raises(
        DataError, match="--elmo --encoder given, expected either --elmo, or --elmo_options and --elmo_weights"
    ):
        find_source({"elmo": "x", "encoder": "y"})
    with pytest.raises(DataError, match="--elmo_options given, expected"):
        find_source({"elmo_options": "x"})
    with pytest.raises(DataError, match="--elmo_options=/absent: no such file"):
        find_source({"elmo_options": "/absent", "elmo_weights": "/absent"})
    with pytest.raises(DataError, match="no saved_model.pb, expected a TensorFlow Hub module"):
        find_source({"elmo": str(tmp_path)})
    assert find_source({}) is None


@pytest.fixture
def model_directory(tmp_path):
    """Write contextual.json, as a stranger might."""

    def write(kind="elmo_hub", **location):
        content = {"kind": kind, "location": location, "fingerprint": "54c4" * 16, "layers": 3, "size": 8}
        (tmp_path / "contextual.json").write_text(json.dumps(content))
        return tmp_path

    return write


@pytest.fixture
def server():
    """A server on this machine that counts what it is asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/module", asked
        running.shutdown()


@pytest.mark.parametrize("kind", ["elmo_hub", "transformer", "elmo_files"])
def test_a_hub_module_is_not_fetched(model_directory, server, kind):
    address, asked = server
    with pytest.raises(DataError, match="if you trust it, name it with --elmo|location has elmo, expected"):
        find_again(model_directory(kind, elmo=address), {})
    assert not asked


def test_a_hub_module_that_is_here_is_not_run(model_directory, tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(DataError, match="which runs code"):
        find_again(model_directory(elmo=str(tmp_path)), {})


def test_a_name_on_a_hub_is_not_looked_up(model_directory, monkeypatch):
    monkeypatch.setattr("cman_tf.encoders.source.find_source", lambda location: pytest.fail("looked up"))
    with pytest.raises(DataError, match="only downloaded on request; if you trust it, name it with --encoder"):
        find_again(model_directory("transformer", encoder="someone/model"), {})


@pytest.mark.parametrize(
    "change",
    [
        {"location": 0},
        {"location": {"encoder": 1}},
        {"location": {"model_dir": "x"}},
        {"kind": []},
        {"fingerprint": None},
        {"layers": "3"},
        {"size": True},
    ],
)
def test_wrong_types_are_refused(model_directory, change):
    folder = model_directory("transformer", encoder="minilm")
    content = json.loads((folder / "contextual.json").read_text()) | change
    (folder / "contextual.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=next(iter(change))):
        load_source(folder)
