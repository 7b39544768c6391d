"""Tasks of Label Studio's JSON export: whose annotation is read, and its regions and relations."""

from __future__ import annotations

from typing import Any

from cman_tf.errors import DataError
from cman_tf.formats.annotated_text import AnnotatedText, Link, Mention
from cman_tf.formats.json_records import get, show
from cman_tf.formats.label_studio_text import find_text, read_mention_text
from cman_tf.formats.scores import read_score
from cman_tf.formats.showing import show_name, show_text
from cman_tf.formats.source import Source
from cman_tf.runs.json_values import as_list, as_object

_OTHER_TYPES = ("choices", "textarea", "rating", "number", "taxonomy", "pairwise", "datetime", "ranker")
_NO_LABEL = "Relation"  # the type of a relation that has no label


def read_task(task: dict[str, Any], where: str, source: Source) -> AnnotatedText | None:
    """Read a task.

    Args:
      task: the task, from JSON.
      where: its place, for messages.
      source: the file. `source.options.annotator` says whose annotation is read.

    Returns:
      The text with its annotations; None, reported, if nobody annotated it.

    Raises:
      DataError: naming the value that is not as Label Studio writes it.
    """
    data: dict[str, Any] = get(task, "data", dict, where)
    chosen = _choose_annotation(task, where, source)
    if chosen is None:
        shown = "nobody annotated the text, or all cancelled it; it is left out"
        if source.options.annotator:
            shown = f"no annotation of {show_text(source.options.annotator)}; the text is left out"
        source.problems.mend("task without an annotation", where, shown)
        return None
    result: list[Any] = get(chosen, "result", list, where)
    items: list[dict[str, Any]] = []
    for number, item in enumerate(result):
        content = as_object(item)
        if content is None:
            raise DataError(f"{where}, result {number}: {show(item)}, expected an object")
        items.append(content)
    regions = [item for item in items if _labels_of(item) is not None]
    to_name, text = find_text(data, regions, where)
    mentions: list[Mention] = []
    links: list[Link] = []
    for number, item in enumerate(items):
        here = f"{where}, result {number}"
        if item.get("type") == "relation":
            links += _read_relation(item, here, source)
        elif _labels_of(item) is None:
            kind = item.get("type")
            source.problems.note(f"results_of_{kind if kind in _OTHER_TYPES else 'another_type'}_that_are_left_out")
        elif to_name and item.get("to_name") not in (to_name, None):
            shown = f"a span of {show(item.get('to_name'))} is left out, because {show_name(to_name)} is read"
            source.problems.mend("span of another text", here, shown)
        else:
            mentions += _read_region(item, text, here, source)
    name = data.get("document_id", task.get("id"))
    return AnnotatedText("" if name is None else str(name), text, mentions, links, where)


def _choose_annotation(task: dict[str, Any], where: str, source: Source) -> dict[str, Any] | None:
    """Return the annotation or the prediction that is read."""
    predictions = _read_objects(task, "predictions", where)
    made = _read_objects(task, "annotations", where) or _read_objects(task, "completions", where)
    if source.predictions and predictions:
        return predictions[0]
    kept = [item for item in made if not item.get("was_cancelled") and not item.get("skipped")]
    if len(kept) < len(made):
        source.problems.note("cancelled_annotations", len(made) - len(kept))
    if source.options.annotator:
        mine = [item for item in kept if source.options.annotator in _names_of(item.get("completed_by"))]
    else:
        mine = kept
    if mine:
        if len(kept) > 1:
            source.problems.note("annotations_by_others", len(kept) - 1)
        return mine[0]
    if made or not predictions:
        return None
    source.problems.note("tasks_read_from_predictions")
    return predictions[0]


def _read_objects(task: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    """Return a list of objects; empty if there is none. Exports may hold numbers in the place of predictions."""
    value = task.get(key)
    items = [] if value is None else as_list(value)
    if items is None:
        raise DataError(f"{where}: {key} is {show(value)}, expected a list")
    found = [content for item in items if (content := as_object(item)) is not None]
    if len(found) < len(items) and key != "predictions":
        raise DataError(f"{where}: {key} is {show(value)}, expected a list of objects")
    return found


def _names_of(person: Any) -> set[str]:
    """Return the names by which an annotator may be called: the id, the e-mail address, the name."""
    content = as_object(person)
    if content is None:
        return set() if person is None else {str(person)}
    names = {str(content[key]) for key in ("id", "email", "username", "first_name", "last_name") if content.get(key)}
    return names | {f"{content.get('first_name')} {content.get('last_name')}"}


def _labels_of(item: dict[str, Any]) -> list[Any] | None:
    """Return the labels of a span of text; None for a result of another kind, such as a choice."""
    value = as_object(item.get("value")) or {}
    if item.get("type") not in ("labels", "hypertextlabels"):
        return None
    return as_list(value.get(str(item["type"]), value.get("labels"))) or []


def _read_region(item: dict[str, Any], text: str, where: str, source: Source) -> list[Mention]:
    """Return a region's mentions, one for each label; relations refer to the first."""
    key = get(item, "id", str, where)
    value: dict[str, Any] = get(item, "value", dict, where)
    labels = _labels_of(item) or []
    if not labels:
        shown = f"{show_name(key)}: {show(value.get('text'))} has no label and is left out"
        source.problems.mend("span without a label", where, shown)
        return []
    if type(value.get("start")) is str:
        shown = f"{show_name(key)} begins at {show(value['start'])}, expected a number; spans in HTML are left out"
        source.problems.mend("span without character offsets", where, shown)
        return []
    start, end = get(value, "start", int, where), get(value, "end", int, where)
    shown = read_mention_text(value.get("text"), text)
    score = read_score(item.get("score"), where, source.problems)
    if len(labels) > 1:
        source.problems.note("spans_with_several_labels")
    found: list[Mention] = []
    for number, label in enumerate(labels):
        if type(label) is not str:
            raise DataError(f"{where}: label {show(label)}, expected text")
        found.append(Mention(f"{key}#{number}" if number else key, label, start, end, shown, where, score))
    return found


def _read_relation(item: dict[str, Any], where: str, source: Source) -> list[Link]:
    """Return the relations of a result: one for each label, and both ways if the direction is `bi`."""
    head, tail = get(item, "from_id", str, where), get(item, "to_id", str, where)
    direction = item.get("direction") or "right"
    if direction not in ("right", "left", "bi"):
        raise DataError(f"{where}: direction {show(direction)}, expected right, left or bi")
    labels = as_list(item.get("labels")) or []
    if not labels:
        shown = f"the relation from {show_name(head)} to {show_name(tail)} has no label; it is read as {_NO_LABEL}"
        source.problems.mend("relation without a label", where, shown)
        labels = [_NO_LABEL]
    if direction == "bi":
        source.problems.note("relations_in_both_directions")
    pairs = {"right": [(head, tail)], "left": [(tail, head)], "bi": [(head, tail), (tail, head)]}[direction]
    score = read_score(item.get("score"), where, source.problems)
    found: list[Link] = []
    for label in labels:
        if type(label) is not str:
            raise DataError(f"{where}: label {show(label)}, expected text")
        found += [Link(label, one, other, where, score=score) for one, other in pairs]
    return found
