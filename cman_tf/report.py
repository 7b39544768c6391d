"""Make README.md's table, docs/results.md and report.html from the result files.

python -m cman_tf.report --results_dir=results --readme=README.md --document=docs/results.md --html=report.html
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

from absl import flags

from cman_tf.data.sentence import DataError
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.document import markdown, markdown_table, sections, web_page
from cman_tf.experiments.runs import FLAGS_DIRECTORY
from cman_tf.experiments.tables import mean_and_deviation
from cman_tf.files import write_atomically
from cman_tf.flags import run, settings_from_flagfile
from cman_tf.scoring.score import TASKS
from cman_tf.scoring.tables import PAPER_CONLL04, PAPER_INPUTS, PAPER_NAMES, format_table
from cman_tf.settings import Settings

FLAGS = flags.FLAGS
BEGIN, END = "<!-- results: begin, made by python -m cman_tf.report -->", "<!-- results: end -->"
_SHOWN = (  # settings that make another model or objective; named in its row where not the usual ones
    "relation_scorer",
    "cell",
    "self_attention",
    "label_attention",
    "label_gate",
    "share",
    "loss_weighting",
    "adversarial_alpha",
    "encoder_learning_rate",
    "learning_rate_schedule",
    "embedding_dropout",
    "bilstm_dropout",
    "attention_dropout",
    "relation_dropout",
    "tune_word_vectors",
)


def read_results(folder: pathlib.Path) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """Result files grouped by what makes their runs comparable, the seed apart."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for path in sorted([*folder.glob("*.json"), *(p for name in EXPERIMENTS for p in (folder / name).glob("*.json"))]):
        result = json.loads(path.read_text(encoding="utf-8"))
        if "label_source" in result:  # a run that stands elsewhere, evaluated otherwise
            continue
        usual = dataclasses.asdict(_usual(result["flags"]["model"]))
        # An older file lacks the settings that came after it, and holds some that its model does not heed.
        known = {name: value for name, value in result["flags"].items() if name in usual}
        used = dataclasses.asdict(Settings(**{**usual, **known}).resolved())
        changed = [f"{name}={used[name]}" for name in _SHOWN if used[name] != usual[name]]
        model = ", ".join([used["model"], *changed])
        rest = tuple(f"{name}={used[name]}" for name in usual if name not in ("seed", "epochs", "patience", "xla"))
        key = (result["corpus"]["name"], model, result["inputs"], result["protocol"], *rest)
        groups.setdefault(key, []).append({**result, "file": str(path.relative_to(folder))})
    return groups


def _usual(model: str) -> Settings:
    """The model's own settings: the baseline's recipe is its flagfile's."""
    if model == "multihead":
        return settings_from_flagfile(FLAGS_DIRECTORY / "conll04_multihead.flags")
    return Settings(model=model).resolved()


def rows_of(groups: dict[tuple[str, ...], list[dict[str, Any]]]) -> list[list[str]]:
    """A row a group, with the paper's row before the first of its model on CoNLL04."""
    rows: list[list[str]] = []
    shown = set()
    for (corpus, model, inputs, protocol, *_), results in groups.items():
        name = results[0]["flags"]["model"]
        if corpus.startswith("conll04") and name not in shown:
            shown.add(name)
            paper = [f"{f1:.2f}" for f1 in PAPER_CONLL04[name]]
            rows.append([corpus, f"paper: {PAPER_NAMES[name]}", PAPER_INPUTS[name], *paper, "not stated", "", "", ""])
        micro = [result["test"]["strict"]["micro"] for result in results]
        f1 = [mean_and_deviation([m[task]["f1"] for m in micro]) for task in TASKS]
        seeds = ", ".join(sorted({str(result["seed"]) for result in results}))
        epochs = ", ".join(f"{result['best_epoch']} of {result['epochs']}" for result in results)
        files = ", ".join(f"[{r['file'][:-5]}]({FLAGS.results_dir}/{r['file']})" for r in results)
        if corpus.startswith("ade"):
            epochs, files = f"{len(results)} folds", f"[ade]({FLAGS.results_dir}/ade)"
        rows.append([corpus, model, inputs, *f1, protocol, epochs, seeds, files])
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
        result = json.loads(path.read_text(encoding="utf-8"))
        used, seconds = result["flags"], result["time"]["epoch_seconds_median"]
        lines.append(
            f"\nA training epoch of {result['corpus']['name']} ({used['model']}, {result['inputs']}, "
            f"batch {used['batch_size']}, adversarial training, {used['relation_scorer']} scorer): {seconds:.1f} s, "
            f"the dev set {result['time']['dev_seconds_median']:.1f} s, on {result['environment']['cores']} cores, "
            f"median of {result['epochs']} epochs ([{path.stem}]({folder}/timing/{path.name})).\n"
        )
    return "".join(lines)


def main(arguments: list[str]) -> None:
    del arguments
    groups = read_results(pathlib.Path(FLAGS.results_dir))
    if not groups:
        raise DataError(f"{FLAGS.results_dir}: no result files, expected those of cman_tf.train --results_dir")
    rows = rows_of(groups)
    print(format_table(HEADER[:5], [row[:5] for row in rows]))
    readme = pathlib.Path(FLAGS.readme)
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise DataError(f"{readme}: expected one line {BEGIN!r} and one {END!r}")
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    results = pathlib.Path(FLAGS.results_dir)
    parts = sections(results)
    write_atomically(readme, f"{before}\n{markdown_table([HEADER, *rows])}\n{timings(results)}{after}")
    document = pathlib.Path(FLAGS.document)
    for part in parts:
        for name, svg in part.figures.items():
            if svg:
                write_atomically(document.parent / "figures" / f"{name}.svg", svg)
    write_atomically(document, markdown(parts, "figures"))
    write_atomically(FLAGS.html, web_page(parts))
    print(f"\n{readme}, {document} and {FLAGS.html} are made anew")


if __name__ == "__main__":
    flags.DEFINE_string("results_dir", "results", "Directory of result files.")
    flags.DEFINE_string("document", "docs/results.md", "Every table and figure, as Markdown; figures/ beside it.")
    flags.DEFINE_string("html", "report.html", "The same as one web page.")
    flags.DEFINE_string("readme", "README.md", "File whose table is made anew.")
    run(main)
