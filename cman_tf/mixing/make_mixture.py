"""Making a mixture: from the experts' directories and held-out data to a directory of its own."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cman_tf.data.corpus import Corpus
from cman_tf.data.signatures import FILE as SIGNATURES
from cman_tf.data.signatures import read_signatures, save_signatures
from cman_tf.data.types import Sentence
from cman_tf.errors import count_things
from cman_tf.inference.description import ModelDescription
from cman_tf.inference.loading import load_experts
from cman_tf.inference.mixture_files import REPORT, list_experts, validate_experts, write_mixture_file
from cman_tf.inference.mixture_loading import build_mixture, set_gates
from cman_tf.inference.packing import pack_model
from cman_tf.inference.predictor import Predictor
from cman_tf.mixing.gate_fitting import Array, assign_folds, fit_gate
from cman_tf.mixing.held_out import HeldOut, choose_sentences, run_experts
from cman_tf.mixing.scores import (
    GATE,
    UNIFORM,
    compare_with_better,
    find_better,
    measure_load,
    name_expert,
    score_predictions,
)
from cman_tf.runs import provenance
from cman_tf.runs.files import validate_new_directory, write_atomically
from cman_tf.runs.whole_folder import whole_folder

_REMEMBERED = 1 << 30  # bytes of an encoder's vectors: each sentence is predicted several times
Note = Callable[[str], None]


def make_mixture(
    experts: Sequence[ModelDescription],
    dev: Corpus,
    test: Corpus | None,
    directory: str | pathlib.Path,
    decoding: str = "viterbi",
    fits: bool = True,
    folds: int = 5,
    batch_tokens: int = 2048,
    note: Note = print,
) -> dict[str, Any]:
    """Fit the gates of a mixture on held-out data, score it and write its directory.

    Args:
      experts: the trained models, two or more.
      dev: annotated data that no expert was trained on. The gates are fitted on it. The scores on it are those of
        gates that were fitted without the sentence's fold.
      test: other data to score on, or None.
      directory: the new directory.
      decoding: `viterbi` or `argmax`.
      fits: whether the gates are fitted; otherwise the mixture is the uniform average.
      folds: number of parts of dev, of which one at a time is held out.
      batch_tokens: approximate number of tokens in a batch.
      note: is called with a line about each step that takes a while.

    Returns:
      The content of report.json.

    Raises:
      DataError: if the directory exists, if the experts do not fit each other, or if one cannot be copied.
    """
    target = pathlib.Path(directory)
    validate_new_directory(target)
    validate_experts(experts)
    mixture = build_mixture(load_experts(experts, _REMEMBERED), decoding)
    labels = experts[0].vocabulary.labels()

    def predict(predictor: Predictor, sentences: Sequence[Sentence]) -> list[Sentence]:
        return [p.sentence for p in predictor.predict(sentences, batch_tokens)] if sentences else []

    mixed = Predictor(mixture, experts[0].vocabulary)
    singles = {
        name_expert(number): Predictor(model, vocabulary)
        for number, (model, vocabulary) in enumerate(zip(mixture.experts, mixture.vocabularies))
    }
    splits = {"dev": dev.sentences, **({"test": test.sentences} if test else {})}
    predictions: dict[str, dict[str, list[Sentence]]] = {}
    for split, sentences in splits.items():
        note(f"{split}: predicting with each expert and with their average")
        predictions[split] = {
            **{name: predict(single, sentences) for name, single in singles.items()},
            UNIFORM: predict(mixed, sentences),
        }
    chosen = choose_sentences(dev.sentences)
    held_out = run_experts(mixture, [dev.sentences[number] for number in chosen], batch_tokens)
    if fits:
        tokens, pairs = len(held_out.is_entity), len(held_out.pairs.happened)
        note(f"fitting the gates on {count_things(tokens, 'token')} and {count_things(pairs, 'pair')}")
    of_sentence = assign_folds(len(dev.sentences), folds)
    gates = _fit(held_out, of_sentence[chosen], folds, fits)
    out_of_fold: dict[int, Sentence] = {}
    for fold, values in enumerate(gates["of_folds"]):
        rows = np.flatnonzero(of_sentence == fold).tolist()
        set_gates(mixture, values)
        out_of_fold.update(zip(rows, predict(mixed, [dev.sentences[row] for row in rows])))
    predictions["dev"][GATE] = [out_of_fold[row] for row in range(len(dev.sentences))]
    set_gates(mixture, gates["all"])
    if test:
        predictions["test"][GATE] = predict(mixed, test.sentences)
    report: dict[str, Any] = {
        "experts": [provenance.make_portable(str(expert.directory)) for expert in experts],
        "decoding": decoding,
        "gate": "fitted" if fits else "uniform",
        "fit": {
            "sentences": len(chosen),
            "folds": folds,
            "kinds": gates["kinds"],
            "steps": gates["steps"],
            "held_out_losses": gates["losses"],
        },
    }
    report["dev"] = {**dev.summary(), "scores": score_predictions(dev.sentences, predictions["dev"], labels)}
    report["better"] = find_better(report["dev"]["scores"])
    if test:
        report["test"] = {**test.summary(), "scores": score_predictions(test.sentences, predictions["test"], labels)}
    for split, sentences in splits.items():
        report[split]["differences"] = compare_with_better(sentences, predictions[split], report["better"])
    report["load"] = {
        "all tokens": measure_load(held_out.tokens, gates["tokens"]),
        "tokens of entities": measure_load(held_out.tokens, gates["tokens"], held_out.is_entity),
        "pairs": measure_load(held_out.pairs, gates["pairs"]),
        "pairs with a relation": measure_load(held_out.pairs, gates["pairs"], held_out.pairs.happened.any(1)),
    }
    report |= {"commit": provenance.commit(), "environment": provenance.environment()}
    _write(target, experts, gates["all"], decoding, report)
    return report


def _fit(held_out: HeldOut, of_sentence: Array, folds: int, fits: bool) -> dict[str, Any]:
    """Fit both gates.

    Args:
      held_out: the rows of both.
      of_sentence: the fold of each sentence, int [sentences].
      folds: the number of folds.
      fits: whether the gates are fitted, or count all experts alike.

    Returns:
      `all`, their weights as gates.npy has them; `of_folds`, those that were fitted without each fold; `tokens` and
      `pairs`, the weights of each gate; `kinds`, `steps` and `losses`, by the same names.
    """
    tokens, pairs = held_out.tokens, held_out.pairs
    if not fits:  # no rows: the plain average
        nothing = np.zeros(0, int)
        tokens, pairs, of_sentence = tokens.take(nothing), pairs.take(nothing), nothing
    found = {
        name: fit_gate(rows, of_sentence[rows.groups], folds) for name, rows in (("tokens", tokens), ("pairs", pairs))
    }

    def flatten(parts: Sequence[Sequence[Array]]) -> Array:
        return np.concatenate([array.ravel() for part in parts for array in part])

    def of_fold(fold: int) -> Array:
        return flatten([gate.of_folds[fold] for gate in found.values()])

    return {
        "all": flatten([gate.weights for gate in found.values()]),
        "of_folds": [of_fold(fold) for fold in range(folds)],
        "tokens": found["tokens"].weights,
        "pairs": found["pairs"].weights,
        "steps": {name: gate.blocks * 10 for name, gate in found.items()},
        "kinds": {name: gate.kind for name, gate in found.items()},
        "losses": {
            name: {kind: [round(loss, 6) for loss in curve] for kind, curve in gate.losses.items()}
            for name, gate in found.items()
        },
    }


def _write(
    target: pathlib.Path,
    experts: Sequence[ModelDescription],
    gates: Array,
    decoding: str,
    report: dict[str, Any],
) -> None:
    """Write the directory as a whole or not at all."""
    with whole_folder(target) as new:
        for expert, folder in zip(experts, list_experts(new, len(experts))):
            pack_model(expert, folder, half=False)
        write_mixture_file(new, gates, len(experts), decoding)
        write_atomically(new / REPORT, json.dumps(report, indent=1, ensure_ascii=False) + "\n")
        _unite_signatures(new, experts)


def _unite_signatures(folder: pathlib.Path, experts: Sequence[ModelDescription]) -> None:
    """Write the relation signatures that any expert saw in training, if all have recorded theirs."""
    files = [expert.directory / SIGNATURES for expert in experts]
    if all(file.exists() for file in files):
        united: dict[str, frozenset[tuple[str, str]]] = {}
        for file in files:
            for kind, pairs in read_signatures(file).items():
                united[kind] = united.get(kind, frozenset()) | pairs
        save_signatures(folder, united)
