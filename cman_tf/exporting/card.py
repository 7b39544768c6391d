"""What stands beside an exported model: export.json, and a README.md that says how to call it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cman_tf.encoders.source import short_name
from cman_tf.exporting.text_tokenizer import explain_no_texts
from cman_tf.inference.constraints import DecodingOptions
from cman_tf.inference.description import ModelDescription

OUTPUTS = {
    "tokens": "the words and punctuation marks, UTF-8",
    "token_counts": "how many there are",
    "token_starts": "first character of each token, in code points of the text",
    "token_ends": "the character after its last",
    "entity_counts": "how many entities there are",
    "entity_types": "their types",
    "entity_starts": "first token of each entity",
    "entity_ends": "the token after its last",
    "entity_char_starts": "its first character, in code points of the text",
    "entity_char_ends": "the character after its last",
    "entity_texts": "its text",
    "entity_scores": "the lowest probability that the CRF gives to one of its tags",
    "relation_counts": "how many relations there are",
    "relation_types": "their types",
    "relation_heads": "first argument, as a position among the entities of the sentence",
    "relation_tails": "second argument, as a position among the entities of the sentence",
    "relation_scores": "the probability of each relation",
}


def make_card(
    model: ModelDescription,
    tokenizer: str,
    options: DecodingOptions,
    signatures: Mapping[str, Mapping[str, Mapping[str, Any]]],
    version: str,
) -> dict[str, Any]:
    """Describe an exported model by plain values.

    Args:
      model: the model.
      tokenizer: the name of the tokenizer of texts, whether or not it can be exported.
      options: what is kept of the model's output.
      signatures: for each signature its `inputs` and `outputs`, each with its `dtype` and `shape` by name.
      version: the version of this package.
    """
    encoder = _describe_encoder(model)
    constraints = options.signatures
    return {
        "made_by": f"cman-tf {version}",
        "model": model.config.model,
        "tokenizer": tokenizer if "texts" in signatures else None,
        "note": explain_no_texts(tokenizer, model.needs_encoder),
        "encoder": encoder,
        **({"experts": [_describe_expert(expert) for expert in model.experts]} if model.experts else {}),
        "entity_types": model.vocabulary.labels()["entities"],
        "relation_types": model.vocabulary.relations,
        "relation_threshold": options.relation_threshold,
        "entity_threshold": options.entity_threshold,
        "constrain_types": None
        if constraints is None
        else {name: sorted(map(list, pairs)) for name, pairs in constraints.items()},
        "symmetric_relations": sorted(options.symmetric),
        "default_signature": next(iter(signatures)),
        "signatures": signatures,
    }


def _describe_encoder(model: ModelDescription) -> dict[str, Any] | None:
    """Describe the contextual encoder of a model, if it has one."""
    if not model.encoder or not model.encoder_shape:
        return None
    layers, size = model.encoder_shape
    name = short_name(model.encoder.location)
    return {"name": name, "layers": layers, "size": size, "is_exported": model.config.tune_encoder}


def _describe_expert(expert: ModelDescription) -> dict[str, Any]:
    """Describe an expert of a mixture."""
    return {"model": expert.config.model, "encoder": _describe_encoder(expert)}


def describe_card(card: Mapping[str, Any]) -> str:
    """Return the README.md of an exported model, from what `make_card` returns."""
    outputs: dict[str, Any] = {}
    for signature in card["signatures"].values():
        outputs |= signature["outputs"]
    rows = [f"| `{name}` | {_describe_type(outputs[name])} | {OUTPUTS[name]} |" for name in OUTPUTS if name in outputs]
    inputs = [
        f"| `{signature}` | `{name}` | {_describe_type(value)} |"
        for signature, content in card["signatures"].items()
        for name, value in content["inputs"].items()
    ]
    threshold = f"Relations of a score above {card['relation_threshold']} are found"
    if card["entity_threshold"]:
        threshold += f", and entities of a score of at least {card['entity_threshold']}"
    parts = [
        "# An exported model",
        f"{card['made_by']} wrote this SavedModel ({card['model']}). It needs TensorFlow and nothing else. "
        f"`export.json` holds the same information for programs. {threshold}.",
        *([card["note"]] if card["note"] else []),
        f"## Call it\n\nThe default signature is `{card['default_signature']}`.",
        _EXAMPLES[card["default_signature"]].strip() if _has_example(card) else "",
        "## Inputs\n\n| signature | input | type |\n|---|---|---|\n" + "\n".join(inputs),
        "Each text is one sentence, and sentences of any length are read as a whole."
        if "texts" in card["signatures"]
        else "Sentences of any length are read as a whole.",
        "## Outputs\n\nB is the number of sentences. Rows are padded with -1, empty texts or 0.\n\n"
        "| output | type | content |\n|---|---|---|\n" + "\n".join(rows),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _describe_type(value: Mapping[str, Any]) -> str:
    """Return a dtype and a shape for people."""
    sizes = ["?" if size is None else str(size) for size in value["shape"]]
    if sizes:
        sizes[0] = "B" if sizes[0] == "?" else sizes[0]
    return f"{value['dtype']} [{', '.join(sizes)}]"


def _has_example(card: Mapping[str, Any]) -> bool:
    """Return whether the README shows a program; word pieces are beyond a short one."""
    is_plain = "experts" not in card or card["default_signature"] != "features"
    return is_plain and not (card["encoder"] or {}).get("is_exported")


_SHOW = """
for number in range(int(found["entity_counts"][0])):
    print(number, found["entity_types"][0, number].numpy().decode(), {what})
for number in range(int(found["relation_counts"][0])):
    head, tail = int(found["relation_heads"][0, number]), int(found["relation_tails"][0, number])
    print(head, found["relation_types"][0, number].numpy().decode(), tail)
```
"""
_SPAN = 'found["entity_starts"][0, number].numpy(), found["entity_ends"][0, number].numpy()'
_TOKENS = """
```python
import tensorflow as tf

model = tf.saved_model.load(".")  # this directory
sentences = tf.ragged.constant([["Ann", "Lee", "lives", "in", "Rome", "."], ["Bo", "left", "."]])
tokens, lengths = sentences.to_tensor(""), tf.cast(sentences.row_lengths(), tf.int32)
"""
_EXAMPLES = {
    "texts": """
```python
import tensorflow as tf

model = tf.saved_model.load(".")  # this directory
found = model.signatures["texts"](texts=tf.constant(["Ann Lee lives in Rome.", "Bo left."]))
"""
    + _SHOW.format(what='found["entity_texts"][0, number].numpy().decode()').lstrip()
    + """
```bash
saved_model_cli run --dir . --tag_set serve --signature_def texts --input_exprs 'texts=["Ann Lee lives in Rome."]'
```
""",
    "tokens": _TOKENS
    + 'found = model.signatures["tokens"](tokens=tokens, lengths=lengths)\n'
    + _SHOW.format(what=_SPAN).lstrip(),
    "features": _TOKENS
    + """shape = model.signatures["features"].structured_input_signature[1]["contextual"].shape
contextual = tf.zeros([*tokens.shape, *shape[2:]])  # here belong the vectors of the encoder's layers for each token
found = model.signatures["features"](tokens=tokens, lengths=lengths, contextual=contextual)
"""
    + _SHOW.format(what=_SPAN).lstrip(),
}
