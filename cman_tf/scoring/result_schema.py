"""What a result file holds, as schemas: the scores, and what lies around them.

Files of later versions may have further keys. They are not read, but they must be sound JSON, too.
"""

from __future__ import annotations

from typing import Any

from cman_tf.runs.epochs import STAGE_ONE
from cman_tf.runs.run_settings import SETTINGS
from cman_tf.runs.schema import Check, anything, list_of, nullable, number, object_of, record, text, whole
from cman_tf.scoring.conventions import DESCRIPTIONS
from cman_tf.scoring.score import TASKS

_RATES: dict[str, Check] = {name: number(0, 100) for name in ("precision", "recall", "f1")}
_COUNTS: dict[str, Check] = dict.fromkeys(("tp", "fp", "fn"), whole())


def _by_task(inner: Check, optional: dict[str, Check] | None = None) -> Check:
    return record(dict.fromkeys(TASKS, inner), optional, others=True)


_COUNTED = record({**_RATES, **_COUNTS}, others=True)
_AVERAGED = _by_task(record(_RATES, {"types": whole()}, others=True))
_CONVENTION = record(
    {
        "means": text(),
        "micro": _by_task(_COUNTED),
        "macro": _AVERAGED,
        "per_type": _by_task(object_of(_COUNTED)),
    },
    {"macro_without_other": _AVERAGED},
    others=True,
)
_GROUPS = object_of(_by_task(_COUNTED, {"sentences": whole()}))
_TABLE: dict[str, Check] = {
    **dict.fromkeys(DESCRIPTIONS, _CONVENTION),
    "stop_score": number(0, 100),
    "macro_rule": text(),
    "ungrounded_relations": record({"predicted": whole(), "gold": whole()}, others=True),
    "counts": record(
        dict.fromkeys(("sentences", *(f"{side}_{task}" for side in ("gold", "predicted") for task in TASKS)), whole()),
        others=True,
    ),
}
_FLAT = record(_TABLE, others=True)  # the scores without those of groups
SCORES = record(_TABLE, {"by_length": _GROUPS, "by_distance": _GROUPS, "without_overlaps": _FLAT}, others=True)

_MICRO = _by_task(record({"f1": number(0, 100)}, others=True))
_EPOCHS: dict[str, Check] = {"epochs": whole(), "best_epoch": whole()}
# What a result file has beside its scores, whoever wrote it. Older files lack some of it.
AROUND: dict[str, Check] = {
    "run": text(),
    "word_vectors_sha256": nullable(text()),
    "encoder_fingerprint": nullable(text()),
    "inputs": text(),
    "protocol": text(),
    "label_source": text(),
    "commit": text(),
    "seed": whole(),
    **_EPOCHS,
    "word_vector_size": whole(),
    "corpus": record({"name": text()}, others=True),
    "flags": record({"model": SETTINGS["model"]}, others=True),
    "time": record(
        {},
        {
            "finished": text(),
            **dict.fromkeys(("epochs_seconds", "epoch_seconds_median", "dev_seconds_median"), nullable(number(0))),
        },
        others=True,
    ),
    "environment": object_of(nullable(anything(3))),
    "record": record({}, {"tokenizer": text(), "files": object_of(text()), "weights": object_of(text())}, others=True),
    "scored_before": list_of(record({**_EPOCHS, "test": _MICRO}, others=True)),
    STAGE_ONE: record(_EPOCHS, others=True),
}
ANY_RESULT = record({}, AROUND, others=True)


def _own_result() -> Check:
    needed = ("corpus", "inputs", "protocol", "flags", "seed", *_EPOCHS)
    required: dict[str, Any] = {name: AROUND[name] for name in needed}
    return record({**required, "test": SCORES}, {**AROUND, "dev": SCORES}, others=True)


OWN_RESULT = _own_result()  # the result.json of a run, whose scores are printed again
