"""The report's content, made from the result files: sections of text, tables and figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from cman_tf.experiments.captions import make_group_figure, make_row_figure, make_size_figure
from cman_tf.experiments.catalogue import EXPERIMENTS, Experiment
from cman_tf.experiments.comparisons import Difference, describe_leads, find_effects, find_leads
from cman_tf.experiments.decoding_table import TITLE, list_untimed, make_decoding_table
from cman_tf.experiments.figure_leads import make_figure_lead_table
from cman_tf.experiments.figures import Figure
from cman_tf.experiments.folds import make_fold_table, make_pooled_table
from cman_tf.experiments.lines import Line, ResultFolder, collect_lines
from cman_tf.experiments.overview import describe_timings, list_groups, make_overview_table
from cman_tf.experiments.paper_rows import make_paper_rows
from cman_tf.experiments.recipe import choose_recipe, find_recipe_leads
from cman_tf.experiments.significance import METHODS
from cman_tf.experiments.summary import summarize
from cman_tf.experiments.tables import (
    Table,
    make_cited_table,
    make_convention_tables,
    make_difference_table,
    make_score_table,
    make_training_table,
)
from cman_tf.scoring.conventions import DESCRIPTIONS

HOW_TO_READ = (
    "F1 is in percent. Where a table says nothing else, it is strict micro F1 on test.",
    f"Strict: {DESCRIPTIONS['strict']}. Every result file holds the other conventions too; their means are at the end.",
    '"81.20 ± 0.45" is the mean and the sample standard deviation over seeds, for ADE over folds. The column "runs" '
    'says of how many. "not run" marks what nobody has run here.',
    'Inputs: "words" are word vectors and characters. "MiniLM" and other names are contextual encoders that are read '
    'in addition, with frozen weights unless the name says "tuned".',
    "The papers' CMAN reads ELMo, and their baseline (Multi-head + AT) does not. ELMo's weights were unavailable to "
    "us. Only the baseline on words has the same kinds of inputs here and in the papers.",
    "Both papers score strictly. Neither says whether F1 is micro or macro, which epoch is scored, or whether dev is "
    "trained on. We train on train only, keep the best epoch on dev by the mean of both F1, and score test once with "
    "it; the training details name every run with another protocol.",
    "Differences are in points of F1, ours less the paper's or less those of the runs compared with. " + METHODS,
    "Result files hold no predictions, so no two models are compared sentence by sentence here. cman-tf score "
    "--compare_with does that for two prediction files.",
    "What else was tried, and the search for causes of differences: experiments.md in the folder docs.",
)
FIGURE_PARTS = {  # figure to its part of a result, and its title
    "distance": ("by_distance", "F1 by entity distance (IJCAI figure 4, TNNLS figure 5)"),
    "length": ("by_length", "F1 by sentence length (IJCAI figure 5, TNNLS figure 6)"),
}


@dataclasses.dataclass(frozen=True)
class Section:
    """A section of the report: a title, points of text, tables and figures."""

    title: str
    points: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()


def make_sections(folder: ResultFolder) -> list[Section]:
    """Make the whole report.

    Args:
      folder: The result files.

    Returns:
      The summary first, the training details last.

    Raises:
      DataError: If scipy or matplotlib is not installed, or if the folder is strict and a file is damaged.
    """
    lines = {name: collect_lines(name, experiment, folder) for name, experiment in EXPERIMENTS.items()}
    decoding = make_decoding_table(folder)
    untimed = list_untimed(decoding)
    sections = [Section("Summary", summarize(lines, untimed))]
    chosen = choose_recipe(lines)
    if chosen:
        sections.append(_make_recipe_section(chosen))
    sections.append(Section("How to read the tables", HOW_TO_READ))
    sections += [_make_experiment_section(name, EXPERIMENTS[name], of_it) for name, of_it in lines.items()]
    sections.append(Section(TITLE, (), (decoding,)))
    sections += [_make_group_section(figure, lines["conll04"]) for figure in FIGURE_PARTS]
    sections.append(_make_convention_section(lines))
    single = [result for result in folder.read_all() if "/" not in folder.relative(result)]
    if single:
        notes = ("Runs outside the papers' tables. Small corpora give other scores on other machines.",)
        table = make_overview_table(list_groups(single), "Strict micro F1 on test", notes)
        sections.append(Section("Other runs", (), (table,)))
    details = make_training_table(folder.read_all(), folder.directory)
    sections.append(Section("Training details", tuple(describe_timings(folder)), (details,)))
    return sections


def _make_experiment_section(name: str, experiment: Experiment, lines: Sequence[Line]) -> Section:
    tables = [make_score_table(experiment, lines)]
    leads = find_leads(lines, as_in_papers=name == "conll04") if name in ("conll04", "tuned") else []
    # The experiment tuned shows again what conll04 has.
    leads = [lead for lead in leads if name == "conll04" or lead.line.row.flags]
    effects = find_effects(lines)
    if experiment.corpus == "ade" and any(line.results for line in lines):
        tables += [make_pooled_table(lines), make_fold_table(lines)]
    if leads:
        tables.append(make_difference_table(leads, "Lead over the baseline"))
    if effects:
        tables.append(make_difference_table(effects, "Effect of each change"))
    if experiment.cites_others:
        tables.append(make_cited_table(experiment.corpus))
    points = [*(describe_leads(leads) if name == "conll04" else ()), *_describe_opposites(effects)]
    makers = {"conll04": make_row_figure, "shared": make_row_figure, "sizes": make_size_figure}
    figures = (makers[name](name, lines),) if name in makers else ()
    return Section(experiment.title, tuple(points), tuple(tables), figures)


def _make_recipe_section(chosen: dict[str, Line]) -> Section:
    leads = find_recipe_leads(chosen)
    tables = [make_paper_rows(chosen), *([make_difference_table(leads, "Lead over the baseline")] if leads else [])]
    return Section("CoNLL04: our best inputs and settings beside the papers'", (), tuple(tables))


def _describe_opposites(effects: Sequence[Difference]) -> Iterator[str]:
    opposites = [
        f"{effect.line.row.label} on {effect.line.inputs_name}, {task}: {own:+.2f} (paper {paper:+.2f})"
        for effect in effects
        for task, own, paper in effect.opposite_tasks()
    ]
    if opposites:
        yield f"Changes whose effect has the opposite sign in the paper: {'; '.join(opposites)}."


def _make_group_section(figure: str, lines: Sequence[Line]) -> Section:
    part, title = FIGURE_PARTS[figure]
    figures = tuple(make_group_figure(f"{figure}_{split}", lines, part, split) for split in ("dev", "test"))
    table = make_figure_lead_table(lines, figure, part)
    return Section(title, (), (table,) if table.rows else (), figures)


def _make_convention_section(lines: dict[str, list[Line]]) -> Section:
    meanings = [f"{name.capitalize()}: {text}." for name, text in DESCRIPTIONS.items()]
    macro = 'Macro: the mean over the types. "Without Other" leaves out CoNLL04\'s entity type Other.'
    tables: list[Table] = []
    for corpus, name in {"conll04": "CoNLL04", "ade": "ADE", "drec": "DREC"}.items():
        of_corpus = [(key, line) for key, of_it in lines.items() for line in of_it if EXPERIMENTS[key].corpus == corpus]
        # A repeated row is shown where it belongs.
        own = [line for key, line in of_corpus if line.row.home in (None, key)]
        tables += make_convention_tables(own, name)
    return Section("All scoring conventions", (*meanings, macro), tuple(tables))
