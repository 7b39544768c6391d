"""The commands' log lines."""

import logging

import absl.logging

from cman_tf.command_line import log_lines


def test_log_lines_are_plain(monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # which asks for them
    handler = absl.logging.get_absl_handler().python_handler
    before = handler.formatter
    try:
        log_lines.log_plainly()
        made = [
            handler.format(logging.LogRecord("absl", level, "loop.py", 186, "%d tokens", (7,), None))
            for level in (logging.INFO, logging.WARNING, logging.ERROR)
        ]
        kept = [
            handler.filter(logging.LogRecord(name, level, path, 186, "...", (), None))
            for name, level, path in (
                ("absl", logging.INFO, log_lines.__file__),
                ("absl", logging.WARNING, "/site-packages/tensorflow/load.py"),
                ("absl", logging.ERROR, "/site-packages/tensorflow/load.py"),
                ("huggingface_hub", logging.WARNING, "/site-packages/huggingface_hub/download.py"),
            )
        ]
    finally:
        handler.setFormatter(before)
        handler.filters.clear()
    assert made == ["7 tokens", "warning: 7 tokens", "error: 7 tokens"]
    assert list(map(bool, kept)) == [True, False, True, True]
