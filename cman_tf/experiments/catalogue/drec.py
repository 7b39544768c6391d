"""DREC: models without contextual vectors, with and without the label gate (TNNLS tables III and IV)."""

from __future__ import annotations

from cman_tf.experiments.catalogue.rows import Experiment, Row, vary

_DYNAMIC = Row("dynamic_cman", "dynamic CMAN", "drec", elmo=False)

MAIN = Experiment(
    title="DREC, no contextual vectors (TNNLS tables III and IV)",
    corpus="drec",
    rows=(
        Row("multihead", "Multi-head + AT", "drec_multihead", elmo=False),
        _DYNAMIC,
        vary(_DYNAMIC, "dynamic_cman_no_gate", "dynamic CMAN without label gate", "--nolabel_gate"),
    ),
    sources=("TNNLS table III", "TNNLS table IV"),
    notes=(
        "DREC is available only against a signed agreement; we did not have it.",
        "Dynamic CMAN reads word vectors alone, because the paper says that it uses only word embeddings on DREC. The "
        "baseline also reads characters, as its authors' configuration says. If the paper only means that it does not "
        "use ELMo, the flag --nouse_characters for every run makes the inputs equal.",
    ),
    cites_others=True,
)
