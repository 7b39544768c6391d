"""Checking corpora: what each holds, what they share, and whether training would start."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cman_tf.checking.statistics import Statistics
from cman_tf.checking.tokenizer_fit import TokenizerFit
from cman_tf.data.splits import FEWEST
from cman_tf.data.tokenizer_choice import choose_tokenizer, joins_hyphens
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.data.types import Sentence
from cman_tf.errors import count_things

_SAMPLE = 2000  # sentences by which the tokenizer is chosen


@dataclasses.dataclass
class CheckedCorpus:
    """One corpus that was checked.

    Attributes:
      name: the split, or the file.
      path: the file or folder.
      statistics: its counts.
      fit: how the tokenizer fits.
    """

    name: str
    path: str
    statistics: Statistics
    fit: TokenizerFit

    def summary(self) -> dict[str, Any]:
        """Return what was found in the types of JSON."""
        return {
            "name": self.name,
            "path": self.path,
            **self.statistics.summary(),
            "tokenizer": self.fit.summary(),
        }


def check_sentences(name: str, path: str, sentences: Iterable[Sentence], tokenizer: str | None = None) -> CheckedCorpus:
    """Check one corpus, reading its sentences one at a time.

    Args:
      name: the split, or the file.
      path: the file or folder.
      sentences: its sentences.
      tokenizer: the name of the tokenizer whose fit is measured. None takes the one that fits the first sentences best.
    """
    stream = iter(sentences)
    first = list(itertools.islice(stream, _SAMPLE))
    chosen = tokenizer or (choose_tokenizer(first)[0] if first else "default")
    checked = CheckedCorpus(name, path, Statistics(), TokenizerFit(find_tokenizer(chosen), joins_hyphens(first)))
    for sentence in itertools.chain(first, stream):
        checked.statistics.add(sentence)
        checked.fit.add(sentence)
    return checked


def find_shared(corpora: Mapping[str, CheckedCorpus]) -> dict[str, int]:
    """Count for each pair of corpora the different sentences that both contain."""
    return {
        f"{one} and {other}": len(corpora[one].statistics.hashes & corpora[other].statistics.hashes)
        for one, other in itertools.combinations(corpora, 2)
    }


def find_obstacles(corpora: Mapping[str, CheckedCorpus], missing: Sequence[str] = ()) -> list[str]:
    """List the reasons why training would not start.

    Args:
      corpora: the corpora; `train` is the training data, or the only corpus is split into the three.
      missing: the splits that a directory of splits lacks.
    """
    if missing:
        also = "; --hold_out=0.15 takes dev from train" if "dev" in missing else ""
        return [f"no {' and no '.join(missing)} data in the directory{also}"]
    train = corpora.get("train") or (next(iter(corpora.values())) if len(corpora) == 1 else None)
    if train is None:
        return []
    found = []
    if not train.statistics.entity_types:
        found.append(f"{train.name}: no entities, expected some to train on")
    if "train" not in corpora and train.statistics.documents < FEWEST:
        count = count_things(train.statistics.documents, "document")
        found.append(f"{train.name}: {count}, expected at least {FEWEST} to split them into train, dev and test")
    return found


def find_remarks(corpora: Mapping[str, CheckedCorpus], shared: Mapping[str, int]) -> list[str]:
    """List what is probably a mistake, although training would start.

    Args:
      corpora: the corpora.
      shared: the number of shared sentences, from `find_shared`.
    """
    remarks = [f"{pair}: {count_things(count, 'sentence')} in both" for pair, count in shared.items() if count]
    train = corpora.get("train")
    for name, corpus in corpora.items():
        counts = corpus.statistics
        if counts.duplicates:
            repeats = "repeats" if counts.duplicates == 1 else "repeat"
            remarks.append(f"{name}: {count_things(counts.duplicates, 'sentence')} {repeats} an earlier one")
        if counts.overlaps.untagged:
            remarks.append(f"{name}: {counts.overlaps.describe()}")
        if corpus.fit.inside:
            share = 100 * corpus.fit.inside / corpus.fit.mentions
            remarks.append(
                f"{name}: {share:.1f} % of the mentions are inside tokens of the predict tokenizer "
                f"({corpus.fit.tokenizer.name}), such as {corpus.fit.places[0][:40]!r}"
            )
        if counts.entity_types and not counts.relation_types:
            remarks.append(f"{name}: no relations; a model trained on it learns entities alone")
        if train and corpus is not train:
            for kind in ("entity_types", "relation_types"):
                unknown = sorted(set(getattr(counts, kind)) - set(getattr(train.statistics, kind)))
                if unknown:
                    shown = ", ".join(unknown[:5])
                    remarks.append(f"{name}: {kind.replace('_', ' ')} that train does not have: {shown}; never found")
    return remarks
