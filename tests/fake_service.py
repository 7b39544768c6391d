"""A service with a model that finds words with a capital, as a process of its own: it starts in a second.

    python tests/fake_service.py '{"delay": 0.05, "limits": {"texts": 4}}'

`delay` is the time of a call of the model. A text "bad" is refused, a text "bug" raises an exception.
"""

import contextlib
import http.client
import json
import os
import re
import select
import signal
import subprocess
import sys
import time

from helpers import ROOT

from cman_tf.errors import DataError
from cman_tf.inference.extraction import ExtractedEntity, ExtractedRelation, Extraction

PATHS = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
# What every page must survive: markup, quotes, and marks that turn the direction of the text around them.
EVIL = "<img src=x onerror=document.title='hacked'>\"'&\u202e</script>"


def find_capitals(text, threshold, type="Name", all_scores=False):
    """Each word with a capital is an entity, each pair of neighbours a relation with the score 0.6."""
    words = [(match.group(), match.span()) for match in re.finditer(r"\S+", text)]
    found = [
        ExtractedEntity(word, type, place, place + 1, *span, 0.9)
        for place, (word, span) in enumerate(words)
        if word[0].isupper() or word[0] in "<\u202e"
    ]
    pairs = [ExtractedRelation(one, type, other, 0.6) for one, other in zip(found, found[1:])]
    kept = {"relations": tuple(pairs)} if threshold < 0.6 else {"candidates": tuple(pairs)} if all_scores else {}
    return Extraction(text, tuple(w for w, _ in words), tuple(s for _, s in words), tuple(found), **kept)


def make_extract(delay=0.0, type="Name", calls=None):
    """A function like `Extractor.extract`, which notes the texts of each call in `calls`."""

    def extract(texts, relation_threshold=0.5, all_scores=False, **options):
        if calls is not None:
            calls.append(list(texts))
        time.sleep(delay)
        texts = [text if isinstance(text, str) else " ".join(text.tokens) for text in texts]
        if "bug" in texts:
            raise RuntimeError("a bug")
        if "bad" in texts:
            raise DataError(f"text {texts.index('bad')}: a bad text, expected a good one")
        return [find_capitals(text, relation_threshold, type, all_scores) for text in texts]

    return extract


class Process:
    """A service in a process of its own, which is ended at the end of a `with`.

    Args:
      *command: what the interpreter runs.
      python: the interpreter.
      paths: where it finds modules.
      cwd: the working directory.
      timeout: the seconds that it may take to start.

    Attributes:
      address: such as "http://127.0.0.1:41234".
      port: its port.
      process: the process.
    """

    def __init__(self, *command, python=sys.executable, paths=PATHS, cwd=None, timeout=300):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        environment = {**os.environ, "PYTHONPATH": paths}
        self.process = subprocess.Popen([python, *command], env=environment, cwd=cwd, text=True, **pipes)
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        line = self.process.stdout.readline() if ready else ""
        found = re.fullmatch(r"(http://\S+:(\d+)) answers; Ctrl-C ends it\n", line)
        if not found:
            self.process.kill()
            raise AssertionError(line + self.process.stderr.read())
        self.address, self.port = found[1], int(found[2])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.communicate()

    def end(self, number=signal.SIGTERM, timeout=60):
        """Send a signal; returns the exit code and what was written to stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=timeout)
        return self.process.returncode, errors

    def call(self, method, path, body=None, **headers):
        """Send a request on a connection of its own; returns status, headers and the body, from JSON if it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            headers = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        if response.headers["content-type"] == "application/json":
            content = json.loads(content)
        return response.status, response.headers, content

    def extract(self, request, **headers):
        """Call POST /extract with an object, or with bytes; returns status and content."""
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        status, _, content = self.call("POST", "/extract", body, **{"content_type": "application/json", **headers})
        return status, content

    def metrics(self):
        """The samples of /metrics."""
        lines = self.call("GET", "/metrics")[2].decode().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def start(**options):
    """Start the service of this file."""
    return Process(str(ROOT / "tests" / "fake_service.py"), json.dumps(options))


def main(delay=0.0, type="Name", limits=None, hosts=("127.0.0.1", "localhost"), options=None, **batching):
    from cman_tf.serving.batching import Batcher
    from cman_tf.serving.limits import Limits
    from cman_tf.serving.metrics import Metrics
    from cman_tf.serving.server import address_of, open_socket, run
    from cman_tf.serving.service import Service

    bounds, metrics = Limits(**(limits or {})), Metrics("1")
    queue = {"queue_texts": bounds.queue_texts, "queue_characters": bounds.queue_characters}
    batcher = Batcher(make_extract(delay, type), **queue, observe=metrics.count_batch, **batching)
    about = {"version": "1", "model": "fake", "name": type, "tokenizer": "blanks"}
    about |= {"entity_types": [type, "Other"], "relation_types": [type]}
    service = Service(batcher, metrics, bounds, about, options or {"relation_threshold": 0.5}, frozenset(hosts))
    batcher.start()
    opened = open_socket("127.0.0.1", 0)
    run(service, opened, lambda: print(f"{address_of(opened)} answers; Ctrl-C ends it", flush=True))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
