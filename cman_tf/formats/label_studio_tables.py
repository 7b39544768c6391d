"""Label Studio's small exports, JSON-MIN and CSV, which drop the relations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import AnnotatedText, Mention
from cman_tf.formats.csv_rows import read_rows
from cman_tf.formats.json_records import get, parse, show
from cman_tf.formats.label_studio_text import find_text, read_mention_text
from cman_tf.formats.source import Source, read_head
from cman_tf.runs.json_values import as_list, as_object

_OWN = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}  # Label Studio's own columns


class SmallExport:
    """Reads JSON-MIN and CSV exports, and reports once that they drop relations.

    Args:
      source: the file.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._texts = self._entities = 0
        self._kind = "JSON-MIN"

    def is_table(self) -> bool:
        """Return whether the file is no JSON."""
        source = self._source
        start = source.content[:100].decode("utf-8", "replace") if source.content else read_head(source.path).text
        return start.lstrip("\ufeff \t\r\n")[:1] not in ("[", "{")

    def read_table(self) -> Iterator[AnnotatedText]:
        """Yield the rows of a CSV export.

        Raises:
          DataError: naming the row that is not Label Studio's.
        """
        self._kind = "CSV"
        for where, row in read_rows(self._source):
            record: dict[str, Any] = dict(row)
            for name, value in row.items():
                if value.lstrip().startswith("[{") and name not in _OWN:
                    record[name] = parse(value, where)
            yield self.read_record(record, where)

    def read_record(self, record: dict[str, Any], where: str) -> AnnotatedText:
        """Read a record: the text, and lists of spans under the names of the labeling configuration.

        Raises:
          DataError: naming the value that is not Label Studio's.
        """
        spans: list[dict[str, Any]] = []
        for items in (as_list(value) for value in record.values()):
            contents = [as_object(item) for item in items or []]
            spans += [content for content in contents if content and "start" in content and "labels" in content]
        data = {key: value for key, value in record.items() if key not in _OWN}
        _, text = find_text(data, [{"value": span} for span in spans], where)
        mentions: list[Mention] = []
        for number, span in enumerate(spans):
            here = f"{where}, span {number}"
            start, end = get(span, "start", int, here), get(span, "end", int, here)
            for label in get(span, "labels", list, here):
                if type(label) is not str:
                    raise DataError(f"{here}: label {show(label)}, expected text")
                shown = read_mention_text(span.get("text"), text)
                mentions.append(Mention(f"{number}", label, start, end, shown, here))
        self._texts += 1
        self._entities += len(mentions)
        name = record.get("id")
        return AnnotatedText("" if name is None else str(name), text, mentions, where=where)

    def report(self) -> None:
        """Report, at the end of the file, that relations are missing."""
        if self._texts:
            counts = f"{self._texts} texts, {self._entities} entities, 0 relations"
            shown = f"{counts}: a {self._kind} export drops relations, export JSON"
            self._source.problems.mend("export without relations", self._source.path, shown)
