"""The flags that say which relations may be predicted."""

from __future__ import annotations

from typing import Any

from absl import flags

from cman_tf.command_line.flag_help import flag_group
from cman_tf.data.signatures import find_signatures
from cman_tf.inference.constraints import check_symmetric
from cman_tf.inference.description import ModelDescription

FLAGS = flags.FLAGS


def define_flags() -> None:
    """The flags `constrain_types` and `symmetric_relations`."""
    with flag_group("Relations"):
        flags.DEFINE_string(
            "constrain_types",
            "off",
            "Which types a relation's arguments may have: off: any; train: those of the training data; or a JSON "
            '`file` such as {"Live_In": [["Peop", "Loc"]]}.',
        )
        flags.DEFINE_list(
            "symmetric_relations", [], "Relation types without a direction: found in either, reported once."
        )


def given(description: ModelDescription) -> dict[str, Any]:
    """Return the signatures and the symmetric types, under the names of `DecodingOptions`.

    Raises:
      DataError: if the model does not know a type, or if it has no signatures.
    """
    return {
        "signatures": find_signatures(FLAGS.constrain_types, description.directory, description.vocabulary),
        "symmetric": check_symmetric(FLAGS.symmetric_relations, description.vocabulary.relations),
    }
