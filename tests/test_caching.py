"""What was retrieved for a corpus is kept, and asked for again only if something else is asked."""

import json

import pytest
from test_leakage import Listed

from cman_tf.errors import DataError
from cman_tf.retrieving import caching
from cman_tf.retrieving.caching import find_cached
from cman_tf.retrieving.leakage import find_unleaked

TEXTS = ["Ann left.", "Bo — left\u2028Rome.", "Bo came.", "Oslo is cold."]
SENTENCES = [("Ann", "left"), ("Bo", "came"), ("Ann", "left"), ("x",)]


def test_a_second_training_asks_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(caching, "_PART", 3)
    source, counted = Listed(TEXTS), []
    first, path = find_cached(source, SENTENCES, 2, "conll 04/x", tmp_path / "new", advance=counted.append)
    assert first == find_unleaked(Listed(TEXTS), SENTENCES, 2) and sum(counted) == len(SENTENCES)
    assert path.parent == tmp_path / "new" and path.name.startswith("conll_04_x-")
    source.asked.clear()
    assert find_cached(source, SENTENCES, 2, "conll 04/x", tmp_path / "new") == (first, path)
    assert source.asked == [] and [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_makes_it_ask_again(tmp_path, monkeypatch):
    def ask(source=None, sentences=SENTENCES, k=2, **more):
        return find_cached(source or Listed(TEXTS), sentences, k, "c", tmp_path, **more)[1]

    paths = [ask(), ask(k=3), ask(sentences=SENTENCES[:3]), ask(rows=[0, 1, 3, 2])]
    other = Listed(TEXTS)
    other.key = "other"
    paths.append(ask(other))
    monkeypatch.setattr(caching, "GUARD_VERSION", 99)
    paths.append(ask())
    assert len(set(paths)) == len(paths)
    with pytest.raises(DataError, match="another corpus"):
        ask(Listed(TEXTS, sentences=9))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [], "line 1: kind is missing"),
        (lambda lines: lines[:-1], "passages of 3 sentences, not 4"),
        (lambda lines: [*lines, lines[-1]], "passages of 5 sentences, not 4"),
        (lambda lines: [lines[0], lines[1][:-9], *lines[2:]], "line 2: not JSON"),
        (lambda lines: [lines[0], "[]", "{}", *lines[3:]], "line 3: the content is {}, not a list"),
        (lambda lines: [lines[0], '[{"number": 1}]', *lines[2:]], "line 2: 0/text is missing"),
        (lambda lines: [lines[0].replace('"key": "', '"key": "0'), *lines[1:]], "line 1: key is "),
        (lambda lines: ["[]", *lines[1:]], r"line 1: the content is \[\], not an object"),
        (lambda lines: ["\x00"], "line 1: not JSON"),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path, change, message):
    _, path = find_cached(Listed(TEXTS), SENTENCES, 2, "c", tmp_path)
    path.write_text("".join(f"{line}\n" for line in change(path.read_text().split("\n")[:-1])))
    with pytest.raises(DataError, match=message) as caught:
        find_cached(Listed(TEXTS), SENTENCES, 2, "c", tmp_path)
    assert str(path) in str(caught.value) and "remove the file, and it is retrieved again" in str(caught.value)


def test_a_failure_leaves_no_file(tmp_path):
    class Broken(Listed):
        def find(self, sentences, k, rows=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_cached(Broken(TEXTS), SENTENCES, 2, "c", tmp_path)
    assert not list(tmp_path.glob("*.jsonl"))
    found, path = find_cached(Listed(TEXTS), [], 2, "c", tmp_path)
    assert found.passages == [] and json.loads(path.read_text())["left_out"]
