"""The estimate of a model's memory: its weights are counted, what cannot fit is refused, and peaks are near it."""

import dataclasses
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from helpers import ROOT, SMALL, call_command, count_parameters, fails_with

from cman_tf.config import Config
from cman_tf.errors import DataError
from cman_tf.models.memory import count_weights, estimate_loading, estimate_training
from cman_tf.runs.free_memory import available_bytes, validate_memory

CHANGES = [
    {},
    {"model": "cman"},
    {"model": "multihead"},
    {"share": False},
    {"separate_models": True},
    {"label_attention": False},
    {"relation_scorer": "shared"},
    {"use_characters": False},
]


@pytest.mark.parametrize("changes", CHANGES)
def test_the_weights_are_counted(changes, make_model, vocabulary):
    sizes = {"hidden_size": 24, "word_size": 30, "relation_size": 20, "attention_heads": 2, "label_size": 8}
    model = make_model(**{**sizes, **changes})
    trained, frozen = count_weights(model.config, vocabulary)
    assert frozen == 0
    assert trained == pytest.approx(count_parameters(model), rel=0.1)


def test_frozen_vectors_are_counted_apart(vocabulary):
    vocabulary = dataclasses.replace(vocabulary, vectors=np.zeros((len(vocabulary.words), 50), np.float32))
    config = SMALL.resolved()
    assert count_weights(config, vocabulary)[1] == 50 * len(vocabulary.words)
    tuned = dataclasses.replace(config, tune_word_vectors=True)
    assert count_weights(tuned, vocabulary)[1] == 0


def test_more_of_anything_takes_more(vocabulary):
    config = Config().resolved()
    start = estimate_training(config, vocabulary, 40)
    for name, value in (("hidden_size", 512), ("batch_size", 256), ("relation_size", 4096), ("word_size", 9000)):
        assert estimate_training(dataclasses.replace(config, **{name: value}), vocabulary, 40) > start
    assert estimate_training(config, vocabulary, 3000) > start
    assert estimate_training(config, vocabulary, 40, 1024, 1 << 30) > start + (1 << 30)
    assert estimate_loading(config, vocabulary) < start


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", ["dynamic_cman 128 40 16", "dynamic_cman 1024 20 2", "dynamic_cman 128 300 8", "multihead 512 60 16"]
)
def test_measured_peaks_are_between_half_and_twice_the_estimate(case):
    code = """
import sys
from cman_tf.benchmark.memory import measure_case
from cman_tf.config import Config
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.models.memory import estimate_training
from cman_tf.sample import DIRECTORY
model, hidden, length, count = sys.argv[1], *map(int, sys.argv[2:])
config = Config(model=model, hidden_size=hidden, batch_size=count).resolved()
sentences = read_corpus(DIRECTORY / "train.json").sentences
vocabulary = Vocabulary.build(sentences)
data = {"train": sentences, "test": sentences, "vocabulary": vocabulary}
peak = measure_case(f"train:{length}x{count}", config, data, 0)["peak_mib"]
print(peak / (estimate_training(config, vocabulary, length) / 2**20))
"""
    command = [sys.executable, "-c", code, *case.split()]
    ratio = float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()[-1])
    assert 0.5 < ratio < 2.0


def write(root, files):
    for name, text in files.items():
        path = pathlib.Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


MEMINFO = {"proc/meminfo": "MemTotal: 900 kB\nMemAvailable:    100 kB\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        (MEMINFO, 100 << 10),
        (
            {
                **MEMINFO,
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/memory.max": "50000\n",
                "sys/fs/cgroup/a/memory.current": "30000\n",
                "sys/fs/cgroup/a/memory.stat": "anon 1\ninactive_file 2000\n",
                "sys/fs/cgroup/a/b/memory.max": "max\n",
            },
            22000,
        ),
        (
            {  # a container, whose own group is mounted as the root
                **MEMINFO,
                "proc/self/cgroup": "4:memory:/docker/0123\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9000\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000\n",
            },
            8000,
        ),
        (
            {
                **MEMINFO,
                "proc/self/cgroup": "4:memory:/\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
            100 << 10,
        ),
    ],
)
def test_the_available_memory(files, expected, tmp_path):
    assert available_bytes(write(tmp_path, files)) == expected


def test_more_than_nine_tenths_are_refused():
    validate_memory(90, "x", "y", available=100)
    with pytest.raises(
        DataError, match="^training needs about 2.0 GiB of memory and 1.0 GiB are available, .*; lower it$"
    ):
        validate_memory(2 << 30, "training", "lower it", available=1 << 30)


@pytest.mark.e2e
def test_a_training_that_cannot_fit_is_refused_before_anything_is_written(eight_sentences, tmp_path):
    arguments = [f"--data_dir={eight_sentences}", f"--model_dir={tmp_path}/run"]
    for more in ("--hidden_size=200000", "--batch_size=100000000"):
        process = call_command("cman_tf.train", *arguments, more)
        assert fails_with(process, "training with --hidden_size=", "of memory and", "expected at most 90% of them")
        assert process.stderr.splitlines()[-1].startswith("training with --hidden_size=")
    assert not (tmp_path / "run").exists()
