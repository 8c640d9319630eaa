"""The program, called as a stranger would."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def trendwarte(*words, code=0, **environment):
    """The finished process; ``code`` is the exit code it must have."""
    done = subprocess.run(
        [sys.executable, "-m", "flows", *words], capture_output=True, text=True, cwd=ROOT, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/tmp", "COLUMNS": "100", **environment},
    )  # fmt: skip
    assert done.returncode == code, f"{done.returncode}: {done.stdout}\n{done.stderr}"
    return done
