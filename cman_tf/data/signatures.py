"""Relation signatures: between which types of entities a relation is allowed.

A run's directory holds those of its training data in signatures.json. A file of one's own has the same form:
{"Live_In": [["Peop", "Loc"]], "Located_In": [["Loc", "Loc"]]}. Relation types that it does not name are free.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable, Mapping

from cman_tf.data.types import Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.errors import DataError, quote
from cman_tf.runs.files import read_json, write_atomically
from cman_tf.runs.schema import list_of, object_of, text

FILE = "signatures.json"
Signatures = Mapping[str, frozenset[tuple[str, str]]]  # relation type to the pairs (head type, tail type)
_EXPECTED = 'relation types with their pairs of entity types, as in {"Live_In": [["Peop", "Loc"]]}'
_SCHEMA = object_of(list_of(list_of(text(), 2)))


def learn_signatures(sentences: Iterable[Sentence]) -> dict[str, frozenset[tuple[str, str]]]:
    """Collect the types of the arguments of each relation type.

    Args:
      sentences: annotated sentences, such as the training data.

    >>> from cman_tf.data.types import Entity, Relation
    >>> ann = Sentence(("Ann", "Rome"), (Entity("Peop", 0, 1), Entity("Loc", 1, 2)), (Relation("Live_In", 0, 1),))
    >>> {kind: sorted(pairs) for kind, pairs in learn_signatures([ann]).items()}
    {'Live_In': [('Peop', 'Loc')]}
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for sentence in sentences:
        for relation in sentence.relations:
            pair = sentence.entities[relation.head].type, sentence.entities[relation.tail].type
            found.setdefault(relation.type, set()).add(pair)
    return {kind: frozenset(found[kind]) for kind in sorted(found)}


def save_signatures(directory: str | pathlib.Path, signatures: Signatures) -> None:
    """Write signatures.json into a run's directory."""
    content = {kind: sorted(list(pair) for pair in pairs) for kind, pairs in signatures.items()}
    write_atomically(pathlib.Path(directory) / FILE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_signatures(path: str | pathlib.Path) -> dict[str, frozenset[tuple[str, str]]]:
    """Read signatures from a file.

    Raises:
      DataError: if the file does not hold signatures.
    """
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for kind, pairs in read_json(path, _EXPECTED, schema=_SCHEMA).items():
        found[kind] = frozenset((head, tail) for head, tail in pairs)
    return found


def validate_types(
    signatures: Signatures, entity_types: Iterable[str], relation_types: Iterable[str], where: str
) -> None:
    """Check that a model knows the types that some signatures name.

    Args:
      signatures: the signatures.
      entity_types: the entity types that the model knows.
      relation_types: the relation types that the model knows.
      where: where the signatures come from, for the message.

    Raises:
      DataError: naming the first type that the model does not know.
    """
    known, kinds = sorted(entity_types), sorted(relation_types)
    for kind, pairs in signatures.items():
        if kind not in kinds:
            raise DataError(f"{where}: relation type {quote(kind)}, expected one of {', '.join(kinds)}")
        for name in sorted(name for pair in pairs for name in pair):
            if name not in known:
                raise DataError(
                    f"{where}: {quote(kind)[1:-1]}: entity type {quote(name)}, expected one of {', '.join(known)}"
                )


def find_signatures(
    constrain_types: str, directory: str | pathlib.Path, vocabulary: Vocabulary
) -> dict[str, frozenset[tuple[str, str]]] | None:
    """Return the signatures that `--constrain_types` names.

    Args:
      constrain_types: `off`, `train` (those of the training data), or the path of a file.
      directory: the run's directory.
      vocabulary: the model's, whose types a file may name.

    Returns:
      The signatures, or None for `off`.

    Raises:
      DataError: if the run has none, or if the file does not hold signatures.
    """
    if constrain_types == "off":
        return None
    if constrain_types != "train":
        given = read_signatures(constrain_types)
        types = {tag[2:] for tag in vocabulary.tags} - {""}  # a relation may lead to DREC's root
        validate_types(given, types, vocabulary.relations, constrain_types)
        return given
    path = pathlib.Path(directory) / FILE
    if not path.exists():
        raise DataError(
            f"{directory}: no {FILE}, as an earlier version trained the run; expected for --constrain_types the path "
            f"of a file of {_EXPECTED}"
        )
    return read_signatures(path)
