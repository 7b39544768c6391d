"""Whether the user wants to see TensorFlow's own messages."""

from __future__ import annotations

import os

from absl import flags
from absl import logging as absl_logging

LEVEL = "TF_CPP_MIN_LOG_LEVEL"  # what TensorFlow's C++ code prints: 0 all, 3 fatal errors only


def wants_messages() -> bool:
    """Whether the user asked for TensorFlow's messages, by --verbosity=1 or by the environment."""
    return LEVEL in os.environ or (flags.FLAGS["verbosity"].value or 0) > absl_logging.INFO
