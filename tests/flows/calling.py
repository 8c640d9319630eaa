"""The program, called as a stranger would."""

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from flows.cli import main

ROOT = Path(__file__).parents[2]


def trendwarte(*words, code=0, **environment):
    """The finished process; ``code`` is the exit code it must have."""
    done = subprocess.run(
        [sys.executable, "-m", "flows", *words], capture_output=True, text=True, cwd=ROOT, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/tmp", "COLUMNS": "100", **environment},
    )  # fmt: skip
    assert done.returncode == code, f"{done.returncode}: {done.stdout}\n{done.stderr}"
    return done


def here(*words, code=0, stdin=""):
    """The same in this process, errors and exit codes included; a new process costs seconds."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    given = io.TextIOWrapper(io.BytesIO(stdin if isinstance(stdin, bytes) else stdin.encode()), "utf-8")
    ended = 0
    asked = patch.multiple(sys, argv=["trendwarte", *words], stdin=given)
    with asked, redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            ended = int(end.code or 0)
    stdout, stderr = (stream.buffer.getvalue().decode() for stream in (out, err))
    assert ended == code, f"{ended}: {stdout}\n{stderr}"
    return SimpleNamespace(stdout=stdout, stderr=stderr)
