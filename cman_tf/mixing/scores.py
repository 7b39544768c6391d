"""Scoring a mixture beside its experts and their average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cman_tf.data.types import Sentence
from cman_tf.mixing.gate_fitting import Array, GateRows, weigh
from cman_tf.scoring.bootstrap import paired_bootstrap
from cman_tf.scoring.score import TASKS, score_sentences
from cman_tf.scoring.tables import format_table

UNIFORM, GATE = "average", "gate"
Predictions = Mapping[str, Sequence[Sentence]]  # by the name of an expert, `average` or `gate`


def name_expert(number: int) -> str:
    """Return the name of an expert in the report: its number from 0 becomes one from 1."""
    return f"expert {number + 1}"


def score_predictions(
    gold: Sequence[Sentence], predictions: Predictions, labels: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, float]]:
    """Return strict micro F1 in percent of each row's predictions, by task."""
    return {
        name: {task: score_sentences(gold, found, labels)["strict"]["micro"][task]["f1"] for task in TASKS}
        for name, found in predictions.items()
    }


def find_better(scores: Mapping[str, Mapping[str, float]]) -> str:
    """Return the name of the expert with the better mean of both tasks on dev; the first one if they are equal."""
    experts = [name for name in scores if name not in (UNIFORM, GATE)]
    return max(experts, key=lambda name: sum(scores[name].values()))


def compare_with_better(gold: Sequence[Sentence], predictions: Predictions, better: str) -> dict[str, Any]:
    """Compare the average and the gate with the better expert by a paired bootstrap.

    Returns:
      For `average` and `gate`, by task: `difference`, `low`, `high` and `p`, as `paired_bootstrap` returns them.
    """
    return {
        name: {task: row._asdict() for task, row in paired_bootstrap(gold, found, predictions[better]).items()}
        for name, found in predictions.items()
        if name in (UNIFORM, GATE)
    }


def measure_load(rows: GateRows, weights: Sequence[Array], is_chosen: Array | None = None) -> dict[str, list[float]]:
    """Measure how much a gate uses each expert.

    Args:
      rows: the tokens or pairs.
      weights: the gate's.
      is_chosen: which rows count, bool [N]; None: all.

    Returns:
      `mean`: the mean weight of each expert. `largest`: the share of the rows where it has the largest weight, both
      None for no rows.
    """
    gate = weigh(rows, weights)
    if is_chosen is not None:
        gate = gate[is_chosen]
    if not len(gate):
        return {"mean": [], "largest": []}
    is_largest = gate == gate.max(1, keepdims=True)
    largest = (is_largest / is_largest.sum(1, keepdims=True)).mean(0)  # experts with the same weight share it
    return {"mean": [round(float(v), 4) for v in gate.mean(0)], "largest": [round(float(v), 4) for v in largest]}


def format_report(report: Mapping[str, Any]) -> str:
    """Format the scores, the differences and the load as tables for the screen."""
    splits = [split for split in ("dev", "test") if split in report]
    head = ["strict micro F1", *(f"{split} {task}" for split in splits for task in TASKS)]
    names = {name: name for name in report["dev"]["scores"]}
    for number, directory in enumerate(report["experts"]):
        names[name_expert(number)] = f"{name_expert(number)}, {directory}"
    rows = [
        [shown, *(f"{report[split]['scores'][name][task]:.2f}" for split in splits for task in TASKS)]
        for name, shown in names.items()
    ]
    lines = [format_table(head, rows), ""]
    for split in splits:
        for name, tasks in report[split]["differences"].items():
            words = ", ".join(
                f"{task} {row['difference']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}] p={row['p']:.3f}"
                for task, row in tasks.items()
            )
            lines.append(f"{split}, {name} minus {report['better']}: {words}")
    lines.append("")
    loads = [
        [what, *(f"{value:.2f}" for value in load["mean"]), *(f"{value:.2f}" for value in load["largest"])]
        for what, load in report["load"].items()
        if load["mean"]
    ]
    count = len(report["experts"])
    numbers = [str(number + 1) for number in range(count)]
    heads = ["weight of expert", *numbers, *(f"largest: {number}" for number in numbers)]
    return "\n".join([*lines, format_table(heads, loads)])
