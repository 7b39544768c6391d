"""The six rows of the README: the papers' models beside ours."""

from __future__ import annotations

from cman_tf.experiments.lines import Line
from cman_tf.experiments.published import CONLL04, MODEL_NAMES
from cman_tf.experiments.recipe import describe_recipe
from cman_tf.experiments.tables import Table, format_mean
from cman_tf.scoring.score import TASKS

HEADER = ("model", "inputs", "entities F1", "relations F1", "seeds")


def make_paper_rows(chosen: dict[str, Line]) -> Table:
    """The papers' three models on CoNLL04, and ours with the inputs and settings that are best on dev.

    Args:
      chosen: What `recipe.choose_recipe` returned.
    """
    papers_inputs = {model: "words" if model == "multihead" else "words + ELMo" for model in CONLL04}
    rows = [
        (f"{MODEL_NAMES[model]}, paper", papers_inputs[model], *(f"{f1:.2f}" for f1 in CONLL04[model]), "not stated")
        for model in MODEL_NAMES
    ]
    for model, name in MODEL_NAMES.items():
        line = chosen.get(model)
        inputs = "" if line is None else "words" if line.inputs == "words" else f"words + {line.inputs_name}"
        f1 = [format_mean(line.f1(task) if line else []) for task in TASKS]
        rows.append((f"{name}, ours", inputs, *f1, str(len(line.results)) if line else "0"))
    notes = (_caveat_inputs(chosen), _caveat_runs(chosen)) if chosen else ()
    return Table("CoNLL04", HEADER, tuple(rows), notes)


def _caveat_inputs(chosen: dict[str, Line]) -> str:
    read = next(iter(chosen.values())).inputs_name
    encoders = {"MiniLM": "a small pretrained encoder", "MPNet": "a pretrained encoder"}
    ours = "words and characters alone" if read == "words" else ", ".join([read, *filter(None, [encoders.get(read)])])
    return (
        "The inputs differ. In the papers CMAN reads ELMo, a pretrained language model, and the baseline does not; "
        f"ELMo's weights were unavailable to us. Our models, the baseline included, read {ours}."
    )


def _caveat_runs(chosen: dict[str, Line]) -> str:
    sizes = [line.results[0]["test"].get("counts", {}).get("sentences", 0) for line in chosen.values()]
    test = f"{max(sizes)} test sentences" if any(sizes) else "the test sentences"
    return (
        f"Mean ± sample standard deviation over few seeds, on {test}. All three were trained with "
        f"{describe_recipe(chosen)}: of the inputs and settings that we tried, those with the best mean score on dev."
    )
