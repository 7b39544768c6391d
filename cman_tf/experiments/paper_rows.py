"""The six rows of the README: the papers' models beside ours."""

from __future__ import annotations

from collections.abc import Sequence

from cman_tf.experiments.lines import Line
from cman_tf.experiments.published import CONLL04, MODEL_NAMES
from cman_tf.experiments.tables import Table, format_mean
from cman_tf.scoring.score import TASKS

HEADER = ("model", "inputs", "entities F1", "relations F1", "seeds")


def choose_on_dev(lines: Sequence[Line], model: str) -> Line | None:
    """Choose the line of a model with the best mean of both tasks' strict micro F1 on dev.

    Args:
      lines: An experiment's lines. Those of fewer than three runs count only if there are none of more.
      model: The model.

    Returns:
      The line; None if the model was not run.
    """
    candidates = [line for line in lines if line.results and line.common["model"] == model]
    enough = min(3, max((len(line.results) for line in candidates), default=0))
    return max((line for line in candidates if len(line.results) >= enough), key=_dev_score, default=None)


def _dev_score(line: Line) -> float:
    mean = line.mean(split="dev")
    return sum(mean) if mean else float("-inf")


def make_paper_rows(lines: Sequence[Line], tuned: Sequence[Line]) -> Table:
    """The papers' three models on CoNLL04, and ours with the encoder that is best on dev.

    Args:
      lines: Those of the experiment conll04.
      tuned: Those of the experiment tuned.
    """
    papers_inputs = {model: "words" if model == "multihead" else "words + ELMo" for model in CONLL04}
    rows = [
        (f"{MODEL_NAMES[model]}, paper", papers_inputs[model], *(f"{f1:.2f}" for f1 in CONLL04[model]), "not stated")
        for model in MODEL_NAMES
    ]
    chosen = {model: choose_on_dev(lines, model) for model in MODEL_NAMES}
    for model, line in chosen.items():
        inputs = "" if line is None else "words" if line.inputs == "words" else f"words + {line.inputs_name}"
        f1 = [format_mean(line.f1(task) if line else []) for task in TASKS]
        rows.append((f"{MODEL_NAMES[model]}, ours", inputs, *f1, str(len(line.results)) if line else "0"))
    return Table("CoNLL04", HEADER, tuple(rows), (*_caveat_inputs(chosen), *_caveat_runs(chosen, tuned)))


def _caveat_inputs(chosen: dict[str, Line | None]) -> list[str]:
    read = sorted({line.inputs_name for line in chosen.values() if line})
    if not read:
        return []
    ours = "words and characters alone" if read == ["words"] else " or ".join(n for n in read if n != "words")
    return [
        "The inputs differ. In the papers CMAN reads ELMo and the baseline does not; ELMo's weights were unavailable "
        f"to us. Our models, the baseline included, read {ours}: the inputs with the best score on dev."
    ]


def _caveat_runs(chosen: dict[str, Line | None], tuned: Sequence[Line]) -> list[str]:
    sizes = {line.results[0]["test"].get("counts", {}).get("sentences") for line in chosen.values() if line} - {None}
    if not sizes:
        return []
    text = (
        f"Mean ± sample standard deviation over few seeds, on {max(sizes)} test sentences. All use the flagfiles' "
        "settings."
    )
    said = []
    for model, label in (("cman", "CMAN"), ("dynamic_cman", "dynamic CMAN")):
        best = choose_on_dev(tuned, model)
        mean = best.mean() if best else None
        if best and best.row.flags and mean:
            said.append(
                f"{label} has {mean.entities:.2f} / {mean.relations:.2f} ({len(best.results)} runs, {best.inputs_name})"
            )
    if said:
        text += f" With settings tuned on dev, {' and '.join(said)}."
    return [text]
