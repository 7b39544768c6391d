"""Starting a training from the weights of a trained model, whose types and words may be fewer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cman_tf.data.vocabulary import Vocabulary
from cman_tf.errors import DataError
from cman_tf.inference.description import ModelDescription
from cman_tf.inference.loading import load_described
from cman_tf.models.factory import Model

# For the end of a variable's name: which list of the vocabulary each axis follows; None for an axis that follows none.
_AXES: dict[str, tuple[str | None, ...]] = {
    "transitions": ("tags", "tags"),
    "unary/kernel": (None, "tags"),
    "unary/bias": ("tags",),
    "label_embeddings": ("tags", None),
    "relation_scorer/u": (None, "relations"),
    "relation_scorer/w": (None, "relations"),
    "relation_scorer/b": ("relations",),
    "relation_scorer/v": ("relations", None),
}


def start_from(model: Model, vocabulary: Vocabulary, description: ModelDescription) -> None:
    """Copy the weights of a trained model into a new one.

    Weights that belong to a word, a character, a tag or a relation type are copied for those that both models know.
    The others keep their initial values.

    Args:
      model: the new model, with its weights built.
      vocabulary: its vocabulary.
      description: the trained model, of the same architecture.

    Raises:
      DataError: if the models differ in more than their vocabularies.
    """
    alone = description.config.without_passages()
    trained = load_described(description._replace(config=alone))  # its weights do not depend on passages
    if len(trained.model.variables) != len(model.variables):
        raise DataError(
            f"--init_from={description.directory}: {len(trained.model.variables)} weights, expected "
            f"{len(model.variables)}, as in the new model; its settings differ"
        )
    tables = _find_tables(model)
    for old, new in zip(trained.model.variables, model.variables):
        axes = _find_axes(new.name, tables.get(id(new)), new.shape.rank)
        values = np.array(new.numpy())
        _copy_known(old.numpy(), values, axes, trained.vocabulary, vocabulary, f"{description.directory}: {new.name}")
        new.assign(values)


def _find_tables(model: Model) -> dict[int, str]:
    """Return for the id of each variable with a row for each word or character the name of the vocabulary's list."""
    found: dict[int, str] = {}
    for name in ("words", "characters"):
        layer = getattr(model.representation, name, None)
        for variable in layer.variables if layer else ():
            if variable.name.startswith("table"):
                found[id(variable)] = name
    return found


def _find_axes(name: str, table: str | None, rank: int) -> tuple[str | None, ...]:
    if table:
        return (table, *[None] * (rank - 1))
    for ending, axes in _AXES.items():
        if name.partition(":")[0].endswith(ending):
            return axes
    return (None,) * rank


def _copy_known(
    old: np.ndarray,
    new: np.ndarray,
    axes: Sequence[str | None],
    before: Vocabulary,
    after: Vocabulary,
    where: str,
) -> None:
    """Copy the values of one variable.

    Args:
      old: the trained values.
      new: the new values, which are changed.
      axes: for each axis the list of the vocabulary that it follows, or None.
      before: the trained model's vocabulary.
      after: the new model's vocabulary.
      where: the variable, for the message.

    Raises:
      DataError: if an axis that follows no list has another size.
    """
    sources: list[np.ndarray] = []
    targets: list[np.ndarray] = []
    for axis, name in enumerate(axes):
        if name is None:
            if old.shape[axis] != new.shape[axis]:
                raise DataError(f"{where} has size {old.shape[axis]}, expected {new.shape[axis]}; settings differ")
            sources.append(np.arange(old.shape[axis]))
            targets.append(np.arange(new.shape[axis]))
            continue
        one, other = _align(before, after, name, new.shape[axis])
        follows = one and other and not old.shape[axis] % len(one) and not new.shape[axis] % len(other)
        if not follows or old.shape[axis] * len(other) != new.shape[axis] * len(one):
            # All relations share these weights (U and W of the baseline).
            if old.shape[axis] != new.shape[axis]:
                raise DataError(f"{where} has size {old.shape[axis]}, expected {new.shape[axis]}; settings differ")
            sources.append(np.arange(old.shape[axis]))
            targets.append(np.arange(new.shape[axis]))
            continue
        place = {item: number for number, item in enumerate(other)}
        shared = [(number, place[item]) for number, item in enumerate(one) if item in place]
        steps = np.arange(new.shape[axis] // len(other))  # a relation has d~ values of U, W and b (equation 9)
        sources.append(np.concatenate([steps[:0], *(number * len(steps) + steps for number, _ in shared)]))
        targets.append(np.concatenate([steps[:0], *(number * len(steps) + steps for _, number in shared)]))
    new[np.ix_(*targets) if axes else ()] = old[np.ix_(*sources) if axes else ()]


def _align(before: Vocabulary, after: Vocabulary, name: str, size: int) -> tuple[list[str | None], list[str | None]]:
    """Return a list of both vocabularies as the weights have them: the baseline has a last relation, "none"."""
    one: list[str | None] = [*getattr(before, name)]
    other: list[str | None] = [*getattr(after, name)]
    return ([*one, None], [*other, None]) if name == "relations" and size == len(other) + 1 else (one, other)
