"""Result files of `cman_tf.train`: what they hold, and reading them with checks."""

from __future__ import annotations

import math
import pathlib
import re
from collections.abc import Iterator
from typing import Any, TypedDict, cast

from cman_tf.config import Config
from cman_tf.data.corpus import SPLITS
from cman_tf.encoders.names import ENCODER_FLAGS
from cman_tf.errors import DataError, quote
from cman_tf.experiments.published import CONLL04
from cman_tf.runs.files import read_json
from cman_tf.runs.run_settings import fill_defaults
from cman_tf.scoring.conventions import CONVENTIONS
from cman_tf.scoring.result_schema import ANY_RESULT
from cman_tf.scoring.score import TASKS

_NAMES = ("corpus", "inputs", "protocol", "flags", "seed", "epochs", "best_epoch", "test")
_GROUPED = ("by_length", "by_distance")
_COUNTS = {"tp", "fp", "fn"}


class _OfEveryVersion(TypedDict):
    """What every result file holds."""

    corpus: dict[str, Any]  # "name", and for each split "file", "sha256" and counts
    inputs: str
    protocol: str
    flags: dict[str, Any]  # every setting, and the files that were read
    seed: int
    epochs: int  # that were trained
    best_epoch: int  # that was kept
    test: dict[str, Any]  # scores, as `scoring.score.score_sentences` returns them, with those of `scoring.breakdowns`
    file: str  # its own path; added on reading


class Result(_OfEveryVersion, total=False):
    """What a result file holds, as far as the report reads it. Older files lack what is listed here."""

    run: str  # the training that it is of
    dev: dict[str, Any]
    time: dict[str, Any]
    environment: dict[str, Any]
    label_source: str  # "gold" in evaluations with gold labels
    word_vectors_sha256: str | None
    encoder_fingerprint: str | None


def read_result(path: pathlib.Path) -> Result:
    """Read a result file.

    Raises:
      DataError: If it is not JSON, or not a result file of `cman_tf.train`.
    """
    expected = "a result file of cman_tf.train"
    content = read_json(path, expected, *_NAMES, schema=ANY_RESULT)
    for problem in _find_problems(content):
        raise DataError(f"{path}: {problem}, expected {expected}")
    return cast(Result, {**content, "file": str(path)})


def identify_training(result: Result) -> tuple[Any, ...]:
    """The training that a result is of, and how far it had gone."""
    return result.get("run"), result["epochs"], result["best_epoch"]


def parse_fold(file: str) -> int | None:
    """The fold in a result file's name; None if the name has none."""
    found = re.search(r"-fold(\d+)-", file)
    return int(found[1]) if found else None


def _find_problems(content: dict[str, Any]) -> Iterator[str]:
    """What the report could not work with, in words."""
    yield from _find_problems_of_flags(content["flags"])
    yield from _find_problems_of_corpus(content["corpus"])
    for split in ("test", *({"dev"} & content.keys())):
        yield from _find_problems_of_scores(content[split], split)


def _find_problems_of_flags(flags: Any) -> Iterator[str]:
    if not isinstance(flags, dict) or flags.get("model") not in [*CONLL04]:
        yield "no model of ours in flags"
        return
    for name in ("epochs", "patience"):
        if name not in flags:
            yield f"no {name} in flags"
    for name in ("word_vectors", "data_dir", *ENCODER_FLAGS):  # the report takes the names of files from them
        if not isinstance(flags.get(name, ""), (str, type(None))):
            yield f"flags/{name} is {_show(flags[name])}"
    known = fill_defaults(flags)
    for name, value in known.items():
        default = getattr(Config, name, None)
        types = (int, float) if type(default) is float else (type(default),)
        if (
            value is not None
            and default is not None
            and type(value) not in types
            or not isinstance(value, (str, int, float, bool, type(None)))
        ):
            yield f"flags/{name} is {_show(value)}"
    try:
        Config(**{name: value for name, value in known.items() if name in Config.__dataclass_fields__}).resolved()
    except (TypeError, ValueError, ArithmeticError) as error:
        yield f"its settings do not go together ({str(error)[:100]})"


def _find_problems_of_corpus(corpus: Any) -> Iterator[str]:
    if not isinstance(corpus, dict) or not isinstance(corpus.get("name"), str):
        yield "no corpus"
        return
    for split in SPLITS:
        part = corpus.get(split, {})
        if not isinstance(part, dict) or not all(isinstance(part.get(n, ""), str) for n in ("file", "sha256")):
            yield f"corpus/{split} is {_show(part)}"


def _find_problems_of_scores(scores: Any, where: str) -> Iterator[str]:
    if not isinstance(scores, dict) or not _is_table(_dig(scores, "strict", "micro")):
        yield f"no strict micro F1 in {where}"
        return
    for convention in CONVENTIONS.keys() & scores.keys():
        if not isinstance(scores[convention], dict):
            yield f"{where}/{convention} is {_show(scores[convention])}"
        for average, table in _items(scores[convention]):
            is_sound = average == "means" or (_are_types(table) if average == "per_type" else _is_table(table))
            if not is_sound:
                yield f"{where}/{convention}/{average} is {_show(table)}"
    for name in _GROUPED:
        groups = scores.get(name, {})
        if not isinstance(groups, dict) or not all(
            _is_table(table) and _is_counted(table) for table in groups.values()
        ):
            yield f"{where}/{name} is {_show(groups)}"
    if "counts" in scores and not _is_count(_dig(scores, "counts", "sentences")):
        yield f"{where}/counts is {_show(scores['counts'])}"
    if "without_overlaps" in scores:
        yield from _find_problems_of_scores(scores["without_overlaps"], f"{where}/without_overlaps")


def _is_table(table: Any) -> bool:
    """Whether this is F1 of both tasks, and its counts if it has any."""
    f1 = [_dig(table, task, "f1") for task in TASKS]
    has_f1 = all(type(value) in (int, float) and math.isfinite(value) and value >= 0 for value in f1)
    return has_f1 and (_is_counted(table) or not any(_COUNTS & table[task].keys() for task in TASKS))


def _is_counted(table: Any) -> bool:
    return all(_is_count(_dig(table, task, name)) for task in TASKS for name in _COUNTS)


def _are_types(table: Any) -> bool:
    """Whether this maps both tasks to types, and those to counts."""
    types = [_dig(table, task) for task in TASKS]
    rows = [row for of_task in types for _, row in _items(of_task)]
    has_tasks = all(isinstance(of_task, dict) for of_task in types)
    return has_tasks and all(_is_count(_dig(row, name)) for row in rows for name in _COUNTS)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _dig(content: Any, *names: str) -> Any:
    for name in names:
        content = content.get(name) if isinstance(content, dict) else None
    return content


def _items(content: Any) -> list[tuple[str, Any]]:
    return list(content.items()) if isinstance(content, dict) else []


def _show(value: Any) -> str:
    return quote(value, 40)
