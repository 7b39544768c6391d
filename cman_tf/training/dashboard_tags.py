"""The names under which TensorBoard shows the numbers of a run. It sorts by name, so that what matters comes first."""

from __future__ import annotations

import hashlib

DEV_F1 = "1_dev_F1"
DEV_LOSS = "2_dev_loss"
RELATION_TYPES = "3_dev_F1_by_relation_type"
ENTITY_TYPES = "4_dev_F1_by_entity_type"
DEV_RATES = "5_dev_precision_and_recall"
TRAIN_LOSS = "6_train_loss"
TRAINING = "7_training"
TEST_F1 = "8_test_F1"
_LONGEST = 60


def name_tag(metric: str) -> str:
    """Return the tag of a number of metrics.jsonl.

    >>> [name_tag(name) for name in ("dev/relations/f1", "clean/loss", "adversarial/re", "seconds")]
    ['1_dev_F1/relations', '6_train_loss/loss', '6_train_loss/adversarial_re', '7_training/seconds']
    """
    first, _, rest = metric.partition("/")
    if first == "dev" and rest.endswith("/f1"):
        return f"{DEV_F1}/{rest.removesuffix('/f1')}"
    if first == "dev":
        return f"{DEV_RATES}/{rest.replace('/', '_')}"
    if first == "clean" and rest != "gate":
        return f"{TRAIN_LOSS}/{rest}"
    if first == "adversarial":
        return f"{TRAIN_LOSS}/adversarial_{rest}"
    return f"{TRAINING}/{metric.removeprefix('clean/').replace('/', '_')}"


def name_type(kind: str) -> str:
    """Return a type's name as part of a tag: without what divides tags, and not too long. Different types differ.

    >>> name_type("Work_For"), name_type("a/b")
    ('Work_For', 'a_b-c14cdd')
    """
    name = "".join(c if c.isprintable() and c not in "/\\" else "_" for c in kind[:_LONGEST])
    return name if name == kind else f"{name}-{hashlib.sha256(kind.encode()).hexdigest()[:6]}"
