"""What reproduces and what does not, in five sentences made from the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cman_tf.experiments.catalogue import EXPERIMENTS, FOLDS
from cman_tf.experiments.comparisons import Difference, find_effects, format_pair
from cman_tf.experiments.lines import Line
from cman_tf.experiments.published import CONLL04, F1, conll04_lead, subtract
from cman_tf.experiments.recipe import choose_recipe, find_recipe_leads
from cman_tf.experiments.result_files import parse_fold

Lines = Mapping[str, Sequence[Line]]  # experiment to its lines


def summarize(lines: Lines, untimed: Sequence[str]) -> tuple[str, ...]:
    """Write five sentences: CMAN's scores, the baseline's, the lead, the single changes, the gaps.

    Args:
      lines: Every experiment's lines.
      untimed: Names of the corpora on which decoding was not timed.
    """
    chosen = choose_recipe(lines)
    return (
        _compare_scores(chosen),
        _compare_baseline(lines["conll04"]),
        _compare_leads(chosen),
        _compare_changes([effect for of_experiment in lines.values() for effect in find_effects(of_experiment)]),
        _name_gaps(lines, untimed),
    )


def _compare_scores(chosen: dict[str, Line]) -> str:
    best = chosen.get("dynamic_cman")
    mean = best.mean() if best else None
    if not best or not mean:
        return "Dynamic CMAN was not run on CoNLL04."
    paper = CONLL04["dynamic_cman"]
    verdict = _judge([own >= other for own, other in zip(mean, paper)])
    return (
        f"The papers' scores on CoNLL04 are {verdict}: dynamic CMAN has {_format(mean)} F1 (entities / relations) with "
        f"{best.inputs_name}, and {_format(paper)} with ELMo in the paper."
    )


def _compare_baseline(lines: Sequence[Line]) -> str:
    mean = next((line.mean() for line in lines if line.row.key == "multihead" and line.inputs == "words"), None)
    if not mean:
        return "The baseline was not run on CoNLL04 with the papers' inputs."
    paper = CONLL04["multihead"]
    return (
        f"The baseline, the only model with the same kinds of inputs here and in the papers, has {_format(mean)} F1, "
        f"and {_format(paper)} in the papers: {format_pair(subtract(mean, paper))}."
    )


def _compare_leads(chosen: dict[str, Line]) -> str:
    lead = next((lead for lead in find_recipe_leads(chosen) if lead.line is chosen.get("dynamic_cman")), None)
    ours, paper = lead.ours() if lead else None, conll04_lead("dynamic_cman")
    if not lead or not ours or not paper:
        return "Dynamic CMAN and the baseline were not both run on CoNLL04 with the same inputs."
    reached = _judge([own >= other for own, other in zip(ours, paper)])
    is_partial = reached == "not reproduced" and min(ours) > 0
    return (
        f"Dynamic CMAN's lead over the baseline is {'reproduced in sign, not in size' if is_partial else reached}: the "
        f"paper prints {format_pair(paper)} F1, where only dynamic CMAN reads ELMo; here it is {format_pair(ours)} if "
        f"both read {lead.line.inputs_name}."
    )


def _compare_changes(effects: Sequence[Difference]) -> str:
    judged = [
        (own * paper > 0, (test := effect.test(task)) is not None and test.p < 0.05)
        for effect in effects
        for task, own, paper in effect.by_task()
        if paper
    ]
    if not judged:
        return "None of the papers' ablations was run."
    same = [is_significant for is_same, is_significant in judged if is_same]
    opposite = [is_significant for is_same, is_significant in judged if not is_same]
    changed = [effect for effect in effects if any(effect.paper)]
    single = sum(len(effect.line.results) == 1 for effect in changed)
    return (
        f"Of the papers' {len(judged)} ablation effects ({len(changed)} changes, entities and relations), {len(same)} "
        f"have the same sign here ({sum(same)} with p < 0.05) and {len(opposite)} the opposite ({sum(opposite)} with "
        f"p < 0.05); {'all' if single == len(changed) else single} of these changes were run only once."
    )


def _name_gaps(lines: Lines, untimed: Sequence[str]) -> str:
    gaps = []
    for name, of_experiment in lines.items():
        experiment = EXPERIMENTS[name]
        if experiment.is_search:
            continue
        ran = {line.row.key for line in of_experiment if line.results}
        missing = [row for row in experiment.rows if row.key not in ran]
        title = experiment.title.partition(" (")[0].partition(",")[0]
        folds = {parse_fold(r["file"]) for line in of_experiment for r in line.results}
        of_folds = (
            f"{FOLDS - len(folds)} of {FOLDS} folds" if experiment.corpus == "ade" and 0 < len(folds) < FOLDS else ""
        )
        of_rows = f"{len(missing)} of {len(experiment.rows)} models" if missing else ""
        what = " and ".join(filter(None, (of_rows, of_folds)))
        if what:
            gaps.append(f"{title} ({what})")
    if untimed:
        gaps.append(f"decoding time on {' and '.join(untimed)}")
    return f"Not run: {'; '.join(gaps)}." if gaps else "Every row of the papers' tables was run."


def _judge(reached: Sequence[bool]) -> str:
    return "reproduced" if all(reached) else "reproduced in part" if any(reached) else "not reproduced"


def _format(f1: F1) -> str:
    return f"{f1.entities:.2f} / {f1.relations:.2f}"
