"""Every table and figure of both papers, as experiments that can be run."""

from __future__ import annotations

from cman_tf.experiments.catalogue import ade, conll04, drec
from cman_tf.experiments.catalogue.rows import FOLDS, Experiment, Row

EXPERIMENTS: dict[str, Experiment] = {
    "conll04": conll04.MAIN,
    "ade": ade.MAIN,
    "drec": drec.MAIN,
    **conll04.VARIATIONS,
}

__all__ = ["EXPERIMENTS", "FOLDS", "Experiment", "Row"]
