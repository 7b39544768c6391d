"""Names of a model's weights that do not depend on what else was built in the process, as Keras' names do."""

from __future__ import annotations

import collections

import tensorflow as tf

from cman_tf.models.factory import Model


def name_variables(model: Model) -> dict[str, tf.Variable]:
    """Return a model's weights by their shortest path of attributes, such as `fuse/forward/cell/kernel`.

    These are also TensorFlow's names in a checkpoint.

    Args:
      model: the model with its weights built.

    Returns:
      The weights in the order of their names.
    """
    view = tf.train.TrackableView(model)
    wanted = {id(variable) for variable in model.variables}
    found: dict[str, tf.Variable] = {}
    queue, seen = collections.deque([("", view.root)]), {id(view.root)}
    while queue:
        path, item = queue.popleft()
        if id(item) in wanted:
            found[path] = item
        for name, child in view.children(item).items():
            if id(child) not in seen:
                seen.add(id(child))
                queue.append((f"{path}/{name}" if path else name, child))
    return dict(sorted(found.items()))
