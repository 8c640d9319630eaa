"""Benchmarks are run by hand; here they are at least known to begin."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("script", sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py")))
def test_each_benchmark_finds_what_it_measures(script):
    done = subprocess.run(
        [sys.executable, "-c", f"import {script}"], cwd=ROOT / "benchmarks", capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    # The encoder learns with torch, gigabytes that no test needs: there torch, and nothing before it, may be missing.
    is_torch_missing = done.stderr.rstrip().endswith("No module named 'torch'")
    assert done.returncode == 0 or (script == "train_encoder" and is_torch_missing), done.stderr
