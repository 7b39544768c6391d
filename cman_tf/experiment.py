"""Make a table or figure of the papers: all its runs, then the table.

    cman-tf experiment ablations --data_dir=data/conll04_spert --word_vectors=glove.6B.50d.txt --seeds=1,2,3
    cman-tf experiment cells -- --epochs=60

NAME is one of conll04, ade, drec, label_source, label_gate, cells, ablations, sizes, shared, tuned, and decoding_time,
which times the runs of conll04, or of --corpus. Result files go to results/NAME/, runs to runs/experiments/NAME/.
Re-running the command resumes interrupted runs and leaves finished ones. Rows that conll04 has too are trained once,
there. Flags of cman-tf train behind -- are for every run.
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from absl import flags

from cman_tf.command_line import encoder_flags
from cman_tf.command_line.command import Command
from cman_tf.command_line.config_flags import FIELDS, whole_numbers
from cman_tf.command_line.flag_help import flag_group
from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.command_line.sample_corpus import find_sample
from cman_tf.encoders import source
from cman_tf.errors import DataError
from cman_tf.experiments import decoding_table
from cman_tf.experiments.catalogue import EXPERIMENTS, FOLDS, Experiment
from cman_tf.experiments.decoding_time import measure_decoding_time
from cman_tf.experiments.folds import make_fold_table, make_pooled_table
from cman_tf.experiments.lines import ResultFolder, collect_lines
from cman_tf.experiments.planning import DATA_FLAGS, PLACE_FLAGS, Options, list_runs
from cman_tf.experiments.runner import run_training
from cman_tf.experiments.tables import make_score_table, print_table

FLAGS = flags.FLAGS
_DATA = {"conll04": "conll04_spert", "ade": "ade_spert", "drec": "drec"}
DREC_AGREEMENT = (
    "DREC is given against a signed agreement only: "
    "https://github.com/bekou/ad_data/raw/master/agreement/data-agreement.pdf"
)


def define_flags() -> None:
    """The flags of this command."""
    with flag_group("Data"):
        flags.DEFINE_string("data_dir", None, "`Directory` of the corpus; none: that of its name in data/.")
        flags.DEFINE_enum(
            "corpus",
            "conll04",
            tuple(decoding_table.CORPORA),
            "Of decoding_time: the experiment whose models are timed.",
        )
        flags.DEFINE_string("word_vectors", None, "`File` of word vectors, as for cman-tf train.")
    with flag_group("Runs"):
        flags.DEFINE_list("seeds", ["1"], "Seeds, one run of each row for each.")
        flags.DEFINE_list("folds", [str(fold) for fold in range(FOLDS)], "Folds of ADE's cross-validation.")
        flags.DEFINE_list("rows", [], "Only these rows, by the names their result files begin with; none: all.")
        flags.DEFINE_enum(
            "inputs",
            "auto",
            ("auto", "words", "contextual", "both"),
            "words: words and characters; contextual: with the encoder's vectors too; auto: contextual if an encoder "
            "is given, in the experiment conll04 both.",
        )
    encoder_flags.define_flags()
    with flag_group("Contextual encoder"):
        flags.DEFINE_bool("tune_encoder", False, "Contextual inputs with the encoder trained with the model.")
    with flag_group("Output"):
        flags.DEFINE_string("results_dir", "results", "`Directory` of result files, by experiment.")
        flags.DEFINE_string("runs_dir", "runs/experiments", "`Directory` of the runs, by experiment.")
    for flag in ("seeds", "folds"):
        flags.register_validator(flag, whole_numbers, message="expected whole numbers between commas")


def list_inputs(corpus: str, kinds: str) -> dict[str, tuple[str, ...]]:
    """Map each kind of inputs to run on to its flags of `cman-tf train`.

    Args:
      corpus: the experiment's corpus.
      kinds: words, contextual or both.

    Raises:
      DataError: if contextual inputs are asked for and no encoder is given, or the corpus takes none.
    """
    words = (f"--word_vectors={FLAGS.word_vectors}",) if FLAGS.word_vectors else ()
    given = encoder_flags.given()
    if FLAGS.tune_encoder and ("encoder" not in given or kinds == "words"):
        raise DataError("--tune_encoder: no encoder to train; give --encoder and contextual inputs")
    found = {}
    if kinds in ("words", "both"):
        found["words"] = words
    if kinds in ("contextual", "both"):
        if not given:
            raise DataError(
                f"--inputs={kinds}: no encoder; give --encoder, --elmo, or --elmo_options and --elmo_weights"
            )
        name, tuned = source.short_name(given), FLAGS.tune_encoder
        named = (f"--{name}={value}" for name, value in given.items())
        found[f"{name}_tuned" if tuned else name] = (*words, *named, *(["--tune_encoder"] if tuned else []))
    if corpus == "drec" and given:
        raise DataError(
            "drec: a contextual encoder, expected none; the models of TNNLS table III read word vectors only"
        )
    return found


def _validate_extra_flags(extra: Sequence[str], experiment: Experiment | None) -> None:
    """Raises DataError if a flag for every run is one that a row or the experiment sets itself."""
    own = {"model", "seed", "flagfile", "tune_encoder", "word_vectors", *source.NAMES, *DATA_FLAGS, *PLACE_FLAGS}
    for row in experiment.rows if experiment else ():
        own |= {_parse_name(flag) for flag in row.flags}
    for flag in extra:
        if _parse_name(flag) in own:
            raise DataError(f"{flag} after --: expected flags that neither a row nor the experiment sets itself")


def _parse_name(flag: str) -> str:
    """The setting that a flag sets: model for --model=cman, label_gate for --nolabel_gate."""
    name = flag.lstrip("-").partition("=")[0]
    known = {field.name for field in FIELDS}
    return name[2:] if name.startswith("no") and name[2:] in known else name


def validate(arguments: list[str]) -> tuple[str, tuple[str, ...]]:
    """Check the arguments.

    Args:
      arguments: the program's name and what follows the flags.

    Returns:
      The experiment's name, and the flags of `cman-tf train` for every run.

    Raises:
      DataError: for an unknown experiment, or a flag that a row or the experiment sets itself.
    """
    names = [argument for argument in arguments[1:] if not argument.startswith("-")]
    extra = tuple(argument for argument in arguments[1:] if argument.startswith("-"))
    if len(names) != 1 or names[0] not in (*EXPERIMENTS, decoding_table.NAME):
        known = ", ".join((*EXPERIMENTS, decoding_table.NAME))
        raise DataError(
            f"{' '.join(names) or 'no experiment'}: expected one of {known}; flags of train after it, "
            "behind --, as --name=value"
        )
    _validate_extra_flags(extra, EXPERIMENTS.get(names[0]))
    return names[0], extra


def main(arguments: list[str]) -> None:
    name, extra = validate(arguments)
    experiment = EXPERIMENTS.get(name)
    corpus = experiment.corpus if experiment else FLAGS.corpus
    if FLAGS["corpus"].present and experiment:
        raise DataError(f"--corpus and {name}: --corpus is a flag of {decoding_table.NAME} alone")
    folder = find_sample(FLAGS.data_dir or f"data/{_DATA[corpus]}")
    if not pathlib.Path(folder).is_dir():
        also = f"; {DREC_AGREEMENT}" if corpus == "drec" else ""
        raise DataError(f"{folder}: no such directory; name the corpus' own with --data_dir{also}")
    usual = ("both" if name == "conll04" else "contextual") if encoder_flags.given() else "words"
    kinds = usual if FLAGS.inputs == "auto" else FLAGS.inputs
    options = Options(
        folder,
        list_inputs(corpus, kinds),
        [int(seed) for seed in FLAGS.seeds],
        [int(fold) for fold in FLAGS.folds],
        pathlib.Path(FLAGS.results_dir),
        pathlib.Path(FLAGS.runs_dir),
        extra,
    )
    if experiment is None:
        import_tensorflow()
        measure_decoding_time(options, corpus)
        print_table(decoding_table.make_decoding_table(ResultFolder(options.results)), decoding_table.TITLE)
        return
    unknown = set(FLAGS.rows) - {row.key for row in experiment.rows}
    if unknown:
        known = ", ".join(row.key for row in experiment.rows)
        raise DataError(f"--rows={','.join(sorted(unknown))}: expected some of {known}")
    runs = [r for r in list_runs(name, experiment, options) if not FLAGS.rows or r.row.key in FLAGS.rows]
    for number, run in enumerate(runs, 1):
        print(f"[{number}/{len(runs)}] ", end="", flush=True)
        run_training(run)
    lines = collect_lines(name, experiment, ResultFolder(options.results))
    print_table(make_score_table(experiment, lines), experiment.title)
    if experiment.corpus == "ade":
        for table in (make_pooled_table(lines), make_fold_table(lines)):
            print_table(table)


COMMAND = Command("experiment", __doc__, define_flags, main, "NAME", validate)

if __name__ == "__main__":
    COMMAND.run()
