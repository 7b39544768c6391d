"""The page of `cman-tf compare`: scores, counts by type, and the sentences in which two systems differ."""

from __future__ import annotations

from collections.abc import Sequence

from cman_tf.comparing.comparison import Comparison
from cman_tf.comparing.outcomes import END, KINDS, OUTCOMES
from cman_tf.comparing.tables import HEADERS
from cman_tf.pages.rendering import render_page
from cman_tf.pages.sentence_list import SentenceList
from cman_tf.scoring.score import TASKS


def render_comparison(comparison: Comparison, names: Sequence[str]) -> str:
    """Render a comparison as one HTML page without outside parts. Everything is escaped.

    Args:
      comparison: from `compare_predictions`.
      names: those of A and B, such as their files' names.
    """
    titles = [f"{letter}: {name}" for letter, name in zip("AB", names)]
    shown = SentenceList((END, *KINDS.values()), titles, marks="differences")
    for number, (gold, compared) in enumerate(zip(comparison.gold, comparison.sentences)):
        if compared.differs:
            shown.add(number, gold, compared.entities, compared.relations)
    choices = [shown.kind_choice("Differences", "", lambda kind: kind.marked)]
    for task in TASKS:
        for name, _ in OUTCOMES.values():
            choices.append(shown.kind_choice(name or "both find it", task, lambda kind, name=name: kind.name == name))
    return render_page(
        "compare.html.jinja",
        "cman_tf.comparing",
        titles=titles,
        tasks=TASKS,
        comparison=comparison,
        headers=HEADERS,
        kinds=choices,
        initial=choices[0]["label"],
        types=shown.type_choices(),
        data=shown.data(),
    )
