"""An experiment's lines, and reading a folder of result files."""

import pytest
from result_makers import collect, make_result, write_results

from cman_tf.errors import DataError
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.lines import ResultFolder, collect_lines, name_inputs


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_row_that_was_not_run_is_a_line_without_results(name, tmp_path):
    lines = collect(tmp_path, name)
    expected = [] if EXPERIMENTS[name].is_search else [row.key for row in EXPERIMENTS[name].rows]
    assert [line.row.key for line in lines] == expected
    assert not any(line.results for line in lines)


def test_inputs_are_those_of_the_experiments_own_rows(tmp_path):
    """A repeated row's other inputs are shown in its own experiment."""
    write_results(
        tmp_path,
        {
            "conll04/dynamic_cman-words-seed1": make_result(60.0, 1),
            "conll04/dynamic_cman-minilm-seed1": make_result(70.0, 1),
            "cells/dynamic_cman_gru-minilm-seed1": make_result(65.0, 1, cell="gru"),
        },
    )
    assert {line.inputs for line in collect(tmp_path, "cells")} == {"minilm"}
    assert {line.inputs for line in collect(tmp_path, "conll04")} == {"words", "minilm"}
    papers = {(line.row.key, line.inputs): line.papers for line in collect(tmp_path)}
    assert papers["dynamic_cman", "minilm"] == {"TNNLS table I": (91.72, 73.46)}
    assert papers["multihead", "minilm"] == {}  # the papers' baseline reads words only
    assert set(papers["multihead", "words"]) == {"IJCAI table 1", "TNNLS table I"}


def test_folds_are_counted(tmp_path):
    for fold in (0, 3):
        write_results(tmp_path, {f"ade/dynamic_cman-words-fold{fold}-seed1": make_result(60.0 + fold, 1)})
    (line,) = (line for line in collect(tmp_path, "ade") if line.results)
    assert (len(line.results), line.expected) == (2, 10)


def test_a_file_under_another_rows_name(tmp_path):
    write_results(tmp_path, {"conll04/cman-words-seed1": make_result(80.0, 1)})
    with pytest.raises(DataError, match="seed1.json: made with --model=dynamic_cman, but its name says cman"):
        collect(tmp_path)
    write_results(tmp_path, {"cells/dynamic_cman_gru-words-seed1": make_result(80.0, 1)})
    with pytest.raises(DataError, match="made with --cell=bilstm, but its name says gru"):
        collect(tmp_path, "cells")


def test_a_damaged_file_is_left_out_by_name(tmp_path):
    write_results(tmp_path, {f"conll04/dynamic_cman-words-seed{seed}": make_result(80.0, seed) for seed in (1, 2)})
    (tmp_path / "conll04" / "dynamic_cman-words-seed2.json").write_text('{"test":')
    write_results(tmp_path, {"conll04/cman-words-seed1": make_result(80.0, 1)})
    folder = ResultFolder(tmp_path, strict=False)
    for _ in range(2):  # each file is named once
        lines = collect_lines("conll04", EXPERIMENTS["conll04"], folder)
    assert {line.row.key: len(line.results) for line in lines} == {"multihead": 0, "cman": 0, "dynamic_cman": 1}
    assert len(folder.problems) == 2
    assert any("dynamic_cman-words-seed2.json: not JSON" in problem for problem in folder.problems)
    assert any("cman-words-seed1.json: made with --model" in problem for problem in folder.problems)
    with pytest.raises(DataError, match="cman-words-seed1.json: made with"):
        collect(tmp_path)


def test_gold_labels_stand_beside_the_same_models(tmp_path):
    for name, seeds in (("conll04/cman", (1, 2)), ("label_source/cman_gold_labels", (2,))):
        for seed in seeds:
            content = {**make_result(50.0 + seed, seed, model="cman"), "run": f"run{seed}"}
            write_results(tmp_path, {f"{name}-words-seed{seed}": content})
    assert [line.f1("entities") for line in collect(tmp_path, "label_source")] == [[52.0], [52.0]]


def test_scores_that_old_results_lack(tmp_path):
    write_results(tmp_path, {"conll04/cman-words-seed1": make_result(80.0, 1, model="cman")})
    (line,) = (line for line in collect(tmp_path) if line.results)
    assert line.mean() == (80.0, 80.0)
    for lacking in ({"convention": "relaxed"}, {"average": "macro"}, {"split": "dev"}):
        assert line.f1("entities", **lacking) == []
    assert line.mean(split="dev") is None


def test_names_of_inputs():
    names = ("words", "minilm", "minilm_tuned", "mpnet_float16", "bert_base")
    expected = ["words", "MiniLM", "MiniLM (tuned)", "MPNet (float16)", "bert_base"]
    assert [name_inputs(name) for name in names] == expected
