"""cman-tf search: the space, the study and what it writes; the command is in test_search.py."""

import json
import multiprocessing
import os
import signal
import time

import pytest
from helpers import ROOT, import_extra
from hypothesis import given
from hypothesis import strategies as st
from test_documentation import blocks

from cman_tf.config import Config
from cman_tf.errors import DataError
from cman_tf.searching.outcome import make_report, write_outcome
from cman_tf.searching.space import Choices, Range, read_space, suggest_settings
from cman_tf.searching.trial_runs import TrialFailed

import_extra("search")
from cman_tf.searching import study as studies  # noqa: E402

pytestmark = pytest.mark.extra(name="search")
SPACE = {
    "hidden_size": Range(4, 12, 4, False, True),
    "adversarial_alpha": Range(0.01, 0.3, None, True, False),
    "use_characters": Choices((True, False)),
}


def read(tmp_path, content):
    path = tmp_path / "space.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_space(path, Config())


def open_study(folder, **about):
    folder.mkdir(exist_ok=True)
    return studies.open_study(folder, {"seeds": [1], **about}, startup_trials=2, start_epoch=0, seed=1)


def score(number, settings, trial):
    """A score that hidden_size decides."""
    return float(settings["hidden_size"])


def run(study, count, train=score):
    lines = []
    studies.run_trials(study, SPACE, count, train, lines.append)
    return lines


def test_a_space_is_read(tmp_path):
    found = read(
        tmp_path,
        {
            "hidden_size": {"low": 4, "high": 12, "step": 4},
            "adversarial_alpha": {"low": 0.01, "high": 0.3, "log": True},
            "use_characters": [True, False],
        },
    )
    assert found == SPACE


def test_the_space_of_the_documentation(tmp_path):
    (shown,) = blocks(ROOT / "docs" / "search.md", "json")
    assert [*read(tmp_path, shown)] == ["adversarial_alpha", "hidden_size", "weight_average"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ({}, "no settings"),
        ([1], "expected an object such as"),
        ({"hidden_sze": [1, 2]}, "hidden_sze: no such setting"),
        ({"seed": [1, 2]}, "seed: not searched over, expected --seeds"),
        ({"hidden_size": [8]}, "expected two or more different values"),
        ({"hidden_size": [8, 8]}, "expected two or more different values"),
        ({"hidden_size": [8, "9"]}, "'9', expected a whole number"),
        ({"hidden_size": {"low": 8}}, "expected a list of values, or low and high"),
        ({"hidden_size": {"low": 8, "high": 4}}, "expected low below high"),
        ({"hidden_size": {"low": 0, "high": 4, "log": True}}, "low above 0"),
        ({"hidden_size": {"low": 1, "high": 4, "step": 0}}, "step 0, expected a number above 0"),
        ({"use_characters": {"low": 0, "high": 1}}, "a setting that is no number"),
        ({"bilstm_dropout": {"low": 0.5, "high": 1.5}}, "bilstm_dropout"),
        ({"bilstm_dropout": {"low": 0.1, "high": float("nan")}}, ""),
        ({"cell": ["lstm", "tree"]}, "cell"),
    ],
)
def test_what_is_wrong_with_a_space_is_one_line(tmp_path, content, message):
    with pytest.raises(DataError, match=".*space.json") as error:
        read(tmp_path, content)
    assert message in str(error.value) and "\n" not in str(error.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(st.sampled_from(["low", "high", "step", "log", "a"]), x, max_size=4)
        ),
        max_leaves=8,
    )
)
def test_no_space_raises_anything_else(tmp_path_factory, value):
    try:
        read(tmp_path_factory.mktemp("space"), {"batch_size": value, "learning_rate": value, "cell": value})
    except DataError as error:
        assert "\n" not in str(error)


def test_a_study_goes_on_and_counts_the_trials_of_all(tmp_path):
    assert len(run(open_study(tmp_path), 3)) == 3
    assert run(open_study(tmp_path), 3) == []
    assert len(run(open_study(tmp_path), 5)) == 2
    with pytest.raises(DataError, match="a search with other seeds, expected the same"):
        open_study(tmp_path, seeds=[2])


def test_the_same_settings_are_not_trained_twice(tmp_path):
    """Nor is the same trial stored with another score."""
    trained = []

    def train(number, settings, trial):
        trained.append(tuple(settings.values()))
        return score(number, settings, trial)

    space = {"hidden_size": Choices((4, 8))}
    studies.run_trials(open_study(tmp_path), space, 6, train, print)
    assert sorted(trained) == [(4,), (8,)]


def test_a_trial_that_fails_is_told_and_counted(tmp_path):
    def train(number, settings, trial):
        if number == 1:
            raise TrialFailed("no memory (a log)")
        return score(number, settings, trial)

    lines = run(open_study(tmp_path), 4, train)
    assert len(lines) == 4 and lines[1].startswith("trial 1: failed with ") and "no memory (a log)" in lines[1]
    report = make_report(open_study(tmp_path), SPACE)
    assert [trial["state"] for trial in report["trials"]] == ["complete", "fail", "complete", "complete"]
    assert report["trials"][1]["error"] == "no memory (a log)"


def test_a_search_ends_if_nothing_can_be_trained(tmp_path):
    def train(number, settings, trial):
        raise TrialFailed("no such file")

    with pytest.raises(DataError, match="the first 3 trials failed, the last one with: no such file"):
        run(open_study(tmp_path), 20, train)


def test_a_bad_trial_is_stopped(tmp_path):
    import optuna

    def train(number, settings, trial):
        for epoch in (1, 2):
            trial.report(10.0 - number, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return 10.0 - number

    lines = run(open_study(tmp_path), 4, train)
    assert [line.split(" with")[0] for line in lines[2:]] == ["trial 2: stopped early", "trial 3: stopped early"]


def test_an_interrupted_trial_is_trained_next_under_its_number(tmp_path):
    trained = []

    def train(number, settings, trial):
        trained.append((number, settings["hidden_size"]))
        if len(trained) == 2:
            raise KeyboardInterrupt
        return score(number, settings, trial)

    with pytest.raises(KeyboardInterrupt):
        run(open_study(tmp_path), 3, train)
    run(open_study(tmp_path), 3, train)
    assert trained[1] == trained[2] and len(trained) == 4
    report = make_report(open_study(tmp_path), SPACE)
    assert [trial["state"] for trial in report["trials"]] == ["complete"] * 3


def _train_for_ever(folder):
    os.environ["OMP_NUM_THREADS"] = "1"
    studies._HEARTBEAT, studies._GRACE = 1, 2

    def train(number, settings, trial):
        (folder / f"trial{number}").write_text(str(settings["hidden_size"]))
        time.sleep(600)
        return 0.0

    run(open_study(folder), 2, train)


def test_the_trial_of_a_killed_process_is_trained_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr(studies, "_HEARTBEAT", 1)
    monkeypatch.setattr(studies, "_GRACE", 2)
    monkeypatch.setattr(studies, "_PAUSE", 0.2)
    process = multiprocessing.get_context("fork").Process(target=_train_for_ever, args=(tmp_path,))
    process.start()
    limit = time.monotonic() + 60
    while not (tmp_path / "trial0").exists() and time.monotonic() < limit:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    trained = {}

    def train(number, settings, trial):
        trained[number] = settings["hidden_size"]
        return score(number, settings, trial)

    run(open_study(tmp_path), 2, train)
    assert str(trained[0]) == (tmp_path / "trial0").read_text()
    assert len(trained) == 2


def test_what_a_search_came_to(tmp_path):
    study = open_study(tmp_path)
    run(study, 6)
    shown = write_outcome(tmp_path, study, SPACE, ("--data=a & b",), 7)
    report = json.loads((tmp_path / "search.json").read_text())
    best = max(report["trials"], key=lambda trial: trial["score"])
    flags = (tmp_path / "best.flags").read_text().splitlines()
    assert f"--hidden_size={best['settings']['hidden_size']}" in flags
    assert {"--data=a & b", "--epochs=7"} <= {*flags}
    assert "6 trials trained to the end" in shown and f"{best['score']:.2f}" in shown.splitlines()[2]
    assert max(report["importance"], key=report["importance"].get) == "hidden_size"
    page = (tmp_path / "search.html").read_text()
    assert page.count("<circle") == 6 * (1 + len(SPACE)) and "stopped early" in page


def test_a_search_without_a_score_has_no_best_flags(tmp_path):
    study = open_study(tmp_path)
    assert "no trial has a score yet" in write_outcome(tmp_path, study, SPACE, (), 7)
    assert not (tmp_path / "best.flags").exists()


def test_a_damaged_study_is_one_line(tmp_path):
    (tmp_path / "study.db").write_text("no database")
    with pytest.raises(DataError, match=r"study.db: .*, expected the study of a search") as error:
        open_study(tmp_path)
    assert "\n" not in str(error.value)


def test_suggested_settings_lie_in_the_space(tmp_path):
    import optuna

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(20):
        settings = suggest_settings(SPACE, study.ask())
        assert settings["hidden_size"] in (4, 8, 12) and 0.01 <= settings["adversarial_alpha"] <= 0.3
        assert settings["use_characters"] in (True, False)
