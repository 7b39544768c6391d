"""Run each command that writes on a full disk, make room, run it again, and write results/reliability/disk.json.

    python tests/reliability/disk.py
    python tests/reliability/disk.py --cases=train,pack --output=

The disk is a real one: a tmpfs of a few megabytes in a mount namespace, which root may make. A file fills it, so that
a share of what the command writes fits. The command must end with one line that names a path and says "No space left
on device", as the last thing on the screen. Nothing temporary may be left, and what was there before must be the same.
Then the file is removed and the command is run again: it must go on and leave the files that it leaves on an empty
disk. Exits with 1 if a command does not do so.
"""

from __future__ import annotations

import argparse
import hashlib
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

from disk_cases import CASES, MODEL, ROOT, Case, strip_record, write_data
from recording import RESULTS, write_record
from small_disk import SmallDisk, can_mount, enter_namespace, mount

_SIZE = 1 << 26  # bytes of the disk
_REASON = "No space left on device"


def run(case: Case, disk: SmallDisk, places: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command of a case; an output that cannot be opened counts as the shell's failure."""
    command = case.command({**places, "disk": str(disk.path)})
    output: Any = subprocess.PIPE
    if case.output:
        output = (disk.path / case.output).open("wb")
    try:
        return subprocess.run(
            command, stdout=output, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL
        )
    finally:
        if case.output:
            output.close()


def read_results(case: Case, disk: SmallDisk) -> dict[str, Any]:
    """Return what the command left: for each file its hash, or what two runs have in common."""
    found: dict[str, Any] = {}
    for name in disk.list_files():
        path, last = disk.path / name, pathlib.PurePath(name).name
        if last in ("result.json", "metrics.jsonl") or "results/" in name and last.endswith(".json"):
            found[name] = strip_record(path.read_text())
        elif last.endswith(".lock") or last.startswith("events.out") or last.startswith(("ckpt-", "variables.")):
            continue  # the names of events hold the time; weights are compared by their scores
        elif last in ("checkpoint", "run.json", "record.json", "saved_model.pb", "fingerprint.pb", *case.ignored):
            found[name] = "present"  # with the time, or a name of the run
        else:
            text = path.read_bytes().replace(str(disk.path).encode(), b"")
            found[name] = hashlib.sha256(text).hexdigest()
    return found


def _start(case: Case, disk: SmallDisk) -> None:
    if case.prepare:
        case.prepare(disk.path)
    for name, content in case.before.items():
        (disk.path / name).write_text(content)


def try_full(case: Case, share: float, need: int, expected: dict[str, Any], places: dict[str, str]) -> dict[str, Any]:
    """Run a case on a disk with too little room, then with room.

    Args:
      case: the case.
      share: of what it needs that is free.
      need: the bytes that it needs.
      expected: what `read_results` gives for an empty disk.
      places: the folders of the command.
    """
    with mount(_SIZE) as disk:
        _start(case, disk)
        there = set(disk.list_files())
        disk.fill(int(need * share))
        process = run(case, disk, places)
        lines = [line for line in process.stderr.replace(str(disk.path), "DISK").splitlines() if line.strip()]
        left = disk.list_files()
        temporary = [n for n in left if ".temp" in n or pathlib.PurePath(n).name.startswith(".")]
        temporary = [n for n in temporary if not n.endswith(".lock") and n not in there]
        kept = all((disk.path / name).read_text() == content for name, content in case.before.items())
        disk.make_room()
        again = run(case, disk, places)
        after = read_results(case, disk)
    line = lines[-1] if lines else ""
    named = [text for text in lines if _REASON in text and "DISK" in text]
    return {
        "share_free": share,
        "exit_code": process.returncode,
        "line": (named or [line])[-1],
        "is_last_line": bool(named) and (line == named[-1] or line.endswith("to resume there")),
        "lines_on_stderr": len(lines),
        "has_traceback": "Traceback" in process.stderr,
        "survived": [name for name in left if name not in temporary],
        "temporary_left": temporary,
        "was_there_is_same": kept,
        "exit_code_with_room": again.returncode,
        "went_on": again.returncode == 0 and after == expected,
        **({} if again.returncode == 0 else {"line_with_room": again.stderr.strip()[-300:]}),
        **(
            {}
            if after == expected
            else {"differs": sorted(k for k in {*after, *expected} if after.get(k) != expected.get(k))}
        ),
    }


def is_good(outcome: dict[str, Any]) -> bool:
    """Return whether a try went as it must."""
    clear = outcome["exit_code"] != 0 and outcome["is_last_line"] and not outcome["has_traceback"]
    return clear and not outcome["temporary_left"] and outcome["was_there_is_same"] and outcome["went_on"]


def try_case(case: Case, places: dict[str, str]) -> dict[str, Any]:
    """Run a case on an empty disk, to learn what it writes, and then on full ones."""
    with mount(_SIZE) as disk:
        _start(case, disk)
        before = disk.used()
        process = run(case, disk, places)
        if process.returncode:
            return {"place": case.place, "good": False, "tries": [], "fails_on_an_empty_disk": process.stderr[-2000:]}
        need, expected = disk.used() - before, read_results(case, disk)
    tries = [try_full(case, share, need, expected, places) for share in case.shares]
    return {"place": case.place, "bytes": need, "good": all(map(is_good, tries)), "tries": tries}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(CASES), help=f"some of {', '.join(CASES)}")
    parser.add_argument("--output", default=str(RESULTS / "disk.json"), help="the result file; empty: none")
    arguments = parser.parse_args()
    if not can_mount():
        parser.error("mounting a tmpfs in a namespace is not permitted here; run this as root")
    enter_namespace()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        names = arguments.cases.split(",")
        write_data(pathlib.Path(folder), names)
        for name in names:
            start = time.monotonic()
            found[name] = try_case(CASES[name], {"data": folder, "model": str(MODEL)})
            verdict = "good" if found[name]["good"] else "BAD"
            print(f"{name}: {verdict}, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    bad = [name for name, case in found.items() if not case["good"]]
    write_record(
        arguments.output,
        {"cases": len(found), "tries": sum(len(c["tries"]) for c in found.values()), "bad": bad, "places": found},
    )
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
