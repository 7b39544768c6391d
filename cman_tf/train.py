"""Train a model and score it on the test data.

    python -m cman_tf.train --flagfile=flags/conll04.flags --data_dir=data/conll04_spert --model_dir=runs/conll04

Called again with the same --model_dir it goes on from the last epoch, or, when the
run is finished, prints its table.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

from absl import flags

from cman_tf import flags as settings_flags
from cman_tf import results
from cman_tf.data.corpus import FORMATS, SPLITS, Corpus, find_split, read_corpus
from cman_tf.data.sentence import DataError
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.data.word_vectors import read_word_vectors
from cman_tf.files import write_atomically
from cman_tf.scoring.tables import paper_table, score_table
from cman_tf.settings import Settings
from cman_tf.training.run_directory import find_run, is_finished, start_run

FLAGS = flags.FLAGS
_RUN_FLAGS = (
    "data_dir",
    *(f"{split}_data" for split in SPLITS),
    "format",
    "word_vectors",
    "model_dir",
    "results_dir",
    "result_name",
)


def define_flags() -> None:
    """The flags of this command."""
    settings_flags.define_settings()
    for field in settings_flags.FIELDS:
        flags.declare_key_flag(field.name)  # so that --help shows it with the others
    flags.DEFINE_string("data_dir", None, "Directory with train, dev and test files.")
    for split in SPLITS:
        flags.DEFINE_string(f"{split}_data", None, f"The {split} file itself, instead of the one in --data_dir.")
    flags.DEFINE_enum("format", "auto", FORMATS, "Format of the files; auto: by content.")
    flags.DEFINE_string(
        "word_vectors", None, "Text file of word vectors (GloVe, word2vec), kept frozen; none: trained."
    )
    flags.DEFINE_string("model_dir", None, "Directory of the run: made, or resumed.", required=True)
    flags.DEFINE_string("results_dir", None, "Where the result file goes; none: results/ in --model_dir.")
    flags.DEFINE_string("result_name", None, "Name of the result file; none: CORPUS_MODEL_seedN.")


def read_corpora() -> dict[str, Corpus]:
    """The three corpora that the flags name."""
    paths = {}
    for split in SPLITS:
        paths[split] = FLAGS[f"{split}_data"].value
        if paths[split] is None:
            if FLAGS.data_dir is None:
                raise DataError(f"no {split} data, expected --data_dir or --{split}_data")
            paths[split] = find_split(FLAGS.data_dir, split)
    return {split: read_corpus(path, FLAGS.format) for split, path in paths.items()}


def make_vocabulary(corpora: dict[str, Corpus]) -> Vocabulary:
    """Vocabularies of the training data; dev and test must fit them."""
    vectors = read_word_vectors(FLAGS.word_vectors) if FLAGS.word_vectors else None
    vocabulary = Vocabulary.build(corpora["train"].sentences, vectors)
    if not vocabulary.relations:
        raise DataError(f"{corpora['train'].path}: no relations, expected some to train on")
    for split in ("dev", "test"):
        vocabulary.check(corpora[split].sentences, corpora[split].path)
    if vectors:
        covered = ", ".join(f"{split} {vocabulary.coverage(c.sentences):.1f} %" for split, c in corpora.items())
        print(f"word vectors: {len(vectors[0])} of size {vectors[1].shape[1]}; tokens covered: {covered}")
    return vocabulary


def result_file(corpora: dict[str, Corpus], settings: Settings, run_id: str) -> pathlib.Path:
    """Where the result goes.

    Raises:
      DataError: if the result of another run is there.
    """
    folder = pathlib.Path(FLAGS.results_dir or pathlib.Path(FLAGS.model_dir) / "results")
    name = FLAGS.result_name or f"{results.corpus_name(corpora)}_{settings.model}_seed{settings.seed}"
    path = folder / f"{name}.json"
    if path.exists() and json.loads(path.read_text(encoding="utf-8")).get("run") != run_id:
        raise DataError(f"{path}: the result of another run, expected another --results_dir or --result_name")
    return path


def run(settings: Settings, corpora: dict[str, Corpus], known: dict[str, Any]) -> dict[str, Any]:
    """Train, or go on, to the end; the result file's content."""
    vocabulary = make_vocabulary(corpora)
    run_flags = {name: FLAGS[name].value for name in _RUN_FLAGS if FLAGS[name].value is not None}
    start_run(FLAGS.model_dir, known, results.commit(), run_flags)
    # TensorFlow takes seconds to import: only now that flags and data are known to be good.
    from cman_tf.training.loop import build, train

    trainer = build(settings, corpora, vocabulary, FLAGS.model_dir)
    train(trainer)
    return {"run": known["id"], **trainer.result(run_flags, known["commits"])}


def main(arguments: list[str]) -> None:
    del arguments
    settings = settings_flags.settings_from_flags()
    corpora = read_corpora()
    for split, corpus in corpora.items():
        print(f"{split}: {json.dumps(corpus.summary(), ensure_ascii=False)}", flush=True)
    known = find_run(FLAGS.model_dir, settings, corpora, FLAGS.word_vectors)
    path = result_file(corpora, settings, known["id"])
    finished = pathlib.Path(FLAGS.model_dir) / "result.json"
    result: dict[str, Any] = json.loads(finished.read_text(encoding="utf-8")) if finished.exists() else {}
    if not result or not is_finished(result["epochs"], result["best_epoch"], settings):
        result = run(settings, corpora, known)
        write_atomically(finished, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    write_atomically(path, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(f"\n{score_table(result['test'])}\n\n{paper_table(result)}\n\nresult file: {path}")


if __name__ == "__main__":
    define_flags()
    settings_flags.run(main)
