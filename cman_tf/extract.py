"""Find the entities and relations of much text with several workers (Ray).

    cman-tf extract --input=texts --output_dir=extracted --model_dir=runs/conll04 --workers=2
    cman-tf extract --input=s3://bucket/texts --output_dir=extracted --address=head:6379 --workers=16 --format=parquet

Reads a text a line, JSON lines or Parquet. Writes the answers of cman-tf predict as parts, whose names are in the order
of the input. Texts that cannot be read are left out and named in the folder dead. Re-running the command goes on with
the parts that are missing.
"""

from __future__ import annotations

from absl import flags

from cman_tf.command_line import constraint_flags, model_place_flags, prediction_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.model_flags import define_checkpoint
from cman_tf.data.bucketing import BATCH_TOKENS
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.extracting.places import list_inputs
from cman_tf.extracting.session import check_ray, count_cores, find_address
from cman_tf.extracting.settings import JSONL, OUTPUT_FORMATS, Settings, fingerprint_model, make_absolute
from cman_tf.extracting.shards import INPUT_FORMATS, validate_outside
from cman_tf.inference.description import read_description
from cman_tf.inference.tuned import find_tuned
from cman_tf.pretrained import DEFAULT_MODEL

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
        flags.DEFINE_multi_string(
            "input",
            None,
            "`File` or folder, or its URI, such as s3://bucket/texts",
            required=True,
        )
        flags.DEFINE_enum(
            "input_format",
            "auto",
            INPUT_FORMATS,
            "lines: a text a line; jsonl: objects with text or tokens; parquet: columns of these; auto: by content.",
        )
    prediction_flags.define_text_flags("Split texts into sentences. Relations stay within one.")
    with flag_group("Data"):
        flags.DEFINE_boolean("given_entities", False, "Find only relations, between the entities of the input.")
        flags.DEFINE_boolean(
            "strict", False, "End with an error at a text that cannot be read, instead of leaving it out."
        )
    prediction_flags.define_relation_flags()
    constraint_flags.define_flags()
    model_place_flags.define_flags()
    with flag_group("Workers"):
        flags.DEFINE_integer("workers", 0, "Processes that hold the model; 0: one for each core.", lower_bound=0)
        flags.DEFINE_integer("threads", 0, "Threads of a worker; 0: the cores for each worker.", lower_bound=0)
        flags.DEFINE_string(
            "address",
            None,
            "`HOST:PORT` of a cluster of Ray; none: $RAY_ADDRESS, or else this machine alone.",
        )
        flags.DEFINE_integer("shard_texts", 4096, "Texts of a part, about: what a worker does at once.", lower_bound=1)
    with flag_group("Output"):
        flags.DEFINE_string("output_dir", None, "`Directory` of the parts: made, or gone on with.", required=True)
        flags.DEFINE_enum(
            "format", JSONL, OUTPUT_FORMATS, "jsonl: an object a line, as of cman-tf predict; or parquet."
        )
        flags.DEFINE_boolean("places", False, "Begin each JSON object with the file and line of its text.")


def main(arguments: list[str]) -> None:
    """Check what is given, and do what is left of the run."""
    del arguments
    check_ray()
    from cman_tf.extracting.outcome import show_outcome
    from cman_tf.extracting.output import OutputFolder
    from cman_tf.extracting.run import Work, run_work

    folder = OutputFolder(FLAGS.output_dir, f".{FLAGS.format}")
    folder.validate()
    validate_outside(FLAGS.output_dir, FLAGS.input)
    files = list_inputs(FLAGS.input)
    address = find_address(FLAGS.address, FLAGS.workers)
    workers = FLAGS.workers or count_cores()
    description = read_description(FLAGS.model_dir or DEFAULT_MODEL, FLAGS.checkpoint, model_place_flags.given())
    description.validate_new_text()
    constraint_flags.given(description)
    find_tuned(FLAGS.thresholds, description)
    types = FLAGS.constrain_types
    settings = Settings(
        model_dir=str(description.directory.absolute()),
        checkpoint=FLAGS.checkpoint,
        encoder={name: make_absolute(value) for name, value in model_place_flags.given().items()},
        tokenizer=find_tokenizer(FLAGS.tokenizer or description.tokenizer).name,
        constrain_types=types if types in ("off", "train") else make_absolute(types),
        symmetric_relations=tuple(FLAGS.symmetric_relations),
        thresholds=FLAGS.thresholds,
        options=prediction_flags.extraction_options(),
        format=FLAGS.format,
        places=FLAGS.places,
        model=fingerprint_model(description, FLAGS.thresholds),
        threads=FLAGS.threads,
    )
    work = Work(files, FLAGS.input_format, FLAGS.shard_texts, settings, workers, address, FLAGS.strict)
    with folder.hold():
        try:
            outcome = run_work(work, folder)
        finally:
            folder.close()
    print(show_outcome(outcome, FLAGS.output_dir))


COMMAND = Command("extract", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
