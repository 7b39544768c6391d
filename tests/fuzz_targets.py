"""What is read from files, each with a valid file and the function that reads it, for tests with damaged copies."""

import contextlib
import copy
import dataclasses
import json
import os
import pathlib
import random
import shutil
from collections.abc import Callable

import h5py
import numpy as np
from checkpoint_writer import entry, read_entries, write_entries
from format_checks import mutate
from helpers import ROOT
from result_makers import full_scores, make_result
from test_reader_fuzz import CORPUS, READERS
from test_reader_fuzz import change as change_compressed

from cman_tf.data.corpus import SPLITS
from cman_tf.data.problems import Problems
from cman_tf.data.signatures import read_signatures
from cman_tf.data.vocabulary import Vocabulary
from cman_tf.data.word_vectors import read_word_vectors
from cman_tf.encoders.feature_file import Cache, create_file, sentence_key, write_index
from cman_tf.encoders.source import Source
from cman_tf.errors import DataError
from cman_tf.experiments.decoding_table import read_times
from cman_tf.experiments.result_files import read_result
from cman_tf.formats.corpus_files import read_corpus, write_corpus
from cman_tf.formats.registry import REGISTRY
from cman_tf.inference.description import read_description
from cman_tf.inference.reading import InputReader
from cman_tf.inference.tuned import Tuned, read_tuned, save_tuned
from cman_tf.runs.flagfile import config_of_run, read_flags
from cman_tf.runs.metrics import Metrics
from cman_tf.runs.packed_weights import load_weights, save_weights
from cman_tf.serving.limits import Limits, Refusal
from cman_tf.serving.requests import parse_request
from cman_tf.training.session import SessionOptions, open_session

GOLDEN = ROOT / "tests" / "golden" / "dynamic_cman"
VALUES = [None, True, 0, -1, 1e308, float("nan"), 10**400, "", "x" * 200, [], {}, [[]], {"a": 1}, "\ud800", ["a", "a"]]
LINES = ["--hidden_size=a", "--model=x", "--", "--epochs=1e9", "--learning_rate=nan", "--flagfile=/etc/passwd", "\0"]
WHOLE = [b"", b"[", b"[" * 20000, b'{"a":' * 20000, b"null", b"[]", b"{}", b"NaN", b"\xff\xfe", b"1e999", b'"x"']


@dataclasses.dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes:
      name: of the kind.
      file: a valid one, which damaged copies replace.
      read: reads the file; what it raises but `DataError` is a fault.
      damage: returns the content of a damaged copy, given a `random.Random` and the valid content.
      weight: how often it is tried beside the others. What takes long is tried less often.
    """

    name: str
    file: pathlib.Path
    read: Callable[[], object]
    damage: Callable[[random.Random, bytes], bytes]
    weight: float = 1.0


def paths(value, path=()):
    """Yield the path of each part of a JSON value, of long lists only the first ones."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value[:5]) if isinstance(value, list) else ()
    for key, part in items:
        yield from paths(part, (*path, key))


def change_part(draw, value):
    """Replace, remove, add or repeat one part of a JSON value."""
    path = draw.choice(list(paths(value)))
    if not path:
        return draw.choice(VALUES)
    value = copy.deepcopy(value)
    part = value
    for key in path[:-1]:
        part = part[key]
    if draw.random() < 0.7:
        part[path[-1]] = draw.choice(VALUES)
    elif not isinstance(part, dict):
        part.append(part[path[-1]])
    elif draw.random() < 0.5:
        del part[path[-1]]
    else:
        part[draw.choice(("other", "", "x" * 300, "\ud800"))] = draw.choice(VALUES)
    return value


def change_bytes(draw, content):
    """Change some bytes, or cut, repeat or replace a part."""
    changed = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(changed) + 1)
        end = min(len(changed), place + draw.choice((1, 1, 2, 4, 8, 64)))
        kind = draw.randrange(6)
        if kind < 3 and place < len(changed):
            changed[place] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))
        elif kind == 3:
            changed[place:end] = b"\xff" * (end - place)
        elif kind == 4:
            del changed[place:end]
        else:
            changed[place:place] = changed[place:end]
    return bytes(changed) if draw.random() < 0.9 else bytes(changed[: draw.randrange(len(changed) + 1)])


def damage_text(draw, content):
    """Change some bytes, cut the end, change a part of the JSON or a line, or replace the whole file."""
    kind = draw.randrange(8)
    if kind == 0:
        return change_bytes(draw, content)
    if kind == 1:
        return content[: draw.randrange(len(content))]
    if kind == 2:
        return draw.choice(WHOLE)
    try:
        return json.dumps(change_part(draw, json.loads(content))).encode("utf-8", "replace")
    except ValueError:
        lines = content.decode().splitlines()
    place = draw.randrange(len(lines))
    try:
        lines[place] = json.dumps(change_part(draw, json.loads(lines[place])))
    except ValueError:
        lines[place] = draw.choice([*LINES, lines[place - 1], lines[place][:-1], lines[place] + "x" * 200])
    return "\n".join(lines).encode("utf-8", "replace")


def damage_index(index):
    """Return a function that changes a tensor of a checkpoint's index and has its checksums right, or some bytes."""

    def damage(draw, content):
        if draw.random() < 0.3:
            return change_bytes(draw, content)
        index.write_bytes(content)
        entries = read_entries(index)
        for name in draw.sample(sorted(entries), draw.randint(1, 3)):
            shape = [draw.choice((0, 1, 3, 4, 1 << 31, 1 << 40, -1)) for _ in range(draw.choice((0, 1, 2, 9, 300)))]
            numbers = {key: draw.choice((0, 1, 12, 64, 1 << 40, -1)) for key in ("offset", "size")}
            kind = draw.randrange(4)
            if kind == 0:
                entries[name] = change_bytes(draw, entries[name] or b"\0")
            elif kind == 1:
                del entries[name]
            elif kind == 2:
                entries[name] = entries[draw.choice(sorted(entries))]
            else:
                dtype = draw.choice((1, 1, 2, 7, 9, 20, 21, 99))
                entries[name] = entry(dtype, shape, shard=draw.choice((0, 0, 0, 3)), **numbers)
        if entries:
            write_entries(index, entries)
        return index.read_bytes()

    return damage


def make_targets(folder: pathlib.Path) -> list[Target]:
    """Make the files of every kind that is read without TensorFlow.

    Args:
      folder: an empty folder, for the files.
    """
    return [*_corpora(folder), *_inputs(folder), *_run_files(folder), *_encoder_files(folder), *_result_files(folder)]


def _corpora(folder):
    for name in READERS:
        path = folder / "corpora" / name / f"corpus{REGISTRY[name].ending}"
        path.parent.mkdir(parents=True)
        write_corpus(CORPUS, path, name if REGISTRY[name].is_written else "spert", Problems())

        def read(path=path, name=name):
            draw = random.Random(path.stat().st_mtime_ns)
            read_corpus(path, draw.choice((name, "auto")), draw.random() < 0.5, Problems(strict=draw.random() < 0.2))

        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            yield Target(f"corpus: {name}", file, read, lambda draw, content: change_compressed(content, draw))


def _inputs(folder):
    lines = folder / "input.jsonl"
    lines.write_text('{"id": 1, "text": "Ann lives in Zürich."}\n{"tokens": ["Ann", "left"], "id": "b"}\n', "utf-8")

    def read():
        reader = InputReader(str(lines), "auto", problems=Problems(), on_error="stop")
        try:
            list(reader.open())
        finally:
            reader.close()

    yield Target("input of predict", lines, read, lambda draw, content: mutate(content, draw))
    request = folder / "request.json"
    request.write_text('{"texts": ["Ann left.", {"tokens": ["Ann"], "id": 3}], "relation_threshold": 0.5}')

    def answer():
        with contextlib.suppress(Refusal):
            parse_request(request.read_bytes(), Limits())

    yield Target("request to serve", request, answer, damage_text)
    vectors = folder / "vectors.txt"
    vectors.write_text("3 2\nthe 1 2\nRome 0.5 -1e-3\n. 4 5\n")
    yield Target("word vectors, text", vectors, lambda: read_word_vectors(str(vectors)), damage_text)
    binary = folder / "vectors.bin"
    rows = [word.encode() + b" " + np.ones(3, "<f4").tobytes() + b"\n" for word in ("the", "Rome", ".")]
    binary.write_bytes(b"3 3\n" + b"".join(rows))
    yield Target("word vectors, binary", binary, lambda: read_word_vectors(str(binary)), change_bytes)


def copy_run(folder: pathlib.Path) -> pathlib.Path:
    """Copy a trained model whose files are not compared with hashes, as those of older versions are not."""
    run = shutil.copytree(GOLDEN, folder)
    content = json.loads((run / "run.json").read_text())
    content.pop("record", None)
    (run / "run.json").write_text(json.dumps(content))
    return run


def _run_files(folder):
    run = copy_run(folder / "run")
    corpora = {split: read_corpus(GOLDEN.parent / "corpus" / f"{split}.json") for split in SPLITS}
    config = config_of_run(run / "flags.txt")

    def load():
        read_description(run)

    def resume():
        open_session(config, corpora, None, SessionOptions(str(run)))

    for name in ("flags.txt", "vocabulary.json", "best/checkpoint"):
        yield Target(name, run / name, load, damage_text)
    yield Target("flags.txt, of data", run / "flags.txt", lambda: read_flags(run / "flags.txt"), damage_text, 0.3)
    for name in ("run.json", "result.json"):
        yield Target(f"{name}, resumed", run / name, resume, damage_text)
    yield Target("metrics.jsonl", run / "metrics.jsonl", lambda: Metrics(str(run), 10**6).records(), damage_text, 0.5)
    records = {
        "record.json": {"tokenizer": "default", "files": {}, "weights": {}},
        "contextual.json": {
            "kind": "transformer",
            "location": {"encoder": "/nowhere"},
            "fingerprint": "ab" * 32,
            "layers": 7,
            "size": 384,
        },
    }
    for name, content in records.items():
        other = copy_run(folder / name)
        (other / name).write_text(json.dumps(content))

        def read(other=other):
            read_description(other)

        yield Target(name, other / name, read, damage_text)
    signatures = folder / "signatures.json"
    signatures.write_text('{"Live_In": [["Peop", "Loc"], ["Peop", "Org"]], "Work_For": []}')
    yield Target("signatures.json", signatures, lambda: read_signatures(signatures), damage_text)
    tuned_run = copy_run(folder / "tuned")
    description = read_description(tuned_run)
    kinds = dict.fromkeys(description.vocabulary.relations, 0.5)
    thresholds = save_tuned(description, Tuned(0.5, kinds), {"file": "dev.json"})
    yield Target("thresholds.json", thresholds, lambda: read_tuned(description), damage_text)
    yield from _arrays(folder)


def _arrays(folder):
    packed = folder / "packed"
    packed.mkdir()
    weights = [("a", (2, 3)), ("b", (5,))]
    save_weights(packed, [name for name, _ in weights], [np.ones(shape) for _, shape in weights], 7)
    yield Target("weights.json", packed / "weights.json", lambda: load_weights(packed, weights), damage_text)
    yield Target("weights.npy", packed / "weights.npy", lambda: load_weights(packed, weights), change_bytes)
    words = folder / "words"
    words.mkdir()
    Vocabulary(["<unk>", "a", "b"], ["<unk>"], ["O"], [], np.ones((3, 4), np.float32)).save(words)
    yield Target("word_vectors.npy", words / "word_vectors.npy", lambda: Vocabulary.load(words), change_bytes)


def _encoder_files(folder):
    source, path = Source("elmo_hub", {"elmo": "somewhere"}, "a" * 64), folder / "features.h5"
    sentences = [("Lee", "lives", "."), ("Rome",), ("a", "b")]
    with create_file(path, source) as file:
        write_index(file, [sentence_key(tokens) for tokens in sentences], [len(tokens) for tokens in sentences])
        file["features"] = np.ones((6, 2, 3), np.float32)

    def read():
        cache = Cache(path, source)
        try:
            cache.encode([tokens for tokens in sentences if not cache.missing([tokens])])
        finally:
            cache.close()

    yield Target("features.h5", path, read, damage_hdf5(path), 2.0)


def damage_hdf5(path):
    """Return a function that changes bytes of an HDF5 file, or its values so that HDF5 itself finds nothing wrong."""

    def damage(draw, content):
        if draw.random() < 0.6:
            return change_bytes(draw, content)
        path.write_bytes(content)
        with h5py.File(path, "r+") as file:
            name = draw.choice([name for name in file if isinstance(file[name], h5py.Dataset)])
            kind, values = draw.randrange(6), file[name][...]
            if kind == 0:
                file[name][draw.randrange(len(values))] = draw.choice((np.zeros((), values.dtype), values[0]))
            elif kind == 1 and values.dtype.kind != "V":
                file[name][draw.randrange(len(values))] = draw.choice((-1, 2**31 - 1)) if name != "features" else np.nan
            else:
                del file[name]
                if kind == 2:
                    file[name] = values[:-1]
                elif kind == 3:
                    file[name] = h5py.ExternalLink("other.h5", "/a")
                elif kind == 4:
                    file[name] = draw.choice(([b"text"], np.zeros((3, 3)), 7, np.zeros(3, "i1"), h5py.Empty("f4")))
        return path.read_bytes()

    return damage


def _result_files(folder):
    others = folder / "results"
    others.mkdir()
    result = {**make_result(80.0, 1), "test": full_scores(), "dev": full_scores()}
    (others / "r.json").write_text(json.dumps(result))
    yield Target("result file", others / "r.json", lambda: read_result(others / "r.json"), damage_text)
    times = {"seconds": {"multihead": 1.0, "cman": 2.5}, "overall_f1": {"multihead": 70, "cman": 71.5}}
    (others / "t.json").write_text(json.dumps({**times, "inputs": "words", "seed": 1, "of": "ADE"}))
    yield Target("times of decoding", others / "t.json", lambda: read_times(others / "t.json"), damage_text, 0.5)


def make_tensorflow_targets(folder: pathlib.Path) -> list[Target]:
    """Make the files that TensorFlow reads: checkpoints, ELMo's weights and a transformer's folder."""
    return [*_checkpoint_files(folder), *_elmo_files(folder), *_transformer_files(folder)]


def _checkpoint_files(folder):
    from cman_tf.inference.loading import load_trained, restore_model

    run = copy_run(folder / "checkpoint")
    model = load_trained(run).model
    (index,) = (run / "best").glob("*.index")
    data = index.with_suffix(".data-00000-of-00001")
    yield Target("checkpoint, .index", index, lambda: restore_model(run, model), damage_index(index), 1.0)
    yield Target("checkpoint, .data", data, lambda: restore_model(run, model), change_bytes, 0.5)


def _elmo_files(folder):
    from test_foreign_directory import OPTIONS

    from cman_tf.encoders.elmo_files import _shapes, read_weights

    options, weights = folder / "options.json", folder / "elmo.hdf5"
    options.write_text(json.dumps(OPTIONS))
    with h5py.File(weights, "w") as file:
        for name, shape in _shapes(OPTIONS).items():
            file[name] = np.full(shape, 0.5, np.float32)
    yield Target("ELMo's options", options, lambda: read_weights(options, weights), damage_text, 0.7)
    yield Target("ELMo's weights", weights, lambda: read_weights(options, weights), change_bytes, 0.7)


def _transformer_files(folder):
    import transformers  # noqa: F401
    from tiny_bert import write_bert

    from cman_tf.encoders.recorded_folder import validate_recorded_folder
    from cman_tf.encoders.transformer import TransformerLayer
    from cman_tf.encoders.wordpieces import WordpieceTokenizer

    bert = folder / "bert"
    bert.mkdir()
    write_bert(bert)

    def read_tokenizer():
        validate_recorded_folder("a model", bert)
        WordpieceTokenizer(str(bert)).split([("Lee", "lives")])

    def read_weights():
        validate_recorded_folder("a model", bert)
        TransformerLayer(str(bert))

    for name in ("config.json", "tokenizer_config.json", "tokenizer.json", "vocab.txt"):
        yield Target(f"transformer, {name}", bert / name, read_tokenizer, damage_text, 0.3)
    for path in [*bert.glob("*.h5"), *bert.glob("*.safetensors")]:
        yield Target(f"transformer, {path.name}", path, read_weights, change_bytes, 0.05)


def try_damaged(target: Target, draw: random.Random) -> str:
    """Read a damaged copy in place of a valid file, which is put back.

    Returns:
      What is wrong with how it was read; empty if it was read or refused in one line.
    """
    whole = target.file.read_bytes()
    content = target.damage(draw, whole)
    target.file.write_bytes(content)
    os.utime(target.file, ns=(len(content), len(content)))
    try:
        target.read()
    except DataError as error:
        if "\n" in str(error) or len(str(error)) > 2100:
            return f"a message that is no line, or a long one: {str(error)[:200]!r}"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]!r}, reading {content[:200]!r}"
    finally:
        target.file.write_bytes(whole)
    return ""
