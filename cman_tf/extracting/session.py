"""Ray, quiet: started on this machine for one command, or reached at its address."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

from cman_tf.command_line.verbosity import wants_messages
from cman_tf.errors import DataError, quote

_INSTALL = "Ray is not installed; pip install 'cman-tf[ray]'"
_OLDEST = (3, 10)  # Python that Ray runs on
LOCAL = "local"
_PATIENCE = 10.0  # seconds to reach a cluster
_STORE = 512 << 20  # bytes of the memory that processes of one machine share
_LONGEST = 30  # characters of the temporary directory; Ray's sockets below it may have 107
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_worker_niceness": "0",  # 15 by default, so that anything else on the machine would come first
}
# How often Ray tries to reach its head: one that it starts itself may be slow to come on a busy machine; what does not
# answer at an address that the user gives is given up after two minutes, not after twenty.
_PATIENT = {"RAY_NUM_REDIS_GET_RETRIES": "120"}
_IMPATIENT = {"RAY_NUM_REDIS_GET_RETRIES": "3", "RAY_gcs_server_request_timeout_seconds": "20"}


def check_ray() -> None:
    """Check that Ray can be imported, without importing it.

    Raises:
      DataError: if it is not installed, or if Python is too old for it.
    """
    import importlib.util

    if sys.version_info < _OLDEST:
        version = ".".join(map(str, sys.version_info[:2]))
        raise DataError(f"cman-tf extract needs Python 3.10 or newer, as Ray does; this is Python {version}")
    if any(importlib.util.find_spec(name) is None for name in ("ray", "pyarrow", "pandas")):
        raise DataError(_INSTALL)


def find_address(given: str | None, workers: int) -> str:
    """Return the address of the cluster: that of the flag, that of the environment, or this machine's.

    Args:
      given: the flag.
      workers: the number of workers; 0 if it is not given.

    Raises:
      DataError: if nothing answers at the address, or if a cluster is used without a number of workers.
    """
    address = given or os.environ.get("RAY_ADDRESS") or LOCAL
    host, _, port = address.rpartition(":")
    if address != LOCAL and ("/" in host or not host or not port.isdecimal() or not 0 < int(port[:6]) < 1 << 16):
        raise DataError(f"--address={quote(address)[1:-1]}: expected HOST:PORT of a cluster of Ray")
    if address != LOCAL and not workers:
        raise DataError("--workers: expected the number of workers, as a cluster may have any number of cores")
    if address != LOCAL:
        _check_reached(address)
    return address


def _check_reached(address: str) -> None:
    """Raise DataError if nothing answers at an address, which Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{address}: no cluster of Ray was reached ({reason}), expected the address of one") from None


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def connect(address: str, workers: int, threads: int) -> Iterator[int]:
    """Start Ray on this machine, or connect to a cluster; leave it afterwards.

    A Ray that this starts listens to those who know a secret that is made for it. Its files are deleted afterwards.

    Args:
      address: the address of a cluster, or `local`.
      workers: the number of workers.
      threads: the threads of each; 0: the cores for each worker.

    Yields:
      The threads of each worker.

    Raises:
      DataError: if the cluster is not reached, or is too small.
    """
    folder = _make_folder() if address == LOCAL else ""
    with _environment(address == LOCAL), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray = _import_ray()  # which reads the environment
        try:
            yield _open(address, folder, workers, threads)
        finally:
            ray.shutdown()
            if folder:
                shutil.rmtree(folder, ignore_errors=True)


def _import_ray() -> Any:
    try:
        import ray.data
    except ImportError:
        raise DataError(_INSTALL) from None
    return ray


def _open(address: str, folder: str, workers: int, threads: int) -> int:
    """Start Ray or connect to a cluster, and leave what signals do as it is; return the threads of each worker."""
    from ray.exceptions import RayError

    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        return _start(folder, workers, threads) if folder else _join(address, workers, threads)
    except DataError:
        raise
    except (RayError, RuntimeError, ValueError, OSError) as error:
        reason = quote((str(error).strip().splitlines() or [type(error).__name__])[0], 150)[1:-1]
        what = "Ray did not start" if folder else f"{address}: no cluster of Ray was reached"
        raise DataError(f"{what} ({reason}); ray.log in --output_dir tells more") from None
    finally:
        for number, handler in handlers.items():  # Ray sets its own
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


def _start(folder: str, workers: int, threads: int) -> int:
    """Start Ray on this machine with its files in a folder; return the threads of each worker."""
    import ray

    ray.init(
        address=LOCAL,
        num_cpus=workers,
        num_gpus=0,
        include_dashboard=False,
        object_store_memory=_STORE,
        _temp_dir=folder,
        **_quiet(),
    )
    return threads or max(1, count_cores() // workers)


def _join(address: str, workers: int, threads: int) -> int:
    """Connect to a cluster; return the threads of each worker."""
    import ray

    _check_reached(address)
    ray.init(address=address, **_quiet())
    cores = int(ray.cluster_resources().get("CPU", 0))
    threads = threads or max(1, cores // workers)
    if cores < workers * threads:
        needed = f"{workers} workers of {threads} threads"
        raise DataError(f"{address}: a cluster of {cores} cores, expected enough for {needed}")
    return threads


def _quiet() -> dict[str, Any]:
    return {"log_to_driver": wants_messages(), "logging_level": logging.CRITICAL}


def _make_folder() -> str:
    parent = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="ray-", dir=parent if len(parent) <= _LONGEST else "/tmp")


@contextlib.contextmanager
def _environment(is_local: bool) -> Iterator[None]:
    """Set Ray's switches for this process and those that it starts."""
    values = _ENVIRONMENT | (_PATIENT if is_local else _IMPATIENT)
    if is_local:
        values |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
