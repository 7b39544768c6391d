"""Scores as tables of plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cman_tf.scoring.bootstrap import BootstrapDifference
from cman_tf.scoring.conventions import DESCRIPTIONS
from cman_tf.scoring.score import TASKS, has_items

_WIDEST = 120  # characters of a cell; results name their inputs in about 100
_NOTHING = ["-", "-", "-"]  # precision, recall and F1 where there is nothing to score


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format rows as columns of equal width, the first aligned to the left, the others to the right.

    Cells are shortened to 120 characters, and characters that a terminal would obey are replaced.
    """
    header, rows = _clean(header), [_clean(row) for row in rows]
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = [cell.ljust(w) if column == 0 else cell.rjust(w) for column, (cell, w) in enumerate(zip(row, widths))]
        return "  ".join(cells).rstrip()

    return "\n".join([line(header), "  ".join("-" * w for w in widths), *map(line, rows)])


def _clean(cells: Sequence[str]) -> list[str]:
    short = [cell if len(cell) <= _WIDEST else f"{cell[: _WIDEST - 3]}..." for cell in cells]
    return ["".join(c if c.isprintable() else "\ufffd" for c in cell) for cell in short]


def score_table(scores: dict[str, Any]) -> str:
    """Format the scores of `scoring.score.score`: strict ones by type, then every convention's averages."""
    rows: list[list[str]] = []
    for task in TASKS:
        for kind, row in [
            *scores["strict"]["per_type"][task].items(),
            (f"{task}, micro", scores["strict"]["micro"][task]),
        ]:
            rows.append([kind, *(str(row[name]) for name in ("tp", "fp", "fn")), *_rates(row)])
    table = format_table(["strict, by type", "TP", "FP", "FN", "P", "R", "F1"], rows)
    counts = scores["counts"]
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
            f"macro: mean over the types, {scores['macro_rule']}; F1 is the mean of their F1, not F1 of the mean P "
            "and R; without the entity type Other where it says so",
            f"mean of strict micro F1 of both tasks: {_mean(scores)}",
            *_list_unscored(scores),
            *_list_left_out(scores["ungrounded_relations"]),
        ]
    )


def _list_left_out(counts: Mapping[str, int]) -> list[str]:
    """Say how many predicted relations are not scored, if there are any."""
    lines = [
        f"not scored: {counts['predicted']} predicted relations with a token in no predicted entity",
        f"not scored by relaxed: {counts['gold']} predicted relations with a token in no gold span",
    ]
    return [line for line, count in zip(lines, (counts["predicted"], counts["gold"])) if count]


def averages_table(scores: dict[str, Any]) -> str:
    """Format precision, recall and F1 of both tasks, a line for each convention and average.

    A task without anything to score has dashes, so that it differs from a task whose scores are 0.
    """
    scored = {task: has_items(scores["strict"]["micro"][task]) for task in TASKS}
    rows: list[list[str]] = []
    for name in DESCRIPTIONS:
        for average in ("micro", "macro", "macro_without_other"):
            if (name, average) != ("boundaries", "macro_without_other"):
                rates = [
                    rate
                    for task in TASKS
                    for rate in (_rates(scores[name][average][task]) if scored[task] else _NOTHING)
                ]
                rows.append([f"{name}, {average.replace('_', ' ').replace('other', 'Other')}", *rates])
    header = [f"{task[:3]}. {rate}" for task in TASKS for rate in ("P", "R", "F1")]
    return format_table(["convention", *header], rows)


def bootstrap_table(differences: Mapping[str, BootstrapDifference]) -> str:
    """Format the differences of `scoring.bootstrap.paired_bootstrap`, a line for each task."""
    rows = [
        [f"{task}, strict micro", f"{it.difference:+.2f}", f"{it.low:+.2f} to {it.high:+.2f}", f"{it.p:.4f}"]
        for task, it in differences.items()
    ]
    table = format_table(["predictions less the others", "F1", "95 % interval", "p"], rows)
    return f"{table}\npaired bootstrap over sentences; p: two-sided, of both being equally good"


def _rates(row: dict[str, float]) -> list[str]:
    if "tp" in row and not has_items(row):
        return _NOTHING
    return [f"{row[name]:.2f}" for name in ("precision", "recall", "f1")]


def _mean(scores: dict[str, Any]) -> str:
    """Show the mean of both tasks, of which one without anything to score does not count."""
    scored = any(has_items(scores["strict"]["micro"][task]) for task in TASKS)
    return f"{scores['stop_score']:.2f}" if scored else "-"


def _list_unscored(scores: dict[str, Any]) -> list[str]:
    """Say for which task there is nothing to score."""
    micro = scores["strict"]["micro"]
    return [f"{task}: nothing to score, in the data or the predictions" for task in TASKS if not has_items(micro[task])]
