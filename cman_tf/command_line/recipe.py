"""The recipe: which settings a training takes where neither a flag nor a flagfile gives them."""

from __future__ import annotations

import sys

from absl import flags

from cman_tf.command_line.flag_help import flag_group
from cman_tf.config import Config
from cman_tf.runs.flagfile import FIELDS

FLAGS = flags.FLAGS
# docs/experiments.md recommends these: the best setting on dev of CoNLL04 among those that were tried.
TUNED = {"model": "cman", "adversarial_alpha": 0.1, "weight_average": 0.995, "patience": 30}


def define_flags() -> None:
    """Define the flag."""
    with flag_group("Data"):
        flags.DEFINE_enum(
            "recipe",
            "auto",
            ("auto", "paper", "tuned"),
            "Settings that no flag gives: the papers', or those that docs/experiments.md recommends for other data; "
            "auto: tuned with --data and without a flagfile.",
        )


def apply_recipe(trained: Config | None = None) -> str:
    """Give the flags that were not given the values of the recipe.

    Args:
      trained: the settings of the trained model from which training starts; they are the recipe then.

    Returns:
      A line that says what was set; empty if nothing was.
    """
    if trained:
        for field in FIELDS:
            if not FLAGS[field.name].present:
                FLAGS[field.name].value = getattr(trained, field.name)
        return f"recipe: the settings of the trained model ({trained.model})"
    chosen = FLAGS.recipe
    if chosen == "auto":
        flagfile = any(argument.lstrip("-").startswith("flagfile") for argument in sys.argv[1:])
        chosen = "tuned" if FLAGS.data is not None and not flagfile else "paper"
    if chosen == "paper":
        return ""
    names = {field.name for field in FIELDS}
    changed = {name: value for name, value in TUNED.items() if name in names and not FLAGS[name].present}
    for name, value in changed.items():
        FLAGS[name].value = value
    listed = ", ".join(f"{name}={value}" for name, value in changed.items())
    return f"recipe: tuned ({listed or 'all overridden'}); --recipe=paper takes the papers' settings"
