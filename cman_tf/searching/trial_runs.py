"""Training a trial: a process of `cman-tf train` for each seed, whose scores on dev decide whether it goes on."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cman_tf.errors import DataError
from cman_tf.runs.flagfile import format_flagfile
from cman_tf.runs.metrics import Metrics

if TYPE_CHECKING:
    import optuna

_POLL = 0.5  # seconds between two looks at the metrics
_CHECK = "import sys; from cman_tf.train import COMMAND, check; COMMAND.check(sys.argv); check()"


class TrialFailed(Exception):
    """A training ended with an error. The message is its last line."""


def check_training(given: Sequence[str], settings: Mapping[str, Any]) -> None:
    """Check that `cman-tf train` takes the flags that all trials have, and reads their data, before a trial is made.

    Args:
      given: the flags.
      settings: what a trial may choose.

    Raises:
      DataError: if it does not.
    """
    command = [sys.executable, "-c", _CHECK, *given, *format_flagfile(dict(settings)).split(), "--model_dir=unused"]
    checked = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if checked.returncode:
        raise DataError((checked.stderr.strip().splitlines() or ["cman-tf train refuses these flags"])[-1])


@dataclasses.dataclass(frozen=True)
class TrialRuns:
    """Trains the trials of a search.

    Attributes:
      folder: the directory of the search.
      flags: the flags of `cman-tf train` that all trials have.
      seeds: the seeds; a trial's score is the mean of the best scores on dev with each.
      epochs: the number of epochs of a training, at most.
    """

    folder: pathlib.Path
    flags: tuple[str, ...]
    seeds: tuple[int, ...]
    epochs: int

    def train(self, number: int, settings: Mapping[str, Any], trial: optuna.Trial) -> float:
        """Train one setting with every seed, unless it is pruned. A training that was stopped is resumed.

        Args:
          number: the trial's number, which names its directory.
          settings: the settings that the trial chose.
          trial: takes the scores, and says when to stop.

        Returns:
          The mean of the seeds' best scores on dev: mean of entities' and relations' strict micro F1, in percent.

        Raises:
          TrialPruned: if the scores are below the median of the other trials at the same epoch.
          TrialFailed: if a training ends with an error.
        """
        finished: list[float] = []
        for seed in self.seeds:
            directory = self.folder / "trials" / f"{number:04}" / f"seed{seed}"
            chosen = format_flagfile(dict(settings)).split()
            flags = (*self.flags, *chosen, f"--seed={seed}", f"--epochs={self.epochs}", f"--model_dir={directory}")
            finished.append(self._train_seed(flags, directory, finished, trial))
        return sum(finished) / len(finished)

    def _train_seed(
        self, flags: Sequence[str], directory: pathlib.Path, before: Sequence[float], trial: optuna.Trial
    ) -> float:
        """Train with one seed, and report the mean of all seeds' best scores so far after each epoch."""
        import optuna

        directory.parent.mkdir(parents=True, exist_ok=True)
        log = directory.with_name(f"{directory.name}.log")
        with open(log, "ab") as output:
            command = [sys.executable, "-m", "cman_tf.train", *flags, "--noscore_test"]
            process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
            try:
                seen, best, ended = 0, 0.0, False
                while not ended:
                    ended = process.poll() is not None  # before the scores are read, so that none is missed
                    for score in read_scores(directory)[seen:]:
                        seen, best = seen + 1, max(best, score)
                        trial.report(sum((*before, best)) / (len(before) + 1), len(before) * self.epochs + seen)
                        if trial.should_prune():
                            raise optuna.TrialPruned
                    if not ended:
                        time.sleep(_POLL)
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
        if process.returncode or not seen:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no output"]
            raise TrialFailed(f"{lines[-1][:300]} ({log})")
        return best


def read_scores(directory: pathlib.Path) -> list[float]:
    """Return the score on dev of each epoch that a run has finished, in percent.

    Raises:
      DataError: if the file of the metrics is damaged.
    """
    metrics = Metrics(str(directory), sys.maxsize)
    try:
        return [(record["dev/entities/f1"] + record["dev/relations/f1"]) / 2 for record in metrics.records()]
    except (KeyError, TypeError):
        raise DataError(f"{metrics.path}: no scores on dev, expected those of cman-tf train") from None
