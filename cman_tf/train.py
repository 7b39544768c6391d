"""Train a model and score it on the test data.

    python -m cman_tf.train --flagfile=flags/conll04.flags --data_dir=data/conll04_spert --model_dir=runs/conll04
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import pathlib
import time

from absl import flags, logging

from cman_tf import flags as settings_flags
from cman_tf.data.corpus import FORMATS, SPLITS, Corpus, find_split, read_corpus
from cman_tf.data.sentence import DataError
from cman_tf.files import write_atomically
from cman_tf.scoring.tables import paper_table, score_table

settings_flags.define_settings()
flags.DEFINE_string("data_dir", None, "Directory with train, dev and test files.")
for _split in SPLITS:
    flags.DEFINE_string(f"{_split}_data", None, f"The {_split} file itself, instead of the one in --data_dir.")
flags.DEFINE_enum("format", "auto", FORMATS, "Format of the files; auto: by content.")
flags.DEFINE_string("word_vectors", None, "Text file of word vectors (GloVe, word2vec), kept frozen; none: trained.")
flags.DEFINE_string("model_dir", None, "Directory of the run: made, or resumed.", required=True)
flags.DEFINE_string("results_dir", None, "Where the result file goes; none: results/ in --model_dir.")
FLAGS = flags.FLAGS


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


def run_flags() -> dict[str, str]:
    """The flags besides the settings that repeat this run."""
    names = ("data_dir", *(f"{split}_data" for split in SPLITS), "format", "word_vectors", "model_dir", "results_dir")
    return {name: FLAGS[name].value for name in names if FLAGS[name].value is not None}


def result_path(corpora: dict[str, Corpus], model: str, seed: int) -> pathlib.Path:
    """results/CORPUS_MODEL_seedN.json under --results_dir or the run."""
    from cman_tf.results import corpus_name

    folder = pathlib.Path(FLAGS.results_dir or pathlib.Path(FLAGS.model_dir) / "results")
    return folder / f"{corpus_name(corpora)}_{model}_seed{seed}.json"


def main(arguments: list[str]) -> None:
    del arguments
    settings = settings_flags.settings_from_flags()
    corpora = read_corpora()
    for split, corpus in corpora.items():
        print(f"{split}: {json.dumps(corpus.summary(), ensure_ascii=False)}", flush=True)
    result_file = result_path(corpora, settings.model, settings.seed)

    # TensorFlow takes seconds to import: only now that flags and data are known to be good.
    from cman_tf.training.loop import build, train

    trainer = build(settings, corpora, FLAGS.word_vectors, FLAGS.model_dir, run_flags())
    finished = pathlib.Path(FLAGS.model_dir) / "result.json"
    if trainer.done() and finished.exists():
        result = json.loads(finished.read_text(encoding="utf-8"))
        logging.info("%s: finished before", FLAGS.model_dir)
    else:
        started = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        clock = time.monotonic()
        train(trainer)
        result = trainer.result(run_flags(), started, time.monotonic() - clock)
        text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
        write_atomically(result_file, text)
        write_atomically(finished, text)
    print(f"{score_table(result['test'])}\n\n{paper_table(result)}\n\nresult file: {result_file}")


if __name__ == "__main__":
    settings_flags.run(main)
