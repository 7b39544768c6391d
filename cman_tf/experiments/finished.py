"""Whether a run's result is there already, made with the same settings on the same data."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Iterator
from typing import Any

from cman_tf.config import Config
from cman_tf.data.corpus import SPLITS, find_split
from cman_tf.encoders.source import NAMES as ENCODER_FLAGS
from cman_tf.encoders.source import find_source
from cman_tf.errors import DataError
from cman_tf.experiments.runs import Run, flagfile_of, read_result, training_of
from cman_tf.runs.files import sha256_of
from cman_tf.runs.flagfile import config_from_flagfile
from cman_tf.runs.run_directory import completed, differing, epochs_of, is_complete, validate_epochs

_sha256 = functools.cache(sha256_of)


@functools.cache
def _fingerprint(location: tuple[tuple[str, str], ...]) -> str | None:
    source = find_source(dict(location))
    return source.fingerprint if source else None


def is_made(run: Run) -> bool:
    """Whether its result is there, of as many epochs as are asked for at least.

    Raises:
      DataError: if what is there was made with other settings or on other data, or stopped earlier
        and its run is gone.
    """
    if not run.result.exists():
        return False
    result = read_result(run.result)
    expected = dataclasses.asdict(config_from_flagfile(flagfile_of(run.row.flagfile), run.flags))
    for name in differing(result["flags"], expected):
        was, value = completed(result["flags"])[name], expected[name]
        raise DataError(f"{run.result}: made with --{name}={was}, expected {value}, or another --results_dir")
    for what in (*_other_data(run, result), *_other_inputs(run, result)):
        raise DataError(f"{run.result}: made with {what}, expected the same, or another --results_dir")
    plain = run.predicted[1]
    if run.row.gold_labels_of and plain.exists() and training_of(read_result(plain)) != training_of(result):
        return False  # its model was trained on since
    config = Config(**expected)
    if config.protocol == "fixed_epochs":  # elsewhere more epochs than asked for are as good
        validate_epochs(run.result, *epochs_of(result), config)
    if is_complete(result, config):
        return True
    if not (run.directory / "run.json").exists() and not run.row.gold_labels_of:
        was = " ".join(f"--{name}={result['flags'][name]}" for name in ("epochs", "patience"))
        now = " ".join(f"--{name}={expected[name]}" for name in ("epochs", "patience"))
        raise DataError(f"{run.result}: made with {was}, expected {now}, or its run in {run.directory} to go on with")
    return False


def _other_data(run: Run, result: dict[str, Any]) -> Iterator[str]:
    """The corpus files that a result was not made from, if any."""
    was, now = result["flags"].get("format", "auto"), run.given("format") or "auto"
    if was != now:
        yield f"--format={was}, here {now}"
    whole, folder = run.given("all_data"), run.given("data_dir")
    for split in SPLITS:
        path = whole or run.given(f"{split}_data")
        if not path and folder and not (split == "dev" and run.given("hold_out")):
            path = find_split(folder, split)
        if path and result["corpus"][split]["sha256"] != _sha256(path):
            yield f"other {split} data than {path}"


def _other_inputs(run: Run, result: dict[str, Any]) -> Iterator[str]:
    """The word vectors or the encoder that a result was not made with, if any."""
    location = run.encoder_flags()
    if "word_vectors_sha256" in result:
        vectors = run.given("word_vectors")
        if result["word_vectors_sha256"] != (_sha256(vectors) if vectors else None):
            yield f"other word vectors than {vectors or 'none'}"
        if result["encoder_fingerprint"] != _fingerprint(tuple(location.items())):
            yield f"another encoder than {' '.join(location.values()) or 'none'}"
        return
    for name in ("word_vectors", *ENCODER_FLAGS):  # an older file knows their names only
        was, now = (pathlib.Path(value).name for value in (result["flags"].get(name) or "", run.given(name)))
        if "model_dir" in result["flags"] and was != now:
            yield f"--{name}={was or 'none'}, here {now or 'none'}"
