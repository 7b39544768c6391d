"""Which contextual encoder the flags or a run's directory name. TensorFlow is not imported."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re

from cman_tf.encoders.names import ENCODER_FLAGS as NAMES
from cman_tf.encoders.recorded_folder import validate_recorded_folder
from cman_tf.encoders.resolve import DOWNLOADED, fingerprint, given_file, model_files, module_files
from cman_tf.errors import DataError, quote, shorten
from cman_tf.runs.containment import validate_recorded_path
from cman_tf.runs.files import read_json, write_atomically
from cman_tf.runs.provenance import make_portable
from cman_tf.runs.schema import SHA256, one_of, record, text, whole

PRECISIONS = ("float32", "float16")
_FILE = "contextual.json"
_LOCATIONS = {  # the flags of each kind of encoder
    "elmo_files": ("elmo_options", "elmo_weights"),
    "elmo_hub": ("elmo",),
    "transformer": ("encoder",),
}
_PLACE = text(re.compile(r"[^\0]{1,1000}").fullmatch, "a path of at most 1,000 characters")
_SCHEMA = record(
    {
        "kind": one_of(*_LOCATIONS),
        "location": record({}, {**dict.fromkeys(NAMES, _PLACE), "encoder_precision": one_of(*PRECISIONS)}),
        "fingerprint": SHA256,
        "layers": whole(1, 10_000),
        "size": whole(1, 1_000_000),
    }
)


@dataclasses.dataclass(frozen=True)
class Source:
    """A contextual encoder's files.

    Attributes:
      kind: `elmo_files`, `elmo_hub` or `transformer`.
      location: the flags that name the encoder, and their values.
      fingerprint: the hash of everything that the encoder's features depend on.
    """

    kind: str
    location: dict[str, str]
    fingerprint: str

    @property
    def precision(self) -> str:
        """The dtype in which the features are kept: float32 or float16."""
        return self.location.get("encoder_precision", "float32")

    def __str__(self) -> str:
        return " ".join(f"--{name}={shorten(make_portable(value))}" for name, value in self.location.items())


def short_name(location: dict[str, str]) -> str:
    """Return the name of an encoder for results: `elmo`, or the name of the transformer, such as `minilm`.

    Args:
      location: the flags that name the encoder, and their values.
    """
    half = f"_{location['encoder_precision']}" if location.get("encoder_precision", "float32") != "float32" else ""
    if "encoder" in location:
        return re.sub(r"[^\w.]+", "_", pathlib.Path(location["encoder"]).name) + half
    return f"elmo{half}"


def find_source(location: dict[str, str]) -> Source | None:
    """Find the files of the encoder that the flags name.

    Args:
      location: the flags that are given, and their values.

    Returns:
      The encoder's files, or None if there are no flags.

    Raises:
      DataError: if the flags contradict each other, or if files are missing.
    """
    location = dict(location)
    precision = location.pop("encoder_precision", "float32")
    if precision not in PRECISIONS:
        raise DataError(f"--encoder_precision={precision[:20]}: expected one of {', '.join(PRECISIONS)}")
    if not location:
        if precision != "float32":
            raise DataError(f"--encoder_precision={precision} and no encoder, expected --encoder or --elmo")
        return None
    # Paths are made absolute, because a run's directory stores them.
    location = {n: os.path.abspath(v) if os.path.exists(v) and v not in DOWNLOADED else v for n, v in location.items()}
    names = set(location)
    half = {} if precision == "float32" else {"encoder_precision": precision}
    if names == {"elmo_options", "elmo_weights"}:
        paths = {name: given_file(location[name], name) for name in ("elmo_options", "elmo_weights")}
        return Source("elmo_files", {**location, **half}, fingerprint("elmo_files", paths, precision))
    if names == {"elmo"}:
        paths = module_files(location["elmo"])
        return Source("elmo_hub", {**location, **half}, fingerprint("elmo_hub", paths, precision))
    if names == {"encoder"}:
        paths = model_files(location["encoder"])
        return Source("transformer", {**location, **half}, fingerprint("transformer", paths, precision))
    raise DataError(
        f"{' '.join('--' + name for name in sorted(names))} given, expected either --elmo, or --elmo_options and "
        "--elmo_weights, or --encoder"
    )


def features_file(corpus: str, source: Source) -> pathlib.Path:
    """Return the default of --features: the file in which the features of a corpus are cached.

    Args:
      corpus: the name of the corpus.
      source: the encoder.
    """
    name = re.sub(r"[^\w.-]+", "_", " ".join(pathlib.Path(v).name for v in source.location.values()))
    return pathlib.Path("features") / f"{corpus}-{name}-{source.fingerprint[:8]}.h5"


def validate_tunable(source: Source | None) -> None:
    """Raise DataError if there is no encoder, or if it cannot be trained with the model."""
    if source is None or source.kind != "transformer":
        raise DataError(f"--tune_encoder with {source or 'no encoder'}: expected --encoder, a transformer")
    if source.precision != "float32":
        raise DataError(f"--tune_encoder with --encoder_precision={source.precision}: expected one of them")


def save_source(directory: str, source: Source, layers: int, size: int) -> None:
    """Store in a run's directory which encoder its model needs.

    Args:
      directory: the run's directory.
      source: the encoder.
      layers: N, the number of the encoder's layers.
      size: C, the width of a layer.
    """
    content = {**dataclasses.asdict(source), "layers": layers, "size": size}
    write_atomically(pathlib.Path(directory) / _FILE, json.dumps(content, indent=1) + "\n")


def load_source(directory: str | pathlib.Path) -> tuple[Source, tuple[int, int]] | None:
    """Read what `save_source` wrote.

    Args:
      directory: the run's directory.

    Returns:
      The encoder and (layers, size), or None if the model has no encoder.

    Raises:
      DataError: if the file does not hold an encoder.
    """
    path = pathlib.Path(directory) / _FILE
    if not path.exists():
        return None
    content = read_json(path, "what cman-tf train wrote", schema=_SCHEMA)
    location: dict[str, str] = content["location"]
    names = _LOCATIONS[content["kind"]]
    if not {*names} <= location.keys() <= {*names, "encoder_precision"}:
        raise DataError(f"{path}: location has {', '.join(location) or 'no flag'}, expected {' and '.join(names)}")
    return Source(content["kind"], location, content["fingerprint"]), (content["layers"], content["size"])


def find_again(directory: str | pathlib.Path, elsewhere: dict[str, str]) -> Source:
    """Find the encoder that a run's model needs.

    A model directory may come from anyone. Files of weights are opened where the directory says they are, but nothing
    is downloaded and no TensorFlow Hub module is run unless the caller names it.

    Args:
      directory: the run's directory.
      elsewhere: the flags that give the encoder's place now, and their values. If empty, the encoder is looked for
        where it was in training.

    Raises:
      DataError: if the encoder is not found or is not the same, or if the caller has to name it.
    """
    recorded = load_source(directory)
    if recorded is None:
        raise DataError(f"{directory}: a model without a contextual encoder, expected no flags of one")
    needed = recorded[0]
    need = f"{directory}: the model needs the features of {needed}"
    if not elsewhere:
        _validate_recorded(need, needed)
    if elsewhere and needed.precision != "float32":
        elsewhere = {"encoder_precision": needed.precision, **elsewhere}
    try:
        found = find_source(elsewhere or needed.location)
    except DataError as error:
        raise DataError(f"{need}; {error}") from None
    if found is None or found.fingerprint != needed.fingerprint:
        other = "none" if found is None else found.fingerprint[:12]
        raise DataError(
            f"{need} (fingerprint {needed.fingerprint[:12]}), {found} is another encoder (fingerprint {other})"
        )
    return found


def _validate_recorded(need: str, needed: Source) -> None:
    """Raise DataError if opening the encoder would download something, run code, or read other files than weights."""
    location = needed.location
    if "elmo" in location:
        raise DataError(f"{need}, a TensorFlow Hub module, which runs code; if you trust it, name it with --elmo")
    name = location.get("encoder", DOWNLOADED[0])
    if name not in DOWNLOADED and not pathlib.Path(name).is_dir():
        raise DataError(
            f"{need}; {quote(name)} is not a directory on this machine, and models are only downloaded on request; if "
            "you trust it, name it with --encoder"
        )
    for flag in ("elmo_options", "elmo_weights"):
        if flag in location:
            validate_recorded_path(location[flag], f"the file of --{flag}")
    if "encoder" in location and name not in DOWNLOADED:
        validate_recorded_path(name, "the folder of a transformer")
        validate_recorded_folder(need, pathlib.Path(name))
