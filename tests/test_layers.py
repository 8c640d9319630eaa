"""The floor plan, enforced: which room may open onto which, and who owns each outside door."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "trendwarte": {"trendwarte"},
    "sources": {"sources", "trendwarte"},
    "warehouse": {"warehouse", "trendwarte"},
    "alerts": {"alerts", "trendwarte"},
    "demo": {"demo", "trendwarte"},
    "flows": {"flows", "alerts", "warehouse", "sources", "demo", "trendwarte"},
}
ONLY_IN = {
    "prefect": {"flows"},
    "duckdb": {"warehouse"},
    "bs4": {"sources"},
    "requests": {"sources", "alerts"},
    "pandas": {"warehouse"},
    "smtplib": {"alerts"},
    "typer": {"flows"},
}
ONLY_FLOWS_MAY_READ = {"datetime.now", "date.today", "time.time", "os.environ", "os.getenv"}
FILES = [path for room in MAY_IMPORT for path in sorted((ROOT / room).rglob("*.py"))]


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Every imported module, those under TYPE_CHECKING or in a function body included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_room_keeps_to_the_floor_plan(path):
    room = path.relative_to(ROOT).parts[0]
    tree = ast.parse(path.read_text("utf-8"))
    for name in imported_names(tree):
        top = name.split(".")[0]
        if top in MAY_IMPORT:
            assert top in MAY_IMPORT[room], f"{room} may not import {top}"
            is_door = name == top or top in (room, "trendwarte")
            assert is_door, f"enter {top} by its door, not {name}"
        assert room in ONLY_IN.get(top, {room}), f"{top} belongs in {ONLY_IN[top]}"
    if room != "flows":
        read = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not read & ONLY_FLOWS_MAY_READ, f"pass it in from flows: {read & ONLY_FLOWS_MAY_READ}"


def test_every_package_is_listed_for_installation():
    listed = (ROOT / "pyproject.toml").read_text("utf-8").split("packages = [", 1)[1].split("]", 1)[0]
    found = {
        str(init.parent.relative_to(ROOT)).replace("/", ".")
        for room in MAY_IMPORT
        for init in (ROOT / room).rglob("__init__.py")
    }
    assert found == {name.strip().strip('"') for name in listed.split(",") if name.strip()}


def test_the_floor_plan_notices_a_breach():
    names = list(imported_names(ast.parse("def f():\n    import duckdb\n    from sources.guard import check_url\n")))
    assert names == ["duckdb", "sources.guard"]
