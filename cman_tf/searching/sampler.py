"""The sampler of a search, whose draws depend on the seed and the trial's number. It needs Optuna."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState


class NumberedSampler(BaseSampler):
    """TPE, seeded anew for each trial.

    Otherwise several processes that share a search, and one that is started again, would try the same settings.

    Args:
      startup_trials: number of first trials, which choose at random.
      seed: the seed of the search.
    """

    def __init__(self, startup_trials: int, seed: int) -> None:
        self._startup_trials, self._seed = startup_trials, seed
        self._of_trial = self._make(0)

    def _make(self, number: int) -> TPESampler:
        seed = (self._seed * 1_000_003 + number) % 2**32
        return TPESampler(n_startup_trials=self._startup_trials, seed=seed, constant_liar=True)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed the draws of a trial."""
        self._of_trial = self._make(trial.number)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """As TPE."""
        return self._of_trial.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As TPE."""
        return self._of_trial.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """As TPE."""
        return self._of_trial.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """As TPE."""
        self._of_trial.after_trial(study, trial, state, values)
