"""The table of decoding times beside the paper's (TNNLS table V)."""

from __future__ import annotations

import pathlib
import statistics
from collections.abc import Iterator
from typing import Any

from cman_tf.data.bucketing import BATCH_TOKENS
from cman_tf.errors import DataError
from cman_tf.experiments.lines import ResultFolder, name_inputs
from cman_tf.experiments.published import DECODING_TIMES
from cman_tf.experiments.tables import Table, format_mean, format_number
from cman_tf.runs.files import read_json
from cman_tf.runs.schema import number, object_of, one_of, record, text, whole

NAME = "decoding_time"  # of the experiment, and of its folder among the results
TITLE = "Relative decoding time (TNNLS table V)"
NOTES = (
    "Time: that of decoding the test sentences, as a multiple of the baseline's. Batches have "
    f"{BATCH_TOKENS} tokens and their inputs are prepared beforehand, except that an encoder that was trained with the "
    "model runs within the time. The models take turns on one machine; the time is the median of the passes.",
    "Overall F1: mean of the entities' and the relations' strict F1 (micro; macro on ADE).",
    "The loss weights play no part in decoding, so the paper's 12.00 for dynamic CMAN without uncertainty weighting "
    "has no counterpart here. Why our dynamic CMAN takes longer than the paper's 1.62: its matrix products alone are a "
    "larger multiple of the baseline's (docs/performance.md).",
)
CORPORA = {"conll04": "CoNLL04", "ade": "ADE", "drec": "DREC"}  # experiment to its corpus' name
UNWEIGHTED = "dynamic_cman_no_uncertainty"  # a row of the experiment ablations
ROWS = {
    "multihead": "Multi-head + AT",
    UNWEIGHTED: "dynamic CMAN without uncertainty weighting",
    "cman": "CMAN",
    "dynamic_cman": "dynamic CMAN",
}


_TIMES = record(
    {
        "seconds": object_of(number(0)),
        "overall_f1": object_of(number(0, 100)),
        "inputs": text(),
        "seed": whole(),
    },
    {"of": one_of(*CORPORA.values())},
    others=True,
)


def read_times(path: pathlib.Path) -> dict[str, Any]:
    """Read a file that `decoding_time.measure_decoding_time` wrote.

    Raises:
      DataError: If it is something else.
    """
    expected = f"a file of the experiment {NAME}"
    content = read_json(path, expected, schema=_TIMES)
    seconds, f1 = content["seconds"], content["overall_f1"]
    if not seconds.get("multihead") or not seconds.keys() <= f1.keys():
        raise DataError(f"{path}: no seconds and F1 of the baseline and other models, expected {expected}")
    return content


def make_decoding_table(folder: ResultFolder) -> Table:
    """Decoding times beside the paper's, in the mean of the runs that were timed; what was not run is a gap."""
    files = list(_read_all(folder))
    rows = []
    for corpus in CORPORA.values():
        # The first files do not name their corpus.
        mine = [file for file in files if file.get("of", "CoNLL04") == corpus]
        kinds = sorted({file["inputs"] for file in mine}, key=lambda kind: (kind != "words", kind)) or ["words"]
        for inputs in kinds:
            for key, label in ROWS.items():
                timed = [file for file in mine if file["inputs"] == inputs and key in file["seconds"]]
                # The paper's baseline reads no contextual vectors.
                paper = None if key == "multihead" and inputs != "words" else DECODING_TIMES.get((corpus, key))
                if not (timed or paper or corpus == "CoNLL04"):
                    continue
                times = [file["seconds"][key] / file["seconds"]["multihead"] for file in timed]
                seconds = format_number(statistics.mean(file["seconds"][key] for file in timed)) if timed else ""
                f1 = format_mean([file["overall_f1"][key] for file in timed])
                published = (format_number(number) for number in paper) if paper else ("", "")
                cells = [x for pair in zip((format_mean(times), f1), published) for x in pair]
                rows.append((corpus, label, name_inputs(inputs), *cells, seconds, str(len(timed))))
    header = ("corpus", "model", "inputs", "time", "paper", "overall F1", "paper", "seconds", "runs")
    return Table("Time of decoding the test sentences", header, tuple(rows), NOTES)


def list_untimed(table: Table) -> list[str]:
    """The corpora on which no model was timed."""
    timed = {row[0] for row in table.rows if row[-1] != "0"}
    return [corpus for corpus in CORPORA.values() if corpus not in timed]


def _read_all(folder: ResultFolder) -> Iterator[dict[str, Any]]:
    for path in sorted((folder.directory / NAME).glob("*-seed*.json")):
        try:
            yield read_times(path)
        except DataError as error:
            folder.leave_out(path, error)
