"""The result of a check as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cman_tf.errors import one_line
from cman_tf.scoring.tables import format_table

_TYPES = 20  # types and signatures that are shown


def format_check(result: Mapping[str, Any]) -> str:
    """Format the result of `cman-tf check`. Characters of the data that a terminal would obey are escaped.

    Args:
      result: the object that `--json` writes.
    """
    parts = [_overview(result["corpora"])]
    for corpus in result["corpora"]:
        parts.append(_corpus(corpus))
    for title, lines in (("shared sentences", result["shared"]), ("remarks", result["remarks"])):
        if lines and title == "remarks":
            parts.append("\n".join(["remarks", *(f"  {line}" for line in lines)]))
    parts.append("\n".join(f"  {line}" for line in result["obstacles"]) if result["obstacles"] else "")
    ready = "training would start" if result["ready"] else "training would not start"
    text = "\n\n".join([part for part in parts if part] + [ready])
    return "\n".join(map(one_line, text.splitlines()))


def _overview(corpora: Sequence[Mapping[str, Any]]) -> str:
    header = ["corpus", *(corpus["name"] for corpus in corpora)]
    rows = [
        ["documents", *(str(corpus["documents"]) for corpus in corpora)],
        ["sentences", *(str(corpus["sentences"]) for corpus in corpora)],
        ["tokens", *(str(corpus["tokens"]) for corpus in corpora)],
        ["tokens a sentence, median", *(_number(corpus["lengths"], "median") for corpus in corpora)],
        ["tokens a sentence, at most", *(_number(corpus["lengths"], "largest") for corpus in corpora)],
        ["entities", *(str(sum(corpus["entities"].values())) for corpus in corpora)],
        ["relations", *(str(sum(corpus["relations"].values())) for corpus in corpora)],
        ["tokens between arguments, median", *(_number(corpus["distances"], "median") for corpus in corpora)],
        ["tokens between arguments, at most", *(_number(corpus["distances"], "largest") for corpus in corpora)],
        ["entities that can be tagged, %", *(_percent(corpus, "entities") for corpus in corpora)],
        ["relations that can be learned, %", *(_percent(corpus, "relations") for corpus in corpora)],
        ["repeated sentences", *(str(corpus["duplicate_sentences"]) for corpus in corpora)],
        ["tokenizer that fits best", *(corpus["tokenizer"]["name"] for corpus in corpora)],
        ["sentences that it cuts alike, %", *(_number(corpus["tokenizer"], "agreeing_percent") for corpus in corpora)],
        [
            "mentions inside its tokens, %",
            *(_number(corpus["tokenizer"], "mentions_inside_tokens_percent") for corpus in corpora),
        ],
    ]
    return format_table(header, rows)


def _corpus(corpus: Mapping[str, Any]) -> str:
    """Format the types of one corpus, its signatures, and some examples."""
    lines = [f"{corpus['name']}: {corpus['path']}"]
    for task in ("entities", "relations"):
        counts = list(corpus[task].items())
        shown = ", ".join(f"{kind} {count}" for kind, count in counts[:_TYPES]) or "none"
        more = f", and {len(counts) - _TYPES} more types" if len(counts) > _TYPES else ""
        lines.append(f"  {task}: {shown}{more}")
    signatures = [f"{s['type']}({s['head']}, {s['tail']}) {s['count']}" for s in corpus["signatures"]]
    if signatures:
        more = f", and {len(signatures) - _TYPES} more" if len(signatures) > _TYPES else ""
        lines.append(f"  arguments: {', '.join(signatures[:_TYPES])}{more}")
    for task in ("entities", "relations"):
        lines += [f"    {text[:100]}" for text in corpus["examples"][task]]
    for example in corpus["tokenizer"]["examples"][:1]:
        lines.append(f"  cut differently by the tokenizer: {example['tokenizer'][:100]}")
        lines.append(f"                     in the corpus: {example['corpus'][:100]}")
    return "\n".join(lines)


def _number(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return "-" if value is None else f"{value:g}"


def _percent(corpus: Mapping[str, Any], task: str) -> str:
    return _number(corpus["reachable_recall"], task)
