"""All tables and figures as one document: Markdown with figures beside it, or one HTML file."""

from __future__ import annotations

import dataclasses
import html
import pathlib
from collections.abc import Sequence

from cman_tf.experiments import decoding_time, figures
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.comparisons import effects, effects_of, figure_margins, margins, what_is_left
from cman_tf.experiments.figures import FIGURE_NOTES, FIGURES
from cman_tf.experiments.tables import GAP, HEADER, Line, conventions, folds, lines_of, single_folds, table
from cman_tf.scoring.conventions import DESCRIPTIONS

Table = Sequence[Sequence[str]]  # header first


@dataclasses.dataclass(frozen=True)
class Section:
    """A table or figure: paragraphs, tables (caption to rows), figures (name to SVG, None a visible gap)."""

    title: str
    paragraphs: tuple[str, ...] = ()
    tables: dict[str, Table] = dataclasses.field(default_factory=dict)
    figures: dict[str, str | None] = dataclasses.field(default_factory=dict)


def sections(results: pathlib.Path) -> list[Section]:
    """All of them, from the result files."""
    means = [f"{name}: {text}." for name, text in DESCRIPTIONS.items()]
    found = [
        Section(
            "How to read this",
            (
                "F1 on test, strict micro unless a column says otherwise, in percent: mean and sample standard "
                'deviation over seeds (over folds for ADE) where there are several. "Difference" is ours less the '
                'paper\'s. "not run" is a gap: nobody ran it here.',
                "Inputs: the papers' CMAN reads ELMo, their baseline does not. No ELMo was to be had for our runs, so "
                "that no difference is of equal inputs but the baseline's on words; the baseline with contextual "
                "vectors is in neither paper.",
                "Both papers evaluate strictly, boundary and type; neither says whether micro or macro, of which "
                "epoch, or whether dev was trained on. Our protocol, where not said otherwise: trained on train only, "
                "the best epoch on dev by the mean of both F1 is kept, test is scored once with it.",
                "More than chance of seeds: by a t test of 95 %; with one run beside three it sees large effects only, "
                "and of twenty comparisons without any effect one says yes.",
                "What else was tried, and where we looked for causes of what differs from the papers: experiments.md "
                "beside this file in the project.",
                *means,
            ),
        )
    ]
    for name, experiment in EXPERIMENTS.items():
        lines = lines_of(name, experiment, results)
        average = "macro" if experiment.corpus == "ade" else "micro"
        tables: dict[str, Table] = {f"Strict {average} F1 on test": [HEADER, *table(experiment, lines)]}
        if experiment.corpus == "ade" and any(line.results for line in lines):
            tables["Over folds: strict F1, entities / relations"] = folds(lines)
            tables["Each fold: strict F1, entities / relations"] = single_folds(lines)
        protocols = sorted({result["protocol"] for line in lines for result in line.results})
        said = [f"Protocol: {'; '.join(protocols)}."] if protocols else []
        # What conll04 has already is not told again in tuned.
        beside = [line for line in lines if name == "conll04" or line.row.flags or line.row.key == "multihead"]
        more = {
            "How far CMAN is ahead of the baseline, in points of F1": margins(beside)
            if name in ("conll04", "tuned")
            else [],
            "What each change does, in points of F1, and whether it is more than chance of seeds": effects(lines),
            "Every convention, F1 of entities / relations": conventions(lines),
        }
        tables.update((caption, rows) for caption, rows in more.items() if len(rows) > 1)
        said += what_is_left(lines) if name == "conll04" else ()
        contrary = [text for effect in effects_of(lines) for text in effect.against_the_paper()]
        if contrary:
            said.append(f"The other way than in the paper: {'; '.join(contrary)}.")
        pictures = {}
        if name in ("sizes", "shared"):
            pictures[name] = figures.sizes(lines) if name == "sizes" else figures.bars(lines)
            said.append(_gaps(lines))
        notes = (experiment.note,) if experiment.note else ()
        found.append(Section(experiment.title, (*notes, *said), tables, pictures))
    times = {"Time of decoding the test sentences": decoding_time.table(results)}
    found.append(Section(decoding_time.TITLE, (decoding_time.NOTE,), times))
    main = lines_of("conll04", EXPERIMENTS["conll04"], results)
    for name, (part, title) in FIGURES.items():
        pictures = {f"{name}_{split}": figures.grouped_bars(main, part, split) for split in ("dev", "test")}
        ahead = figure_margins(main, name)
        tables = {"How far CMAN is ahead of the baseline in the last group": ahead} if len(ahead) > 1 else {}
        found.append(Section(title, (_gaps(main, part), FIGURE_NOTES[name]), tables, pictures))
    return found


def _gaps(lines: Sequence[Line], part: str | None = None) -> str:
    """Which rows a figure lacks, and of which it shows only some of the runs."""
    gaps = []
    for line in lines:
        there = [r for r in line.results if part is None or part in r["test"]]
        if len(there) < max(1, len(line.results)):
            why = f"{len(there)} of {len(line.results)} runs shown" if there else "run, its file lacks this"
            gaps.append(f"{line.row.label} on {line.inputs} ({why if line.results else GAP})")
    return f"Missing in the figure: {', '.join(gaps)}." if gaps else "Every run is in the figure."


def markdown(parts: Sequence[Section], results: pathlib.Path, folder: str) -> str:
    """The document of these result files, its figures as links into `folder`."""
    text = [
        "# Results: every table and figure of both papers\n",
        f"Made by `python -m cman_tf.report` from `{results}/`.\n",
    ]
    for part in parts:
        text.append(f"## {part.title}\n")
        text += [f"{paragraph}\n" for paragraph in part.paragraphs]
        text += [f"**{caption}**\n\n{markdown_table(rows)}\n" for caption, rows in part.tables.items()]
        for name, svg in part.figures.items():
            text.append(f"![{name}]({folder}/{name}.svg)\n" if svg else f"Figure {name}: **not run**.\n")
    return "\n".join(text)


def markdown_table(rows: Table) -> str:
    """Rows, header first."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:75em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0;font-size:13px}td,th{border:1px solid #ccc;padding:.25em .6em;
text-align:right}td:first-child,th:first-child,caption{text-align:left}caption{font-weight:600}th{background:#f3f3f3}.gap{background:#fdd}
svg{max-width:100%;height:auto}"""


def web_page(parts: Sequence[Section]) -> str:
    """The document as one file that needs no other."""
    body = []
    for part in parts:
        body.append(f"<h2>{html.escape(part.title)}</h2>")
        body += [f"<p>{html.escape(paragraph)}</p>" for paragraph in part.paragraphs]
        for caption, rows in part.tables.items():
            head = "".join(f"<th>{html.escape(cell)}</th>" for cell in rows[0])
            lines = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows[1:])
            body.append(f"<table><caption>{html.escape(caption)}</caption><tr>{head}</tr>{lines}</table>")
        for name, svg in part.figures.items():
            body.append(svg or f'<p class="gap">Figure {html.escape(name)}: not run</p>')
    title = "cman_tf: results"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"</head><body><h1>{title}</h1>{''.join(body)}</body></html>\n"
    )


def _cell(text: str) -> str:
    return f'<td class="gap">{text}</td>' if text == GAP else f"<td>{html.escape(text)}</td>"
