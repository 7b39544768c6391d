"""Which results come from comparable runs, so that they may be averaged."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cman_tf.config import Config
from cman_tf.data.corpus import SPLITS
from cman_tf.encoders.names import ENCODER_FLAGS
from cman_tf.experiments.planning import find_flagfile
from cman_tf.experiments.result_files import Result
from cman_tf.runs.flagfile import config_from_flagfile

INPUT_FILES = ("corpus files", "word vectors", "encoder")  # what comparable runs have read alike
_FREE = ("seed", "patience", "xla")  # settings in which comparable runs may differ
Hashes = Mapping[tuple[str, str], str]  # (kind of file, its name) to its hash


class Group(NamedTuple):
    """Comparable runs: what they have in common (settings, corpus, files, protocol), and their results."""

    common: dict[str, Any]
    results: list[Result]


def usual_settings(model: str) -> dict[str, Any]:
    """A model's own settings: its paper's, and for the baseline those of its flagfile."""
    if model == "multihead":
        return dataclasses.asdict(config_from_flagfile(find_flagfile("conll04_multihead")))
    return dataclasses.asdict(Config(model=model).resolved())


def comparable_settings(result: Result) -> dict[str, Any]:
    """The settings in which comparable runs agree.

    Settings that are newer than the result have their usual values. `epochs` is None where a dev score ends the run.
    """
    usual = usual_settings(result["flags"]["model"])
    known = {name: value for name, value in result["flags"].items() if name in usual}
    config = Config(**{**usual, **known}).resolved()
    if config.protocol != "fixed_epochs" and config.learning_rate_schedule == "constant":
        config = dataclasses.replace(config, epochs=None)
    return {name: value for name, value in dataclasses.asdict(config).items() if name not in _FREE}


def describe_run(result: Result, hashes: Hashes) -> dict[str, Any]:
    """Everything in which comparable runs agree: corpus, inputs, files, settings, protocol.

    Args:
      result: A result file's content.
      hashes: As `collect_hashes` returns them.
    """
    where = {"corpus": result["corpus"]["name"], "inputs": result["inputs"]}
    splits = [result["corpus"].get(split, {}) for split in SPLITS]
    is_fold = any("ade_split_" in split.get("file", "") for split in splits)  # folds are averaged
    where["corpus files"] = "folds" if is_fold else " ".join(split.get("sha256", "")[:8] for split in splits)
    for what, (name, digest) in _name_input_files(result).items():
        where[what] = digest or hashes.get((what, name), name)
    return {**where, **comparable_settings(result), "protocol": result["protocol"]}  # in words, not the flag's value


def collect_hashes(results: Sequence[Result]) -> Hashes:
    """Map each input file's kind and name to its hash, where all results agree on one. Older results have none."""
    found: dict[tuple[str, str], set[str]] = {}
    for result in results:
        for what, (name, digest) in _name_input_files(result).items():
            found.setdefault((what, name), set()).update({digest} - {""})
    return {key: min(digests) for key, digests in found.items() if len(digests) == 1}


def group_results(results: Sequence[Result], hashes: Hashes) -> list[Group]:
    """Put the results of comparable runs together; `hashes` as `collect_hashes` returns them."""
    groups: dict[tuple, Group] = {}
    for result in results:
        common = describe_run(result, hashes)
        groups.setdefault(tuple(common.items()), Group(common, [])).results.append(result)
    return list(groups.values())


def find_differences(descriptions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of what is not the same in all of some groups' descriptions."""
    names = descriptions[0] if descriptions else ()
    return [name for name in names if len({description.get(name) for description in descriptions}) > 1]


def _name_input_files(result: Result) -> dict[str, tuple[str, str]]:
    """Kind of input file to its name and the first digits of its hash ("" in older results)."""
    flags = result["flags"]
    names = {"word vectors": ("word_vectors",), "encoder": ENCODER_FLAGS}
    digests = {"word vectors": result.get("word_vectors_sha256"), "encoder": result.get("encoder_fingerprint")}
    return {
        what: (
            " ".join(pathlib.Path(flags[flag]).name for flag in of if flags.get(flag)) or "none",
            (digests[what] or "")[:8],
        )
        for what, of in names.items()
    }
