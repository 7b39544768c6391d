"""Make docs/results.md, report.html and the README's results from result files.

    cman-tf report --results_dir=results --readme=README.md --document=docs/results.md --html=report.html

A file whose name is empty, as in --html=, is not written.
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Sequence

from absl import flags

from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.errors import DataError
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.lines import ResultFolder, collect_lines
from cman_tf.experiments.overview import list_groups, make_overview_table
from cman_tf.experiments.paper_rows import make_paper_rows
from cman_tf.experiments.recipe import choose_recipe
from cman_tf.experiments.rendering import render_html, render_markdown, render_readme_block
from cman_tf.experiments.sections import Section, make_sections
from cman_tf.runs.files import write_atomically
from cman_tf.scoring.tables import format_table

FLAGS = flags.FLAGS
BEGIN, END = "<!-- results: begin, made by python -m cman_tf.report -->", "<!-- results: end -->"


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Data"):
        flags.DEFINE_string("results_dir", "results", "`Directory` of the result files.")
        flags.DEFINE_bool("strict", False, "Fail on a damaged result file instead of leaving it out.")
    with flag_group("Output"):
        flags.DEFINE_string(
            "document",
            "docs/results.md",
            "`File` for the report as Markdown, with its figures in figures/ beside it; empty: none.",
        )
        flags.DEFINE_string("html", "report.html", "`File` for the report as one web page; empty: none.")
        flags.DEFINE_string("readme", "README.md", "`File` whose results are written anew; empty: none.")


def make_readme(path: pathlib.Path, block: str) -> None:
    """Put the results between the two markers of a file.

    Raises:
      DataError: If the markers are not there, once each.
    """
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise DataError(f"{path}: no place for the results; expected one line {BEGIN!r} and one {END!r}")
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    write_atomically(path, f"{before}\n{block}{after}")


def write_document(path: pathlib.Path, sections: Sequence[Section], source: str) -> None:
    """Write the report as Markdown, and its figures into the folder figures beside it."""
    for figure in (figure for section in sections for figure in section.figures):
        if figure.svg:
            write_atomically(path.parent / "figures" / f"{figure.name}.svg", figure.svg)
    write_atomically(path, render_markdown(sections, source, "figures"))


def main(arguments: list[str]) -> None:
    del arguments
    folder = ResultFolder(pathlib.Path(FLAGS.results_dir), FLAGS.strict)
    groups = list_groups(folder.read_all())
    if not groups:
        for problem in folder.problems:
            print(f"left out: {problem}", file=sys.stderr)
        raise DataError(
            f"{FLAGS.results_dir}: no result files; cman-tf train --results_dir and cman-tf experiment write them"
        )
    if FLAGS.readme:
        lines = {name: collect_lines(name, EXPERIMENTS[name], folder) for name in ("conll04", "tuned")}
        make_readme(pathlib.Path(FLAGS.readme), render_readme_block(make_paper_rows(choose_recipe(lines))))
    sections = make_sections(folder) if FLAGS.document or FLAGS.html else []
    source = f"{FLAGS.results_dir.rstrip('/')}/"
    if FLAGS.document:
        write_document(pathlib.Path(FLAGS.document), sections, source)
    if FLAGS.html:
        write_atomically(FLAGS.html, render_html(sections, source))
    for problem in folder.problems:
        print(f"left out: {problem}", file=sys.stderr)
    overview = make_overview_table(groups, "")
    print(format_table(overview.header, overview.rows))
    print(f"\nwritten: {', '.join(filter(None, (FLAGS.readme, FLAGS.document, FLAGS.html))) or 'nothing'}")


COMMAND = Command("report", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
