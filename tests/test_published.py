"""The papers' numbers."""

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
