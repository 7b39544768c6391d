"""Answer requests for entities and relations over HTTP.

    cman-tf serve
    cman-tf serve --model_dir=runs/conll04 --port=8080 --relation_threshold=0.8

POST /extract takes texts and gives what cman-tf predict prints for them. The address itself shows a page to try the
model by hand, /docs the API, /health, /version and /metrics the state of the service. Only this machine is answered,
unless --host names another address. Ctrl-C or SIGTERM ends the service once accepted requests are answered.
"""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

from absl import flags

import cman_tf
from cman_tf.command_line import constraint_flags, model_place_flags, number_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.model_flags import define_checkpoint
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.data.tokenizers import find_tokenizer
from cman_tf.data.types import Entity
from cman_tf.errors import DataError
from cman_tf.inference.description import ModelDescription, read_description
from cman_tf.inference.tuned import CHOICES, DEFAULT, THRESHOLDS_HELP, Tuned, find_tuned
from cman_tf.pretrained import DEFAULT_MODEL
from cman_tf.serving.limits import Limits

if TYPE_CHECKING:
    from cman_tf.inference.extractor import Extractor

FLAGS = flags.FLAGS
_DEFAULTS = Limits()


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Model"):
        flags.DEFINE_string(
            "model_dir",
            DEFAULT_MODEL,
            "`Directory` of a run of cman-tf train, or the name of a model that comes with the package.",
        )
        define_checkpoint()
        flags.DEFINE_string(
            "tokenizer", None, "`Name` of the tokenizer that cuts raw text, such as whitespace; none: the model's."
        )
    with flag_group("Service"):
        flags.DEFINE_string("host", "127.0.0.1", "`Address` to listen on; 0.0.0.0: all of this machine's.")
        flags.DEFINE_integer("port", 8000, "Port to listen on; 0: any free one.", 0, 65535)
        flags.DEFINE_list(
            "allowed_hosts",
            None,
            "Names under which the service may be called; unset: those of this machine if it listens on 127.0.0.1, "
            "localhost or ::1, else any.",
        )
        flags.DEFINE_integer("batch_texts", 64, "Texts that the model reads together, at most.", lower_bound=1)
        number_flags.define_number(
            "batch_wait", 5.0, "Milliseconds that a batch waits for company when requests come together.", 0.0, 1000.0
        )
    with flag_group("Bounds"):
        flags.DEFINE_integer("max_body", _DEFAULTS.body_bytes, "Bytes of a request.", lower_bound=1)
        flags.DEFINE_integer("max_texts", _DEFAULTS.texts, "Texts of a request.", lower_bound=1)
        flags.DEFINE_integer("max_characters", _DEFAULTS.characters, "Characters of a text.", lower_bound=1)
        flags.DEFINE_integer("max_queue", _DEFAULTS.queue_texts, "Texts that wait for the model.", lower_bound=1)
        flags.DEFINE_integer(
            "max_queue_characters", _DEFAULTS.queue_characters, "Characters of the texts that wait.", lower_bound=1
        )
        number_flags.define_number("timeout", _DEFAULTS.answer_seconds, "Seconds that a request waits.", 0.001, 3600.0)
    with flag_group("Relations"):
        number_flags.define_thresholds()
        flags.DEFINE_enum("thresholds", DEFAULT, CHOICES, THRESHOLDS_HELP)
    constraint_flags.define_flags()
    model_place_flags.define_flags()


def read_limits() -> Limits:
    """Return the bounds that the flags name.

    Raises:
      DataError: if a request could hold more texts than may wait.
    """
    if FLAGS.max_texts > FLAGS.max_queue:
        raise DataError(f"--max_texts={FLAGS.max_texts}: expected at most --max_queue={FLAGS.max_queue}")
    return Limits(
        body_bytes=FLAGS.max_body,
        texts=FLAGS.max_texts,
        characters=FLAGS.max_characters,
        queue_texts=FLAGS.max_queue,
        queue_characters=FLAGS.max_queue_characters,
        answer_seconds=FLAGS.timeout,
    )


def find_hosts(host: str, allowed: list[str] | None) -> frozenset[str] | None:
    """Return the names under which the service may be called; None for any.

    Args:
      host: the address that is listened on.
      allowed: the names of `--allowed_hosts`; None if the flag was not given.
    """
    from cman_tf.serving.service import LOCAL_HOSTS

    if allowed is not None:
        return frozenset(name.lower() for name in allowed)
    is_local = host == "::1" or f"[{host}]" in LOCAL_HOSTS or host in LOCAL_HOSTS or host.startswith("127.")
    return frozenset({*LOCAL_HOSTS, host}) if is_local else None


def choose_options(tuned: Tuned | None) -> dict[str, float | None]:
    """Return the thresholds that count where a request gives none. None: those that were tuned.

    Args:
      tuned: what `--thresholds` names; None for the default.
    """
    given = {name: FLAGS[name] for name in number_flags.THRESHOLDS}
    return {name: flag.value if flag.present or tuned is None else None for name, flag in given.items()}


def describe(extractor: Extractor, description: ModelDescription, tuned: Tuned | None) -> dict[str, Any]:
    """Return what /version says of the model."""
    return {
        "version": cman_tf.__version__,
        "model": description.config.model,
        "name": pathlib.Path(description.directory).resolve().name,
        "tokenizer": extractor.tokenizer,
        "entity_types": list(extractor.entity_types),
        "relation_types": list(extractor.relation_types),
        "thresholds": FLAGS.thresholds,
        "tuned": tuned.decoding_options() if tuned else None,
    }


def warm_up(extractor: Extractor) -> None:
    """Let the model answer once in each of its ways, as the first call takes seconds."""
    extractor.extract(["Ann Lee lives in Rome.", "Bo left.", ""], relation_threshold=0.0)
    extractor.extract("Ann left.")
    extractor.extract(tokens=["Ann", "left"], entities=[Entity(kind, 0, 1) for kind in extractor.entity_types[:1]])


def main(arguments: list[str]) -> None:
    """Run the service."""
    del arguments
    limits = read_limits()
    description = read_description(FLAGS.model_dir, FLAGS.checkpoint, model_place_flags.given())
    description.validate_new_text()
    constraint_flags.given(description)
    tuned = find_tuned(FLAGS.thresholds, description)
    tokenizer = find_tokenizer(FLAGS.tokenizer or description.tokenizer).name
    try:
        from cman_tf.serving import server
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("cman_tf"):
            raise
        raise DataError(f"{error.name} is not installed, expected it: pip install 'cman-tf[serve]'") from None
    from cman_tf.serving.batching import Batcher
    from cman_tf.serving.metrics import Metrics
    from cman_tf.serving.service import Service

    with server.open_socket(FLAGS.host, FLAGS.port) as opened:
        import_tensorflow()
        from cman_tf.inference.extractor import Extractor

        extractor = Extractor(
            description,
            constrain_types=FLAGS.constrain_types,
            symmetric_relations=FLAGS.symmetric_relations,
            tokenizer=tokenizer,
            thresholds=FLAGS.thresholds,
        )
        warm_up(extractor)
        metrics = Metrics(cman_tf.__version__)
        batcher = Batcher(
            extractor.extract,
            limits.queue_texts,
            limits.queue_characters,
            FLAGS.batch_texts,
            FLAGS.batch_wait / 1000,
            metrics.count_batch,
        )
        service = Service(
            batcher,
            metrics,
            limits,
            describe(extractor, description, tuned),
            choose_options(tuned),
            find_hosts(FLAGS.host, FLAGS.allowed_hosts),
        )
        batcher.start()
        address = server.address_of(opened)
        server.run(service, opened, lambda: print(f"{address} answers; Ctrl-C ends it", flush=True))


COMMAND = Command("serve", __doc__, define_flags, main)

if __name__ == "__main__":
    COMMAND.run()
