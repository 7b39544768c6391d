"""A transformer's folder that a model directory names, and not the user: it must hold weights and lead nowhere else.

`transformers` reads weights and tokenizers as data, but the JSON files beside them can name other files, another
model, or Python code. For a folder that the user names, `transformers` decides; code is never run (see
`cman_tf.encoders.wordpieces`). TensorFlow is not imported.
"""

from __future__ import annotations

import pathlib
import re
from typing import Any

from cman_tf.errors import DataError, quote
from cman_tf.runs.files import read_json
from cman_tf.runs.json_values import as_object

_TYPES = (  # encoders of text whose classes in `transformers` read nothing but the files of their folder
    *("albert", "bert", "camembert", "convbert", "deberta", "deberta-v2", "distilbert", "electra", "funnel"),
    *("layoutlm", "longformer", "mobilebert", "mpnet", "rembert", "roberta", "roberta-prelayernorm", "roformer"),
    *("xlm-roberta", "xlnet"),
)
_TOKENIZERS = re.compile(
    "(Albert|Bert|Camembert|ConvBert|Deberta|DebertaV2|DistilBert|Electra|Funnel|LayoutLM|Longformer|MobileBert|MPNet|"
    "RemBert|Roberta|RoFormer|XLMRoberta|XLNet)Tokenizer(Fast)?|PreTrainedTokenizerFast"
)
_HARMLESS = ("special_tokens_map_file", "tokenizer_file")  # keys that `transformers` writes; it reads only the latter
_MAX_BYTES = 256 << 20  # of tokenizer.json
_WEIGHTS = ("*.safetensors", "*.h5")
_MOST = {  # what makes a model of any size, by key of config.json
    **dict.fromkeys(("num_hidden_layers", "n_layers", "n_layer", "num_hidden_groups", "inner_group_num"), 1000),
    **dict.fromkeys(("num_feedforward_networks", "num_decoder_layers", "block_repeats", "block_sizes"), 1000),
    **dict.fromkeys(("num_labels", "num_attention_heads", "n_heads", "n_head", "conv_kernel_size"), 100_000),
}
_PLAIN_NAME = re.compile(r"[\w.-]+\.(safetensors|h5)")


def validate_recorded_folder(need: str, folder: pathlib.Path) -> None:
    """Check a transformer's folder before it is opened.

    Args:
      need: what needs it, for the message.
      folder: the folder.

    Raises:
      DataError: if it holds something else than an encoder of text with its tokenizer.
    """
    trust = "if you trust it, name it with --encoder"
    if (folder / "adapter_config.json").exists():
        raise DataError(f"{need}; {folder} is an adapter of another model; {trust}")
    for path in sorted(folder.glob("*.json")):
        problem = _find_problem(path)
        if problem:
            raise DataError(f"{need}; {path}: {problem}; {trust}")
    if not (folder / "config.json").exists():
        return  # whoever opens the folder says so
    there = sum(path.stat().st_size for pattern in _WEIGHTS for path in folder.glob(pattern))
    claimed = _count_weights(read_json(folder / "config.json", "a file of a transformer"))
    if claimed > there:  # a weight takes at least a byte
        raise DataError(f"{need}; {folder}/config.json: at least {claimed} weights, but {there} bytes of them; {trust}")


def _count_weights(config: dict[str, Any]) -> int:
    """Return how many weights a model has at least, so that a damaged configuration allocates no more than there is."""

    def read(*names: str, default: int = 0) -> int:
        value = next((config[name] for name in names if name in config), default)
        return value if type(value) is int and value > 0 else default

    size = read("hidden_size", "dim", "d_model")
    inner, layers = read("intermediate_size", "hidden_dim", "d_inner"), read("num_hidden_layers", "n_layers", "n_layer")
    shared = config.get("model_type") in ("albert", "funnel", "mobilebert")  # their layers are shared, or smaller
    table = (read("vocab_size") + read("type_vocab_size")) * read("embedding_size", default=size)
    positions = (read("max_position_embeddings") + read("max_2d_position_embeddings")) * (0 if shared else size)
    layer = 0 if shared else 4 * size * size + 2 * size * inner
    return table + positions + layer * layers


def _find_problem(path: pathlib.Path) -> str:
    """Return in words what a JSON file of a transformer should not hold; empty if there is nothing."""
    if path.name not in ("config.json", "tokenizer_config.json") and not path.name.endswith(".index.json"):
        return ""
    content = read_json(path, "a file of a transformer", limit=_MAX_BYTES)
    if path.name.endswith(".index.json"):
        files = as_object(content.get("weight_map")) or {}
        wrong = next((n for n in files.values() if not isinstance(n, str) or not _PLAIN_NAME.fullmatch(n)), None)
        return f"names the weights {quote(wrong)}, which are no file beside it" if wrong is not None else ""
    if "auto_map" in content:
        return "names Python code (auto_map)"
    for key, value in content.items():
        if re.search("_files?$", key) and value is not None and not _is_harmless(path, key, value):
            return f"names another file ({quote(key)})"
    for key, most in _MOST.items():
        value = content.get(key)
        numbers = value if isinstance(value, list) else [value]
        if len(numbers) > 100 or any(isinstance(number, (int, float)) and number > most for number in numbers):
            return f"{key} is {quote(value)}, more than {most}"
    if path.name == "config.json" and content.get("model_type") not in _TYPES:
        return f"is of a {quote(content.get('model_type'))} model, none of the usual encoders of text"
    name = content.get("tokenizer_class")
    if name is not None and not (isinstance(name, str) and _TOKENIZERS.fullmatch(name)):
        return f"names the tokenizer {quote(name)}, none of the usual ones"
    return ""


def _is_harmless(path: pathlib.Path, key: str, value: Any) -> bool:
    """Return whether a key that names a file is one that is not followed, or names the tokenizer beside it."""
    return key == _HARMLESS[0] or key == _HARMLESS[1] and value == "tokenizer.json" and path.with_name(value).exists()
