"""The numbers that the two papers print, and the only place where they stand.

IJCAI: Zhao et al., "Modeling Dense Cross-Modal Interactions for Joint Entity-Relation Extraction", 2020 (CMAN).
TNNLS: Zhao et al., "Dynamic Modeling Cross-Modal Interactions in Two-Phase Prediction for Entity-Relation
Extraction", 2021 (dynamic CMAN). Scores are F1 in percent, of entities and of relations.
"""

from __future__ import annotations

from typing import NamedTuple


class F1(NamedTuple):
    """F1 of entities and of relations in percent, or a difference of two."""

    entities: float
    relations: float


class PartialF1(NamedTuple):
    """F1 of entities and of relations in percent, or a difference of two; None where a paper prints none."""

    entities: float | None = None
    relations: float | None = None


class CitedSystem(NamedTuple):
    """Another system's row: its name, the tables that print it, its scores."""

    name: str
    sources: tuple[str, ...]
    f1: F1


# Table to the catalogue's row key to its scores.
TABLES: dict[str, dict[str, F1]] = {
    # CoNLL04
    "IJCAI table 1": {"multihead": F1(83.61, 61.95), "cman": F1(90.62, 72.97)},
    "TNNLS table I": {"multihead": F1(83.61, 61.95), "dynamic_cman": F1(91.72, 73.46)},
    # ADE, macro
    "IJCAI table 2": {"multihead": F1(86.73, 75.52), "cman": F1(89.40, 81.14)},
    "TNNLS table II": {"multihead": F1(86.73, 75.52), "dynamic_cman": F1(90.12, 81.34)},
    # DREC
    "TNNLS table III": {"multihead": F1(82.04, 53.12), "dynamic_cman": F1(82.96, 55.66)},
    "TNNLS table IV": {"dynamic_cman": F1(82.96, 55.66), "dynamic_cman_no_gate": F1(82.02, 54.23)},
    # CoNLL04 again
    "IJCAI table 3": {"cman": F1(90.62, 72.97), "cman_gold_labels": F1(90.44, 72.80)},
    "TNNLS table VI": {
        "dynamic_cman_lstm": F1(90.50, 71.86),
        "dynamic_cman_gru": F1(88.58, 69.57),
        "dynamic_cman_bigru": F1(90.88, 72.16),
        "dynamic_cman": F1(91.72, 73.46),
    },
    "IJCAI table 4": {
        "cman": F1(90.62, 72.97),
        "cman_no_self_attention": F1(90.16, 70.18),
        "cman_no_label_attention": F1(90.57, 70.84),
        "cman_no_attention": F1(89.34, 68.95),
        "cman_mlp": F1(89.82, 70.34),
    },
    "TNNLS table VII": {
        "dynamic_cman": F1(91.72, 73.46),
        "dynamic_cman_no_self_attention": F1(90.01, 69.98),
        "dynamic_cman_no_label_attention": F1(90.76, 71.34),
        "dynamic_cman_no_attention": F1(89.86, 69.21),
        "dynamic_cman_no_uncertainty": F1(91.02, 72.76),
        "dynamic_cman_mlp": F1(90.79, 72.16),
    },
    "TNNLS figure 7": {"dynamic_cman_60": F1(86.82, 62.91)},  # the only point that the text gives
}

_TABLE_1 = ("IJCAI table 1", "TNNLS table I")
_TABLE_2 = ("IJCAI table 2", "TNNLS table II")
# Corpus to the other systems in the papers' tables.
CITED: dict[str, tuple[CitedSystem, ...]] = {
    "conll04": (
        CitedSystem("Table Representation, Miwa and Sasaki 2014", _TABLE_1, F1(80.70, 61.00)),
        CitedSystem("NN CRF, Adel and Schuetze 2017", _TABLE_1[1:], F1(82.10, 62.50)),
        CitedSystem("Global Optimization, Zhang et al. 2017", _TABLE_1[1:], F1(85.60, 67.80)),
        CitedSystem(
            "Multi-head, Bekoulis et al. 2018", _TABLE_1[1:], F1(83.04, 72.04)
        ),  # as printed: (83.04 + 61.04) / 2
        CitedSystem("Relation-Metric with AT, Tran and Kavuluru 2019", _TABLE_1, F1(84.57, 62.28)),
        CitedSystem("Multi-turn QA, Li et al. 2019 (BERT)", _TABLE_1, F1(87.80, 68.20)),
        CitedSystem("SpERT, Eberts and Ulges 2019 (BERT)", _TABLE_1, F1(88.94, 71.47)),
    ),
    "ade": (
        CitedSystem("Joint Model, Li et al. 2016", _TABLE_2, F1(79.50, 63.40)),
        CitedSystem("Neural joint model, Li et al. 2017", _TABLE_2, F1(84.60, 71.40)),
        CitedSystem("Relation-Metric with AT, Tran and Kavuluru 2019", _TABLE_2, F1(87.02, 77.19)),
        CitedSystem("SpERT, Eberts and Ulges 2019 (BERT)", _TABLE_2, F1(89.25, 79.24)),
    ),
    "drec": (
        CitedSystem("Attentive LSTM, Bekoulis et al. 2018", ("TNNLS table III",), F1(79.11, 49.70)),
        CitedSystem("Multi-head, Bekoulis et al. 2018", ("TNNLS table III",), F1(81.39, 52.26)),
    ),
}

# Model to its scores on CoNLL04, its name and source, and its inputs there.
CONLL04: dict[str, F1] = {**TABLES["IJCAI table 1"], **TABLES["TNNLS table I"]}
MODEL_NAMES = {"multihead": "Multi-head + AT", "cman": "CMAN", "dynamic_cman": "dynamic CMAN"}
MODEL_SOURCES = {
    "multihead": "Multi-head + AT, Bekoulis et al. 2018",
    "cman": "CMAN, IJCAI 2020",
    "dynamic_cman": "dynamic CMAN, TNNLS 2021",
}
MODEL_INPUTS = {
    "multihead": "words + characters",
    "cman": "words + characters + ELMo",
    "dynamic_cman": "words + characters + ELMo",
}

# Figure to (row, split) to how far the row is ahead of the baseline in the figure's last group.
# IJCAI figures 4 and 5 are on dev, TNNLS figures 5 and 6 on test.
FIGURE_LEADS: dict[str, dict[tuple[str, str], PartialF1]] = {
    "distance": {("cman", "dev"): PartialF1(None, 14.67), ("dynamic_cman", "test"): PartialF1(None, 18.18)},
    "length": {("cman", "dev"): PartialF1(10.26, 21.42), ("dynamic_cman", "test"): PartialF1(11.06, 22.03)},
}

# TNNLS table V: (corpus, row) to the decoding time as a multiple of the baseline's, and the overall F1.
DECODING_TIMES: dict[tuple[str, str], tuple[float, float]] = {
    ("CoNLL04", "multihead"): (1.0, 72.78),
    ("CoNLL04", "dynamic_cman_no_uncertainty"): (12.0, 81.89),
    ("CoNLL04", "dynamic_cman"): (1.62, 82.59),
    ("ADE", "multihead"): (1.0, 81.13),
    ("ADE", "dynamic_cman_no_uncertainty"): (8.0, 84.69),
    ("ADE", "dynamic_cman"): (1.75, 85.73),
    ("DREC", "multihead"): (1.0, 67.58),
    ("DREC", "dynamic_cman_no_uncertainty"): (10.0, 68.64),
    ("DREC", "dynamic_cman"): (1.82, 69.31),
}


def find_published(sources: tuple[str, ...], key: str) -> dict[str, F1]:
    """Look up a catalogue row's scores.

    Args:
      sources: names of the papers' tables, keys of `TABLES`.
      key: the row's key.

    Returns:
      Those of the tables that print the row, to its scores there.
    """
    return {source: TABLES[source][key] for source in sources if key in TABLES[source]}


def conll04_lead(model: str) -> F1 | None:
    """How far a model is ahead of the baseline on CoNLL04 in its paper; None for the baseline itself."""
    if model not in CONLL04 or model == "multihead":
        return None
    return subtract(CONLL04[model], CONLL04["multihead"])


def subtract(some: F1, others: F1) -> F1:
    """Subtract scores, task by task."""
    return F1(some.entities - others.entities, some.relations - others.relations)
