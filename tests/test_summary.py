"""The summary's five sentences are made from the numbers."""

import pytest
from result_makers import baseline_flags, collect, make_result, make_scores, write_results

from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.summary import summarize


def summary(folder, untimed=()):
    return summarize({name: collect(folder, name) for name in EXPERIMENTS}, untimed)


def write_models(folder, dynamic, baseline):
    write_results(
        folder,
        {
            "conll04/dynamic_cman-words-seed1": {**make_result(dynamic, 1), "dev": make_scores(1.0)},
            "conll04/multihead-words-seed1": {**make_result(baseline, 1), "flags": baseline_flags()},
        },
    )


def test_without_results(tmp_path):
    sentences = summary(tmp_path)
    assert len(sentences) == 5
    assert sentences[0] == "Dynamic CMAN was not run on CoNLL04."
    assert sentences[3] == "None of the papers' ablations was run."
    assert "DREC (3 of 3 models)" in sentences[4]


@pytest.mark.parametrize("f1, verdict", [(60.0, "not reproduced"), (80.0, "reproduced in part"), (95.0, "reproduced")])
def test_scores(tmp_path, f1, verdict):
    """The paper has 91.72 / 73.46."""
    write_models(tmp_path, f1, 50.0)
    assert f"CoNLL04 are {verdict}: dynamic CMAN has {f1:.2f} / {f1:.2f}" in summary(tmp_path)[0]


def test_baseline_and_lead(tmp_path):
    """The paper's baseline has 83.61 / 61.95, and the lead is 8.11 / 11.51."""
    write_models(tmp_path, 70.0, 60.0)
    _, baseline, lead, *_ = summary(tmp_path)
    assert "has 60.00 / 60.00 F1, and 83.61 / 61.95 in the papers: -23.61 / -1.95" in baseline
    assert (
        "reproduced in part: the paper prints +8.11 / +11.51 F1, where only dynamic CMAN reads ELMo; "
        "here it is +10.00 / +10.00 if both read words." in lead
    )


@pytest.mark.extra(name="report")
def test_changes(tmp_path):
    """The papers lose 0.93 / 1.30 with an MLP. Here 3 points are lost, and 2 are won without uncertainty weighting."""
    write_models(tmp_path, 70.0, 60.0)
    write_results(
        tmp_path,
        {
            "conll04/dynamic_cman-words-seed2": make_result(70.1, 2),
            "ablations/dynamic_cman_mlp-words-seed1": make_result(40.0, 1, cell="mlp", mlp_layers=1),
            "ablations/dynamic_cman_no_uncertainty-words-seed1": make_result(70.06, 1, loss_weighting="sum"),
        },
    )
    assert summary(tmp_path)[3] == (
        "Of the papers' 4 ablation effects (2 changes, entities and relations), 2 have the same sign here (2 with "
        "p < 0.05) and 2 the opposite (0 with p < 0.05); all of these changes were run only once."
    )


def test_gaps(tmp_path):
    write_results(
        tmp_path,
        {f"ade/multihead-words-fold{n}-seed1": {**make_result(1.0, 1), "flags": baseline_flags()} for n in (0, 3)},
    )
    gaps = summary(tmp_path, ["ADE"])[4]
    assert "ADE (2 of 3 models and 8 of 10 folds)" in gaps
    assert gaps.endswith("decoding time on ADE.")
    assert "tuned" not in gaps
