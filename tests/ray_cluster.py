"""A cluster of Ray on this machine: nodes that are processes, which can be killed."""

import contextlib
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import time

_SECONDS = 120


def list_children(process):
    """The ids of a process and of all that it started."""
    parents = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [process]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def kill_all(processes):
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


class RayCluster:
    """A head with one core, and as many other nodes with one core as are added.

    Attributes:
      address: what commands are given as --address.
      environment: what they need in their environment.
    """

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._nodes, self._folder = [], folder
        self.environment = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        self.address = f"127.0.0.1:{port}"
        self.add("--head", f"--port={port}", f"--temp-dir={folder}", "--include-dashboard=false")

    def add(self, *flags):
        """Start a node and wait until it is there; returns its process."""
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1"]
        command += ["--node-ip-address=127.0.0.1", f"--object-store-memory={100 << 20}", "--disable-usage-stats"]
        command += flags or (f"--address={self.address}",)
        log = pathlib.Path(self._folder) / f"node{len(self._nodes)}.log"
        environment = {**os.environ, **self.environment, "RAY_worker_niceness": "0"}
        with log.open("w") as output:
            node = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, env=environment
            )
        self._nodes.append(node)
        start = time.monotonic()
        while "Ray runtime started" not in log.read_text():
            assert node.poll() is None and time.monotonic() - start < _SECONDS, log.read_text()
            time.sleep(0.2)
        return node

    def kill(self, node):
        """Kill a node, as a machine that loses its power."""
        kill_all(list_children(node.pid))
        node.wait()

    def close(self):
        for node in reversed(self._nodes):
            self.kill(node)
