"""Find the entities and relations of raw text.

    echo "Sirhan Sirhan shot Robert Kennedy in Los Angeles." | cman-tf predict
    cman-tf predict --model_dir=runs/conll04 --input=sentences.txt --format=text
    cman-tf predict --model_dir=runs/conll04 --input=articles --output=found.jsonl

Reads one sentence a line, JSON lines, a document, a folder of documents or an annotated corpus. Writes one JSON object
for each text to standard output, text for people, or any format that cman-tf writes.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from absl import flags

from cman_tf.command_line import constraint_flags, model_place_flags, prediction_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.core_shares import share_cores
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.model_flags import define_checkpoint
from cman_tf.command_line.output_flags import define_overwrite
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.command_line.reading_flags import print_problems
from cman_tf.command_line.steady_memory import give_back, hold_memory_steady
from cman_tf.data.bucketing import BATCH_TOKENS
from cman_tf.data.problems import Problems
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.errors import DataError
from cman_tf.inference.blocks import BLOCK_TEXTS, read_blocks
from cman_tf.inference.description import read_description
from cman_tf.inference.output import JSON, OUTPUT_FORMATS, Output, Result
from cman_tf.inference.reading import DOCUMENT, INPUT_FORMATS, LINES, ON_ERROR, InputReader
from cman_tf.inference.records import Record
from cman_tf.inference.tuned import find_tuned
from cman_tf.pretrained import DEFAULT_MODEL

if TYPE_CHECKING:
    from cman_tf.inference.extractor import Extractor

FLAGS = flags.FLAGS


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Model"):
        flags.DEFINE_string(
            "model_dir",
            None,
            f"`Directory` of a run of cman-tf train; none: {DEFAULT_MODEL}, a model that comes with the package.",
        )
        define_checkpoint()
        flags.DEFINE_integer(
            "batch_tokens", BATCH_TOKENS, "Tokens a batch, about; less takes less memory.", lower_bound=1
        )
    with flag_group("Data"):
        flags.DEFINE_string("input", None, "`File` or folder of .txt files to read; none: standard input.")
        flags.DEFINE_enum(
            "input_format",
            "auto",
            INPUT_FORMATS,
            "lines: a text a line; jsonl: objects with text or tokens; document: paragraphs; or an annotated corpus' "
            "format; auto: by content.",
        )
    prediction_flags.define_text_flags("Split texts into sentences; unset: documents only. Relations stay within one.")
    with flag_group("Data"):
        flags.DEFINE_enum(
            "on_error",
            "stop",
            ON_ERROR,
            "What cannot be read: stop; skip: an empty result; replace: U+FFFD for bytes that are not UTF-8.",
        )
        flags.DEFINE_boolean("given_entities", False, "Find only relations, between the entities of the input.")
    prediction_flags.define_relation_flags()
    constraint_flags.define_flags()
    model_place_flags.define_flags()
    with flag_group("Output"):
        flags.DEFINE_enum(
            "format",
            JSON,
            OUTPUT_FORMATS,
            "json: an object a line; text: for people; or a corpus format.",
        )
        flags.DEFINE_string(
            "output",
            None,
            "`File` to write; a folder, for a folder of texts, takes a file for each; none: standard output.",
        )
        define_overwrite()


def extract_records(
    extractor: Extractor, blocks: Iterable[list[Record]], options: dict[str, Any], problems: Problems
) -> Iterator[Result]:
    """Yield what is found in each record, and report those that were too long to be read as a whole."""
    for block in blocks:
        try:
            found = extractor.extract([record.content for record in block], **options)
        except DataError:
            for record in block:  # one after another, to name the one that is wrong
                try:
                    extractor.extract(record.content, **options)
                except DataError as error:
                    raise DataError(f"{record.where}: {str(error).removeprefix('text: ')}") from None
            raise
        for record, extraction in zip(block, found):
            if extraction.pieces > max(1, len(extraction.sentences)):
                message = f"{len(extraction.tokens)} tokens, read in {extraction.pieces} overlapping pieces"
                problems.mend("text of more than 400 tokens in a sentence", record.where, message)
            yield record, extraction


@contextlib.contextmanager
def show_bar(results: Iterator[Result], size: int | None) -> Iterator[Iterator[Result]]:
    """Show a bar on stderr while the results are taken, if a person sees it and nothing else is written there."""
    if not sys.stderr.isatty() or (sys.stdout.isatty() and not FLAGS.output):
        yield results
        return
    from tqdm import tqdm

    with tqdm(total=size, unit="B", unit_scale=True, desc="read", file=sys.stderr) as bar:

        def follow() -> Iterator[Result]:
            for number, result in enumerate(results, start=1):
                bar.set_postfix(texts=number, refresh=False)
                bar.update(result[0].size)
                yield result

        yield follow()


def main(arguments: list[str]) -> None:
    del arguments
    path = None if FLAGS.input == "-" else FLAGS.input
    problems = Problems()
    reader = InputReader(path, FLAGS.input_format, FLAGS.on_error, problems, sys.stdin.buffer)
    output = Output(FLAGS.output, FLAGS.format, FLAGS.overwrite)
    output.validate(path)
    description = read_description(FLAGS.model_dir or DEFAULT_MODEL, FLAGS.checkpoint, model_place_flags.given())
    description.validate_new_text()
    constraint_flags.given(description)
    find_tuned(FLAGS.thresholds, description)
    tokenizer = find_tokenizer(FLAGS.tokenizer or description.tokenizer).name
    records = reader.open(tokenizer)
    if FLAGS.given_entities and reader.format in (LINES, DOCUMENT):
        raise DataError(
            "--given_entities: raw text has none, expected JSON lines with tokens and entities, or a corpus"
        )
    if FLAGS.model_dir is None:
        print(f"model: {DEFAULT_MODEL}, which comes with the package; --model_dir names another", file=sys.stderr)
    if reader.notice:
        print(reader.notice, file=sys.stderr, flush=True)

    hold_memory_steady()
    import_tensorflow()
    share_cores()
    from cman_tf.inference.extractor import Extractor

    extractor = Extractor(
        description,
        constrain_types=FLAGS.constrain_types,
        symmetric_relations=FLAGS.symmetric_relations,
        tokenizer=tokenizer,
        thresholds=FLAGS.thresholds,
    )
    options = prediction_flags.extraction_options(split_sentences=reader.is_document)
    # Typed text is answered a line at a time, anything else in blocks of batches.
    block_size = 1 if path is None and sys.stdin.isatty() else BLOCK_TEXTS
    results = extract_records(extractor, give_back(read_blocks(records, block_size)), options, problems)
    try:
        with show_bar(results, reader.size) as followed:
            output.write(followed, problems, flush=sys.stdout.isatty() or path is None)
    finally:
        reader.close()
        print_problems(problems)


COMMAND = Command("predict", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
