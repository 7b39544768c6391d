"""Opening the devices that `--strategy` names."""

from __future__ import annotations

import tensorflow as tf

from cman_tf.errors import DataError
from cman_tf.training.cluster import Cluster
from cman_tf.training.devices import ONE_DEVICE, OneDevice
from cman_tf.training.rendezvous import ending_if_blocked
from cman_tf.training.replicas import Replicas


def open_devices(strategy: str, replicas: int = 0, cluster: Cluster | None = None) -> OneDevice:
    """Open what a training computes on. TensorFlow must not have begun to compute.

    Args:
      strategy: none, mirrored or multi_worker.
      replicas: the number of devices of this machine; 0 for all GPUs. Without a GPU the CPU is divided.
      cluster: the processes, for multi_worker. They must all call this, after `wait_for_all`.

    Raises:
      DataError: if there are too few devices, or if the other processes do not come.
    """
    if strategy == "none":
        return ONE_DEVICE
    if strategy == "mirrored":
        return Replicas(tf.distribute.MirroredStrategy(list_devices(replicas)))
    assert cluster is not None
    with ending_if_blocked(cluster):
        return Replicas(tf.distribute.MultiWorkerMirroredStrategy(), cluster)


def list_devices(replicas: int) -> list[str]:
    """List the devices of this machine by their names.

    Args:
      replicas: their number; 0 for all GPUs.

    Raises:
      DataError: if the machine has fewer GPUs, or none and no number is given.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        if replicas > len(gpus):
            raise DataError(f"--replicas={replicas}: this machine has {len(gpus)} GPUs, expected at most as many")
        return [f"GPU:{number}" for number in range(replicas or len(gpus))]
    if not replicas:
        raise DataError(
            "--strategy=mirrored: this machine has no GPU, expected some; --replicas=2 divides the CPU, to try it"
        )
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * replicas)
    except RuntimeError:
        raise DataError("--replicas: TensorFlow has begun to compute, expected a new process") from None
    return [f"CPU:{number}" for number in range(replicas)]
