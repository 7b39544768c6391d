"""No GPU was at hand. TensorFlow lists its kernels without one, so that it can be said what would run on it."""

import functools

import pytest
import tensorflow as tf
from tensorflow.python.framework import kernels

from cman_tf.inference.predictor import make_decoder
from cman_tf.training.optimizer import ModelOptimizer
from cman_tf.training.step import make_train_step
from cman_tf.training.weight_average import WeightAverage

ON_A_GPU = {"GPU", "DEFAULT"}  # a kernel for DEFAULT is one for any device
# What may run on the CPU, and why. TensorFlow places it there by itself.
ON_THE_CPU = {"ReverseSequence": "of the characters' ids: a few kilobytes, cheaper than reversing their vectors"}
DRAWS = {"embedding_dropout": 0.1, "bilstm_dropout": 0.1, "unknown_word_rate": 0.1}  # all operations of training


def list_nodes(graph):
    """All operations of a graph and of the functions in it."""
    definition = graph.as_graph_def()
    nodes = list(definition.node)
    for function in definition.library.function:
        nodes += function.node_def
    return nodes


@functools.cache
def list_kernels(name):
    """The kernels of the package for an operation."""
    return tuple(kernels.get_registered_kernels_for_op(name).kernel)


def find_devices(node):
    """The devices for which the package has a kernel that takes the operation's types."""
    return {
        kernel.device_type
        for kernel in list_kernels(node.op)
        if all(_allows(limit, node) for limit in kernel.constraint)
    }


def _allows(limit, node):
    return limit.name not in node.attr or node.attr[limit.name].type in limit.allowed_values.list.type


def list_left_on_the_cpu(graph):
    """The types of the operations without a kernel for a GPU, and for each the name of one."""
    return {node.op: node.name for node in list_nodes(graph) if not find_devices(node) & ON_A_GPU}


@pytest.mark.parametrize(
    "name", ["multihead", *(pytest.param(name, marks=pytest.mark.slow) for name in ("cman", "dynamic_cman"))]
)
def test_each_operation_has_a_kernel_for_a_gpu(name, make_model):
    """The training step with the perturbation and the average, and decoding with the tags' probabilities."""
    model = make_model(model=name, **DRAWS)
    average = WeightAverage(model.trainable_variables, 0.9)
    for function in (make_train_step(model, ModelOptimizer(model), average), make_decoder(model, marginals=True)):
        graph = function.get_concrete_function().graph
        assert len({node.op for node in list_nodes(graph)}) > 50
        assert list_left_on_the_cpu(graph).keys() <= ON_THE_CPU.keys()


def test_an_operation_on_text_is_found():
    """So the test above can fail."""
    run = tf.function(lambda text: tf.strings.length(text), input_signature=[tf.TensorSpec([None], tf.string)])
    assert "StringLength" in list_left_on_the_cpu(run.get_concrete_function().graph)


def test_a_type_without_a_kernel_is_found():
    """Of numbers with a point, sequences are reversed on a GPU; of whole ones they are not."""

    def find(dtype):
        inputs = [tf.TensorSpec([2, 3], dtype), tf.TensorSpec([2], tf.int32)]
        run = tf.function(lambda x, lengths: tf.reverse_sequence(x, lengths, 1), input_signature=inputs)
        return {*list_left_on_the_cpu(run.get_concrete_function().graph)}

    assert find(tf.float32) == set()
    assert find(tf.int32) == {"ReverseSequence"}
