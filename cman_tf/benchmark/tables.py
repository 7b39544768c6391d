"""Printing the measurements as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cman_tf.scoring.tables import format_table


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.2f}"


def _rows(rows: Sequence[dict[str, Any]], title: str, key: str) -> str:
    """Format measurements as a table whose first column, with the given title, holds the values of `key`."""
    names = [name for name in rows[0] if name != key]
    cells = [[str(row[key]), *(_number(row[name]) for name in names)] for row in rows]
    return format_table([title, *(name.replace("_", " ") for name in names)], cells)


def show(mode: str, result: dict[str, Any], peer: dict[str, float]) -> None:
    """Print the measurements of a mode, and the ratios to the peer if there is one.

    Args:
      mode: the mode of the benchmark.
      result: the measurements.
      peer: the measurements of the peer; empty if there is none.
    """
    if mode == "memory":
        rows = [
            [case, "x".join(map(str, m["largest_batch"])), f"{m['framework_mib']:.0f}", f"{m['peak_mib']:.0f}"]
            + [f"{m['peak_mib'] - m['framework_mib']:.0f}"]
            for case, m in result["memory"].items()
        ]
        print(format_table(["case", "largest batch", "TensorFlow alone, MiB", "peak, MiB", "above it"], rows))
        if result["gpu_11_gb"]:
            print("\nTraining on an 11 GB GPU, estimated\n" + _rows(result["gpu_11_gb"], "tokens", "tokens"))
        if peer:
            theirs, ours = peer["peak_memory_mib"], result["memory"]["train"]["peak_mib"]
            print(f"\npeer: {theirs:.0f} MiB at most; ratio {ours / theirs:.2f}")
        return
    if mode == "serve":
        print(_rows(result["clients"], "clients", "clients"))
        print("\nOne text at a time (--batch_texts=1)\n" + _rows(result["without_batches"], "clients", "clients"))
        if "memory" in result:
            memory = result["memory"]
            sizes = ", ".join(f"{size:.0f}" for size in memory["mib_by_minute"])
            growth = f"{memory['growth_percent']:+.1f} % from the first minute to the last"
            print(f"\nMemory at the end of each minute, MiB: {sizes} ({growth})")
        return
    if mode == "workers":
        print(_rows(result["commands"], f"{result['texts']:,} texts", "command"))
        return
    if mode == "retrieval":
        for part in ("index", "queries"):
            rows = [[name.replace("_", " "), _number(value)] for name, value in result[part].items()]
            print(format_table([part, ""], rows) + "\n")
        print("the limits are met" if result["limits_are_met"] else "the limits are not met")
        return
    if mode == "growth":
        print(_rows(result["by_length"], "tokens", "at") + "\n\n" + _rows(result["by_size"], "sentences", "at"))
        return
    if mode == "start":
        print(format_table(["command", "seconds"], [[name, f"{s:.2f}"] for name, s in result["seconds"].items()]))
        return
    if mode == "changes":
        print(
            _rows(result["training"], "training", "variant") + "\n\n" + _rows(result["decoding"], "decoding", "variant")
        )
        return
    rows = [
        [name.replace("_", " "), f"{value:.2f}"] for name, value in result.items() if isinstance(value, (int, float))
    ]
    print(format_table([mode, ""], rows))
    if "parts_milliseconds" in result:
        rows = [[name, f"{value:.1f}"] for name, value in result["parts_milliseconds"].items()]
        print("\n" + format_table(["part of one pass, forward and backward", "ms"], rows))
    if peer:
        theirs = peer[f"{mode}_sentences_per_second"]
        print(f"\npeer: {theirs:.1f} sentences/s; ratio {result['sentences_per_second'] / theirs:.2f}")
