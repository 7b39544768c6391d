"""The inputs and settings that score best on dev, the same for all three models of CoNLL04's table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from cman_tf.experiments.comparisons import Difference
from cman_tf.experiments.lines import Line
from cman_tf.experiments.published import MODEL_NAMES, PartialF1, conll04_lead

Recipe = tuple[str, tuple[str, ...]]  # inputs, and the flags in addition to the flagfile's


def choose_recipe(lines: Mapping[str, Sequence[Line]]) -> dict[str, Line]:
    """Choose inputs and settings by the mean of both tasks' strict micro F1 on dev, averaged over the models.

    A recipe that more of the models were trained with comes before one of fewer. A line of fewer than three runs counts
    only if its model has none of more.

    Args:
      lines: By the name of the experiment. Those of conll04 and tuned count.

    Returns:
      For each model the line of the chosen recipe, in the order of `MODEL_NAMES`; empty if nothing was run.
    """
    of_models: dict[str, list[Line]] = {model: [] for model in MODEL_NAMES}
    for line in (*lines["conll04"], *lines["tuned"]):
        if line.results and line.common["model"] in of_models:
            of_models[line.common["model"]].append(line)
    recipes: dict[Recipe, dict[str, Line]] = {}
    for model, of_model in of_models.items():
        enough = min(3, max((len(line.results) for line in of_model), default=0))
        for line in of_model:
            if len(line.results) >= enough:
                recipes.setdefault((line.inputs, line.row.flags), {}).setdefault(model, line)
    return max(recipes.values(), key=_rank, default={})


def _rank(chosen: dict[str, Line]) -> tuple[int, float]:
    means = [line.mean(split="dev") for line in chosen.values()]
    return len(chosen), statistics.mean(sum(mean) if mean else float("-inf") for mean in means)


def find_recipe_leads(chosen: dict[str, Line]) -> list[Difference]:
    """Compare CMAN and dynamic CMAN with the baseline, all three with the same inputs and settings.

    Args:
      chosen: What `choose_recipe` returned.
    """
    baseline = chosen.get("multihead")
    others = [(model, line) for model, line in chosen.items() if model != "multihead"]
    return [Difference(line, baseline, PartialF1(*(conll04_lead(model) or ()))) for model, line in others if baseline]


def describe_recipe(chosen: dict[str, Line]) -> str:
    """Say how the models of a recipe were set, in addition to their inputs."""
    flags = next(iter(chosen.values())).row.flags
    return f"the flagfiles' settings and {' '.join(flags)}" if flags else "the flagfiles' settings"
