"""The flag that lets a command replace files, and the checks of a command's outputs."""

from __future__ import annotations

from absl import flags

from cman_tf.runs.files import validate_distinct, validate_new, validate_outputs


def define_overwrite(help: str = "Replace files that exist.") -> None:
    """Define the flag `overwrite`."""
    flags.DEFINE_bool("overwrite", False, help)


def validate_files(*outputs: str | None, inputs: tuple[str | None, ...] = ()) -> None:
    """Check a command's outputs before any work: each is a file of its own, new, or may be replaced.

    Args:
      outputs: the files to be written; None: not asked for.
      inputs: the files to be read.

    Raises:
      DataError: if two outputs are the same file, one is an input, or one exists without --overwrite.
    """
    validate_outputs(*outputs, flags.FLAGS["problems"].value if "problems" in flags.FLAGS else None)
    for output in outputs:
        validate_distinct(output, *inputs)
        validate_new(output, flags.FLAGS.overwrite)
