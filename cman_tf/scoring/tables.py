"""Scores as tables for the screen and for README.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cman_tf.scoring.strict import DESCRIPTION

# F1 on CoNLL04: IJCAI 2020 table 1 and TNNLS 2021 table I.
PAPER_CONLL04 = {"cman": (90.62, 72.97), "dynamic_cman": (91.72, 73.46)}
PAPER_NAMES = {"cman": "CMAN, IJCAI 2020", "dynamic_cman": "dynamic CMAN, TNNLS 2021"}


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of equal width, the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = [cell.ljust(w) if column == 0 else cell.rjust(w) for column, (cell, w) in enumerate(zip(row, widths))]
        return "  ".join(cells).rstrip()

    return "\n".join([line(header), "  ".join("-" * w for w in widths), *map(line, rows)])


def score_table(scores: dict[str, Any]) -> str:
    """The strict scores of a file: a line a type, then micro, for both tasks."""
    rows = []
    for task, title in (("entities", "entities"), ("relations", "relations")):
        per_type = scores["strict"]["per_type"][task]
        for kind, row in [*per_type.items(), (f"{title}, micro", scores["strict"]["micro"][task])]:
            rates = [f"{row[name]:.2f}" for name in ("precision", "recall", "f1")]
            rows.append([kind, *(str(row[name]) for name in ("tp", "fp", "fn")), *rates])
    counts = scores["counts"]
    table = format_table(["type", "TP", "FP", "FN", "P", "R", "F1"], rows)
    return (
        f"{DESCRIPTION}\n{counts['sentences']} sentences, {counts['gold_entities']} entities, "
        f"{counts['gold_relations']} relations\n{table}"
    )


def paper_table(result: dict[str, Any]) -> str:
    """The paper's row beside ours for a result file of `cman_tf.train`."""
    model, micro = result["flags"]["model"], result["test"]["strict"]["micro"]
    ours = (micro["entities"]["f1"], micro["relations"]["f1"])
    rows = []
    if result["corpus"]["name"].startswith("conll04"):
        paper = PAPER_CONLL04[model]
        rows.append([f"paper ({PAPER_NAMES[model]}), words + characters + ELMo", *(f"{f1:.2f}" for f1 in paper)])
    rows.append([f"ours ({model}), {result['inputs']}", *(f"{f1:.2f}" for f1 in ours)])
    if len(rows) == 2:
        rows.append(["difference", *(f"{b - a:+.2f}" for a, b in zip(paper, ours))])
    title = f"{result['corpus']['name']} test, strict micro F1, {result['protocol']}"
    return f"{title}\n{format_table(['', 'entities', 'relations'], rows)}"
