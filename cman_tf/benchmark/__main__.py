"""Measure speed and memory on this machine.

    python -m cman_tf.benchmark train --data_dir=data/conll04_spert
    python -m cman_tf.benchmark decode --data_dir=data/conll04_spert --peer=peer.json
    python -m cman_tf.benchmark memory --data_dir=data/conll04_spert
    python -m cman_tf.benchmark growth --data_dir=data/conll04_spert --plot=growth.png

Inputs are word vectors, characters and random contextual vectors. Batches are made
before the clock starts. The weights are random: nothing is learned here.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess
import sys
from typing import Any

from absl import flags

from cman_tf import flags as settings_flags
from cman_tf import results
from cman_tf.data.corpus import find_split, read_corpus
from cman_tf.data.sentence import DataError
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.files import write_atomically
from cman_tf.scoring.tables import format_table
from cman_tf.settings import Settings

FLAGS = flags.FLAGS
MODES = ("train", "decode", "memory", "growth")
CASES = ("train", "decode", "train_long", "decode_long")  # of memory
_PEER = {"train": "train_sentences_per_second", "decode": "decode_sentences_per_second"}


def define_flags() -> None:
    """The flags of this command."""
    settings_flags.define_settings()
    for field in settings_flags.FIELDS:
        flags.declare_key_flag(field.name)
    flags.DEFINE_string("data_dir", None, "Directory with train and test files.", required=True)
    flags.DEFINE_integer("contextual_size", 1024, "Width of the random contextual vectors; 0: none.", lower_bound=0)
    flags.DEFINE_integer("repeats", 3, "Passes that are timed, after one that is not.", lower_bound=1)
    flags.DEFINE_integer("limit", 0, "Only so many sentences; 0: all.", lower_bound=0)
    flags.DEFINE_integer("long", 500, "Tokens of memory's long sentence.", lower_bound=1)
    flags.DEFINE_enum("case", None, CASES, "One case of memory; none: all, each in a process of its own.")
    flags.DEFINE_list("lengths", ["10", "25", "50", "100", "200", "350", "500"], "Sentence lengths of growth.")
    flags.DEFINE_list("sizes", ["1000", "10000", "100000"], "Corpus sizes of growth, in sentences.")
    flags.DEFINE_string("peer", None, "File whose last line is the peer's JSON; prints ratios.")
    flags.DEFINE_string("json", None, "Where to write the measurements.")
    flags.DEFINE_string("plot", None, "Where growth draws its picture (PNG or SVG; needs matplotlib).")


def read_peer() -> dict[str, float]:
    """The peer's measurements, none without --peer."""
    if not FLAGS.peer:
        return {}
    try:
        peer = json.loads(pathlib.Path(FLAGS.peer).read_text(encoding="utf-8").strip().splitlines()[-1])
        return {name: float(peer[name]) for name in (*_PEER.values(), "peak_memory_mib")}
    except (OSError, IndexError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{FLAGS.peer}: {error}, expected a last line of JSON with {', '.join(_PEER.values())} and peak_memory_mib"
        ) from None


def speed(mode: str, settings: Settings, data: dict[str, Any]) -> dict[str, Any]:
    """Sentences a second of training or decoding, over a whole split."""
    from cman_tf.benchmark import inputs
    from cman_tf.benchmark.speed import time_decoding, time_parts, time_training
    from cman_tf.benchmark.work import matrix_rate
    from cman_tf.data.batches import batch_order, encode, sorted_order

    vocabulary = data["vocabulary"]
    examples = [encode(s, vocabulary) for s in data["train" if mode == "train" else "test"]]
    lengths = [len(example.words) for example in examples]
    if mode == "train":
        order = batch_order(lengths, settings.batch_size, settings.seed, 1)
    else:
        order = sorted_order(lengths, settings.batch_size)
    made = inputs.batches(examples, order, vocabulary, FLAGS.contextual_size)
    model = inputs.model_of(settings, vocabulary, FLAGS.contextual_size)
    rate = matrix_rate()
    result = {"matrix_gflop_per_second": rate / 1e9}
    result.update((time_training if mode == "train" else time_decoding)(model, made, FLAGS.repeats, rate))
    if mode == "train":
        middle = sorted(made, key=lambda batch: batch["words"].shape[1])[len(made) // 2]
        parts = time_parts(model, middle)
        result["parts_milliseconds"] = {"padded length": middle["words"].shape[1], **parts}
    return result


def memory_case(case: str, settings: Settings, data: dict[str, Any]) -> dict[str, Any]:
    """Peak resident memory of one case, measured in this process."""
    from cman_tf.benchmark import inputs, memory
    from cman_tf.data.batches import batch_order, encode

    vocabulary, loaded = data["vocabulary"], memory.framework()
    if case.endswith("long"):
        examples = [inputs.made_up(FLAGS.long, data["train"], vocabulary)]
        order = [[0]]
    else:
        examples = [encode(s, vocabulary) for s in data["train"]]
        order = batch_order([len(e.words) for e in examples], settings.batch_size, settings.seed, 1)
        longest = max(order, key=lambda rows: max(len(examples[row].words) for row in rows))
        order = [*order[:8], longest]
    made = inputs.batches(examples, order, vocabulary, FLAGS.contextual_size)
    model = inputs.model_of(settings, vocabulary, FLAGS.contextual_size)
    (memory.train if case.startswith("train") else memory.decode)(model, made)
    shape = max((tuple(batch["words"].shape) for batch in made), key=lambda shape: shape[0] * shape[1] ** 2)
    return {"largest_batch": shape, "framework_mib": loaded, "peak_mib": memory.peak()}


def memory_all() -> dict[str, Any]:
    """Every case of memory, each in a process of its own: a peak never goes down."""
    found = {}
    for case in CASES:
        command = [sys.executable, "-m", "cman_tf.benchmark", *sys.argv[1:], f"--case={case}", "--json="]
        process = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if process.returncode:
            raise DataError(f"memory, {case}: the process ended with {process.returncode}, expected 0")
        found[case] = json.loads(process.stdout.strip().splitlines()[-1])
    return found


def show(mode: str, result: dict[str, Any], peer: dict[str, float]) -> None:
    """The measurements as tables."""
    if mode == "memory":
        rows = [
            [case, "x".join(map(str, m["largest_batch"])), f"{m['framework_mib']:.0f}", f"{m['peak_mib']:.0f}"]
            + [f"{m['peak_mib'] - m['framework_mib']:.0f}"]
            for case, m in result["memory"].items()
        ]
        print(format_table(["case", "largest batch", "TensorFlow alone, MiB", "peak, MiB", "above it"], rows))
        return
    if mode == "growth":
        for title, key in (("tokens", "by_length"), ("sentences", "by_size")):
            names = list(result[key][0])
            rows = [[str(row["at"]), *(f"{row[name]:.2f}" for name in names if name != "at")] for row in result[key]]
            print(format_table([title, *(name for name in names if name != "at")], rows) + "\n")
        return
    rows = [[name, f"{value:.2f}"] for name, value in result.items() if isinstance(value, float)]
    print(format_table([mode, ""], rows))
    if "parts_milliseconds" in result:
        rows = [[name, f"{value:.1f}"] for name, value in result["parts_milliseconds"].items()]
        print("\n" + format_table(["part of one pass, forward and backward", "ms"], rows))
    if peer:
        theirs = peer[_PEER[mode]]
        print(f"\npeer: {theirs:.1f} sentences/s; ratio {result['sentences_per_second'] / theirs:.2f}")


def main(arguments: list[str]) -> None:
    if len(arguments) != 2 or arguments[1] not in MODES:
        raise DataError(f"{' '.join(arguments[1:]) or 'nothing'}: expected one of {', '.join(MODES)}, then flags")
    mode = arguments[1]
    settings, peer = settings_flags.settings_from_flags(), read_peer()
    if mode == "memory" and not FLAGS.case:
        result: dict[str, Any] = {"memory": memory_all()}
    else:
        splits = {name: read_corpus(find_split(FLAGS.data_dir, name)) for name in ("train", "test")}
        vocabulary = Vocabulary.build(splits["train"].sentences, None)
        vocabulary.check(splits["test"].sentences, splits["test"].path)
        data = {name: corpus.sentences[: FLAGS.limit or None] for name, corpus in splits.items()}
        data["vocabulary"] = vocabulary
        if FLAGS.case:
            print(json.dumps(memory_case(FLAGS.case, settings, data)))
            return
        if mode == "growth":
            from cman_tf.benchmark.growth import draw, measure

            result = measure(settings, data, FLAGS.contextual_size, FLAGS.lengths, FLAGS.sizes)
            if FLAGS.plot:
                draw(result, FLAGS.plot)
        else:
            result = speed(mode, settings, data)
    show(mode, result, peer)
    if FLAGS.json:
        used = {"contextual_size": FLAGS.contextual_size, "data_dir": results.portable(FLAGS.data_dir)}
        record = {
            "benchmark": mode,
            **result,
            "peer": peer or None,
            "flags": {**dataclasses.asdict(settings), **used},
            "commit": results.commit(),
            "environment": results.environment(),
        }
        write_atomically(FLAGS.json, json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    define_flags()
    settings_flags.app.run(settings_flags.guarded(main))
