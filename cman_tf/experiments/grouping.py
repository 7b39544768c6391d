"""Which results are of like runs, and may be averaged."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from cman_tf.config import Config
from cman_tf.data.corpus import SPLITS
from cman_tf.encoders.source import NAMES as ENCODER_FLAGS
from cman_tf.experiments.runs import flagfile_of
from cman_tf.runs.flagfile import config_from_flagfile

READ = ("corpus files", "word vectors", "encoder")  # what a group has in common besides its settings
_FREE = ("seed", "patience", "xla")  # in which like runs may differ: what ends a run is told beside it


def usual_config(model: str) -> dict[str, Any]:
    """The model's own settings: the baseline's recipe is its flagfile's."""
    if model == "multihead":
        return dataclasses.asdict(config_from_flagfile(flagfile_of("conll04_multihead")))
    return dataclasses.asdict(Config(model=model).resolved())


def config_of(result: dict[str, Any]) -> dict[str, Any]:
    """A result's settings that make another run, those that came after it at their usual values; `epochs`
    is None where a dev score ends a run."""
    usual = usual_config(result["flags"]["model"])
    # An older file holds some that its model does not heed, too.
    known = {name: value for name, value in result["flags"].items() if name in usual}
    config = Config(**{**usual, **known}).resolved()
    if config.protocol != "fixed_epochs" and config.learning_rate_schedule == "constant":
        config = dataclasses.replace(config, epochs=None)
    return {name: value for name, value in dataclasses.asdict(config).items() if name not in _FREE}


def likeness(result: dict[str, Any], hashes: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """What two results have in common if their runs are alike: corpus, inputs, protocol, settings.

    Args:
      result: a result file's content.
      hashes: what `hashes_of` found in all of them.
    """
    where = {"corpus": result["corpus"]["name"], "inputs": result["inputs"]}
    splits = [result["corpus"].get(split, {}) for split in SPLITS]
    folds = any("ade_split_" in split.get("file", "") for split in splits)  # those are averaged
    where["corpus files"] = "folds" if folds else " ".join(split.get("sha256", "")[:8] for split in splits)
    for what, (name, digest) in _read(result).items():
        where[what] = digest or hashes.get((what, name), name)
    return {**where, **config_of(result), "protocol": result["protocol"]}  # in words, not the flag's value


def _read(result: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Names and hashes of the files that the inputs were read from; older results have no hashes."""
    flags = result["flags"]
    names = {"word vectors": ("word_vectors",), "encoder": ENCODER_FLAGS}
    digests = {"word vectors": "word_vectors_sha256", "encoder": "encoder_fingerprint"}
    return {
        what: (
            " ".join(pathlib.Path(flags[flag]).name for flag in flags_of if flags.get(flag)) or "none",
            (result.get(digests[what]) or "")[:8],
        )
        for what, flags_of in names.items()
    }


def hashes_of(results: Sequence[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """What and its name to its hash, where all that know one know the same."""
    found: dict[tuple[str, str], set[str]] = {}
    for result in results:
        for what, (name, digest) in _read(result).items():
            found.setdefault((what, name), set()).update({digest} - {""})
    return {key: min(digests) for key, digests in found.items() if len(digests) == 1}


def grouped(
    results: Sequence[dict[str, Any]], hashes: Mapping[tuple[str, str], str]
) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Like results together: what they have in common, and they; `hashes` as for `likeness`."""
    groups: dict[tuple, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
    for result in results:
        common = likeness(result, hashes)
        groups.setdefault(tuple(common.items()), (common, []))[1].append(result)
    return list(groups.values())


def differing(groups: list[dict[str, Any]]) -> list[str]:
    """Names of what is not the same in all of some groups."""
    return [name for name in (groups[0] if groups else ()) if len({group.get(name) for group in groups}) > 1]
