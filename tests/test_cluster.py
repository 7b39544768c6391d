"""TF_CONFIG, as it is and as people get it wrong."""

import json
import os
import re
import subprocess

import pytest
from helpers import ROOT

from cman_tf.errors import DataError
from cman_tf.training.cluster import Cluster, describe_other_replicas, parse_cluster, read_cluster


def config(cluster, kind="worker", index=0):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


def test_the_chief_is_the_first_process():
    tasks = {"worker": ["b:2", "[::1]:3"], "chief": ["a:1"]}
    assert parse_cluster(config(tasks, "chief")) == Cluster(("a:1", "b:2", "[::1]:3"), 0)
    assert parse_cluster(config(tasks, "worker", 1)) == Cluster(("a:1", "b:2", "[::1]:3"), 2)
    alone = parse_cluster(config({"worker": ["a:1"]}))
    assert alone.is_chief and alone.describe() == "process 1 of 1, a:1"


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[" * 100_000,
        "[]",
        "{}",
        '{"cluster": {}}',
        config({"worker": "a:1"}),
        config({"worker": ["a"]}),
        config({"worker": ["a:0"]}),
        config({"worker": ["a:1\n"]}),
        config({"worker": ["a\0b:1"]}),
        config({"worker": ["\ud800:1"]}),
        config({"worker": ["a:01"]}),
        config({"worker": ["a:1", "a:1"]}),
        config({"chief": ["a:1", "b:1"]}, "chief"),
        config({"worker": ["a:1"], "ps": ["b:1"]}),
        config({"worker": ["a:1"]}, "worker", 1),
        config({"worker": ["a:1"]}, "worker", -1),
        config({"worker": ["a:1"]}, "worker", True),
        config({"worker": ["a:1"]}, "evaluator"),
        config({"worker": ["a:1"]}, ["worker"]),
        json.dumps({"cluster": {"worker": ["a:1"]}}),
    ],
)
def test_what_is_no_cluster_is_one_line(content):
    with pytest.raises(DataError, match="TF_CONFIG: .*expected") as raised:
        parse_cluster(content)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 700


def test_a_missing_cluster_is_shown_by_example(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(DataError, match='no TF_CONFIG, expected such as {"cluster"') as raised:
        read_cluster()
    example = str(raised.value).partition("such as ")[2]
    assert parse_cluster(example).addresses == ("host1:2222", "host2:2222")


def test_a_change_of_replicas_is_told_once():
    assert describe_other_replicas([], 2) == describe_other_replicas([1, 4], 4) == ""
    assert describe_other_replicas([1], 2).startswith("replicas: 1 before, 2 now")


def test_the_script_for_slurm_describes_the_cluster(tmp_path):
    """The script of docs/distributed.md, with stand-ins for SLURM's programs and for ours."""
    [script] = [
        s for s in re.findall(r"```sh\n(.*?)```", (ROOT / "docs/distributed.md").read_text(), re.S) if "srun" in s
    ]
    stand_ins = {
        "scontrol": '[ "$*" = "show hostnames node[1-2]" ] && printf "node1\\nnode2\\n"',
        "srun": 'shift; for i in 0 1; do SLURM_PROCID=$i "$@"; done',
        "cman-tf": 'printf "%s\\n" "$TF_CONFIG" "$*"',
    }
    for name, content in stand_ins.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{content}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "job.sh").write_text(script)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_NODELIST": "node[1-2]"}
    ended = subprocess.run(["bash", "job.sh"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    first, command, second, _ = ended.stdout.splitlines()
    assert ended.stderr == "" and command == "train --data=mydata --model_dir=runs/mine --strategy=multi_worker"
    assert [parse_cluster(c) for c in (first, second)] == [Cluster(("node1:2222", "node2:2222"), i) for i in (0, 1)]
