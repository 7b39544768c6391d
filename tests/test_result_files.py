"""Reading result files: damaged ones are one DataError, and never get into a table."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from result_makers import make_result, write_everything, write_results

from cman_tf.errors import DataError
from cman_tf.experiments.lines import ResultFolder
from cman_tf.experiments.rendering import render_html, render_markdown
from cman_tf.experiments.result_files import parse_fold, read_result
from cman_tf.experiments.sections import make_sections


@pytest.mark.parametrize(
    "damage, problem",
    [
        ({"flags": {}}, "flags/model is missing"),
        ({"flags": {"model": "spert"}}, "no model of ours in flags"),
        ({"flags": []}, "flags is [], not an object"),
        ({"corpus": {}}, "corpus/name is missing"),
        ({"seed": "1"}, "seed is '1'"),
        ({"inputs": None}, "inputs is None"),
        ({"protocol": "\ud800"}, "protocol is '\\ud800', not Unicode"),
        ({"test": {"strict": {}}}, "no strict micro F1 in test"),
        ({"test": {"strict": {"micro": {"entities": {"f1": 1.0}, "relations": {"f1": None}}}}}, "no strict micro F1"),
        ({"dev": []}, "no strict micro F1 in dev"),
    ],
)
def test_damaged_results(tmp_path, damage, problem):
    write_results(tmp_path, {"r": {**make_result(80.0, 1), **damage}})
    with pytest.raises(DataError, match="expected a result file of cman_tf.train") as caught:
        read_result(tmp_path / "r.json")
    assert str(caught.value).startswith(f"{tmp_path / 'r.json'}: {problem}")


def test_settings_of_the_wrong_type(tmp_path):
    content = make_result(80.0, 1)
    content["flags"]["hidden_size"] = "many"
    write_results(tmp_path, {"r": content})
    with pytest.raises(DataError, match="flags/hidden_size is 'many'"):
        read_result(tmp_path / "r.json")


@pytest.mark.parametrize("name", ["word_vectors", "data_dir", "encoder", "elmo"])
def test_a_file_that_is_no_name(tmp_path, name):
    content = make_result(80.0, 1)
    content["flags"][name] = 7
    write_results(tmp_path, {"r": content})
    with pytest.raises(DataError, match=f"flags/{name} is 7"):
        read_result(tmp_path / "r.json")


def test_a_sound_result_names_its_file(tmp_path):
    write_results(tmp_path, {"r": make_result(80.0, 1)})
    assert read_result(tmp_path / "r.json")["file"] == str(tmp_path / "r.json")


def test_parse_fold():
    assert parse_fold("ade/dynamic_cman-words-fold7-seed1.json") == 7
    assert parse_fold("conll04/cman-words-seed1.json") is None


def list_paths(content, path=()):
    """Where each value of nested JSON is."""
    yield path
    for key, value in content.items() if isinstance(content, dict) else ():
        yield from list_paths(value, (*path, key))


JUNK = st.sampled_from([None, True, -1, 0, 1e999, "", "|<b>*", "\ud800", [], {}, [{}], {"f1": 1.0}, {"entities": {}}])


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    folder = tmp_path_factory.mktemp("everything")
    write_everything(folder)
    return folder


@pytest.mark.extra(name="report")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), junk=JUNK)
def test_no_damage_stops_the_report(everything, monkeypatch, data, junk):
    """Whatever value of whatever result file is replaced, the report is made, or one line names the file."""
    for name in ("draw_groups", "draw_rows", "draw_sizes"):  # they take long
        monkeypatch.setattr(f"cman_tf.experiments.captions.{name}", lambda *_: "<svg/>")
    file = data.draw(st.sampled_from(sorted(everything.rglob("*.json"))))
    text = file.read_text()
    content = json.loads(text)
    *parents, last = data.draw(st.sampled_from([path for path in list_paths(content) if path]))
    place = content
    for key in parents:
        place = place[key]
    place[last] = junk
    try:
        file.write_text(json.dumps(content))
        folder = ResultFolder(everything, strict=False)
        sections = make_sections(folder)
        render_markdown(sections, "results/", "figures").encode()
        render_html(sections, "results/").encode()
        assert all(problem.startswith(str(everything)) for problem in folder.problems)
    finally:
        file.write_text(text)
