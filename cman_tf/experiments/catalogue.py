"""Every table and figure of both papers: their rows to train, with the papers' numbers.

F1 of entities and relations is as the papers print it, None where they do not.
"""

from __future__ import annotations

from cman_tf.experiments.rows import F1, Experiment, Row
from cman_tf.scoring.tables import PAPER_CONLL04

CONLL04_FLAGS = {"dynamic_cman": "conll04", "cman": "conll04_ijcai", "multihead": "conll04_multihead"}
ADE_FLAGS = {"dynamic_cman": "ade", "cman": "ade_ijcai", "multihead": "ade_multihead"}
DREC_FLAGS = {"dynamic_cman": "drec", "multihead": "drec_multihead"}


def _main(flagfiles: dict[str, str], papers: dict[str, dict[str, F1]], home: str | None = None) -> tuple[Row, ...]:
    labels = {"multihead": "Multi-head + AT", "cman": "CMAN", "dynamic_cman": "dynamic CMAN"}
    elmo = {m: m != "multihead" and flagfiles is not DREC_FLAGS for m in labels}  # in the papers
    return tuple(
        Row(m, labels[m], flagfiles[m], (), papers.get(m, {}), elmo[m], home) for m in labels if m in flagfiles
    )


_TABLE_1 = "IJCAI table 1, TNNLS table I"
_CONLL04 = {
    "multihead": {_TABLE_1: PAPER_CONLL04["multihead"]},
    "cman": {"IJCAI table 1": PAPER_CONLL04["cman"]},
    "dynamic_cman": {"TNNLS table I": PAPER_CONLL04["dynamic_cman"]},
}
_MULTIHEAD, _CMAN, _DYNAMIC = _main(CONLL04_FLAGS, _CONLL04, "conll04")


def _like(row: Row, key: str, label: str, *flags: str, **papers: F1) -> Row:
    """A variation of a row of the experiment conll04; with no other flags it is that row."""
    named = {name.replace("_", " "): value for name, value in papers.items()}
    home, same = ("conll04", None) if key == row.key else (None, None if flags else row.key)
    return Row(key, label, row.flagfile, flags, named, row.elmo, home, same)


def _ablations(row: Row, paper: str, numbers: dict[str, F1]) -> tuple[Row, ...]:
    variations = {
        "full": ("", ()),
        "no_self_attention": ("- self-attention in BSA", ("--noself_attention",)),
        "no_label_attention": ("- BLA unit", ("--nolabel_attention",)),
        "no_attention": ("- both units", ("--noself_attention", "--nolabel_attention")),
        "no_uncertainty": ("- homoscedastic uncertainty", ("--loss_weighting=sum",)),
        "mlp": ("replace BiLSTM with MLP", ("--cell=mlp",)),
    }
    rows = []
    for name, f1 in numbers.items():
        words, flags = variations[name]
        key = row.key if name == "full" else f"{row.key}_{name}"
        rows.append(_like(row, key, f"{row.label} {words}".strip(), *flags, **{paper: f1}))
    return tuple(rows)


def _sizes(row: Row) -> tuple[Row, ...]:
    rows = []
    for share in (20, 40, 60, 80, 100):
        papers = {"TNNLS_figure_7": (86.82, 62.91)} if (row, share) == (_DYNAMIC, 60) else {}
        flags = () if share == 100 else (f"--train_fraction={share / 100}",)
        key = row.key if share == 100 else f"{row.key}_{share}"
        rows.append(_like(row, key, f"{row.label}, {share} %", *flags, **papers))
    return tuple(rows)


def _tuned(row: Row) -> tuple[Row, ...]:
    alpha, average = "--adversarial_alpha=0.1", "--weight_average=0.995"
    small = "--batch_size=8", "--weight_average=0.997"  # the baseline's batches are of 1
    key, label = f"{row.key}_batch8", f"{row.label}, batches of 8, weights averaged"
    dropout = "--attention_dropout=0.3", "--relation_dropout=0.3"
    tuned = _like(row, f"{row.key}_tuned", f"{row.label}, alpha 0.1, weights averaged", alpha, average)
    ours = (
        _like(row, f"{tuned.key}_dropout", f"{tuned.label}, with dropout 0.3", alpha, average, *dropout),
        _like(row, f"{row.key}_average_dropout", f"{row.label}, weights averaged, with dropout 0.3", average, *dropout),
        _like(row, key, label, *small),
        _like(row, f"{key}_alpha10", f"{label}, alpha 0.1", *small, alpha),
        _like(row, f"{key}_dropout", f"{label}, with dropout 0.3", *small, *dropout),
    )
    return (
        _like(row, row.key, row.label),
        _like(row, f"{row.key}_alpha10", f"{row.label}, alpha 0.1", alpha),
        tuned,
        *(() if row == _MULTIHEAD else ours),
    )


EXPERIMENTS: dict[str, Experiment] = {
    "conll04": Experiment(
        "CoNLL04 (IJCAI table 1, TNNLS table I)",
        "conll04",
        _main(CONLL04_FLAGS, _CONLL04),
        (
            ("Table Representation, Miwa and Sasaki 2014", _TABLE_1, (80.70, 61.00)),
            ("NN CRF, Adel and Schuetze 2017", "TNNLS table I", (82.10, 62.50)),
            ("Global Optimization, Zhang et al. 2017", "TNNLS table I", (85.60, 67.80)),
            ("Multi-head, Bekoulis et al. 2018 (72.04: a misprint for 62.04)", "TNNLS table I", (83.04, 72.04)),
            ("Relation-Metric with AT, Tran and Kavuluru 2019", _TABLE_1, (84.57, 62.28)),
            ("Multi-turn QA, Li et al. 2019 (BERT)", _TABLE_1, (87.80, 68.20)),
            ("SpERT, Eberts and Ulges 2019 (BERT)", _TABLE_1, (88.94, 71.47)),
        ),
        "The papers give ELMo to CMAN and not to the baseline. The baseline with the same contextual vectors is the "
        "control that neither prints; how far CMAN is ahead of it, and of the baseline without them, as the papers "
        "compare, is in the second table.",
    ),
    "ade": Experiment(
        "ADE, ten-fold cross-validation (IJCAI table 2, TNNLS table II)",
        "ade",
        _main(
            ADE_FLAGS,
            {
                "multihead": {"IJCAI table 2, TNNLS table II": (86.73, 75.52)},
                "cman": {"IJCAI table 2": (89.40, 81.14)},
                "dynamic_cman": {"TNNLS table II": (90.12, 81.34)},
            },
        ),
        (
            ("Joint Model, Li et al. 2016", "IJCAI table 2, TNNLS table II", (79.50, 63.40)),
            ("Neural joint model, Li et al. 2017", "IJCAI table 2, TNNLS table II", (84.60, 71.40)),
            ("Relation-Metric with AT, Tran and Kavuluru 2019", "IJCAI table 2, TNNLS table II", (87.02, 77.19)),
            ("SpERT, Eberts and Ulges 2019 (BERT)", "IJCAI table 2, TNNLS table II", (89.25, 79.24)),
        ),
        "Of nested entities BIO tags can express one: the longer stays in training, with its relations; in scoring "
        'gold keeps all, so that the inner one counts as missed. "Without overlaps" leaves out the sentences that '
        "have nested entities; of the 120 nested pairs five end in the same token, where their relations cannot be "
        "told apart. A test sentence each of folds 2 and 4 is in their training part, too. Dev is held out from each "
        "fold's training part. The first table is strict macro, as the other systems' numbers are; mean and "
        "deviation are over folds (and seeds).",
    ),
    "drec": Experiment(
        "DREC (TNNLS table III), no contextual vectors",
        "drec",
        _main(
            DREC_FLAGS,
            {
                "multihead": {"TNNLS table III": (82.04, 53.12)},
                "dynamic_cman": {"TNNLS table III": (82.96, 55.66), "TNNLS table IV": (82.96, 55.66)},
            },
        )
        + (
            Row(
                "dynamic_cman_no_gate",
                "dynamic CMAN without label gate",
                "drec",
                ("--nolabel_gate",),
                {"TNNLS table IV": (82.02, 54.23)},
                elmo=False,
            ),
        ),
        (
            ("Attentive LSTM, Bekoulis et al. 2018", "TNNLS table III", (79.11, 49.70)),
            ("Multi-head, Bekoulis et al. 2018", "TNNLS table III", (81.39, 52.26)),
        ),
        'Dynamic CMAN reads word vectors alone, as the paper says ("we only use word embedding"); the baseline reads '
        "characters, too, as its authors' configuration says. The paper may mean no more than no ELMo: "
        "flags of `train` (`-- --nouse_characters`) make them equal.",
    ),
    "label_source": Experiment(
        "Label source at test time (IJCAI table 3)",
        "conll04",
        (
            _like(_CMAN, "cman", "predicted labels", IJCAI_table_3=(90.62, 72.97)),
            _like(_CMAN, "cman_gold_labels", "golden labels", IJCAI_table_3=(90.44, 72.80)),
        ),
        note="The same trained models twice, those that were evaluated with gold labels. CMAN's entities come from "
        "X^m, which sees no labels: gold labels cannot change them, although the paper prints a change.",
    ),
    "label_gate": Experiment(
        "Label gate (TNNLS table IV, there on DREC)",
        "conll04",
        (
            _like(_DYNAMIC, "dynamic_cman_no_gate", "without gate", "--nolabel_gate"),
            _like(_DYNAMIC, "dynamic_cman", "with gate"),
        ),
        note="On CoNLL04 here. The paper's numbers are of DREC and stand there; it means the gate for corpora whose "
        "entities are predicted poorly.",
    ),
    "cells": Experiment(
        "Encoder cells (TNNLS table VI)",
        "conll04",
        (
            _like(_DYNAMIC, "dynamic_cman_lstm", "LSTM", "--cell=lstm", TNNLS_table_VI=(90.50, 71.86)),
            _like(_DYNAMIC, "dynamic_cman_gru", "GRU", "--cell=gru", TNNLS_table_VI=(88.58, 69.57)),
            _like(_DYNAMIC, "dynamic_cman_bigru", "BiGRU", "--cell=bigru", TNNLS_table_VI=(90.88, 72.16)),
            _like(_DYNAMIC, "dynamic_cman", "BiLSTM", TNNLS_table_VI=(91.72, 73.46)),
        ),
        note="The characters' BiLSTM stays in every row.",
    ),
    "ablations": Experiment(
        "Ablations (IJCAI table 4, TNNLS table VII)",
        "conll04",
        _ablations(
            _CMAN,
            "IJCAI_table_4",
            {
                "full": (90.62, 72.97),
                "no_self_attention": (90.16, 70.18),
                "no_label_attention": (90.57, 70.84),
                "no_attention": (89.34, 68.95),
                "mlp": (89.82, 70.34),
            },
        )
        + _ablations(
            _DYNAMIC,
            "TNNLS_table_VII",
            {
                "full": (91.72, 73.46),
                "no_self_attention": (90.01, 69.98),
                "no_label_attention": (90.76, 71.34),
                "no_attention": (89.86, 69.21),
                "no_uncertainty": (91.02, 72.76),
                "mlp": (90.79, 72.16),
            },
        ),
        note="An MLP for every BiLSTM but the characters' leaves no layer here that knows the order of the tokens, "
        "unless a contextual encoder does: attention as the papers write it has no positions. The papers lose far less "
        "by it; what exactly they replaced they do not say. The switches of both models are the same code, compared "
        "with NumPy for each.",
    ),
    "sizes": Experiment(
        "Training size (TNNLS figure 7)",
        "conll04",
        (*_sizes(_MULTIHEAD), *_sizes(_DYNAMIC)),
        note="Of figure 7 the text gives one pair of numbers, that at 60 %.",
    ),
    "shared": Experiment(
        "Shared parameters (TNNLS figure 8)",
        "conll04",
        (
            _like(_MULTIHEAD, "multihead", "Multi-head + AT"),
            _like(_DYNAMIC, "dynamic_cman_unshared", "without shared parameters", "--noshare"),
            _like(_DYNAMIC, "dynamic_cman", "with shared parameters"),
        ),
        note="The paper: without shared parameters 1.6 points less for entities, 13.78 for relations. Here the label "
        "attention still tells the relations what NER knows.",
    ),
    "tuned": Experiment(
        "Tuned on dev: alpha, batches, dropout, a moving average of the weights (not in the papers)",
        "conll04",
        tuple(varied for row in (_MULTIHEAD, _CMAN, _DYNAMIC) for varied in _tuned(row)),
        note="The papers cite Bekoulis et al. 2018 for adversarial training and give no alpha; theirs is 0.01 "
        "(0.001 on DREC), which the other tables have, without an average. The baseline "
        "is beside it as its authors tuned it.",
    ),
}
