"""A comparison as tables of plain text."""

from __future__ import annotations

from cman_tf.comparing.comparison import Comparison
from cman_tf.comparing.outcomes import OUTCOMES
from cman_tf.scoring.score import TASKS
from cman_tf.scoring.tables import format_table

# The columns of the table by type: those of gold items, then those of false alarms.
HEADERS = {
    "both": "both find",
    "only_a": "only A",
    "only_b": "only B",
    "neither": "neither",
    "false_both": "both false",
    "false_a": "only A",
    "false_b": "only B",
}


def format_comparison(comparison: Comparison) -> str:
    """Format the scores of two systems, their difference, and what each finds by type.

    Args:
      comparison: from `compare_predictions`.
    """
    different = sum(sentence.differs for sentence in comparison.sentences)
    scores = [_score_row(comparison, task) for task in TASKS]
    rows: list[list[str]] = []
    for task in TASKS:
        found = [*comparison.by_type[task].items(), (f"{task}, all", comparison.totals(task))]
        rows += [[name, *(str(counts[outcome]) for outcome in OUTCOMES)] for name, counts in found]
    return "\n".join(
        [
            f"{len(comparison.gold)} sentences, A and B differ in {different}",
            "",
            format_table(
                [f"{comparison.convention}, micro", "F1 of A", "F1 of B", "A - B", "95 % interval", "p"], scores
            ),
            "",
            format_table(["gold items, then false alarms", *(HEADERS[outcome] for outcome in OUTCOMES)], rows),
            "",
            "paired bootstrap over sentences, 10,000 samples; p: two-sided, of both being equally good",
        ]
    )


def _score_row(comparison: Comparison, task: str) -> list[str]:
    f1 = [f"{scores[comparison.convention]['micro'][task]['f1']:.2f}" for scores in comparison.scores]
    it = comparison.differences[task]
    return [task, *f1, f"{it.difference:+.2f}", f"{it.low:+.2f} to {it.high:+.2f}", f"{it.p:.4f}"]
