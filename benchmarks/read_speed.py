"""Speed and memory of `trendwarte read`, end to end: packed JSON Lines in, JSON Lines out, as a user starts it.

    python benchmarks/read_speed.py [--archive F.jsonl.gz] [--lines N]

Runs the command twice, with one process and with one per core, and compares what they wrote. CPU time is printed
beside the clock: on a machine that others use, only the former repeats. Of it, the part of the process that was
started is printed too: it unpacks, hands out and writes, and bounds what more cores can do. Memory is the sum over all
processes of their proportional share. Both are sampled five times a second.
"""

import argparse
import gzip
import itertools
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[1]
ARCHIVE = ROOT.parent / "shared" / "corpus" / "news-2022.jsonl.gz"


@dataclass(frozen=True)
class Measured:
    """One run of the command."""

    documents: int
    wall_s: float
    cpu_s: float
    parent_cpu_s: float
    peak_mb: float
    digest: str


def run(archive: Path, out: Path, workers: int) -> Measured:
    """Start the command on ``workers`` cores and watch it."""
    command = [sys.executable, "-m", "flows", "read", "--in", str(archive), "--out", str(out)]
    cores = sorted(os.sched_getaffinity(0))[:workers]
    before, started = os.times(), time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, preexec_fn=lambda: os.sched_setaffinity(0, cores))
    peak = parent_s = 0.0
    while process.poll() is None:
        parent_s = max(parent_s, _cpu_s(process.pid))
        peak = max(peak, sum(_share_mb(pid) for pid in _family(process.pid)))
        time.sleep(0.2)
    wall, after = time.perf_counter() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    written = out.read_bytes()
    return Measured(written.count(b"\n"), wall, cpu, parent_s, peak, sha256(written).hexdigest())


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in _family(int(child)))]


def _cpu_s(pid: int) -> float:
    """CPU time of one process alone, in seconds; 0 once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _share_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, default=ARCHIVE)
    parser.add_argument("--lines", type=int, default=0, help="only the first N lines")
    chosen = parser.parse_args()
    if not chosen.archive.is_file():
        sys.exit(f"{chosen.archive} is absent: give an archive of your own with --archive")
    with tempfile.TemporaryDirectory() as folder:
        archive = chosen.archive
        if chosen.lines:
            archive = Path(folder) / "part.jsonl.gz"
            with gzip.open(chosen.archive) as lines, gzip.open(archive, "wb", compresslevel=6) as part:
                part.writelines(itertools.islice(lines, chosen.lines))
        results = {n: run(archive, Path(folder) / f"{n}.jsonl", n) for n in (1, len(os.sched_getaffinity(0)))}
    for workers, one in results.items():
        print(
            f"{workers} core(s): {one.documents} documents, {one.wall_s:.1f} s ({one.documents / one.wall_s:.0f}/s),"
            f" CPU {one.cpu_s:.1f} s ({one.documents / one.cpu_s:.0f} per CPU second), of which {one.parent_cpu_s:.1f} s"
            f" in the process that was started, peak {one.peak_mb:.0f} MB"
        )
    alone, together = results[1], results[max(results)]
    print(f"ratio of the clocks {alone.wall_s / together.wall_s:.2f}; same lines: {alone.digest == together.digest}")


if __name__ == "__main__":
    main()
