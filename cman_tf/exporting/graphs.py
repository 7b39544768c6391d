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

from cman_tf.exporting.packed_weights import PackedWeights

Function = Any  # a concrete function of TensorFlow


def make_function(
    function: Callable, inputs: Mapping[str, tf.TensorSpec], is_caller: bool = False
) -> tuple[Function, list[tf.Variable]]:
    """Trace a function, then again with a smaller graph.

    Args:
      function: the function, from keywords to tensors in any structure.
      inputs: the specification of each of its arguments.
      is_caller: whether the function calls one that was made here. Otherwise its loops and branches become plain
        operations, so that no functions are left, and its weights become one variable.

    Returns:
      The concrete function, which computes the same, and the variables that it reads.
    """
    traced = tf.function(function, autograph=False).get_concrete_function(**inputs)
    graph = traced.graph
    captured = {inner.op.name: outer for outer, inner in graph.captures}
    given = [tensor.op.name for tensor in graph.inputs if tensor.op.name not in captured]
    outputs = tf.nest.flatten(graph.structured_outputs)
    definition = graph.as_graph_def()
    variables = {name: v for v in graph.variables for name, handle in captured.items() if handle is v.handle}
    reads = {} if is_caller else _cut_off_reads(definition, variables)
    smaller = _rewrite(graph, definition, is_caller)
    used = _remove_placeholders(smaller)
    reads = {name: variable for name, variable in reads.items() if name in used}
    weights = PackedWeights([*{id(variable): variable for variable in reads.values()}.values()])

    def run(*arguments: tf.Tensor) -> list[tf.Tensor]:
        here = tf.compat.v1.get_default_graph()
        known = {name: here.capture(outer) for name, outer in captured.items() if name in used}
        known.update((name, value) for name, value in zip(given, arguments) if name in used)
        if reads:
            values = weights.unpack()
            known.update((name, values[id(variable)]) for name, variable in reads.items())
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
    kept = [variable for name, variable in variables.items() if name in used]
    return outer.get_concrete_function(**inputs), [*kept, *weights.variables]


def _cut_off_reads(definition: Any, variables: Mapping[str, tf.Variable]) -> dict[str, tf.Variable]:
    """Make placeholders of the operations that read a variable as a whole.

    Args:
      definition: the GraphDef, which is changed.
      variables: the variables by the names of the placeholders that stand for them.

    Returns:
      For the name of each new placeholder the variable whose value it stands for.
    """
    found: dict[str, tf.Variable] = {}
    for node in definition.node:
        if node.op == "ReadVariableOp" and node.input[0] in variables:
            found[node.name] = variable = variables[node.input[0]]
            node.op = "Placeholder"
            del node.input[:]
            node.attr.clear()
            node.attr["dtype"].type = variable.dtype.as_datatype_enum
            node.attr["shape"].shape.CopyFrom(variable.shape.as_proto())
    return found


def _remove_placeholders(definition: Any) -> set[str]:
    """Remove the placeholders from a GraphDef; returns the names of those whose value is used."""
    given = {node.name for node in definition.node if node.op == "Placeholder"}
    nodes = [node for node in definition.node if node.name not in given]
    for node in nodes:  # there is nothing to wait for
        inputs = [name for name in node.input if not (name[0] == "^" and name[1:] in given)]
        del node.input[:]
        node.input.extend(inputs)
    del definition.node[:]
    definition.node.extend(nodes)
    return given & {name.partition(":")[0] for node in nodes for name in node.input}


def _rewrite(graph: tf.Graph, definition: Any, keeps_functions: bool) -> Any:
    """Let TensorFlow rewrite a graph as it does before running one.

    Args:
      graph: the graph.
      definition: its GraphDef.
      keeps_functions: whether the functions that it calls stay as they are.

    Returns:
      The new GraphDef.
    """
    meta = tf.compat.v1.train.export_meta_graph(graph_def=definition, graph=graph, collection_list=[])
    kept = meta.collection_def["train_op"].node_list.value
    kept.extend(tensor.op.name for tensor in graph.outputs)
    config = config_pb2.ConfigProto()
    options = config.graph_options.rewrite_options
    options.min_graph_nodes = -1
    if keeps_functions:
        options.function_optimization = options.OFF
    smaller: Any = tf_optimizer.OptimizeGraph(config, meta)
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
