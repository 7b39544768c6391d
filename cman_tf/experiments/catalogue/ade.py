"""ADE: ten-fold cross-validation (IJCAI table 2, TNNLS table II)."""

from __future__ import annotations

from cman_tf.experiments.catalogue.rows import Experiment, Row

MAIN = Experiment(
    title="ADE, ten-fold cross-validation (IJCAI table 2, TNNLS table II)",
    corpus="ade",
    rows=(
        Row("multihead", "Multi-head + AT", "ade_multihead", elmo=False),
        Row("cman", "CMAN", "ade_ijcai"),
        Row("dynamic_cman", "dynamic CMAN", "ade"),
    ),
    sources=("IJCAI table 2", "TNNLS table II"),
    notes=(
        "Scores are strict macro F1, as in the papers. Mean and deviation are over the folds that were run.",
        "BIO tags cannot express nested entities. Of two nested entities we train on the longer one and its relations. "
        "Scoring keeps both, so the inner one counts as missed.",
        '"Without overlaps" leaves out the sentences that have nested entities. Of the 120 nested pairs, five end in '
        "the same token; their relations cannot be told apart.",
        "One test sentence of fold 2 and one of fold 4 also occur in the training part of their fold. The dev part is "
        "held out from the training part of each fold.",
    ),
    cites_others=True,
)
