"""Every group of comparable runs in one table, and a new result beside its paper's."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from cman_tf.config import Config
from cman_tf.errors import DataError
from cman_tf.experiments.catalogue import FOLDS
from cman_tf.experiments.grouping import (
    INPUT_FILES,
    Group,
    collect_hashes,
    find_differences,
    group_results,
    usual_settings,
)
from cman_tf.experiments.lines import ResultFolder
from cman_tf.experiments.published import CONLL04, MODEL_INPUTS, MODEL_SOURCES
from cman_tf.experiments.result_files import Result, parse_fold
from cman_tf.experiments.tables import Table, format_mean
from cman_tf.scoring.score import TASKS
from cman_tf.scoring.tables import format_table

# Settings that make another model of the paper's, or another task.
SWITCHES = (
    "relation_scorer", "relation_candidates", "use_characters", "cell", "mlp_layers", "replaced_bilstms",
    "self_attention", "label_attention", "label_gate", "share", "separate_models", "loss_weighting", "loss_weights",
    "train_fraction",
)  # fmt: skip
# Settings that a row names if they are not the usual ones. Others are named only where rows differ in them.
_NAMED = (
    *SWITCHES, "adversarial_alpha", "weight_average", "mixed_layers", "mix_scale", "encoder_learning_rate",
    "learning_rate_schedule", "embedding_dropout", "bilstm_dropout", "attention_dropout", "relation_dropout",
    "tune_word_vectors",
)  # fmt: skip
HEADER = ("corpus", "model", "inputs", "entities F1", "relations F1", "runs")


def list_groups(results: Sequence[Result]) -> list[Group]:
    """Group all results but those with gold labels, whose runs stand there with predicted labels, too."""
    found = [result for result in results if "label_source" not in result]
    return group_results(found, collect_hashes(found))


def make_overview_table(groups: Sequence[Group], caption: str, notes: tuple[str, ...] = ()) -> Table:
    """Strict micro F1 on test of each group, by corpus and model, the unchanged models first."""
    rows = []
    for common, results in groups:
        corpus, model = common["corpus"], common["model"]
        others = [g.common for g in groups if (g.common["corpus"], g.common["model"]) == (corpus, model)]
        changed = _name_changes(common, others)
        tables = [result["test"]["strict"]["micro"] for result in results]
        f1 = [format_mean([table[task]["f1"] for table in tables]) for task in TASKS]
        row = (corpus, ", ".join([model, *changed]), common["inputs"], *f1, _count_runs(corpus, results))
        rows.append(((corpus, list(CONLL04).index(model), len(changed), changed, common["inputs"]), row))
    return Table(caption, HEADER, tuple(row for _, row in sorted(rows)), notes)


def _name_changes(common: dict, others: Sequence[dict]) -> list[str]:
    """The settings and files that set a group apart from the usual model, and from other groups of the model."""
    usual = usual_settings(common["model"])
    named = {*_NAMED, *find_differences(others)} & usual.keys()
    changed = [f"{n}={common[n]}" for n in usual if n in named and common[n] not in (None, usual[n])]
    same_inputs = [other for other in others if other["inputs"] == common["inputs"]]
    return [*changed, *(f"{name}={common[name]}" for name in find_differences(same_inputs) if name in INPUT_FILES)]


def _count_runs(corpus: str, results: Sequence[Result]) -> str:
    if corpus.startswith("ade"):
        return f"{len({parse_fold(result['file']) for result in results})} of {FOLDS} folds"
    return str(len(results))


def describe_timings(folder: ResultFolder) -> list[str]:
    """A sentence for each run that was made to be timed: a result file in timing/."""
    sentences = []
    for path in sorted((folder.directory / "timing").glob("*.json")):
        result = folder.read(path)
        if result is not None:
            try:
                sentences.append(_describe_timing(path, result))
            except (KeyError, TypeError, ValueError):
                error = DataError(f"{path}: no times of epochs and of dev, expected those of cman_tf.train")
                folder.leave_out(path, error)
    return sentences


def _describe_timing(path: pathlib.Path, result: Result) -> str:
    used, time, machine = result["flags"], result.get("time", {}), result.get("environment", {})
    return (
        f"A training epoch of {used['model']} on {result['corpus']['name']} takes {time['epoch_seconds_median']:.1f} s "
        f"and scoring dev {time['dev_seconds_median']:.1f} s: median of {result['epochs']} epochs on "
        f"{machine['cores']} cores, batches of {used['batch_size']}, {result['inputs']}, adversarial "
        f"training, {used['relation_scorer']} relation scorer (timing/{path.name})."
    )


def format_beside_paper(result: Result) -> str:
    """Format a result of `cman_tf.train` as a table beside its paper's scores, naming the switches that differ."""
    model, micro = result["flags"]["model"], result["test"]["strict"]["micro"]
    ours = [micro[task]["f1"] for task in TASKS]
    rows: list[list[str]] = []
    paper = CONLL04[model] if result["corpus"]["name"].startswith("conll04") else None
    if paper:
        rows.append([f"paper ({MODEL_SOURCES[model]}), {MODEL_INPUTS[model]}", *(f"{f1:.2f}" for f1 in paper)])
    usual = Config(model=model).resolved()
    used = {name: result["flags"].get(name, getattr(usual, name)) for name in SWITCHES}
    switched = [f"{name}={value}" for name, value in used.items() if value != getattr(usual, name)]
    rows.append([f"ours ({', '.join([model, *switched])}), {result['inputs']}", *(f"{f1:.2f}" for f1 in ours)])
    if paper:
        rows.append(["difference", *(f"{b - a:+.2f}" for a, b in zip(paper, ours))])
    title = f"{result['corpus']['name']} test, strict micro F1, {result['protocol']}"
    return f"{title}\n{format_table(['', *TASKS], rows)}"
