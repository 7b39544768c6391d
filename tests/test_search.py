"""The command cman-tf search."""

import json

import pytest
from helpers import BASELINE, call_command, fails_with, import_extra

import_extra("search")
pytestmark = [pytest.mark.e2e, pytest.mark.extra(name="search")]


def test_a_search_from_its_space_to_its_best_settings(eight_sentences, tmp_path):
    """Test is not scored; the same command does nothing twice; the best flags train."""
    (tmp_path / "space.json").write_text(json.dumps({"hidden_size": [4, 6]}))
    flags = [flag for flag in BASELINE if not flag.startswith("--hidden_size")]
    arguments = (f"--space={tmp_path}/space.json", f"--search_dir={tmp_path}/search", "--trials=2", "--epochs=1")
    behind = ("--", f"--data_dir={eight_sentences}", *flags)
    process = call_command("cman_tf.search", *arguments, *behind)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    assert "2 trials trained to the end" in process.stdout
    runs = sorted((tmp_path / "search" / "trials").glob("*/seed1"))
    assert runs and not any((run / "result.json").exists() for run in runs)
    again = call_command("cman_tf.search", *arguments, *behind)
    assert again.returncode == 0 and "trial 0:" not in again.stdout
    best = call_command("cman_tf.train", f"--flagfile={tmp_path}/search/best.flags", f"--model_dir={runs[0]}")
    assert best.returncode == 0, best.stderr
    assert "result file: " in best.stdout
    fails_with(
        call_command("cman_tf.search", *arguments, "--seeds=1,2", *behind), "holds a search with other seeds, expected"
    )


def test_what_is_refused_before_a_trial(eight_sentences, tmp_path):
    (tmp_path / "space.json").write_text(json.dumps({"hidden_size": [4, 6]}))
    arguments = (f"--space={tmp_path}/space.json", f"--search_dir={tmp_path}/search", "--")
    fails_with(call_command("cman_tf.search", *arguments, "--hidden_sizes=3"), "Unknown command line flag 'hidden_siz")
    fails_with(call_command("cman_tf.search", *arguments, "--seed=3"), "--seed=3 behind --: expected flags that the")
    fails_with(call_command("cman_tf.search", *arguments, "mydata"), "mydata: not a flag of cman-tf train")
    data = f"--data_dir={eight_sentences}"
    fails_with(call_command("cman_tf.search", *arguments, "--data_dir=nowhere"), "nowhere")
    fails_with(call_command("cman_tf.search", *arguments, data, "--init_from=nowhere"), "nowhere")
    fails_with(call_command("cman_tf.search", *arguments, data, "--features=f.h5"), "--features without an encoder")
    fails_with(call_command("cman_tf.search", *arguments, data, "--word_vectors=w.txt"), "w.txt: No such file")
    assert not (tmp_path / "search").exists()
