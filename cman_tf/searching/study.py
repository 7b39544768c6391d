"""The study of a search: its trials in an SQLite file that several processes share (Optuna)."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cman_tf.errors import DataError
from cman_tf.searching.space import Space, format_value, suggest_settings
from cman_tf.searching.trial_runs import TrialFailed

if TYPE_CHECKING:
    import optuna

FILE = "study.db"
_NAME = "cman-tf"
ERROR = "error"  # the attribute of a trial that failed
_MOST_FAILED = 3  # trials, if none has a score
_PAUSE = 2  # seconds between two looks at what other processes do
_HEARTBEAT, _GRACE = 10, 30  # seconds: how often a process says that it lives, and after how long it is given up

Train = Callable[[int, Mapping[str, Any], "optuna.Trial"], float]


def validate_installation() -> None:
    """Check that Optuna is there, before anything that takes time.

    Raises:
      DataError: if it is not installed.
    """
    if importlib.util.find_spec("optuna") is None:
        raise DataError("Optuna is not installed; pip install 'cman-tf[search]'")


def open_study(folder: pathlib.Path, about: Mapping[str, Any], startup_trials: int, start_epoch: int, seed: int) -> Any:
    """Make the study of a search, or open the one that another call or process made.

    Args:
      folder: the directory of the search.
      about: what all trials have in common. A study remembers it.
      startup_trials: number of trials that choose at random and are not pruned.
      start_epoch: the epoch before which no trial is pruned.
      seed: the seed of the choice of settings.

    Raises:
      DataError: if the study is of another search or damaged.
    """
    import optuna
    from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback

    from cman_tf.searching.sampler import NumberedSampler

    optuna.logging.set_verbosity(logging.ERROR)
    with _as_data_error(folder), _without_warnings():
        storage = RDBStorage(
            f"sqlite:///{(folder / FILE).absolute()}",
            engine_kwargs={"connect_args": {"timeout": 60}},
            heartbeat_interval=_HEARTBEAT,
            grace_period=_GRACE,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(),
        )
        study = optuna.create_study(
            storage=storage,
            study_name=_NAME,
            direction="maximize",
            load_if_exists=True,
            sampler=NumberedSampler(startup_trials, seed),
            pruner=optuna.pruners.MedianPruner(startup_trials, n_warmup_steps=start_epoch),
        )
        known = study.user_attrs.get("about")
        if known is None:
            study.set_user_attr("about", dict(about))
        else:
            _validate_same(folder, known, about)
    return study


def _validate_same(folder: pathlib.Path, known: Any, about: Mapping[str, Any]) -> None:
    different = [name for name in about if not isinstance(known, dict) or known.get(name) != about[name]]
    if different:
        raise DataError(
            f"{folder}: holds a search with other {' and '.join(different)}, expected the same; choose another "
            "--search_dir"
        )


@contextlib.contextmanager
def _as_data_error(folder: pathlib.Path) -> Iterator[None]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, RuntimeError, AssertionError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:100]
        raise DataError(f"{folder / FILE}: {reason}, expected the study of a search") from None


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep Optuna's notes about experimental parts off the screen."""
    import warnings

    from optuna.exceptions import ExperimentalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


def run_trials(study: Any, space: Space, count: int, train: Train, note: Callable[[str], None]) -> None:
    """Run trials until the study has `count` of them that are done, whoever runs them.

    Args:
      study: what `open_study` returned.
      space: what each setting may be.
      count: the number of trials.
      train: trains a trial, from its number, its settings and Optuna's trial; returns its score.
      note: is called with a line about each trial that is done.
    """
    from optuna.storages import RetryHeartbeatStaleTrialCallback
    from optuna.trial import TrialState

    with _without_warnings():
        again = RetryHeartbeatStaleTrialCallback()

    def objective(trial: optuna.Trial) -> float:
        settings = suggest_settings(space, trial)
        for other in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            if other.params == trial.params:
                return other.value  # the same seeds give the same score
        stored = study._storage.get_trial(trial._trial_id)
        retried = again.retried_trial_number(stored)
        try:
            return train(trial.number if retried is None else retried, settings, trial)
        except TrialFailed as error:
            trial.set_user_attr(ERROR, str(error))
            raise
        except KeyboardInterrupt:  # the trial is put in line again, and its trainings go on where they were
            again(study, study._storage.get_trial(trial._trial_id))
            raise

    def report(_: Any, trial: Any) -> None:
        settings = ", ".join(f"{name}={format_value(value)}" for name, value in trial.params.items())
        if trial.state is TrialState.FAIL:
            note(f"trial {trial.number}: failed with {settings}: {trial.user_attrs.get(ERROR)}")
        else:
            what = "stopped early" if trial.state is TrialState.PRUNED else f"score {trial.value:.2f}"
            note(f"trial {trial.number}: {what} with {settings}")

    with _without_warnings():
        while True:
            trials = study.get_trials(deepcopy=False)
            failed = [trial for trial in trials if trial.state is TrialState.FAIL and ERROR in trial.user_attrs]
            states = [trial.state for trial in trials]
            done = states.count(TrialState.COMPLETE) + states.count(TrialState.PRUNED) + len(failed)
            if len(failed) >= _MOST_FAILED and TrialState.COMPLETE not in states:
                last = failed[-1].user_attrs[ERROR]
                raise DataError(f"the first {len(failed)} trials failed, the last one with: {last}")
            if done >= count:
                return
            if done + states.count(TrialState.RUNNING) < count or TrialState.WAITING in states:
                study.optimize(objective, n_trials=1, callbacks=[report], catch=(TrialFailed,))
                continue
            # The others are running elsewhere, or were when their process was killed.
            time.sleep(_PAUSE)
            _give_up_stale(study)


def _give_up_stale(study: Any) -> None:
    """Let Optuna look for trials whose process is gone; they are put in line again."""
    import optuna

    optuna.storages.fail_stale_trials(study)
