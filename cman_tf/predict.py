"""Find the entities and relations of raw text, one sentence a line.

    echo "Sirhan Sirhan shot Robert Kennedy in Los Angeles." | cman-tf predict --model_dir=runs/conll04
    cman-tf predict --model_dir=runs/conll04 --input=sentences.txt --format=text

Writes one JSON object a line to standard output, or text for people.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from absl import flags

from cman_tf.command_line import encoder_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.data.bucketing import BATCH_TOKENS
from cman_tf.errors import DataError
from cman_tf.inference.description import read_description

FLAGS = flags.FLAGS
_BLOCK = 512  # lines read before they are answered, so that batches hold sentences of like length


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Model"):
        flags.DEFINE_string("model_dir", None, "`Directory` of a run of cman-tf train.", required=True)
        flags.DEFINE_enum(
            "checkpoint",
            "best",
            ("best", "last"),
            "Weights of the best dev epoch or of the last, the latter not averaged.",
        )
        flags.DEFINE_integer(
            "batch_tokens", BATCH_TOKENS, "Tokens a batch, about; less takes less memory.", lower_bound=1
        )
    with flag_group("Data"):
        flags.DEFINE_string("input", None, "`File` to read; none: standard input.")
    encoder_flags.define_flags()
    with flag_group("Output"):
        flags.DEFINE_enum("format", "json", ("json", "text"), "json: an object a line; text: for people.")


def read_blocks(source: Iterable[bytes], name: str, size: int) -> Iterator[list[str]]:
    """Blocks of at most `size` lines as text without their ends.

    Raises:
      DataError: for a line that is not UTF-8, after the lines before it were given.
    """
    block: list[str] = []
    for number, line in enumerate(source, start=1):
        try:
            block.append(line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n"))
        except UnicodeDecodeError as error:
            if block:
                yield block
            raise DataError(f"{name}, line {number}: {error.reason}, expected UTF-8 text") from None
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block


def format_text(text: str, output: dict[str, Any]) -> str:
    """A prediction for people: the line, its entities, its relations."""
    lines = [text]
    entities = output["entities"]
    for entity in entities:
        lines.append(f"  {entity['type']}: {entity['text']} ({entity['score']:.2f})")
    for relation in output["relations"]:
        head, tail = entities[relation["head"]]["text"], entities[relation["tail"]]["text"]
        lines.append(f"  {head} -- {relation['type']} -> {tail} ({relation['score']:.2f})")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    del arguments
    if FLAGS.input and not pathlib.Path(FLAGS.input).is_file():
        raise DataError(f"{FLAGS.input}: no such file, expected raw text, one sentence a line")
    description = read_description(FLAGS.model_dir, FLAGS.checkpoint, encoder_flags.given())

    import_tensorflow()
    from cman_tf.inference.extractor import Extractor

    extractor = Extractor(description)
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(open(FLAGS.input, "rb")) if FLAGS.input else sys.stdin.buffer
        # Typed text is answered a line at a time, anything else in blocks of batches.
        block_size = 1 if source is sys.stdin.buffer and sys.stdin.isatty() else _BLOCK
        for block in read_blocks(source, FLAGS.input or "standard input", block_size):
            for text, output in zip(block, extractor.extract_all(block, FLAGS.batch_tokens)):
                shown = format_text(text, output) if FLAGS.format == "text" else json.dumps(output, ensure_ascii=False)
                sys.stdout.buffer.write(shown.encode("utf-8") + b"\n")
            sys.stdout.buffer.flush()


COMMAND = Command("predict", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
