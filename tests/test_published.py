"""The papers' numbers."""

import pathlib

import pytest

from cman_tf.experiments.published import CITED, CONLL04, DECODING_TIMES, TABLES, conll04_lead, find_published


def test_find_published():
    assert find_published(("IJCAI table 1", "TNNLS table I"), "multihead") == {
        "IJCAI table 1": (83.61, 61.95),
        "TNNLS table I": (83.61, 61.95),
    }
    assert find_published(("IJCAI table 1", "TNNLS table I"), "dynamic_cman") == {"TNNLS table I": (91.72, 73.46)}
    assert find_published((), "cman") == {}


def test_leads_are_those_that_the_papers_print():
    assert conll04_lead("cman") == pytest.approx((7.01, 11.02))
    assert conll04_lead("dynamic_cman") == pytest.approx((8.11, 11.51))
    assert conll04_lead("multihead") is None


def test_a_row_has_the_same_scores_in_every_table_of_a_corpus():
    for sources in (("TNNLS table I", "TNNLS table VI", "TNNLS table VII"), ("IJCAI table 1", "IJCAI table 3")):
        model = "dynamic_cman" if "TNNLS table I" in sources else "cman"
        assert {TABLES[source][model] for source in sources} == {CONLL04[model]}
    assert TABLES["TNNLS table III"]["dynamic_cman"] == TABLES["TNNLS table IV"]["dynamic_cman"]


def test_overall_f1_of_the_decoding_times_is_the_mean_of_both_tasks():
    for corpus, source in (("CoNLL04", "TNNLS table I"), ("ADE", "TNNLS table II"), ("DREC", "TNNLS table III")):
        for key in ("multihead", "dynamic_cman"):
            assert DECODING_TIMES[corpus, key][1] == pytest.approx(sum(TABLES[source][key]) / 2, abs=0.011)


def test_scores_are_percentages():
    scores = [f1 for rows in TABLES.values() for f1 in rows.values()]
    scores += [system.f1 for systems in CITED.values() for system in systems]
    assert all(40 < value < 100 for f1 in scores for value in f1)


# The papers' words for a row to what follows the model's name in our keys.
_CHANGES = {
    "predicted label": "",
    "golden label": "_gold_labels",
    "- self-attention in bsa": "_no_self_attention",
    "- bla unit": "_no_label_attention",
    "- both units": "_no_attention",
    "- homoscedastic uncertainty": "_no_uncertainty",
    "cman (ours)-homoscedastic uncertainty": "_no_uncertainty",
    "replace bilstm with mlp": "_mlp",
    "encoded label representations": "_no_gate",
    "update label representations": "",
    "cman (lstm)": "_lstm",
    "cman (gru)": "_gru",
    "cman (bigru)": "_bigru",
    "cman (bilstm)": "",
    "cman (ours)": "",
    "cman": "",
}


def test_every_number_is_as_the_papers_print_it():
    """Compared with a file that was typed from the papers, not from this package; no row more and none less."""
    lines = (pathlib.Path(__file__).parent / "papers_tables.tsv").read_text().splitlines()[1:]
    tables, cited, times = {}, set(), {}
    for table, name, *printed in (line.split("\t") for line in lines):
        numbers = tuple(map(float, printed))
        model = "cman" if table.startswith("IJCAI") else "dynamic_cman"
        key = "multihead" if name == "Multi-head + AT" else model + _CHANGES.get(name.lower(), "?")
        if table.startswith("TNNLS table V "):
            times[table.split()[-1], key] = numbers[::-1]
        elif "?" in key:
            cited.add((table, name, *numbers))
        else:
            tables.setdefault(table, {})[key] = numbers
    assert {name: rows for name, rows in TABLES.items() if "figure" not in name} == tables
    assert times == DECODING_TIMES
    ours = {
        (table, s.name.partition(",")[0], *s.f1) for systems in CITED.values() for s in systems for table in s.sources
    }
    assert ours == cited
