"""Kill trainings at random moments, start them again, and compare their ends: results/reliability/kills.json.

    taskset -c 0 nice -n 19 python tests/reliability/kills.py --kills=200

Each case takes a small run of one kind. Its command is killed (SIGKILL) up to eight times in a row, at a random moment
each time: half of them after a random processor time, half at a random change of its files. Then the command runs to
its end. What it leaves is compared with what a run leaves that was not killed: checkpoints bit by bit (weights, slots
of the optimizer, average), metrics.jsonl, results and TensorBoard's values. Times, commits and ids are left out.

The file is written after each case. Called again, the script goes on where it was. It exits with 1 if an end differs.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from ends import list_differences, read_end
from forking import Server, kill
from kinds import KINDS, Kind, write_corpus, write_encoder
from moments import Changes, count_life, wait_for_change, wait_for_time
from recording import RESULTS, write_record

from cman_tf.runs.files import read_json

_MOST = 8  # kills in a row
_LATER_SHARE = 0.5  # of a whole life: a run that is started again has less before it


class Reference:
    """A run of a kind that is not killed.

    Args:
      folder: the folder for runs of this kind. Both runs have the same paths, one after the other.
      kind: the kind.
      data: the folder of the corpus.

    Attributes:
      end: what it left.
      seconds: its processor time.
      changes: the number of changes of its files.
    """

    def __init__(self, folder: pathlib.Path, kind: Kind, data: pathlib.Path) -> None:
        work = make_work(folder)
        with Server(folder / "log", work) as server:
            process = server.start(*kind.command(data))
            changes = Changes(work)
            self.seconds, self.changes = count_life(process, changes)
            changes.close()
            if server.wait():
                raise RuntimeError((folder / "log").read_text()[-3000:])
        self.end = read_end(work)


def make_work(folder: pathlib.Path) -> pathlib.Path:
    """Make the empty working directory of a run."""
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    return work


def kill_and_finish(
    folder: pathlib.Path,
    kind: Kind,
    data: pathlib.Path,
    reference: Reference,
    chance: random.Random,
    kills: int,
    first: float = 1.0,
    later: float = _LATER_SHARE,
) -> tuple[list[str], list[str]]:
    """Kill a run of a kind several times, let it finish, and compare its end with the reference's.

    Args:
      folder: the folder for runs of this kind.
      kind: the kind.
      data: the folder of the corpus.
      reference: the run that is not killed.
      chance: chooses the moments.
      kills: the number of kills; there are fewer if the run ends before.
      first: the first moment is in this share of the reference's life, from its start.
      later: the same for the other moments.

    Returns:
      Where it was killed, and what differs at its end.
    """
    work, places = make_work(folder), list[str]()
    log = folder / "log"
    log.unlink(missing_ok=True)
    with Server(log, work) as server:
        code = -1
        while code < 0:
            process = server.start(*kind.command(data))
            share = later if places else first
            place = _kill_at_random(process, work, reference, chance, share) if len(places) < kills else None
            code = server.wait()
            if code < 0 and place is not None:
                places.append(place)
    if code:
        return places, [log.read_text()[-2000:]]
    return places, list_differences(reference.end, read_end(work))


def _kill_at_random(
    process: int, work: pathlib.Path, reference: Reference, chance: random.Random, share: float
) -> str | None:
    """Kill a process at a random moment of its life; return where it was, or None if it ended before."""
    if chance.random() < 0.5:
        seconds = chance.uniform(0, share * reference.seconds)
        place = f"after {seconds:.2f} s" if wait_for_time(process, seconds) else None
    else:
        changes = Changes(work)
        place = wait_for_change(process, changes, chance.randint(1, int(share * reference.changes)))
        changes.close()
    if place is not None:
        kill(process)
    return place


def run(kills: int, kinds: list[str], report: Callable[[str], Any], results: pathlib.Path) -> dict[str, Any]:
    """Run cases until there are so many kills, and write the record after each.

    Args:
      kills: the number of kills.
      kinds: the names of the kinds, taken in turn.
      report: shows a line about each case.
      results: the file of the record. Its cases count.
    """
    record = read_json(results, "the record of kills.py") if results.exists() else {"cases": []}
    cases = record["cases"]
    references: dict[str, Reference] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        write_corpus(folder / "data")
        if any("encoder" in kind for kind in kinds):
            write_encoder(folder / "data" / "bert")
        while sum(len(case["kills"]) for case in cases) < kills:
            name = kinds[len(cases) % len(kinds)]
            given = folder / name, KINDS[name], folder / "data"
            if name not in references:
                references[name] = Reference(*given)
            chance = random.Random(f"case {len(cases)}")
            places, differences = kill_and_finish(*given, references[name], chance, chance.randint(1, _MOST))
            cases.append({"kind": name, "kills": places, "differences": differences})
            record = _summarize(cases)
            write_record(results, record, is_shown=False)
            report(f"{record['kills']} kills, run {len(cases)} ({name}): {places} {differences or 'same'}")
    return record


def _summarize(cases: list[dict[str, Any]]) -> dict[str, Any]:
    different = [case for case in cases if case["differences"]]
    return {
        "kills": sum(len(case["kills"]) for case in cases),
        "runs": len(cases),
        "runs_with_the_same_end": len(cases) - len(different),
        "kinds": {name: kind.shown for name, kind in KINDS.items()},
        "threads": len(os.sched_getaffinity(0)),
        "cases": cases,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="how many kills")
    parser.add_argument("--kinds", default=",".join(KINDS), help="kinds of runs between commas, taken in turn")
    parser.add_argument("--results", type=pathlib.Path, default=RESULTS / "kills.json", help="file of the record")
    arguments = parser.parse_args()
    record = run(arguments.kills, arguments.kinds.split(","), lambda line: print(line, flush=True), arguments.results)
    sys.exit(record["runs_with_the_same_end"] != record["runs"])


if __name__ == "__main__":
    main()
