"""Archives: every good line is read, every bad one is named, whatever surrounds them."""

import gzip
import io
import json
import random
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from sources import ArchiveProblem, Outlets, line_blocks, numbered_lines, read_archive, read_lines
from trendwarte.settings import Outlet

OUTLETS = {
    "blatt.example": Outlet(id="blatt.example", kind="quality_press", names=["Das Blatt"]),
    "regional.blatt.example": Outlet(id="regional.blatt.example", kind="blog"),
}
GOOD = {"date": "2020-07-01", "title": "gut"}


def line(**fields):
    return json.dumps({**GOOD, **fields}).encode() + b"\n"


def read(*lines):
    return list(read_lines(io.BytesIO(b"".join(lines)), "a.jsonl", Outlets(OUTLETS)))


def test_a_full_line_keeps_everything_it_says():
    (document,) = read(
        line(id="x 1", published_at="2020-07-01T10:00:00+02:00", title="A &amp; B", lead="<p>L</p>", lang="de",
             url="https://www.blatt.example/1?utm_source=x", source="Das Blatt", unknown=[1])
    )  # fmt: skip
    assert (document.document_id, document.title, document.summary) == ("x 1", "A & B", "L")
    assert (document.outlet, document.source_kind, document.lang) == ("blatt.example", "quality_press", "de")
    assert document.published_at == document.first_seen_at == datetime(2020, 7, 1, 8, tzinfo=UTC)
    assert document.url == "https://www.blatt.example/1"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2020-07-01", datetime(2020, 7, 1, tzinfo=UTC)),
        ("2020-07-01T12:00:00", datetime(2020, 7, 1, 12, tzinfo=UTC)),
        ("2020-07-01 12:00:00+02:00", datetime(2020, 7, 1, 10, tzinfo=UTC)),
    ],
)
def test_dates_without_a_zone_are_utc(raw, expected):
    assert read(line(date=raw))[0].published_at == expected


@pytest.mark.parametrize(
    ("source", "url", "outlet", "kind"),
    [
        ("das blatt", "", "blatt.example", "quality_press"),
        ("https://feeds.blatt.example/rss", "", "blatt.example", "quality_press"),
        ("https://x.regional.blatt.example/rss", "", "regional.blatt.example", "blog"),
        ("", "https://www.blatt.example/1", "blatt.example", "quality_press"),
        ("https://proxy.other.example/rss", "https://www.blatt.example/1", "blatt.example", "quality_press"),
        ("https://www.fremd.example/rss", "", "fremd.example", "unknown"),
        ("Fremdes Blatt", "", "Fremdes Blatt", "unknown"),
        ("https://notblatt.example/rss", "", "notblatt.example", "unknown"),
        ("", "", "unknown", "unknown"),
    ],
)
def test_the_outlet_is_found_by_name_or_longest_suffix(source, url, outlet, kind):
    (document,) = read(line(source=source, url=url))
    assert (document.outlet, document.source_kind) == (outlet, kind)


def test_a_kind_in_the_line_wins():
    assert read(line(source="Das Blatt", source_kind="satire"))[0].source_kind == "satire"


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (b"{broken\n", "no JSON at column 2"),
        (b"[]\n", "object"),
        (b'{"date": "2020-07-01"}\n', "title"),
        (line(title=7), "'title' is no text but int"),
        (line(title=" <br> "), "title"),
        (line(date=None), "published_at"),
        (line(date="01/02/2020"), "01/02/2020"),
        (line(source_kind="press"), "'press' is none of official"),
        (line(url=["x"]), "'url'"),
        (b'{"date":"2020-07-01","title":"M\xfcller"}\n', "not UTF-8 at byte"),
        (b"[" * 100_000 + b"\n", ""),
        (b'{"title":"' + b"a" * 4_100_000 + b'"}\n', "longer than"),
    ],
)
def test_a_bad_line_is_named_and_all_others_are_read(bad, word):
    first, problem, last = read(line(), bad, b"  \n", line(title="auch gut"))
    assert (first.title, last.title) == ("gut", "auch gut")
    assert isinstance(problem, ArchiveProblem) and word in problem.reason
    assert (problem.path, problem.line) == ("a.jsonl", 2)


def test_half_a_sign_a_script_link_and_a_number_as_id_do_no_harm():
    (document,) = read(b'{"date":"2020-07-01","title":"a\\ud800b","url":"javascript:alert(1)","id":7,"lang":null}\n')
    assert (document.document_id, document.url) == ("7", "")
    document.title.encode("utf-8")


def test_a_byte_order_mark_and_a_missing_last_newline_do_no_harm():
    assert [d.title for d in read(b"\xef\xbb\xbf" + line(), line(title="b").rstrip())] == ["gut", "b"]


def test_standard_input_is_read_as_utf_8_whatever_the_locale():
    stream = io.TextIOWrapper(io.BytesIO('{"date":"2020-07-01","title":"Ä"}\n\xff\n'.encode()), "ascii")
    good, bad = read_lines(stream, "-", Outlets({}))
    assert good.title == "Ä" and bad.line == 2
    assert [d.title for d in read_lines(io.StringIO(line().decode()), "-", Outlets({}))] == ["gut"]


def packed(name, body, tmp_path):
    pack = {
        "a.jsonl": lambda b: b,
        "a.jsonl.gz": gzip.compress,
        "a.jsonl.zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    }
    path = tmp_path / name
    half = len(body) // 2 // len(line()) * len(line())
    # Two members or frames: what concatenating two archives gives.
    path.write_bytes(pack[name](body[:half]) + pack[name](body[half:]))
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
def test_files_are_read_to_the_end_in_every_packing(tmp_path, name):
    path = packed(name, line() * 1_000, tmp_path)
    assert sum(d.title == "gut" for d in read_archive([path, path], {})) == 2_000


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
@pytest.mark.parametrize("damage", ["cut", "overwritten", "nonsense"])
def test_a_damaged_file_gives_what_it_can_and_says_where_it_ends(tmp_path, name, damage):
    dice = random.Random(7)
    body = b"".join(line(title=f"t{dice.random()}") for _ in range(20_000))
    path = packed(name, body, tmp_path)
    raw = bytearray(path.read_bytes())
    middle = len(raw) * 3 // 4
    path.write_bytes(
        {"cut": raw[:middle], "overwritten": raw[:middle] + b"\xff" * 500 + raw[middle + 500 :], "nonsense": b"no"}[
            damage
        ]
    )
    *_, last = found = list(read_archive([path, tmp_path / "absent.jsonl"], {}))
    assert (last.line, last.path) == (0, str(tmp_path / "absent.jsonl")) and "No such file" in last.reason
    ends = [one for one in found[:-1] if isinstance(one, ArchiveProblem)]
    assert ends and "damaged" in ends[-1].reason and ends[-1].path == str(path)
    assert damage == "nonsense" or (len(found) > 5_000 and ends[-1].line > 5_000)


def test_memory_stays_flat_over_a_long_file(tmp_path):
    import tracemalloc

    path = packed("a.jsonl.gz", line(lead="x" * 200) * 20_000, tmp_path)
    for _ in zip(range(100), read_archive([path], {}), strict=False):
        pass
    tracemalloc.start()
    count = sum(1 for _ in read_archive([path], {}))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000 and peak < 5_000_000


@given(st.lists(st.binary(max_size=60) | st.builds(lambda t: line(title=t), st.text(max_size=10)), max_size=6))
def test_no_bytes_stop_the_reading(lines):
    found = read(*(one.rstrip(b"\n") + b"\n" for one in lines), line(title="zuletzt"))
    assert found[-1].title == "zuletzt"


class Torn(io.BytesIO):
    """A stream that gives ``most`` bytes at a time and breaks at its end if it is ``damaged``."""

    def __init__(self, body, most, *, damaged):
        super().__init__(body)
        self.most, self.damaged = most, damaged

    def read1(self, size=-1):
        piece = super().read1(min(size, self.most))
        if not piece and self.damaged:
            raise EOFError("torn off")
        return piece

    def readline(self, size=-1):
        line = super().readline(size)
        if self.damaged and not line.endswith(b"\n") and len(line) != size:
            raise EOFError("torn off")
        return line


@given(
    st.lists(st.sampled_from([b"", b"a", b"bb\r", b"c" * 9, b"d" * 10, b"e" * 11, b"f" * 35]), max_size=9),
    st.booleans(), st.booleans(), st.integers(1, 25), st.integers(1, 60),
)  # fmt: skip
@example([b"a", b"f" * 35, b"b", b"f" * 35], True, True, 25, 1)
def test_blocks_hold_the_very_lines_their_numbers_and_their_problems(lines, ends, damaged, most, least):
    body = b"\n".join(lines) + b"\n" * ends
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sources.lines._LINE_MAX", 10)
        patch.setattr("sources.lines._PIECE_BYTES", 7)  # as there: shorter than the longest line
        one_by_one = [
            (number, one.rstrip(b"\n") if one else b"", problem)
            for number, one, problem in numbered_lines(Torn(body, most, damaged=damaged))
        ]
        found = []
        for block in line_blocks(Torn(body, most, damaged=damaged), least):
            numbered = list(enumerate(block.lines.split(b"\n"), block.first))
            found += [(number, one, "") for number, one in numbered[:-1]]
            number, rest = numbered[-1]  # what follows the last line: a problem, or a line without an end
            found += [(number, rest, block.problem)] if rest or block.problem else []
    assert found == one_by_one


def test_every_name_of_the_package_is_what_it_says_and_lines_are_read_without_any_http():
    import sources

    assert all(getattr(sources, name).__name__ == name for name in sources.__all__ if name != "Entry")
    assert callable(sources.packed)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sources.nothing  # noqa: B018
    told = "import sys, sources; sources.read_lines, sources.line_blocks; print({'requests', 'bs4'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout == "set()\n"
