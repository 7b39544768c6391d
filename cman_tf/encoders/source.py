"""Which encoder the flags name: found, fingerprinted and opened. Free of TensorFlow."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re

from cman_tf.encoders.names import ENCODER_FLAGS as NAMES
from cman_tf.encoders.resolve import MINILM, fingerprint, given_file, model_files, module_files
from cman_tf.errors import DataError
from cman_tf.runs.files import read_json, write_atomically
from cman_tf.runs.provenance import portable

_FILE = "contextual.json"


@dataclasses.dataclass(frozen=True)
class Source:
    """An encoder's kind, where it is, and a hash of what its features depend on."""

    kind: str
    location: dict[str, str]
    fingerprint: str

    def __str__(self) -> str:
        return " ".join(f"--{name}={portable(value)}" for name, value in self.location.items())


def short_name(location: dict[str, str]) -> str:
    """A name for results made with the encoder of these flags: minilm, elmo, or its folder's."""
    if "encoder" in location:
        return re.sub(r"[^\w.]+", "_", pathlib.Path(location["encoder"]).name)
    return "elmo"


def find_source(location: dict[str, str]) -> Source | None:
    """The encoder that these flags name, its files found; None for none.

    Raises:
      DataError: for flags that do not go together and files that are not there.
    """
    if not location:
        return None
    # Absolute, as a run's directory remembers it.
    location = {n: os.path.abspath(v) if os.path.exists(v) and v != MINILM else v for n, v in location.items()}
    names = set(location)
    if names == {"elmo_options", "elmo_weights"}:
        paths = {name: given_file(location[name], name) for name in ("elmo_options", "elmo_weights")}
        return Source("elmo_files", location, fingerprint("elmo_files", paths))
    if names == {"elmo"}:
        return Source("elmo_hub", location, fingerprint("elmo_hub", module_files(location["elmo"])))
    if names == {"encoder"}:
        return Source("transformer", location, fingerprint("transformer", model_files(location["encoder"])))
    raise DataError(
        f"{' '.join('--' + name for name in sorted(names))}: expected --elmo, or --elmo_options and --elmo_weights, "
        "or --encoder"
    )


def features_file(corpus: str, source: Source) -> pathlib.Path:
    """Where a corpus' features are kept unless --features says otherwise."""
    name = re.sub(r"[^\w.-]+", "_", " ".join(pathlib.Path(v).name for v in source.location.values()))
    return pathlib.Path("features") / f"{corpus}-{name}-{source.fingerprint[:8]}.h5"


def validate_tunable(source: Source | None) -> None:
    """Raises DataError if this is no encoder that can be trained with the model."""
    if source is None or source.kind != "transformer":
        raise DataError(f"--tune_encoder and {source or 'no encoder'}: expected --encoder, a transformer")


def save_source(directory: str, source: Source, layers: int, size: int) -> None:
    """Remember in a run's directory which encoder its model needs."""
    content = {**dataclasses.asdict(source), "layers": layers, "size": size}
    write_atomically(pathlib.Path(directory) / _FILE, json.dumps(content, indent=1) + "\n")


def load_source(directory: str | pathlib.Path) -> tuple[Source, tuple[int, int]] | None:
    """What `save_source` wrote, and (layers, size); None for a model without an encoder.

    Raises:
      DataError: if the file holds anything else.
    """
    path = pathlib.Path(directory) / _FILE
    if not path.exists():
        return None
    content = read_json(path, "what cman-tf train wrote")
    location = content.get("location")
    if not (isinstance(location, dict) and all(n in NAMES and isinstance(v, str) for n, v in location.items())):
        raise DataError(f"{path}: location {str(location)[:40]!r}, expected flags of an encoder and their values")
    for name, kind in (("kind", str), ("fingerprint", str), ("layers", int), ("size", int)):
        if type(content.get(name)) is not kind:
            raise DataError(f"{path}: {name} is {str(content.get(name))[:40]!r}, expected a {kind.__name__}")
    return Source(content["kind"], location, content["fingerprint"]), (content["layers"], content["size"])


def find_again(directory: str | pathlib.Path, elsewhere: dict[str, str]) -> Source:
    """The encoder a run's model needs, where it was or where the flags say it is now.

    Files of weights are opened where the directory says they are. Nothing is fetched, and no TensorFlow
    Hub module is run, on the word of a model directory, which may come from anyone: that needs the
    caller's own flag.

    Raises:
      DataError: if it is not there or is another, or if only the model directory names it.
    """
    needed, _ = load_source(directory)
    need = f"{directory}: its model needs the features of {needed}"
    if not elsewhere:
        _validate_recorded(need, needed.location)
    try:
        found = find_source(elsewhere or needed.location)
    except DataError as error:
        raise DataError(f"{need}; {error}") from None
    if found.fingerprint != needed.fingerprint:
        raise DataError(f"{need} (fingerprint {needed.fingerprint[:12]}), {found} is another encoder")
    return found


def _validate_recorded(need: str, location: dict[str, str]) -> None:
    """Raises DataError for an encoder that would be fetched or whose graph would be run."""
    if "elmo" in location:
        raise DataError(f"{need}, a TensorFlow Hub module, which runs code; if you trust it, name it with --elmo")
    name = location.get("encoder", MINILM)
    if name != MINILM and not pathlib.Path(name).is_dir():
        raise DataError(
            f"{need}; {name} is no directory here and nothing is fetched unasked; if you trust it, name it with "
            "--encoder"
        )
