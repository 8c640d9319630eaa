"""Data-quality checks: each SQL file returns the rows that break its rule; ``fail_`` holds publishing back."""

import json
from importlib.resources import files
from typing import Literal, NamedTuple

from warehouse.connection import Connection, insert, rows_of

_SAMPLE = 5


class CheckResult(NamedTuple):
    """What one check found; ``rule`` is its first line, ``sample`` some offending rows as JSON."""

    name: str
    severity: Literal["fail", "warn"]
    rule: str
    offending: int
    sample: str

    def __str__(self) -> str:
        return f"check {self.name}: {self.offending} rows break '{self.rule}' {self.sample}"


def run_checks(con: Connection, run_id: str) -> list[CheckResult]:
    """Run every check, keep what each found under ``run_id``, and give those that found rows."""
    found = [_result(con, name, text) for name, text in sorted(_checks().items())]
    con.execute("DELETE FROM check_results WHERE run_id = ?", [run_id])
    insert(con, "check_results", [
        {"run_id": run_id, "check_name": one.name, "severity": one.severity, "offending": one.offending,
         "sample": one.sample}
        for one in found
    ])  # fmt: skip
    return [one for one in found if one.offending]


def _checks() -> dict[str, str]:
    folder = files("warehouse") / "checks"
    return {path.name.removesuffix(".sql"): path.read_text("utf-8") for path in folder.iterdir()
            if path.name.endswith(".sql")}  # fmt: skip


def _result(con: Connection, name: str, text: str) -> CheckResult:
    sample = rows_of(con, f"SELECT *, count(*) OVER () AS offending FROM ({text}\n) LIMIT {_SAMPLE}")  # noqa: S608
    offending = sample[0]["offending"] if sample else 0
    for row in sample:
        del row["offending"]
    severity: Literal["fail", "warn"] = "fail" if name.startswith("fail_") else "warn"
    rule = text.partition("\n")[0].removeprefix("--").strip()
    return CheckResult(name, severity, rule, offending, json.dumps(sample, default=str, ensure_ascii=False))
