"""The text functions of tensorflow-addons, imported without its end-of-life warning. Other warnings stay."""

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message=r"\s*TensorFlow Addons \(TFA\) has ended", category=UserWarning)
    from tensorflow_addons import text

__all__ = ["text"]
