"""Make README.md's table, docs/results.md and report.html from result files.

cman-tf report --results_dir=results --readme=README.md --document=docs/results.md --html=report.html
"""

from __future__ import annotations

import pathlib
from typing import Any

from absl import flags

from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.errors import DataError
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.grouping import READ, differing, grouped, hashes_of, usual_config
from cman_tf.experiments.rendering import markdown, markdown_table, sections, web_page
from cman_tf.experiments.rows import FOLDS
from cman_tf.experiments.runs import fold_of, read_result
from cman_tf.experiments.tables import mean_and_deviation
from cman_tf.runs.files import write_atomically
from cman_tf.scoring.score import TASKS
from cman_tf.scoring.tables import PAPER_CONLL04, PAPER_INPUTS, PAPER_NAMES, SWITCHES, format_table

FLAGS = flags.FLAGS
BEGIN, END = "<!-- results: begin, made by python -m cman_tf.report -->", "<!-- results: end -->"
_SHOWN = (  # settings named in a row where not the usual ones; others only where rows differ in them
    *SWITCHES,
    "adversarial_alpha",
    "weight_average",
    "mixed_layers",
    "mix_scale",
    "encoder_learning_rate",
    "learning_rate_schedule",
    "embedding_dropout",
    "bilstm_dropout",
    "attention_dropout",
    "relation_dropout",
    "tune_word_vectors",
)


Groups = list[tuple[dict[str, Any], list[dict[str, Any]]]]


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Data"):
        flags.DEFINE_string("results_dir", "results", "`Directory` of result files.")
    with flag_group("Output"):
        flags.DEFINE_string(
            "document",
            "docs/results.md",
            "`File` for every table and figure, as Markdown; figures/ beside it; empty: none.",
        )
        flags.DEFINE_string("html", "report.html", "`File` for the same as one web page; empty: none.")
        flags.DEFINE_string("readme", "README.md", "`File` whose table is made anew; empty: none.")


def read_results(folder: pathlib.Path) -> Groups:
    """Result files, like runs together: what they have in common, and they."""
    found = []
    for path in sorted([*folder.glob("*.json"), *(p for name in EXPERIMENTS for p in (folder / name).glob("*.json"))]):
        result = read_result(path)
        if "label_source" not in result:  # a run that stands elsewhere, evaluated otherwise
            found.append({**result, "file": str(path.relative_to(folder))})
    return grouped(found, hashes_of(found))


def rows_of(groups: Groups) -> list[list[str]]:
    """A row a group, by corpus and model, the plain ones first, and the paper's row before the
    first of its model on CoNLL04."""
    named = []
    for common, results in groups:
        corpus, model = common["corpus"], common["model"]
        usual = usual_config(model)
        others = [other for other, _ in groups if (other["corpus"], other["model"]) == (corpus, model)]
        told = {*_SHOWN, *differing(others)} & usual.keys()
        changed = [
            f"{name}={common[name]}" for name in usual if name in told and common[name] not in (None, usual[name])
        ]
        same_inputs = [other for other in others if other["inputs"] == common["inputs"]]
        changed += [f"{name}={common[name]}" for name in differing(same_inputs) if name in READ]
        order = (corpus, list(PAPER_CONLL04).index(model), len(changed), changed, common["inputs"])
        named.append((order, ", ".join([model, *changed]), common, results))
    rows: list[list[str]] = []
    shown = set()
    for _, name, common, results in sorted(named, key=lambda entry: entry[0]):
        corpus, model = common["corpus"], common["model"]
        if corpus.startswith("conll04") and model not in shown:
            shown.add(model)
            paper = [f"{f1:.2f}" for f1 in PAPER_CONLL04[model]]
            rows.append([corpus, f"paper: {PAPER_NAMES[model]}", PAPER_INPUTS[model], *paper, "not stated", "", "", ""])
        micro = [result["test"]["strict"]["micro"] for result in results]
        f1 = [mean_and_deviation([m[task]["f1"] for m in micro]) for task in TASKS]
        seeds = ", ".join(sorted({str(result["seed"]) for result in results}))
        epochs = ", ".join(f"{result['best_epoch']} of {result['epochs']}" for result in results)
        files = ", ".join(f"[{r['file'][:-5]}]({FLAGS.results_dir}/{r['file']})" for r in results)
        if corpus.startswith("ade"):
            count = len({fold_of(result["file"]) for result in results})
            epochs, files = f"{count} of {FOLDS} folds", f"[ade]({FLAGS.results_dir}/ade)"
        rows.append([corpus, name, common["inputs"], *f1, common["protocol"], epochs, seeds, files])
    return rows


HEADER = [
    "corpus",
    "model",
    "inputs",
    "entities F1",
    "relations F1",
    "protocol",
    "best epoch",
    "seed",
    "file",
]


def timings(folder: pathlib.Path) -> str:
    """A line for each run made to be timed, alone on its machine, of timing/ among the results."""
    lines = []
    for path in sorted((folder / "timing").glob("*.json")):
        result = read_result(path)
        used, seconds = result["flags"], result["time"]["epoch_seconds_median"]
        lines.append(
            f"\nA training epoch of {result['corpus']['name']} ({used['model']}, {result['inputs']}, "
            f"batch {used['batch_size']}, adversarial training, {used['relation_scorer']} scorer): {seconds:.1f} s, "
            f"the dev set {result['time']['dev_seconds_median']:.1f} s, on {result['environment']['cores']} cores, "
            f"median of {result['epochs']} epochs ([{path.stem}]({folder}/timing/{path.name})).\n"
        )
    return "".join(lines)


def make_readme(path: pathlib.Path, table: str) -> None:
    """Put a table between the two marks of a file.

    Raises:
      DataError: if the marks are not there, once each.
    """
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise DataError(f"{path}: expected one line {BEGIN!r} and one {END!r}")
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    write_atomically(path, f"{before}\n{table}{after}")


def main(arguments: list[str]) -> None:
    del arguments
    groups = read_results(pathlib.Path(FLAGS.results_dir))
    if not groups:
        raise DataError(f"{FLAGS.results_dir}: no result files, expected those of cman_tf.train --results_dir")
    rows = rows_of(groups)
    print(format_table(HEADER[:5], [row[:5] for row in rows]))
    results = pathlib.Path(FLAGS.results_dir)
    if FLAGS.readme:
        make_readme(pathlib.Path(FLAGS.readme), f"{markdown_table([HEADER, *rows])}\n{timings(results)}")
    parts = sections(results)
    if FLAGS.document:
        document = pathlib.Path(FLAGS.document)
        for part in parts:
            for name, svg in part.figures.items():
                if svg:
                    write_atomically(document.parent / "figures" / f"{name}.svg", svg)
        write_atomically(document, markdown(parts, results, "figures"))
    if FLAGS.html:
        write_atomically(FLAGS.html, web_page(parts))
    print(f"\nmade anew: {', '.join(filter(None, (FLAGS.readme, FLAGS.document, FLAGS.html)))}")


COMMAND = Command("report", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
