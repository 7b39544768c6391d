"""Measure speed and memory on this machine.

    cman-tf benchmark train --data_dir=data/conll04_spert
    cman-tf benchmark decode --data_dir=data/conll04_spert --peer=peer.json
    cman-tf benchmark memory --data_dir=data/conll04_spert
    cman-tf benchmark growth --data_dir=data/conll04_spert --plot=growth.png
    cman-tf benchmark changes --data_dir=data/conll04_spert
    cman-tf benchmark start --model_dir=runs/conll04
    cman-tf benchmark extract --model_dir=runs/conll04 --data_dir=data/conll04_spert
    cman-tf benchmark serve --model_dir=runs/conll04 --data_dir=data/conll04_spert --minutes=10
    cman-tf benchmark workers --model_dir=runs/conll04 --data_dir=data/conll04_spert --texts=100000
    cman-tf benchmark retrieval --passages=1000000

Inputs are word vectors, characters and random contextual vectors. Batches are made
before the clock starts.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import pathlib
from typing import Any

from absl import flags

from cman_tf.benchmark import memory, start
from cman_tf.benchmark.tables import show
from cman_tf.command_line import config_flags, number_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.core_shares import share_cores
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.command_line.sample_corpus import find_sample
from cman_tf.data.corpus import find_split
from cman_tf.data.types import Sentence
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus
from cman_tf.inference.description import read_description
from cman_tf.runs import provenance
from cman_tf.runs.files import write_atomically

FLAGS = flags.FLAGS
MODES = ("train", "decode", "memory", "growth", "changes", "start", "extract", "serve", "workers", "retrieval")
MODEL_AND_DATA = ("model_dir", "data_dir")
OF_A_MODEL = ("extract", "serve", "workers")
PEER = ("train_sentences_per_second", "decode_sentences_per_second", "peak_memory_mib")


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Measurement"):
        flags.DEFINE_integer("repeats", 3, "Passes that are timed, after one that is not.", lower_bound=1)
        flags.DEFINE_string("case", None, "One `case` of memory, as train:500x1; none: all, each in its own process.")
        flags.DEFINE_integer("long", 500, "Tokens of memory's long sentence.", lower_bound=1)
        flags.DEFINE_list(
            "gpu_lengths", ["97", "114", "350"], "Sentence lengths to work out a GPU's largest batch for."
        )
        flags.DEFINE_list("lengths", ["10", "25", "50", "100", "200", "350", "500"], "Sentence lengths of growth.")
        flags.DEFINE_list("sizes", ["1000", "10000", "100000"], "Corpus sizes of growth, in sentences.")
        number_flags.define_number(
            "outside_bias", 3.0, "Added to the tag O before decoding; untrained, all would be entities."
        )
        flags.DEFINE_list("clients", ["1", "8", "64"], "Numbers of clients of serve that ask at the same time.")
        number_flags.define_number("seconds", 10.0, "Seconds that serve is measured with each number of clients.", 0.1)
        flags.DEFINE_list("workers", ["1", "2"], "Numbers of workers of cman-tf extract.")
        flags.DEFINE_integer("texts", 100_000, "Texts that the workers answer.", lower_bound=1)
        flags.DEFINE_integer("passages", 1_000_000, "Passages that retrieval makes an index of.", lower_bound=1)
        flags.DEFINE_integer("queries", 200, "Queries that retrieval asks.", lower_bound=1)
        flags.DEFINE_integer("minutes", 0, "Minutes that the memory of serve is measured.", lower_bound=0)
    for flag in ("gpu_lengths", "lengths", "sizes", "clients", "workers"):
        flags.register_validator(flag, config_flags.whole_numbers, message="expected whole numbers between commas")
    with flag_group("Data"):
        flags.DEFINE_string(
            "data_dir", None, "`Directory` with train and test files; sample: the corpus that ships with the package."
        )
        flags.DEFINE_integer("limit", 0, "Only so many sentences; 0: all.", lower_bound=0)
        flags.DEFINE_integer("contextual_size", 1024, "Width of the random contextual vectors; 0: none.", lower_bound=0)
        flags.DEFINE_string("model_dir", None, "For a trained model: `directory` of a run of cman-tf train.")
    with flag_group("Output"):
        flags.DEFINE_string("peer", None, "`File` whose last line is the peer's JSON; prints ratios.")
        flags.DEFINE_string("json", None, "`File` to write the measurements to.")
        flags.DEFINE_string("plot", None, "`File` that growth draws its picture in (PNG or SVG; needs matplotlib).")
    config_flags.define_config_flags()


def read_peer() -> dict[str, float]:
    """The peer's measurements, none without --peer."""
    if not FLAGS.peer:
        return {}
    try:
        peer = json.loads(pathlib.Path(FLAGS.peer).read_text(encoding="utf-8").strip().splitlines()[-1])
        return {name: float(peer[name]) for name in PEER}
    except (OSError, IndexError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{FLAGS.peer}: {error}, expected a last line of JSON with {', '.join(PEER)}") from None


def read_test_sentences() -> list[Sentence]:
    """The test sentences of --data_dir."""
    return read_corpus(find_split(find_sample(FLAGS.data_dir), "test")).sentences[: FLAGS.limit or None]


def measure_service() -> dict[str, Any]:
    """Measure a service with the model of --model_dir, asked for the test sentences of --data_dir."""
    read_description(FLAGS.model_dir)
    texts = [" ".join(sentence.tokens) for sentence in read_test_sentences()]
    from cman_tf.benchmark import serve

    return serve.measure(FLAGS.model_dir, texts, [int(n) for n in FLAGS.clients], FLAGS.seconds, FLAGS.minutes)


def measure_workers() -> dict[str, Any]:
    """Measure cman-tf extract with the model of --model_dir on texts drawn from the sentences of --data_dir."""
    from cman_tf.benchmark import workers
    from cman_tf.extracting.session import check_ray

    check_ray()
    read_description(FLAGS.model_dir)
    folder = find_sample(FLAGS.data_dir)
    sentences = [s for name in ("train", "test") for s in read_corpus(find_split(folder, name)).sentences]
    numbers = [int(number) for number in FLAGS.workers]
    return workers.measure(FLAGS.model_dir, sentences, FLAGS.texts, numbers, FLAGS.repeats)


def measure_retrieval() -> dict[str, Any]:
    """Measure an index of generated passages."""
    from cman_tf.benchmark import retrieval
    from cman_tf.retrieving.building import import_bm25s

    import_bm25s()
    return retrieval.measure(FLAGS.passages, FLAGS.queries)


def measure_extraction() -> dict[str, Any]:
    """Measure the model of --model_dir on the test sentences of --data_dir."""
    description = read_description(FLAGS.model_dir)
    sentences = read_test_sentences()
    import_tensorflow()
    share_cores()
    from cman_tf.benchmark import extract
    from cman_tf.inference.extractor import Extractor

    return extract.measure(Extractor(description), sentences, FLAGS.repeats)


def main(arguments: list[str]) -> None:
    if len(arguments) != 2 or arguments[1] not in MODES:
        raise DataError(f"{' '.join(arguments[1:]) or 'nothing'}: expected one of {', '.join(MODES)}, then flags")
    mode = arguments[1]
    config, peer = config_flags.config_from_flags(), read_peer()
    if config.model == "multihead":
        raise DataError("--model=multihead: expected cman or dynamic_cman; decoding_time of cman_tf.experiment has it")
    of_mode = {"start": ("model_dir",), "retrieval": (), **dict.fromkeys(OF_A_MODEL, MODEL_AND_DATA)}
    for needed in of_mode.get(mode, ("data_dir",)):
        if FLAGS[needed].value is None:
            raise DataError(f"{mode}: expected --{needed}")
    if FLAGS.plot and mode == "growth" and importlib.util.find_spec("matplotlib") is None:
        raise DataError("matplotlib is not installed, expected it for --plot: pip install 'cman-tf[report]'")
    if mode == "extract":
        result: dict[str, Any] = measure_extraction()
    elif mode == "retrieval":
        result = measure_retrieval()
    elif mode == "serve":
        result = measure_service()
    elif mode == "workers":
        result = measure_workers()
    elif mode == "start":
        read_description(FLAGS.model_dir)
        result = {"seconds": start.measure(FLAGS.model_dir, FLAGS.repeats)}
    elif mode == "memory" and not FLAGS.case:
        result = memory.measure(FLAGS.long, [int(length) for length in FLAGS.gpu_lengths])
    else:
        folder = find_sample(FLAGS.data_dir)
        splits = {name: read_corpus(find_split(folder, name)) for name in ("train", "test")}
        vocabulary = Vocabulary.build(splits["train"].sentences, None)
        vocabulary.describe_unknown(splits["test"].sentences, splits["test"].path, strict=True)
        data: dict[str, Any] = {name: corpus.sentences[: FLAGS.limit or None] for name, corpus in splits.items()}
        data["vocabulary"] = vocabulary
        import_tensorflow()
        if mode == "decode":
            share_cores()
        import_tensorflow(compiles=config.xla)
        if FLAGS.case:
            print(json.dumps(memory.measure_case(FLAGS.case, config, data, FLAGS.contextual_size)))
            return
        if mode == "growth":
            from cman_tf.benchmark.growth import draw, measure

            result = measure(config, data, FLAGS.contextual_size, FLAGS.lengths, FLAGS.sizes)
            if FLAGS.plot:
                draw(result, FLAGS.plot)
        else:
            from cman_tf.benchmark import changes, speed

            options = {name: FLAGS[name].value for name in ("contextual_size", "repeats", "outside_bias")}
            if mode == "changes":
                result = changes.measure(config, data, options)
            else:
                result = speed.measure(mode, config, data, options)
    if FLAGS.json:
        used = {name: FLAGS[name].value for name in ("contextual_size", "repeats", "outside_bias", "limit")}
        if mode == "workers":
            used |= {name: FLAGS[name].value for name in ("workers", "texts")}
        if mode == "serve":
            used |= {name: FLAGS[name].value for name in ("clients", "seconds", "minutes")}
        if mode == "retrieval":
            used |= {name: FLAGS[name].value for name in ("passages", "queries")}
        used |= {name: provenance.make_portable(FLAGS[name].value) for name in ("data_dir", "model_dir")}
        record = {
            "benchmark": mode,
            **result,
            "peer": peer or None,
            "flags": {**dataclasses.asdict(config), **used},
            "commit": provenance.commit(),
            "environment": provenance.environment(),
        }
        write_atomically(FLAGS.json, json.dumps(record, indent=1) + "\n")
    show(mode, result, peer)


COMMAND = Command(
    "benchmark", __doc__, define_flags, main, "train|decode|memory|growth|changes|start|extract|serve|workers|retrieval"
)

if __name__ == "__main__":
    COMMAND.run()
