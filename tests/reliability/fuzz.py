"""Read damaged copies of every kind of file, and write results/reliability/fuzz.json.

    python tests/reliability/fuzz.py
    python tests/reliability/fuzz.py --inputs=500 --seed=7 --output=

The kinds are those of tests/fuzz_targets.py: every format of a corpus, the inputs of predict and serve, word vectors,
every file of a model directory, feature caches, ELMo's files, a transformer's folder and result files. A process of its
own reads one input after another. Faults are: an exception other than `DataError`, a message of more than one line,
more than 5 seconds of the processor or a minute of waiting for one input, a rise of the memory by more than 1 GiB, and
a process that ends. The first 20 are printed and recorded. Exits with 1 if there is any.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import pathlib
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from multiprocessing.connection import Connection
from typing import Any

from recording import RESULTS, write_record

TESTS = pathlib.Path(__file__).resolve().parents[1]
_CPU_SECONDS, _WALL_SECONDS, _MEMORY = 5.0, 60.0, 1 << 30
_SHOWN = 20  # faults


def read_inputs(seed: int, first: int, last: int, pipe: Connection) -> None:
    """Read the damaged inputs of some numbers, and send what each of them took. This runs in a process of its own."""
    sys.path[:0] = [str(TESTS)]
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import warnings

    from fuzz_targets import make_targets, make_tensorflow_targets, try_damaged

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        parts = [pathlib.Path(folder, name) for name in ("plain", "tensorflow")]
        for part in parts:
            part.mkdir()
        targets = [*make_targets(parts[0]), *make_tensorflow_targets(parts[1])]
        weights = [target.weight for target in targets]
        pipe.send(None)
        for number in range(first, last):
            draw = random.Random(f"{seed} {number}")
            target = draw.choices(targets, weights)[0]
            pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts at what is in use now
            before, start = _read_status("VmRSS"), time.process_time()
            fault = try_damaged(target, draw)
            peak = _read_status("VmHWM")
            pipe.send((number, target.name, time.process_time() - start, peak - before, peak, fault))


def _read_status(name: str) -> int:
    """Return bytes of memory of this process, VmRSS or VmHWM."""
    text = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(text.partition(f"{name}:")[2].split()[0])


def _cpu_seconds(pid: int) -> float:
    """Return the seconds of the processor that a process has taken."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Fuzzer:
    """Has a process read inputs, and starts another one where it hangs or ends.

    Args:
      seed: of the inputs. An input depends on the seed and its number alone.
      inputs: how many.
    """

    def __init__(self, seed: int, inputs: int) -> None:
        self._seed, self._inputs = seed, inputs
        self.counts: Counter[str] = Counter()
        self.faults: list[dict[str, Any]] = []
        self.slowest: dict[str, float] = defaultdict(float)
        self.largest: dict[str, int] = defaultdict(int)
        self.peak = 0

    def run(self) -> None:
        """Read all inputs."""
        first = 0
        while first < self._inputs:
            first = self._run_process(first)

    def _run_process(self, first: int) -> int:
        """Have a process read the inputs from a number on; return the number from which the next one goes on."""
        context = multiprocessing.get_context("spawn")
        mine, theirs = context.Pipe()
        process = context.Process(target=read_inputs, args=(self._seed, first, self._inputs, theirs), daemon=True)
        process.start()
        theirs.close()
        if not mine.poll(600):
            raise SystemExit("the process that reads does not begin")
        mine.recv()
        number = first
        try:
            while number < self._inputs:
                assert process.pid is not None
                begun, cpu = time.monotonic(), _cpu_seconds(process.pid)
                while not mine.poll(0.5):
                    spent, waited = _cpu_seconds(process.pid) - cpu, time.monotonic() - begun
                    if spent > _CPU_SECONDS or waited > _WALL_SECONDS:
                        self._add_fault(number, "?", f"took {spent:.1f} s of the processor, {waited:.0f} s in all")
                        return number + 1
                self._count(*mine.recv())
                number += 1
        except EOFError:
            process.join()
            self._add_fault(number, "?", f"the process ended with {process.exitcode}")
            return number + 1
        finally:
            process.kill()
            process.join()
        return number

    def _count(self, number: int, name: str, seconds: float, rise: int, peak: int, fault: str) -> None:
        self.counts[name] += 1
        self.slowest[name] = max(self.slowest[name], seconds)
        self.largest[name] = max(self.largest[name], rise)
        self.peak = max(self.peak, peak)
        if not fault and seconds > _CPU_SECONDS:
            fault = f"took {seconds:.1f} s of the processor"
        if not fault and rise > _MEMORY:
            fault = f"took {rise >> 20} MiB"
        if fault:
            self._add_fault(number, name, fault)
        if not sum(self.counts.values()) % 1000:
            print(f"{sum(self.counts.values())} inputs, {len(self.faults)} faults", flush=True)

    def _add_fault(self, number: int, name: str, fault: str) -> None:
        self.faults.append({"input": number, "kind": name, "fault": fault})
        if len(self.faults) <= _SHOWN:
            print(f"input {number} of seed {self._seed}, {name}: {fault}", flush=True)

    def summarize(self) -> dict[str, Any]:
        """Return what was measured."""
        kinds = {
            name: {
                "inputs": self.counts[name],
                "slowest_seconds": round(self.slowest[name], 3),
                "largest_rise_mib": self.largest[name] >> 20,
            }
            for name in sorted(self.counts)
        }
        return {
            "seed": self._seed,
            "inputs": self._inputs,
            "faults": len(self.faults),
            "slowest_seconds": round(max(self.slowest.values(), default=0.0), 3),
            "largest_rise_mib": max(self.largest.values(), default=0) >> 20,
            "peak_mib_of_the_process": self.peak >> 20,
            "first_faults": self.faults[:_SHOWN],
            "kinds": kinds,
        }


def main() -> None:
    """Read the inputs and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=20_000, help="number of damaged inputs")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs")
    parser.add_argument("--output", default=str(RESULTS / "fuzz.json"), help="the result's file; empty: none")
    given = parser.parse_args()
    start = time.monotonic()
    fuzzer = Fuzzer(given.seed, given.inputs)
    fuzzer.run()
    result = fuzzer.summarize()
    write_record(given.output, {"minutes": round((time.monotonic() - start) / 60, 1), **result}, is_shown=False)
    shown = {name: value for name, value in result.items() if name not in ("kinds", "first_faults")}
    print(", ".join(f"{name}: {value}" for name, value in shown.items()))
    if result["faults"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
