"""The predictions of two systems for the same sentences: scores, their difference, and what each finds."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

from cman_tf.comparing.outcomes import DIFFERENCES, OUTCOMES, ComparedSentence, compare_sentence
from cman_tf.data.types import Sentence
from cman_tf.scoring.bootstrap import BootstrapDifference, paired_bootstrap
from cman_tf.scoring.conventions import Fact
from cman_tf.scoring.score import TASKS, score_sentences


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What `compare_predictions` returns.

    Attributes:
      convention: strict, boundaries or relaxed.
      gold: the gold sentences.
      sentences: the same sentences, compared.
      scores: those of A and of B, as `score_sentences` returns them.
      differences: for each task F1 of A less that of B, with its interval.
      by_type: for each task and type, how often each outcome of `OUTCOMES` occurs.
    """

    convention: str
    gold: Sequence[Sentence]
    sentences: Sequence[ComparedSentence]
    scores: tuple[dict[str, Any], dict[str, Any]]
    differences: dict[str, BootstrapDifference]
    by_type: dict[str, dict[str, dict[str, int]]]

    def totals(self, task: str) -> dict[str, int]:
        """Return how often each outcome occurs in a task."""
        return {name: sum(row[name] for row in self.by_type[task].values()) for name in OUTCOMES}

    def summary(self) -> dict[str, Any]:
        """Return the comparison in the types of JSON, with the sentences in which A and B differ."""
        rates = {
            name: {average: scores[self.convention][average] for average in ("micro", "per_type")}
            for name, scores in zip("ab", self.scores)
        }
        return {
            "convention": self.convention,
            "counts": {"sentences": len(self.gold), "different_sentences": sum(s.differs for s in self.sentences)},
            **rates,
            "difference": {task: row._asdict() for task, row in self.differences.items()},
            "totals": {task: self.totals(task) for task in TASKS},
            "by_type": self.by_type,
            "sentences": [
                {"number": number, "id": gold.id, **_list_differences(compared)}
                for number, (gold, compared) in enumerate(zip(self.gold, self.sentences))
                if compared.differs
            ],
        }


def compare_predictions(
    gold: Sequence[Sentence], a: Sequence[Sentence], b: Sequence[Sentence], convention: str = "strict"
) -> Comparison:
    """Compare the predictions of two systems.

    The interval of the difference comes from 10,000 samples of the sentences, which are the same in every run.

    Args:
      gold: the gold sentences.
      a: the same sentences with one system's predictions.
      b: the same sentences with the other's.
      convention: strict, boundaries or relaxed.

    Raises:
      DataError: if the predictions are not for these sentences in this order, or if there are no sentences.
    """
    scores = score_sentences(gold, a), score_sentences(gold, b)
    sentences = [compare_sentence(*row, convention) for row in zip(gold, a, b)]
    by_type: dict[str, dict[str, dict[str, int]]] = {}
    for number, task in enumerate(TASKS):
        counts = Counter(
            (fact[0], outcome) for sentence in sentences for fact, outcome in sentence.outcomes[number].items()
        )
        types = sorted({kind for kind, _ in counts})
        by_type[task] = {kind: {outcome: counts[kind, outcome] for outcome in OUTCOMES} for kind in types}
    return Comparison(convention, gold, sentences, scores, paired_bootstrap(gold, a, b, convention), by_type)


def _list_differences(sentence: ComparedSentence) -> dict[str, dict[str, list[Fact]]]:
    """List the facts of each outcome in which two systems differ, by task."""
    found: dict[str, dict[str, list[Fact]]] = {}
    for task, facts in zip(TASKS, sentence.outcomes):
        rows = sorted(facts.items(), key=repr)
        found[task] = {
            name: [fact for fact, outcome in rows if outcome == name] for name in DIFFERENCES if name in facts.values()
        }
    return found
