"""Loading a model directory: whatever its files hold, the answer is a model or one line."""

import json
import shutil

import pytest
from helpers import ROOT

from cman_tf.errors import DataError
from cman_tf.inference.loading import load_trained


def vocabulary(**changes):
    """A vocabulary.json with some of its keys changed."""
    lists = {"words": ["<unk>"], "characters": ["<unk>"], "tags": ["O"], "relations": [], "vectors": False}
    return json.dumps({**lists, **changes}).encode()


CASES = {
    "flags.txt": [b"--\xed\xa0", b"--model=none\n", b"\x00"],
    "vocabulary.json": [
        b"[" * 20000,
        b"{}",
        b"[]",
        b"\xff",
        vocabulary(words=None),
        vocabulary(more=1),
        vocabulary(tags=["O", "B-b", "B-a"]),
        vocabulary(relations=["a", "a"]),
        vocabulary(tags=["B-a"]),
        vocabulary(vectors=True),
    ],
    "contextual.json": [b"[" * 20000, b"0", b"{}", b'{"kind": "transformer", "location": 0}'],
    "record.json": [b"[" * 20000, b"{}", b'{"tokenizer": "v1", "files": [], "weights": {}}'],
}


@pytest.mark.parametrize(("name", "content"), [(name, content) for name in CASES for content in CASES[name]])
def test_damaged_files_give_one_line(name, content, tmp_path):
    """Whatever a file of a model directory holds, loading ends in one line that names it or its directory."""
    folder = tmp_path / "model"
    shutil.copytree(ROOT / "tests" / "golden" / "dynamic_cman", folder)
    (folder / name).write_bytes(content)
    with pytest.raises(DataError) as error:
        load_trained(folder)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value) and len(str(error.value)) < 600
