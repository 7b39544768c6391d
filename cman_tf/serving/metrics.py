"""What a service counts, as text that Prometheus reads."""

from __future__ import annotations

import bisect
import itertools
import pathlib
import resource
import threading
from collections import Counter
from collections.abc import Sequence

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128)


class Histogram:
    """Counts values by upper bounds.

    Args:
      bounds: the upper bounds, in ascending order.

    >>> sizes = Histogram([1, 10])
    >>> sizes.add(3)
    >>> sizes.lines("sizes")
    ['sizes_bucket{le="1"} 0', 'sizes_bucket{le="10"} 1', 'sizes_bucket{le="+Inf"} 1', 'sizes_sum 3', 'sizes_count 1']
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds, self._counts, self._sum = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect.bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self, name: str) -> list[str]:
        """Return the samples of a metric with this name."""
        bounds = [*(f"{bound:g}" for bound in self._bounds), "+Inf"]
        sums = list(itertools.accumulate(self._counts))
        buckets = [f'{name}_bucket{{le="{bound}"}} {count}' for bound, count in zip(bounds, sums)]
        return [*buckets, f"{name}_sum {self._sum:.9g}", f"{name}_count {sums[-1]}"]


class Metrics:
    """The counts of one service. Several threads may count.

    Args:
      version: of the package.

    Attributes:
      in_progress: requests that are not yet answered.
      connections: open connections.
    """

    def __init__(self, version: str) -> None:
        self._lock = threading.Lock()
        self._version = version
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds, self._batches = Histogram(_SECONDS), Histogram(_TEXTS)
        self.in_progress = 0
        self.connections = 0

    def count_request(self, path: str, status: int, seconds: float) -> None:
        """Count a request that was answered or refused.

        Args:
          path: the path of the service, or `other`. Few values, as each makes a line.
          status: the HTTP status of the answer; 499 if the sender was gone.
          seconds: from its arrival to its answer.
        """
        with self._lock:
            self._requests[path, status] += 1
            if path == "/extract":
                self._seconds.add(seconds)

    def count_batch(self, texts: int) -> None:
        """Count a batch of texts that the model answered."""
        with self._lock:
            self._batches.add(texts)

    def render(self, waiting: int) -> str:
        """Return all metrics in the text format.

        Args:
          waiting: the number of texts that wait for the model.
        """
        name = "cman_tf"
        with self._lock:
            requests = [
                f'{name}_requests_total{{path="{path}",code="{status}"}} {count}'
                for (path, status), count in sorted(self._requests.items())
            ]
            seconds, batches = self._seconds.lines(f"{name}_seconds"), self._batches.lines(f"{name}_batch_texts")
        memory = "process_resident_memory_bytes"
        parts = [
            (f"{name}_info", "gauge", "The version.", [f'{name}_info{{version="{self._version}"}} 1']),
            (f"{name}_requests_total", "counter", "Requests by path and status; errors have 400 and above.", requests),
            (f"{name}_requests_in_progress", "gauge", "Requests not yet answered.", [self.in_progress]),
            (f"{name}_connections", "gauge", "Open connections.", [self.connections]),
            (f"{name}_seconds", "histogram", "Seconds from a request to /extract to its answer.", seconds),
            (f"{name}_queue_texts", "gauge", "Texts that wait for the model.", [waiting]),
            (f"{name}_batch_texts", "histogram", "Texts that the model read together.", batches),
            (memory, "gauge", "Memory that the process holds.", [resident_bytes()]),
        ]
        lines: list[str] = []
        for metric, kind, text, samples in parts:
            lines += [f"# HELP {metric} {text}", f"# TYPE {metric} {kind}"]
            lines += [sample if isinstance(sample, str) else f"{metric} {sample}" for sample in samples]
        return "\n".join(lines) + "\n"


def resident_bytes(process: str = "self") -> int:
    """Return how much memory a process holds, in bytes.

    Args:
      process: the number of the process; on other systems than Linux only this process can be measured, at its peak.
    """
    status = pathlib.Path(f"/proc/{process}/statm")
    if status.exists():
        return int(status.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
