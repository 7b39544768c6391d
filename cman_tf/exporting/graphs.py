"""Making the graph of a function smaller before it is saved.

A loaded SavedModel pays for each operation and each function of its graphs when it is loaded, and again when
TensorFlow rewrites the graphs at the first call. Here the same rewriting is done once, when the model is exported, and
the loaded functions are told to leave it out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.grappler import tf_optimizer

Function = Any  # a concrete function of TensorFlow
_CONSTANT_BYTES = 64 << 20  # of weights that become part of the graph; its file may have 2 GB


def make_function(
    function: Callable, inputs: Mapping[str, tf.TensorSpec], is_caller: bool = False
) -> tuple[Function, list[tf.Variable]]:
    """Trace a function, then again with a smaller graph.

    Args:
      function: the function, from keywords to tensors in any structure.
      inputs: the specification of each of its arguments.
      is_caller: whether the function calls one that was made here. Otherwise its loops and branches become plain
        operations, so that no functions are left, and its weights constants.

    Returns:
      The concrete function, which computes the same, and the variables that it still reads.
    """
    traced = tf.function(function, autograph=False).get_concrete_function(**inputs)
    graph = traced.graph
    captured = {inner.op.name: outer for outer, inner in graph.captures}
    given = [tensor.op.name for tensor in graph.inputs if tensor.op.name not in captured]
    outputs = tf.nest.flatten(graph.structured_outputs)
    definition = graph.as_graph_def()
    if not is_caller:
        _freeze(definition, {name: v for v in graph.variables for name, h in captured.items() if h is v.handle})
    smaller = _rewrite(graph, definition, is_caller)
    used = {name.lstrip("^").partition(":")[0] for node in smaller.node for name in node.input}
    used |= {tensor.op.name for tensor in outputs}
    nodes = [node for node in smaller.node if node.op != "Placeholder" or node.name in used]
    del smaller.node[:]
    smaller.node.extend(nodes)

    def run(*arguments: tf.Tensor) -> list[tf.Tensor]:
        here = tf.compat.v1.get_default_graph()
        known = {name: here.capture(outer) for name, outer in captured.items() if name in used}
        known.update((name, value) for name, value in zip(given, arguments) if name in used)
        names = [tensor.name for tensor in outputs]
        results = tf.graph_util.import_graph_def(smaller, known, return_elements=names, name="")
        for new, old in zip(results, outputs):
            new.set_shape(old.shape)
        return results

    # A function of TensorFlow 1, as tf.function does not take the operations that loops have become.
    wrapped = tf.compat.v1.wrap_function(run, [inputs[name] for name in given])

    def call(**arguments: tf.Tensor) -> Any:
        results = wrapped(*(arguments[name] for name in given))
        return tf.nest.pack_sequence_as(graph.structured_outputs, results)

    outer = tf.function(call, autograph=False, experimental_attributes={"_noinline": True})
    kept = [v for v in graph.variables if any(h is v.handle and name in used for name, h in captured.items())]
    return outer.get_concrete_function(**inputs), kept


def _freeze(definition: Any, variables: Mapping[str, tf.Variable]) -> None:
    """Put the values of weights into a graph, the smallest first, as far as there is room.

    Tables of which only some rows are looked up, and weights that a loop reads, stay variables.

    Args:
      definition: the GraphDef, which is changed.
      variables: the variables by the names of the placeholders that stand for them.
    """
    free = _CONSTANT_BYTES
    values: dict[str, Any] = {}
    for name, variable in sorted(variables.items(), key=lambda item: item[1].shape.num_elements()):
        free -= variable.shape.num_elements() * variable.dtype.size
        if free >= 0:
            values[name] = variable.numpy()
    for node in definition.node:
        if node.op == "ReadVariableOp" and node.input[0] in values:
            value = values[node.input[0]]
            node.op = "Const"
            del node.input[:]
            node.attr.clear()
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
            node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum


def _rewrite(graph: tf.Graph, definition: Any, keeps_functions: bool) -> Any:
    """Let TensorFlow rewrite a graph as it does before running one.

    Args:
      graph: the graph.
      definition: its GraphDef.
      keeps_functions: whether the functions that it calls stay as they are.

    Returns:
      The new GraphDef.
    """
    meta = tf.compat.v1.train.export_meta_graph(graph_def=definition, graph=graph)
    kept = meta.collection_def["train_op"].node_list.value
    kept.extend(tensor.op.name for tensor in graph.outputs)
    config = config_pb2.ConfigProto()
    options = config.graph_options.rewrite_options
    options.min_graph_nodes = -1
    if keeps_functions:
        options.function_optimization = options.OFF
    smaller = tf_optimizer.OptimizeGraph(config, meta)
    if keeps_functions:
        smaller.library.CopyFrom(definition.library)
    return smaller


@contextlib.contextmanager
def no_rewriting() -> Iterator[None]:
    """Within this, functions that are traced tell TensorFlow not to rewrite the functions that they call."""
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options(
            {"disable_meta_optimizer": before.get("disable_meta_optimizer", False)}
        )
