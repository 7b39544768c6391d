"""What a search came to: a table, search.json, the best settings as a flagfile, and a page with pictures."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Sequence
from typing import Any

from cman_tf.runs.files import write_together
from cman_tf.runs.flagfile import format_flagfile
from cman_tf.scoring.tables import format_table
from cman_tf.searching.page import render_search
from cman_tf.searching.space import Space, format_value
from cman_tf.searching.study import ERROR

BEST = "best.flags"
_SHOWN = 10  # trials in the table on the screen


def write_outcome(folder: pathlib.Path, study: Any, space: Space, given: Sequence[str], epochs: int) -> str:
    """Write best.flags, search.json and search.html into the search's directory.

    Args:
      folder: the directory of the search.
      study: its study.
      space: what each setting may be.
      given: the flags of `cman-tf train` that all trials had.
      epochs: the number of epochs of a training, at most.

    Returns:
      A table of the best trials for the screen.
    """
    report = make_report(study, space)
    done = [trial for trial in report["trials"] if trial["score"] is not None]
    outputs: dict[str, str] = {
        str(folder / "search.json"): json.dumps(report, indent=1, ensure_ascii=False) + "\n",
        str(folder / "search.html"): render_search(report, folder.name),
    }
    if done:
        best = max(done, key=lambda trial: trial["score"])
        kept = "".join(f"{flag}\n" for flag in given)
        outputs[str(folder / BEST)] = f"{kept}{format_flagfile(best['settings'])}--epochs={epochs}\n"
    write_together(outputs)
    return format_trials(report, folder)


def make_report(study: Any, space: Space) -> dict[str, Any]:
    """Return a search's trials, and the importance of its settings, as plain values.

    Args:
      study: the study.
      space: what each setting may be.

    Returns:
      `trials`, each with its `number`, `state`, `score`, `settings`, `error` and `scores` by step; and `importance`,
      the share of each setting in the differences between scores, empty for fewer than four trials with a score.
    """
    trials: list[dict[str, Any]] = []
    for trial in study.get_trials(deepcopy=False):
        is_retry = trial.state.name == "FAIL" and ERROR not in trial.user_attrs
        if is_retry or trial.state.name == "WAITING":
            continue
        state = trial.state.name.lower()
        trials.append(
            {
                "number": trial.number,
                "state": state,
                "score": trial.value if state == "complete" else None,
                "settings": trial.params,
                "scores": {str(step): value for step, value in sorted(trial.intermediate_values.items())},
                "error": trial.user_attrs.get(ERROR),
            }
        )
    return {"trials": trials, "importance": _find_importance(study, trials), "settings": sorted(space)}


def _find_importance(study: Any, trials: Sequence[dict[str, Any]]) -> dict[str, float]:
    scores = [trial["score"] for trial in trials if trial["score"] is not None]
    if len(scores) < 4 or min(scores) == max(scores):
        return {}
    from optuna.importance import get_param_importances

    return {name: round(float(value), 4) for name, value in get_param_importances(study).items()}


def format_trials(report: dict[str, Any], folder: pathlib.Path) -> str:
    """Format the best trials as a table, with a line about the others."""
    done = sorted((t for t in report["trials"] if t["score"] is not None), key=lambda t: -t["score"])
    names = report["settings"]
    rows = [
        [str(t["number"]), f"{t['score']:.2f}", *(format_value(t["settings"].get(n, "")) for n in names)] for t in done
    ]
    counts = {state: sum(t["state"] == state for t in report["trials"]) for state in ("pruned", "fail", "running")}
    words = {"pruned": "stopped early", "fail": "failed", "running": "running"}
    others = ", ".join(f"{count} {words[state]}" for state, count in counts.items() if count)
    line = f"{len(done)} trials trained to the end{f', {others}' if others else ''}"
    table = format_table(["trial", "dev mean F1", *names], rows[:_SHOWN]) if rows else "no trial has a score yet"
    use = f"\nthe best settings: cman-tf train --flagfile={folder / BEST} --model_dir=DIRECTORY" if rows else ""
    return f"{table}\n{line}\nas pictures: {folder / 'search.html'}{use}"
