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
    trained = load_described(description)
    if len(trained.model.variables) != len(model.variables):
        raise DataError(
            f"--init_from={description.directory}: {len(trained.model.variables)} weights, expected "
            f"{len(model.variables)}, as in the new model; its settings differ"
        )
    tables = _find_tables(model)
    for old, new in zip(trained.model.variables, model.variables):
        axes = _find_axes(new.name, tables.get(id(new)), new.shape.rank)
        values = new.numpy()
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
        one, other = getattr(before, name), getattr(after, name)
        place = {item: number for number, item in enumerate(other)}
        shared = [(number, place[item]) for number, item in enumerate(one) if item in place]
        # A relation may have several values along the axis (d~ of equation 9), or all relations share them.
        width = new.shape[axis] // len(other) if other else 0
        if not one or old.shape[axis] != width * len(one):
            if old.shape[axis] != new.shape[axis]:
                raise DataError(f"{where} has size {old.shape[axis]}, expected {new.shape[axis]}; settings differ")
            sources.append(np.arange(old.shape[axis]))
            targets.append(np.arange(new.shape[axis]))
            continue
        steps = np.arange(width)
        sources.append(np.concatenate([number * width + steps for number, _ in shared] or [steps[:0]]))
        targets.append(np.concatenate([number * width + steps for _, number in shared] or [steps[:0]]))
    new[np.ix_(*targets)] = old[np.ix_(*sources)]
