"""Search for settings that score well on dev.

    cman-tf search --space=space.json --search_dir=searches/mine --trials=30 -- --data=mydata
    cman-tf search --space=space.json --search_dir=searches/mine --trials=30 --seeds=1,2,3 -- --flagfile=conll04

space.json names settings of cman-tf train and what they may be: {"batch_size": [8, 16], "adversarial_alpha": {"low":
0.01, "high": 0.3, "log": true}}. Flags of cman-tf train behind -- are for every trial. A trial whose score is below the
median of the others is stopped. Re-running the command resumes it; several processes may share a search. Test data is
never scored.
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from absl import flags

from cman_tf.command_line.command import Command
from cman_tf.command_line.config_flags import whole_numbers
from cman_tf.command_line.flag_help import flag_group
from cman_tf.config import Config
from cman_tf.errors import DataError
from cman_tf.runs.files import sha256_of
from cman_tf.runs.flagfile import FIELDS, config_from_flags, define_config_flags
from cman_tf.searching.space import first_settings, read_space

FLAGS = flags.FLAGS
# Flags of train that the search gives itself, or that make no sense for many runs.
_OWN = ("seed", "epochs", "protocol", "model_dir", "results_dir", "result_name", "score_test", "folds", "fold")


def define_flags() -> None:
    """Define the flags of this command."""
    with flag_group("Search"):
        flags.DEFINE_string("space", None, "JSON `file` of the settings and what they may be.", required=True)
        flags.DEFINE_string("search_dir", None, "`Directory` of the search: made, or resumed.", required=True)
        flags.DEFINE_integer("trials", 20, "Number of trials, of all processes together.", lower_bound=1)
        flags.DEFINE_list("seeds", ["1"], "Seeds. A trial is trained with each; its score is their mean.")
        flags.DEFINE_integer("epochs", 60, "Number of epochs of a training, at most.", lower_bound=1)
    with flag_group("Pruning"):
        flags.DEFINE_integer(
            "startup_trials", 5, "Number of first trials, which choose at random and are not stopped.", lower_bound=0
        )
        flags.DEFINE_integer("start_epoch", 10, "No trial is stopped before this epoch.", lower_bound=0)
        flags.DEFINE_integer("sampler_seed", 1, "Seed of the choice of settings.", lower_bound=0)
    flags.register_validator("seeds", whole_numbers, message="expected whole numbers between commas")


def validate(arguments: list[str]) -> tuple[str, ...]:
    """Check the arguments, and return the flags of `cman-tf train` for every trial.

    Args:
      arguments: the program's name and what follows the flags.

    Raises:
      DataError: for an argument that is no flag, or a flag that the search gives itself.
    """
    given = tuple(arguments[1:])
    for flag in given:
        name = flag.lstrip("-").partition("=")[0]
        if not flag.startswith("-"):
            raise DataError(f"{flag[:60]}: not a flag of cman-tf train; expected --name=value behind --")
        if name in _OWN or name.removeprefix("no") in _OWN:
            raise DataError(f"{flag[:60]} behind --: expected flags that the search does not give itself")
    return given


def read_searched(path: str, given: Sequence[str]) -> Config:
    """Return the settings that the flags for every trial change, as far as a space is checked against them."""
    values = flags.FlagValues()
    define_config_flags(values)
    names = {field.name for field in FIELDS}
    names |= {f"no{name}" for name in names}
    try:
        values([path, *(flag for flag in given if flag.lstrip("-").partition("=")[0] in names)])
    except flags.Error as error:
        raise DataError(str(error)) from None
    return config_from_flags(values)


def main(arguments: list[str]) -> None:
    """Run the trials that are missing, and write what they came to."""
    given = validate(arguments)
    space = read_space(FLAGS.space, read_searched(FLAGS.space, given))
    folder = pathlib.Path(FLAGS.search_dir)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: is a file, expected a directory or a new path")
    seeds = tuple(dict.fromkeys(int(seed) for seed in FLAGS.seeds))

    from cman_tf.searching.outcome import write_outcome
    from cman_tf.searching.study import open_study, run_trials, validate_installation
    from cman_tf.searching.trial_runs import TrialRuns, check_training

    validate_installation()
    runs = TrialRuns(folder, given, seeds, FLAGS.epochs)
    check_training(given, first_settings(space))
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "space": sha256_of(FLAGS.space),
        "seeds": list(seeds),
        "epochs": FLAGS.epochs,
        "flags": list(given),
    }
    study = open_study(folder, about, FLAGS.startup_trials, FLAGS.start_epoch, FLAGS.sampler_seed)
    try:
        run_trials(study, space, FLAGS.trials, runs.train, lambda line: print(line, flush=True))
    finally:
        shown = write_outcome(folder, study, space, given, FLAGS.epochs)
    print(f"\n{shown}")


COMMAND = Command("search", __doc__, define_flags, main, "-- FLAGS_OF_TRAIN", validate)

if __name__ == "__main__":
    COMMAND.run()
