"""Whether a run's result exists already, made with the same settings on the same data."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Iterator

from cman_tf.config import Config
from cman_tf.data.corpus import SPLITS, find_split
from cman_tf.data.word_vectors import find_word_vectors
from cman_tf.encoders.names import ENCODER_FLAGS
from cman_tf.encoders.source import find_source
from cman_tf.errors import DataError
from cman_tf.experiments.planning import Run, find_flagfile
from cman_tf.experiments.result_files import Result, identify_training, read_result
from cman_tf.runs.epochs import count_epochs, is_complete, validate_epochs
from cman_tf.runs.files import sha256_of
from cman_tf.runs.flagfile import config_from_flagfile
from cman_tf.runs.run_settings import fill_defaults, list_differences

_sha256 = functools.cache(sha256_of)


@functools.cache
def _fingerprint(location: tuple[tuple[str, str], ...]) -> str | None:
    source = find_source(dict(location))
    return source.fingerprint if source else None


def has_finished(run: Run) -> bool:
    """Whether the run's result exists and has at least as many epochs as are asked for.

    Raises:
      DataError: If the result was made with other settings or on other data, or if it stopped earlier and its run
        directory is gone.
    """
    if not run.result.exists():
        return False
    result = read_result(run.result)
    expected = dataclasses.asdict(config_from_flagfile(find_flagfile(run.row.flagfile), run.flags))
    for name in list_differences(result["flags"], expected):
        was, value = fill_defaults(result["flags"])[name], expected[name]
        raise DataError(
            f"{run.result}: made with --{name}={was}, expected {value}; choose another --results_dir for other settings"
        )
    for what in (*_find_other_data(run, result), *_find_other_inputs(run, result)):
        raise DataError(f"{run.result}: made with {what}; choose another --results_dir for other files")
    plain = run.predicted[1]
    is_evaluation = run.row.gold_labels_of and plain.exists()
    if is_evaluation and identify_training(read_result(plain)) != identify_training(result):
        return False  # its model has been trained further since
    config = Config(**expected)
    if config.protocol == "fixed_epochs":  # with the other protocols, more epochs than asked for are as good
        validate_epochs(run.result, *count_epochs(result), config)
    if is_complete(result, config):
        return True
    if not (run.directory / "run.json").exists() and not run.row.gold_labels_of:
        was = " ".join(f"--{name}={result['flags'][name]}" for name in ("epochs", "patience"))
        now = " ".join(f"--{name}={expected[name]}" for name in ("epochs", "patience"))
        raise DataError(
            f"{run.result}: made with {was}, expected {now}, and there is no run in {run.directory} to resume"
        )
    return False


def _find_other_data(run: Run, result: Result) -> Iterator[str]:
    """The corpus files that the result was not made from, in words."""
    was, now = result["flags"].get("format", "auto"), run.flag_value("format") or "auto"
    if was != now:
        yield f"--format={was}, expected {now}"
    whole, folder = run.flag_value("all_data"), run.flag_value("data_dir")
    for split in SPLITS:
        path = whole or run.flag_value(f"{split}_data")
        if not path and folder and not (split == "dev" and run.flag_value("hold_out")):
            path = find_split(folder, split)
        if path and result["corpus"][split]["sha256"] != _sha256(path):
            yield f"other {split} data than {path}"


def _find_other_inputs(run: Run, result: Result) -> Iterator[str]:
    """The word vectors or the encoder that the result was not made with, in words."""
    location = run.encoder_flags()
    if "word_vectors_sha256" in result:
        vectors = run.flag_value("word_vectors")
        if result.get("word_vectors_sha256") != (_sha256(find_word_vectors(vectors)) if vectors else None):
            yield f"other word vectors than {vectors or 'none'}"
        if result.get("encoder_fingerprint") != _fingerprint(tuple(location.items())):
            yield f"another encoder than {' '.join(location.values()) or 'none'}"
        return
    for name in ("word_vectors", *ENCODER_FLAGS):  # older files hold names only
        was, now = (pathlib.Path(value).name for value in (result["flags"].get(name) or "", run.flag_value(name)))
        if "model_dir" in result["flags"] and was != now:
            yield f"--{name}={was or 'none'}, expected {now or 'none'}"
