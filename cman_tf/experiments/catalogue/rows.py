"""What an experiment consists of: rows, each a model that is trained or evaluated.

Use `vary`, `repeat` and `give_gold_labels` to make one row from another. Each says what it is for, so that a row
cannot become another kind of row by leaving something out.
"""

from __future__ import annotations

import dataclasses

from cman_tf.experiments.published import F1, find_published

FOLDS = 10  # of ADE's cross-validation


@dataclasses.dataclass(frozen=True)
class Row:
    """One model of a table, trained once for each seed (and fold).

    Attributes:
      key: The name that its result files and run directories begin with.
      label: Its name in tables and figures.
      flagfile: Name of a flagfile in flags/, without ".flags".
      flags: Flags of `cman_tf.train` in addition to the flagfile's.
      elmo: Whether the paper's scores of this row were made with ELMo.
      home: The experiment whose result files it uses; None for the experiment that lists it.
      gold_labels_of: Key of the row of the experiment conll04 whose trained model is evaluated with gold labels.
        Such a row trains nothing and takes no flags.
    """

    key: str
    label: str
    flagfile: str
    flags: tuple[str, ...] = ()
    elmo: bool = True
    home: str | None = None
    gold_labels_of: str | None = None

    def __post_init__(self) -> None:
        if self.gold_labels_of and self.flags:
            raise ValueError(f"{self.key}: flags {self.flags} for a row that trains nothing (gold labels)")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A table or figure of the papers.

    Attributes:
      title: One line.
      corpus: conll04, ade or drec.
      rows: Its models.
      sources: The papers' tables and figures, keys of `published.TABLES`.
      notes: Sentences for below the table.
      cites_others: Whether the papers' table has other systems' rows, in `published.CITED`.
      is_search: Whether it compares settings of our own, so that a row that was not run is no gap.
    """

    title: str
    corpus: str
    rows: tuple[Row, ...]
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    cites_others: bool = False
    is_search: bool = False

    @property
    def average(self) -> str:
        """The average that the papers report: macro for ADE, micro for the other corpora."""
        return "macro" if self.corpus == "ade" else "micro"

    def published(self, row: Row) -> dict[str, F1]:
        """The papers' scores of a row, by table."""
        return find_published(self.sources, row.key)


def vary(row: Row, key: str, label: str, *flags: str) -> Row:
    """Make a row that trains another row's model with further flags.

    Raises:
      ValueError: If there are no flags, or the key is the other row's.
    """
    if not flags or key == row.key:
        raise ValueError(f"{key}: a variation of {row.key} needs flags and a key of its own")
    return dataclasses.replace(row, key=key, label=label, flags=(*row.flags, *flags), home=None)


def repeat(row: Row, label: str | None = None) -> Row:
    """Make a row that shows another experiment's runs again, with another label if one is given.

    Raises:
      ValueError: If the row does not say whose runs they are.
    """
    if row.home is None:
        raise ValueError(f"{row.key}: repeated in another experiment, but it names no home")
    return dataclasses.replace(row, label=label or row.label)


def give_gold_labels(row: Row, key: str, label: str) -> Row:
    """Make a row that evaluates another row's trained model with gold labels at test time.

    Raises:
      ValueError: If the key is the other row's.
    """
    if key == row.key:
        raise ValueError(f"{key}: the evaluation with gold labels needs a key of its own")
    return dataclasses.replace(row, key=key, label=label, home=None, gold_labels_of=row.key)
