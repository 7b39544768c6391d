"""The places that write, for disk.py: a command for each, and what is there before."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any

from cman_tf.formats.corpus_files import read_corpus
from cman_tf.formats.spert_json import dump_json
from cman_tf.sample import DIRECTORY as SAMPLE

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "cman_tf" / "pretrained" / "conll04"
_TINY = (
    "--model=multihead --bilstm_layers=1 --hidden_size=8 --char_size=4 --char_hidden_size=4 --relation_size=8 "
    "--embedding_dropout=0 --bilstm_dropout=0 --unknown_word_rate=0 --adversarial_alpha=0 --batch_size=8 --noxla "
    "--epochs=3"
).split()
_DOWNLOAD = """
import hashlib, pathlib, sys
from cman_tf.command_line.command import report_errors
from cman_tf.downloads.corpora import Source, download_corpus
given = pathlib.Path(sys.argv[1])
files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(given.glob("*.json"))}
report_errors(lambda folder: download_corpus(Source(f"{given.as_uri()}/", files), pathlib.Path(folder)))(sys.argv[2])
"""


@dataclasses.dataclass(frozen=True)
class Case:
    """A command that writes.

    Attributes:
      place: what is written.
      arguments: of `cman-tf`; `{disk}`, `{data}` and `{model}` stand for folders. A list that begins with `-c` is for
        Python itself.
      shares: how full the disk is: shares of what the command writes that are left free.
      before: files below the disk that are there before, with their content, and that a failure must not change.
      output: where standard output goes to.
      prepare: a function that puts something on the disk, or None.
      ignored: files whose content differs between two runs that do the same.
    """

    place: str
    arguments: Sequence[str]
    shares: tuple[float, ...] = (0.0, 0.7)
    before: dict[str, str] = dataclasses.field(default_factory=dict)
    output: str | None = None
    prepare: Callable[[pathlib.Path], Any] | None = None
    ignored: tuple[str, ...] = ()

    def command(self, places: dict[str, str]) -> list[str]:
        """Return the command with the folders in it."""
        filled = [argument.format(**places) if argument != _DOWNLOAD else argument for argument in self.arguments]
        return [sys.executable, *([] if filled[0] == "-c" else ["-m", "cman_tf"]), *filled]


def write_data(folder: pathlib.Path, names: Sequence[str]) -> None:
    """Write what the commands read: a small corpus, texts, predictions, a result file and a transformer.

    Args:
      folder: where to.
      names: of the cases that are run. Only `features` needs the transformer.
    """
    related = [s for s in read_corpus(str(SAMPLE / "train.json")).sentences if s.relations]
    sentences = sorted(related, key=lambda s: len(s.tokens))[:40]
    for split in ("train", "dev", "test"):
        (folder / f"{split}.json").write_text(dump_json(sentences))
    (folder / "a.json").write_text(dump_json(sentences))
    bad = json.loads(dump_json(sentences))
    for record in bad:
        record["entities"] += [dict(record["entities"][0])]
    (folder / "bad.json").write_text(json.dumps(bad))
    lines = [" ".join(s.tokens) for s in sentences]
    (folder / "text.txt").write_text("\n".join(lines * 20) + "\n")
    results = folder / "results"
    shutil.copytree(ROOT / "results" / "cells", results / "cells")
    if "features" not in names:
        return
    sys.path.insert(0, str(ROOT / "tests"))
    from tiny_bert import SPELLING, write_bert

    (folder / "bert").mkdir()
    write_bert(folder / "bert", SPELLING)


def _copy_model(disk: pathlib.Path) -> None:
    shutil.copytree(MODEL, disk / "model")


def strip_record(text: str) -> Any:
    """Return what two results of the same training have in common, from result.json or metrics.jsonl."""
    values = [json.loads(line) for line in text.splitlines()] if text.startswith('{"epoch"') else [json.loads(text)]
    for value in values:
        for name in ("run", "time", "commit", "seconds", "dev_seconds", "record", "environment", "flags"):
            value.pop(name, None)
    return values


_HALF = (0.5,)  # of what loads TensorFlow for several seconds
_PREDICT = ("predict", "--model_dir={model}", "--input={data}/text.txt", "--input_format=lines")
CASES = {
    "train": Case(
        "run.json, vocabulary.json, checkpoints, TensorBoard, metrics.jsonl, record.json, result.json",
        ("train", "--data_dir={data}", "--model_dir={disk}/run", *_TINY),
        (0.0, 0.3, 0.6, 0.9),
    ),
    "experiment": Case(
        "runs and result files of an experiment",
        (
            "experiment",
            "conll04",
            "--data_dir={data}",
            "--results_dir={disk}/results",
            "--runs_dir={disk}/runs",
            "--rows=multihead",
            "--inputs=words",
            "--",
            *_TINY[1:],
        ),
        _HALF,
    ),
    "features": Case(
        "HDF5 features",
        ("embed", "--data_dir={data}", "--encoder={data}/bert", "--features={disk}/f.h5"),
        (0.0, 0.7, 1.3),  # the parts are there while they are merged
    ),
    "predict to a file": Case("a new file", (*_PREDICT, "--output={disk}/found.jsonl"), _HALF),
    "predict over a file": Case(
        "a file that is replaced",
        (*_PREDICT, "--output={disk}/old.jsonl", "--overwrite"),
        before={"old.jsonl": "old\n"},
    ),
    "predict to standard output": Case("standard output", _PREDICT, _HALF, output="out.jsonl"),
    "predict to a folder": Case("a folder of brat files", (*_PREDICT, "--format=brat", "--output={disk}/brat"), _HALF),
    "evaluate": Case(
        "scores and predictions",
        (
            "evaluate",
            "--model_dir={model}",
            "--data={data}/test.json",
            "--json={disk}/s.json",
            "--predictions={disk}/p.json",
        ),
        _HALF,
        ignored=("s.json",),
    ),
    "score": Case("scores", ("score", "--gold={data}/a.json", "--predictions={data}/a.json", "--json={disk}/s.json")),
    "problems": Case(
        "problems", ("check", "{data}/bad.json", "--problems={disk}/problems.jsonl", "--json={disk}/c.json")
    ),
    "check": Case("a page and JSON", ("check", "{data}/a.json", "--json={disk}/c.json", "--html={disk}/c.html")),
    "visualize": Case("a page", ("visualize", "--gold={data}/a.json", "--html={disk}/v.html")),
    "compare": Case(
        "a page and JSON",
        (
            "compare",
            "{data}/a.json",
            "{data}/a.json",
            "--gold={data}/a.json",
            "--html={disk}/c.html",
            "--json={disk}/c.json",
        ),
    ),
    "convert": Case("a file", ("convert", "{data}/a.json", "{disk}/a.conll", "--to=conll")),
    "convert to a folder": Case("a folder", ("convert", "{data}/a.json", "{disk}/brat", "--to=brat")),
    "report": Case(
        "a document with figures, a page and a README",
        ("report", "--results_dir={data}/results", "--document={disk}/r.md", "--html={disk}/r.html", "--readme="),
    ),
    "tune-thresholds": Case(
        "thresholds.json, a page and JSON",
        (
            "tune-thresholds",
            "--model_dir={disk}/model",
            "--data={data}/dev.json",
            "--fewest=1",
            "--json={disk}/t.json",
            "--html={disk}/t.html",
        ),
        _HALF,
        prepare=_copy_model,
    ),
    "export": Case(
        "a SavedModel",
        ("export", "--model_dir={model}", "--export_dir={disk}/saved"),
        _HALF,
        # The order of the weights in them differs between two exports.
        ignored=("variables.data-00000-of-00001", "variables.index"),
    ),
    "pack": Case("a packed model", ("pack", "--model_dir={model}", "--output={disk}/packed"), _HALF),
    "index": Case("an index of passages", ("index", "{data}/text.txt", "{disk}/index"), (0.0, 0.2, 0.4, 0.6, 0.8)),
    "sample": Case(
        "the sample corpus",
        ("-c", "from cman_tf.sample.generate import COMMAND; COMMAND.run()", "--output_dir={disk}/sample"),
    ),
    "download": Case("a corpus", ("-c", _DOWNLOAD, "{data}", "{disk}/corpus")),
}
