"""What `cman-tf train` is given: its flags, checked, and the corpora, before TensorFlow is imported."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Mapping
from typing import NamedTuple

from absl import flags

from cman_tf.command_line import config_flags, corpus_flags, encoder_flags, reading_flags, recipe, retrieval_flags
from cman_tf.config import Config
from cman_tf.data.corpus import Corpus, name_corpus
from cman_tf.encoders.source import Source, find_source
from cman_tf.errors import DataError
from cman_tf.inference.description import ModelDescription, read_description
from cman_tf.retrieving.contexts import Contexts
from cman_tf.retrieving.names import IMAGES, NOTHING, TEXT
from cman_tf.retrieving.recorded import Place, read_place
from cman_tf.runs.flagfile import RECORDED_FLAGS
from cman_tf.training.cluster import Cluster, read_cluster
from cman_tf.training.profiled_batches import read_batches
from cman_tf.training.session_options import SessionOptions
from cman_tf.training.threads import count_threads

FLAGS = flags.FLAGS
_PASSAGES = 10  # of a sentence, if a place of passages is given and no number


class TrainingInputs(NamedTuple):
    """What the flags name.

    Attributes:
      config: the resolved configuration.
      folds: the corpora of each fold by split; fold 0 for no cross-validation.
      source: the contextual encoder, or None.
      trained: the trained model whose weights training starts from, or None.
      cluster: the processes that train together, or None.
      place: where passages come from, or None.
    """

    config: Config
    folds: Mapping[int, dict[str, Corpus]]
    source: Source | None
    trained: ModelDescription | None
    cluster: Cluster | None
    place: Place | None


def read_inputs() -> TrainingInputs:
    """Check the flags and read the corpora.

    Raises:
      DataError: for flags that do not fit together, or a file that cannot be read.
    """
    source = find_source(encoder_flags.given())
    trained = None
    if FLAGS.init_from:  # whose passages are not read
        trained = read_description(FLAGS.init_from, "best", encoder_flags.given(), finds_passages=False)
    if trained and trained.experts:
        raise DataError(f"--init_from={FLAGS.init_from}: a mixture, expected the run of one model")
    places = retrieval_flags.given()
    before = trained.config if trained else None
    if before and before.retrieved_passages and not places and not FLAGS["retrieved_passages"].present:
        raise DataError(
            f"--init_from={FLAGS.init_from}: the model reads passages, expected --retrieve=INDEX, or --retrieve=none "
            "to train on sentences alone"
        )
    if before and places.get(TEXT) == NOTHING:
        before = before.without_passages()
    chosen = recipe.apply_recipe(before)
    if chosen:
        print(chosen, flush=True)
    cutter = FLAGS.tokenizer if FLAGS.tokenizer not in (None, "auto") else "default"
    place = read_place(places, cutter)
    if place and place.flag == IMAGES and not place.queries:
        raise DataError("--image_index without --image_queries, expected both")
    config = config_flags.config_from_flags()
    if place and not config.retrieved_passages and not FLAGS["retrieved_passages"].present:
        config = dataclasses.replace(config, retrieved_passages=_PASSAGES)
    config.validate_supported()
    if bool(place) != bool(config.retrieved_passages):
        expected = "at least 1 passage" if place else "--retrieve=INDEX or --image_index, too"
        with_place = f"{'with' if place else 'without'} a place that they come from"
        raise DataError(f"--retrieved_passages={config.retrieved_passages} {with_place}, expected {expected}")
    if place:
        # What is wrong with it is said before corpora are read.
        place = dataclasses.replace(place, fingerprint=place.open().fingerprint)
    if place and place.queries and (FLAGS.folds or FLAGS.data):
        raise DataError(
            "--image_queries with --folds or --data, expected --data_dir, or a file each for train, dev, test"
        )
    read_batches(FLAGS.profile_batches)
    cluster = _read_cluster()
    if FLAGS.fold is not None and FLAGS.folds is None:
        raise DataError("--fold without --folds, expected both")
    with reading_flags.open_reader(cutter) as reader:
        if FLAGS.folds:
            folds = corpus_flags.read_folds(config, reader)
        else:
            folds = {0: corpus_flags.read_corpora(config, reader)}
    reader.report()
    if cluster:
        cluster = dataclasses.replace(cluster, settings=_hash_settings(config, place, folds))
    return TrainingInputs(config, folds, source, trained, cluster, place)


def _read_cluster() -> Cluster | None:
    """Check the flags about devices.

    Returns:
      The processes that train together, or None for this one alone.
    """
    if FLAGS.strategy != "none" and FLAGS.deterministic:
        raise DataError(f"--deterministic with --strategy={FLAGS.strategy}, expected one of them")
    if FLAGS.replicas and FLAGS.strategy != "mirrored":
        raise DataError(f"--replicas with --strategy={FLAGS.strategy}, expected --strategy=mirrored")
    return read_cluster() if FLAGS.strategy == "multi_worker" else None


def _hash_settings(config: Config, place: Place | None, folds: Mapping[int, Mapping[str, Corpus]]) -> str:
    """Return a hash that differs if the settings, the passages or the corpora of two processes do."""
    hashes = {fold: {split: c.sha256 for split, c in corpora.items()} for fold, corpora in folds.items()}
    settings = [dataclasses.asdict(config), place.fingerprint if place else None, hashes]
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def retrieve_passages(inputs: TrainingInputs, corpora: Mapping[str, Corpus]) -> Contexts | None:
    """Retrieve the passages of the corpora, if the flags name a place that they come from.

    Raises:
      DataError: if an index or a file is damaged, or for images if there are not three files of query vectors.
    """
    place, config = inputs.place, inputs.config
    if place is None:
        return None
    contexts = Contexts(place, config.retrieved_passages, config.retrieved_tokens)
    queries: tuple[str | None, ...] = place.queries or (None,) * len(corpora)
    if len(queries) != len(corpora):
        raise DataError(f"--image_queries: {len(queries)} files, expected {len(corpora)}: of {', '.join(corpora)}")
    for (split, corpus), file in zip(corpora.items(), queries):
        contexts.read_corpus([s.tokens for s in corpus.sentences], f"{name_corpus(corpus.path)}-{split}", file)
    counted = ", ".join(f"{count} {reason}" for reason, count in contexts.left_out.items() if count)
    found = f"at most {config.retrieved_passages} passages and {config.retrieved_tokens} tokens of {place.value}"
    print(f"retrieved: {found} for each sentence; passages left out: {counted or 'none'}", flush=True)
    return contexts


def collect_options(fold: int, trained: ModelDescription | None, contexts: Contexts | None) -> SessionOptions:
    """Return what the flags say about the files of one run.

    Args:
      fold: the number of the fold, or 0 for no cross-validation.
      trained: the trained model whose weights training starts from, or None.
      contexts: finds the contexts of sentences, or None.
    """
    directory = str(pathlib.Path(FLAGS.model_dir, f"fold{fold}")) if fold else FLAGS.model_dir
    recorded = {name: FLAGS[name].value for name in RECORDED_FLAGS if FLAGS[name].value is not None}
    if fold:
        recorded |= {"fold": fold}
    return SessionOptions(
        directory,
        FLAGS.results_dir,
        f"{FLAGS.result_name}-fold{fold}" if fold and FLAGS.result_name else FLAGS.result_name,
        FLAGS.word_vectors,
        FLAGS.kept_word_vectors,
        FLAGS.features,
        FLAGS.format,
        FLAGS.tokenizer or "auto",
        recorded,
        FLAGS.strict_labels,
        trained,
        read_batches(FLAGS.profile_batches),
        FLAGS.checkpoint_steps,
        contexts,
        1 if FLAGS.deterministic else count_threads(),
    )
