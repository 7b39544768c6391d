"""What a table or figure of the papers consists of: lines, each a model to train.

F1 is of entities and relations, in percent.
"""

from __future__ import annotations

import dataclasses

F1 = tuple[float, float]  # entities, relations
FOLDS = 10  # of ADE


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of a table: one model, trained once a seed (and fold).

    Attributes:
      key: names its runs and result files.
      label: as in the paper.
      flagfile: of flags/, without its ending.
      flags: besides the flagfile's.
      papers: where it stands in which paper to the numbers there.
      elmo: whether the papers' numbers are with ELMo.
      home: the experiment that it belongs to; None: the one it stands in.
      gold_labels_of: the row of the experiment conll04 whose trained model is given gold
        labels at test time; nothing is trained.
    """

    key: str
    label: str
    flagfile: str
    flags: tuple[str, ...] = ()
    papers: dict[str, F1] = dataclasses.field(default_factory=dict)
    elmo: bool = True
    home: str | None = None
    gold_labels_of: str | None = None


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A table or figure.

    Attributes:
      title: one line.
      corpus: conll04, ade or drec.
      rows: its lines.
      cited: other systems' lines: label, where, numbers.
      note: what is to be said below the table.
    """

    title: str
    corpus: str
    rows: tuple[Row, ...]
    cited: tuple[tuple[str, str, F1], ...] = ()
    note: str = ""
