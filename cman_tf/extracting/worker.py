"""A worker: a process of Ray's that loads the model once and answers one shard after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cman_tf.command_line.quiet import import_tensorflow
from cman_tf.command_line.steady_memory import hold_memory_steady
from cman_tf.errors import DataError
from cman_tf.extracting.answering import COUNTS, answer_shard
from cman_tf.extracting.lines import Cut
from cman_tf.extracting.places import InputFile
from cman_tf.extracting.settings import Settings, fingerprint_model
from cman_tf.extracting.shards import Shard
from cman_tf.inference.description import read_description


class Worker:
    """What Ray Data makes in each of its processes, and calls with rows that describe shards.

    An error in the data or the model is part of the answer, because Ray would try again what raises.

    Args:
      settings: how texts are read and answered.
      files: the input files.
      formats: the format of each.
    """

    def __init__(self, settings: Settings, files: Sequence[InputFile], formats: Sequence[str]) -> None:
        self._settings, self._files, self._formats = settings, files, formats
        self._error, self._extractor = "", None
        try:
            self._extractor = self._load()
        except DataError as error:
            self._error = str(error)

    def _load(self) -> Any:
        hold_memory_steady()
        settings = self._settings
        description = read_description(settings.model_dir, settings.checkpoint, settings.encoder)
        if fingerprint_model(description, settings.thresholds) != settings.model:
            raise DataError(f"{settings.model_dir}: another model than on the first machine, expected the same one")
        import_tensorflow()
        if settings.threads:
            import tensorflow as tf

            tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
            tf.config.threading.set_inter_op_parallelism_threads(settings.threads)
        from cman_tf.inference.extractor import Extractor

        return Extractor(
            description,
            constrain_types=settings.constrain_types,
            symmetric_relations=settings.symmetric_relations,
            tokenizer=settings.tokenizer,
            thresholds=settings.thresholds,
        )

    def __call__(self, rows: dict[str, Any]) -> Any:
        """Answer shards.

        Args:
          rows: columns of numbers: `number` and `file` of each shard, and its cut.

        Returns:
          A table of Arrow's with a row for each shard: its `number`, an `error` or an empty text, the `content` of the
          part, its dead `letters`, and the counts.
        """
        import pyarrow as pa

        answers: list[dict[str, Any]] = []
        for number, file, *cut in zip(*(rows[name].tolist() for name in ("number", "file", *Cut._fields))):
            answers.append({"number": number, **self._answer(Shard(number, file, Cut(*cut)))})
        binary = {name: pa.large_binary() for name in ("content", "letters")}
        counts = {name: pa.int64() for name in ("number", *COUNTS)}
        schema = pa.schema([*{**counts, **binary, "error": pa.string()}.items()])
        return pa.Table.from_pylist(answers, schema=schema)

    def _answer(self, shard: Shard) -> dict[str, Any]:
        error = self._error
        if not error:
            file, format = self._files[shard.file], self._formats[shard.file]
            try:
                answer = answer_shard(self._extractor, self._settings, file, format, shard)  # type: ignore[arg-type]
                return {"error": "", "content": answer.content, "letters": answer.letters, **answer.counts}
            except DataError as raised:
                error = str(raised)
                if not error.startswith(file.name):
                    error = f"{file.name}, {error}"
        return {"error": error, "content": b"", "letters": b"", **dict.fromkeys(COUNTS, 0)}
