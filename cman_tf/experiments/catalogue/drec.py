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
        "All models read word vectors and characters. The paper says that it uses only word embeddings on DREC, "
        "following Bekoulis et al., whose configuration reads characters; we take it to mean "
        "that it does not use ELMo. The flag --nouse_characters, for every run, gives the other reading.",
    ),
    cites_others=True,
)
