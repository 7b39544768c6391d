"""Scores as tables for the screen and for README.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cman_tf.config import Config
from cman_tf.scoring.conventions import DESCRIPTIONS
from cman_tf.scoring.score import TASKS

# F1 on CoNLL04: IJCAI 2020 table 1 and TNNLS 2021 table I.
PAPER_CONLL04 = {"cman": (90.62, 72.97), "dynamic_cman": (91.72, 73.46), "multihead": (83.61, 61.95)}
PAPER_NAMES = {
    "cman": "CMAN, IJCAI 2020",
    "dynamic_cman": "dynamic CMAN, TNNLS 2021",
    "multihead": "Multi-head + AT, Bekoulis et al. 2018",
}
PAPER_INPUTS = {**dict.fromkeys(PAPER_CONLL04, "words + characters + ELMo"), "multihead": "words + characters"}

# Settings that make another model, or another task, of the paper's.
SWITCHES = (
    "relation_scorer", "use_characters", "cell", "self_attention", "label_attention", "label_gate", "share",
    "loss_weighting", "train_fraction",
)  # fmt: skip


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of equal width, the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = [cell.ljust(w) if column == 0 else cell.rjust(w) for column, (cell, w) in enumerate(zip(row, widths))]
        return "  ".join(cells).rstrip()

    return "\n".join([line(header), "  ".join("-" * w for w in widths), *map(line, rows)])


def score_table(scores: dict[str, Any]) -> str:
    """Strict scores a line a type, then every convention's averages, and what each means."""
    rows = []
    for task in TASKS:
        for kind, row in [
            *scores["strict"]["per_type"][task].items(),
            (f"{task}, micro", scores["strict"]["micro"][task]),
        ]:
            rows.append([kind, *(str(row[name]) for name in ("tp", "fp", "fn")), *_rates(row)])
    table = format_table(["strict, by type", "TP", "FP", "FN", "P", "R", "F1"], rows)
    counts, left_out = scores["counts"], scores["ungrounded_relations"]
    return "\n".join(
        [
            f"{counts['sentences']} sentences, {counts['gold_entities']} entities, "
            f"{counts['gold_relations']} relations",
            "",
            table,
            "",
            averages_table(scores),
            "",
            *(f"{name}: {scores[name]['means']}" for name in DESCRIPTIONS),
            f"macro: mean over the types, {scores['macro_rule']}; without the entity type Other where it says so",
            f"stop score, by which the best epoch is chosen: {scores['stop_score']:.2f}, the mean of strict micro F1",
            f"left out: {left_out['predicted']} predicted relations with a token in no predicted entity; "
            f"in relaxed {left_out['gold']} with a token in no gold span",
        ]
    )


def averages_table(scores: dict[str, Any]) -> str:
    """A line a convention and average: precision, recall and F1 of both tasks."""
    rows = []
    for name in DESCRIPTIONS:
        for average in ("micro", "macro", "macro_without_other"):
            if (name, average) != ("boundaries", "macro_without_other"):
                rates = [rate for task in TASKS for rate in _rates(scores[name][average][task])]
                rows.append([f"{name}, {average.replace('_', ' ').replace('other', 'Other')}", *rates])
    header = [f"{task[:3]}. {rate}" for task in TASKS for rate in ("P", "R", "F1")]
    return format_table(["convention", *header], rows)


def _rates(row: dict[str, float]) -> list[str]:
    return [f"{row[name]:.2f}" for name in ("precision", "recall", "f1")]


def paper_table(result: dict[str, Any]) -> str:
    """The paper's row beside ours for a result file of `cman-tf train`, naming the switches that differ."""
    model, micro = result["flags"]["model"], result["test"]["strict"]["micro"]
    ours = (micro["entities"]["f1"], micro["relations"]["f1"])
    rows = []
    if result["corpus"]["name"].startswith("conll04"):
        paper = PAPER_CONLL04[model]
        rows.append(
            [
                f"paper ({PAPER_NAMES[model]}), {PAPER_INPUTS[model]}",
                *(f"{f1:.2f}" for f1 in paper),
            ]
        )
    usual = Config(model=model).resolved()
    used = {name: result["flags"].get(name, getattr(usual, name)) for name in SWITCHES}
    switched = [f"{name}={value}" for name, value in used.items() if value != getattr(usual, name)]
    rows.append([f"ours ({', '.join([model, *switched])}), {result['inputs']}", *(f"{f1:.2f}" for f1 in ours)])
    if len(rows) == 2:
        rows.append(["difference", *(f"{b - a:+.2f}" for a, b in zip(paper, ours))])
    title = f"{result['corpus']['name']} test, strict micro F1, {result['protocol']}"
    return f"{title}\n{format_table(['', 'entities', 'relations'], rows)}"
