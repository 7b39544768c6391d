"""Support for the import paths of version 0.1.

Importing a module by its old name gives the names of the new module and a DeprecationWarning. Names that changed within
a module are also found under their old names.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
import warnings
from collections.abc import Sequence
from typing import Any

# Old module to new module, both below cman_tf.
MOVED = {
    "addons": "layers.tfa_text",
    "adversarial": "training.adversarial",
    "build": "models.factory",
    "data.column_format": "formats.multihead_columns",
    "data.order": "data.bucketing",
    "data.sentence": "data.types",
    "data.spert_json": "formats.spert_json",
    "data.subsets": "data.splits",
    "data.tags": "data.bio",
    "decoding": "inference.decoding",
    "encoders.cache": "encoders.feature_cache",
    "encoders.cache_file": "encoders.feature_file",
    "encoders.locations": "encoders.resolve",
    "encoders.pieces": "encoders.wordpieces",
    "experiments.alike": "experiments.grouping",
    "experiments.document": "experiments.rendering",
    "experiments.effects": "experiments.comparisons",
    "experiments.made": "experiments.finished",
    "experiments.make": "experiments.runner",
    "experiments.rows": "experiments.catalogue",
    "experiments.runs": "experiments.planning",
    "extractor": "inference.extractor",
    "files": "runs.files",
    "flags": "command_line.config_flags",
    "given_corpora": "command_line.corpus_flags",
    "joint_model": "models.base",
    "layers.encoder": "layers.sequence_encoder",
    "layers.packed": "layers.packed_lstm",
    "layers.piece_pool": "layers.scalar_mix",
    "layers.recurrence": "layers.lstm_kernels",
    "layers.recurrent": "layers.lstm",
    "losses": "models.losses",
    "model": "models.cman",
    "multihead": "models.multihead",
    "results": "runs.provenance",
    "scoring.analysis": "scoring.breakdowns",
    "settings": "config",
    "trained": "inference.loading",
    "training.average": "training.weight_average",
    "training.run_directory": "runs.run_directory",
    "training.state": "training.checkpoints",
}
# Old name to new name, or to "module:name" if the name moved to another module than the rest of its module.
RENAMED = {
    "DataError": "errors:DataError",
    "Encoder": "SequenceEncoder",
    "Metrics": "runs.metrics:Metrics",
    "Pieces": "data.contextual_encoder:Wordpieces",
    "PieceTokenizer": "WordpieceTokenizer",
    "Settings": "Config",
    "State": "TrainingState",
    "completed": "runs.run_settings:fill_defaults",
    "corpus_name": "data.corpus:name_corpus",
    "define_settings": "runs.flagfile:define_config_flags",
    "describe_corpora": "data.corpus:describe_corpora",
    "differing": "runs.run_settings:list_differences",
    "entity_at": "index_tokens",
    "epochs_of": "runs.epochs:count_epochs",
    "fill": "encoders.feature_file:write_index",
    "flagfile_of": "runs.flagfile:format_flagfile",
    "fraction": "data.splits:sample_fraction",
    "guarded": "command_line.command:report_errors",
    "held": "file_lock",
    "key_of": "sentence_key",
    "loaded": "encoders.wordpieces:load_files",
    "may_change": "runs.run_settings:list_changeable",
    "merge": "encoders.feature_file:merge_files",
    "merged": "data.splits:merge_corpora",
    "new_file": "encoders.feature_file:create_file",
    "perturbation": "compute_perturbation",
    "pool": "average_wordpieces",
    "portable": "runs.provenance:make_portable",
    "restore_model": "inference.loading:restore_model",
    "settings_from_flagfile": "runs.flagfile:config_from_flagfile",
    "settings_from_flags": "runs.flagfile:config_from_flags",
    "split": "data.splits:split_in_three",
    "ungrounded": "unattached_relations",
    "windows": "encoders.wordpieces:cut_windows",
}


class _OldModule(types.ModuleType):
    """Stands for a module that moved, and looks up names in the new module."""

    def __init__(self, name: str, new: str) -> None:
        super().__init__(name, f"Moved to {new}.")
        self.__dict__["__path__"] = []  # a module with a path may contain modules that are imported
        self._new = new

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        new = importlib.import_module(self._new)
        if hasattr(new, name):
            return getattr(new, name)
        module, _, renamed = RENAMED.get(name, "").rpartition(":")
        if not renamed:
            raise AttributeError(f"module {self.__name__!r} (now {self._new!r}) has no attribute {name!r}")
        return getattr(importlib.import_module(f"cman_tf.{module}") if module else new, renamed)


class OldPaths(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of `MOVED` under their old names."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.startswith("cman_tf.") and fullname[len("cman_tf.") :] in MOVED:
            return importlib.machinery.ModuleSpec(fullname, self)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> Any:
        new = f"cman_tf.{MOVED[spec.name[len('cman_tf.') :]]}"
        warnings.warn(
            f"{spec.name} has moved to {new}; the next version will not have the old name", DeprecationWarning, 2
        )
        return _OldModule(spec.name, new)

    def exec_module(self, module: types.ModuleType) -> None:
        del module  # nothing to execute: names are looked up when they are used


def install() -> None:
    """Make Python look for the old paths where it finds no module."""
    if not any(isinstance(finder, OldPaths) for finder in sys.meta_path):
        sys.meta_path.append(OldPaths())
