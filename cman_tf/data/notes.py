"""The sentences that say what readers and writers always repair. `Problems.note` counts it under short names.

The names are in result files, so they stay. People read the sentences.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cman_tf.data.problems import Problems, pluralize

# A noun in braces is shown with its count. A name may end with `*`, for which the sentence has `{*}`.
_SENTENCES: Mapping[str, str] = {
    "documents_with_offsets_in_CRLF_as_one_character": "offsets of {document} count CRLF as one character",
    "documents_with_offsets_in_utf16": "offsets of {document} count UTF-16 units",
    "documents_with_offsets_in_utf16_and_CRLF_as_one_character": (
        "offsets of {document} count UTF-16 units, and CRLF as one character"
    ),
    "documents_with_offsets_that_count_the_byte_order_mark": (
        "offsets of {document} count the byte order mark as a character"
    ),
    "relations_with_other_argument_names_whose_first_is_the_head": (
        "{relation} with other argument names than Arg1 and Arg2; the first argument is the head"
    ),
    "mentions_whose_fragments_are_joined": "{mention} with only blanks between the fragments, read as a whole",
    "attributes_left_out": "{attribute} left out",
    "normalisations_left_out": "{normalisation} left out",
    "notes_left_out": "{note} left out",
    "equivalences_left_out": "{equivalence} left out",
    "tags_in_scheme_*": "tags of {file} read in the scheme {*}",
    "tags_in_column_*_read_and_not_in_*": "tags of {file} read from column {*}, not from {*}; see --tag_column",
    "inside_tags_without_begin": "{inside tag} without a begin tag, read as the begin of an entity",
    "entities_without_an_end_tag": "{entity} without an end tag, read as ended before the next tag",
    "comment_lines": "{comment line} left out",
    "lines_of_multiword_tokens": "{line} of multiword tokens left out",
    "sentences_joined_for_a_relation": "{sentence} joined to the one before, because a relation connects the two",
    "tokens_cut_at_the_edges_of_mentions": "{token} cut where a mention begins or ends inside",
    "tokens_made_of_characters_that_tokenizers_leave_out": (
        "{token} made of characters that tokenizers leave out, because a mention has no others"
    ),
    "coreference_clusters_not_read": "{coreference cluster} left out",
    "events_not_read": "{event} left out",
    "documents_with_predicted_labels_only": "{document} without gold labels, of which the predicted ones are read",
    "texts_of_an_export_without_relations": "{text} from an export that holds no relations",
    "results_of_another_type_that_are_left_out": "{result} of another type than spans and relations left out",
    "results_of_*_that_are_left_out": "{result} of the type {*} left out",
    "cancelled_annotations": "{cancelled annotation} left out",
    "annotations_by_others": "{annotation} by other annotators left out; see --annotator",
    "tasks_read_from_predictions": "{task} without an annotation, of which the predictions are read",
    "spans_with_several_labels": "{span} with several labels, read as an entity for each label",
    "relations_in_both_directions": "{relation} in both directions, read as two",
    "entity_scores_that_are_left_out": "{score} of entities left out",
    "sentences_with_scores_that_are_left_out": "scores of {sentence} left out",
    "documents_whose_file_has_another_name": "{document} written to a file with another name",
}


def _compile(name: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(re.escape(part) for part in name.split("*")))


_PATTERNS = [(_compile(name), sentence) for name, sentence in _SENTENCES.items()]


def describe_note(name: str, count: int) -> str:
    """Say in a sentence what was repaired.

    Args:
      name: the name under which `Problems.note` counted it.
      count: how often.

    >>> describe_note("documents_with_offsets_in_utf16", 1)
    'offsets of 1 document count UTF-16 units'
    >>> describe_note("tags_in_column_4_read_and_not_in_3", 2)
    'tags of 2 files read from column 4, not from 3; see --tag_column'
    """
    for pattern, sentence in _PATTERNS:
        if match := pattern.fullmatch(name):
            for value in match.groups():
                sentence = sentence.replace("{*}", value.replace("_", " and "), 1)
            return re.sub(r"\{(.+?)\}", lambda noun: _count(noun[1], count), sentence, count=1)
    return f"{name.replace('_', ' ')}: {count}"


def list_notes(problems: Problems) -> list[str]:
    """Return a sentence for each kind of repair that a collector counted.

    >>> problems = Problems()
    >>> problems.note("notes_left_out", 3)
    >>> list_notes(problems)
    ['3 notes left out']
    """
    kinds = {problem.kind for problem in problems.found}
    return [describe_note(name, count) for name, count in problems.counts.items() if count and name not in kinds]


def _count(noun: str, count: int) -> str:
    return f"{count} {noun if count == 1 else pluralize(noun)}"
