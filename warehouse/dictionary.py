"""The dictionary: what every view, macro and column of ``mart`` means, from the comments in the file itself."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from warehouse.asking import query
from warehouse.connection import Connection

_HEAD = """# The published warehouse

Views and macros of the schema `mart`, from the comments in the file (`trendwarte query --describe` prints this page).
Point-in-time questions go to the macros; a guide with examples is [analysis.md](analysis.md).
"""


def comment_columns(con: Connection) -> None:
    """Comment every column of every view of ``mart`` in the current database.

    A column has one meaning wherever its name stands; ``view.column``, or a comment that stands beside the view
    already, says where it differs.
    """
    words = _words()
    columns = con.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'mart' AND database_name ="
        " current_database()"
    ).fetchall()
    for view, column, own in columns:
        said = words.get(f"{view}.{column}") or own or words.get(column)
        if said:
            text = said.replace("'", "''")
            con.execute(f'COMMENT ON COLUMN mart."{view}"."{column}" IS \'{text}\'')


def described(published: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Every column of every view of ``mart`` with its meaning, as names and rows."""
    return query(
        published,
        'SELECT table_name AS view, column_name AS "column", data_type AS type, comment AS meaning'
        " FROM duckdb_columns() WHERE schema_name = 'mart' ORDER BY table_name, column_index",
    )


def dictionary(published: Path) -> str:
    """The page docs/warehouse.md."""
    _, views = query(
        published, "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'mart' ORDER BY view_name"
    )
    _, columns = described(published)
    _, macros = query(
        published,
        "SELECT function_name, parameters, comment FROM duckdb_functions() WHERE schema_name = 'mart'"
        " ORDER BY function_name",
    )
    lines = [_HEAD]
    for view, said in views:
        lines += [f"## mart.{view}\n", f"{said}\n", "| column | type | meaning |", "|---|---|---|"]
        lines += [
            f"| {name} | {_short(kind)} | {_cell(meaning)} |" for of, name, kind, meaning in columns if of == view
        ]
        lines.append("")
    lines.append("## Macros\n")
    for name, parameters, said in macros:
        lines.append(f"- `mart.{name}({', '.join(parameters)})`: {said}")
    return "\n".join(lines) + "\n"


def _words() -> dict[str, str]:
    text = (files("warehouse") / "marts" / "columns.yaml").read_text("utf-8")
    found: dict[str, str] = YAML(typ="safe").load(text)
    return found


def _short(kind: str) -> str:
    return "TIMESTAMPTZ" if kind == "TIMESTAMP WITH TIME ZONE" else kind


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")
