"""Processes that wait for each other before they train together."""

import concurrent.futures
import socket
import subprocess
import sys
import time

import pytest
from test_replicas import free_addresses

from cman_tf.errors import DataError
from cman_tf.training.cluster import Cluster
from cman_tf.training.rendezvous import ending_if_blocked, wait_for_all


def cluster_of(addresses, index, settings="same"):
    return Cluster(tuple(addresses), index, settings)


def test_all_go_when_all_are_there():
    addresses = free_addresses(3)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        second = pool.submit(wait_for_all, cluster_of(addresses, 1), 20.0)
        first = pool.submit(wait_for_all, cluster_of(addresses, 0), 20.0)
        time.sleep(0.5)
        assert not second.done() and not first.done()
        wait_for_all(cluster_of(addresses, 2), 20.0)
        assert first.result(5) is second.result(5) is None


def test_other_settings_are_named_to_both():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        addresses = free_addresses(2)
        settings = ["one", "other"]
        waiting = [pool.submit(wait_for_all, cluster_of(addresses, i, settings[i]), 20.0) for i in range(2)]
        for each in waiting:
            with pytest.raises(
                DataError, match=f"{addresses[1]} has other settings, corpora or GPUs than {addresses[0]}"
            ):
                each.result(10)


def test_other_addresses_and_a_place_taken_twice_are_named():
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        addresses = free_addresses(3)
        for other in (cluster_of([addresses[0], "b:1", "c:1"], 1), cluster_of(addresses, 2)):
            waiting = [
                pool.submit(wait_for_all, each, 20.0) for each in (cluster_of(addresses, 0), cluster_of(addresses, 2))
            ]
            time.sleep(0.5)
            waiting.append(pool.submit(wait_for_all, other, 20.0))
            reason = (
                "addresses of TF_CONFIG are not the same" if other.index == 1 else "two processes have the place of"
            )
            for each in waiting:
                with pytest.raises(DataError, match=reason):
                    each.result(15)


def test_strangers_are_not_let_in():
    """Whatever else connects is dropped: silence, noise, a message of another cluster."""
    addresses = free_addresses(2)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first = pool.submit(wait_for_all, cluster_of(addresses, 0), 20.0)
        time.sleep(0.2)
        host, port = addresses[0].split(":")
        noise = (
            b"",
            b"GET / HTTP/1.1\r\n\r\n",
            b"x" * 5000,
            b"[1]\n",
            b"[" * 999 + b"\n",
            b'{"cluster": "x", "process": 1}\n',
            b"\xff\n",
        )
        for content in noise:
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(content)
        silent = [socket.create_connection((host, int(port))) for _ in range(200)]
        assert not first.done()
        wait_for_all(cluster_of(addresses, 1), 20.0)
        assert first.result(10) is None
        for connection in silent:
            connection.close()


@pytest.mark.parametrize("index", [0, 1])
def test_who_waits_in_vain_is_told_for_whom(index):
    addresses = free_addresses(2)
    with pytest.raises(
        DataError, match=f"process {index + 1} of 2, .*: waited in vain for {addresses[1 - index]}, exp"
    ):
        wait_for_all(cluster_of(addresses, index), 0.3)


def test_a_port_that_is_taken_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DataError, match=f"TF_CONFIG: {address}: Address already in use, expected a free port"):
            wait_for_all(Cluster((address, "127.0.0.1:1"), 0), 1.0)


@pytest.mark.e2e
def test_a_process_that_blocks_is_ended_with_a_line():
    code = (
        "import re, sys\n"
        "from cman_tf.training.cluster import Cluster\n"
        "from cman_tf.training.rendezvous import ending_if_blocked\n"
        "with ending_if_blocked(Cluster(('a:1', 'b:1'), 1), 0.5):\n"
        "    re.fullmatch('(a*)*b', 'a' * 99)\n"  # holds Python's lock for years
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.returncode == -9
    assert ended.stderr.startswith("process 2 of 2, b:1: another process stopped before all were connected, expected")
    with ending_if_blocked(Cluster(("a:1",), 0), 60.0):
        pass
