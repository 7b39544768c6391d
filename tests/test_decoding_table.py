"""The table of decoding times."""

from result_makers import write_results

from cman_tf.experiments.decoding_table import list_untimed, make_decoding_table
from cman_tf.experiments.lines import ResultFolder


def write_times(folder, name, inputs, seconds, **more):
    f1 = dict.fromkeys(seconds, 70.0)
    content = {"seconds": seconds, "overall_f1": f1, "inputs": inputs, "seed": 1, "of": "CoNLL04", **more}
    write_results(folder, {f"decoding_time/{name}": content})


def table_of(folder):
    table = make_decoding_table(ResultFolder(folder, strict=False))
    return table, {row[:3]: dict(zip(table.header[3:5], row[3:5])) for row in table.rows}


def test_times_are_multiples_of_the_baselines(tmp_path):
    for seed, slower in ((1, 1.5), (2, 2.5)):
        write_times(tmp_path, f"words-seed{seed}", "words", {"multihead": 0.5, "dynamic_cman": 0.5 * slower})
    table, rows = table_of(tmp_path)
    assert rows["CoNLL04", "dynamic CMAN", "words"] == {"time": "2.00 ± 0.71", "paper": "1.62"}
    assert rows["CoNLL04", "CMAN", "words"]["time"] == "not run"
    assert rows["ADE", "dynamic CMAN", "words"] == {"time": "not run", "paper": "1.75"}
    assert list_untimed(table) == ["ADE", "DREC"]


def test_the_papers_baseline_reads_no_contextual_vectors(tmp_path):
    for inputs in ("words", "minilm"):
        write_times(tmp_path, f"{inputs}-seed1", inputs, {"multihead": 1.0})
    _, rows = table_of(tmp_path)
    assert rows["CoNLL04", "Multi-head + AT", "words"]["paper"] == "1.00"
    assert rows["CoNLL04", "Multi-head + AT", "MiniLM"]["paper"] == ""


def test_the_first_files_do_not_name_their_corpus(tmp_path):
    content = {"seconds": {"multihead": 1.0}, "overall_f1": {"multihead": 70.0}, "inputs": "words", "seed": 1}
    write_results(tmp_path, {"decoding_time/words-seed1": content})
    _, rows = table_of(tmp_path)
    assert rows["CoNLL04", "Multi-head + AT", "words"]["time"] == "1.00"


def test_damaged_files_are_left_out(tmp_path):
    write_times(tmp_path, "words-seed1", "words", {"multihead": 0.0})
    write_times(tmp_path, "words-seed2", "words", {"cman": 1.0})
    write_times(tmp_path, "words-seed3", "words", {"multihead": 1.0}, of="Mars")
    folder = ResultFolder(tmp_path, strict=False)
    assert list_untimed(make_decoding_table(folder)) == ["CoNLL04", "ADE", "DREC"]
    assert len(folder.problems) == 3
