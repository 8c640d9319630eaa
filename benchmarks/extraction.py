"""Text and date of article pages on two public benchmarks, beside other extractors in the same run.

    python benchmarks/extraction.py --pages DIR --htmldate DIR [--json]

DIR are checkouts of scrapinghub/article-extraction-benchmark and adbar/htmldate; their pages belong to their
publishers and are read in place. The score of the text is the benchmark's own: F1 of means over runs of four words.
"""

import argparse
import gzip
import json
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sources.charset import decoded
from sources.pages import main_text, read_page

_WORDS = re.compile(r"\w+")
_RUN = 4


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, help="checkout of article-extraction-benchmark")
    parser.add_argument("--htmldate", type=Path, help="checkout of htmldate")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict[str, Any] = {}
    if options.pages:
        found["text"] = texts(options.pages)
    if options.htmldate:
        found["dates"] = dates(options.htmldate)
    print(json.dumps(found, indent=1) if options.json else _told(found))


def texts(folder: Path) -> dict[str, dict[str, float]]:
    """F1, precision, recall and pages per second of each extractor that is installed."""
    truth = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    pages = {key: gzip.decompress((folder / "html" / f"{key}.html.gz").read_bytes()) for key in truth}
    found = {}
    for name, extract in _extractors().items():
        extract(next(iter(pages.values())))  # warm
        started = time.process_time()
        results = {key: extract(page) for key, page in pages.items()}
        seconds = time.process_time() - started
        shares = {key: _shares(truth[key]["articleBody"], text) for key, text in results.items()}
        halves = [[s for key, s in shares.items() if _half(key) == half] for half in (0, 1)]
        found[name] = _scores(list(shares.values())) | {
            "f1_half_a": _scores(halves[0])["f1"], "f1_half_b": _scores(halves[1])["f1"],
            "pages_per_s": round(len(pages) / seconds, 1), "pages": len(pages),
        }  # fmt: skip
    return found


def dates(folder: Path) -> dict[str, float]:
    """Share of pages whose publication day is right, of those that the checkout holds."""
    right = wrong = none = missing = 0
    tests = folder / "tests"
    for name in ("eval_default.json", "eval_mediacloud_2020.json"):
        for url, expected in json.loads((tests / name).read_text("utf-8")).items():
            path = next(
                (p for d in ("cache", "eval", "test_set") if (p := tests / d / expected["file"]).exists()), None
            )
            if path is None:
                missing += 1
                continue
            # The day as the page writes it: in UTC it may be the one before.
            day = read_page(path.read_bytes(), "", url, {}).published_raw[:10]
            none += not day
            right += day == expected["date"]
            wrong += bool(day) and day != expected["date"]
    pages = right + wrong + none
    return {"pages": pages, "right": right / pages, "wrong": wrong / pages, "none": none / pages, "missing": missing}


def _extractors() -> dict[str, Callable[[bytes], str]]:
    import trafilatura

    found: dict[str, Callable[[bytes], str]] = {
        "trendwarte": lambda page: main_text(decoded(page)),
        # What a night does with a page: text, title and date, and nothing from behind a paywall.
        "trendwarte page": lambda page: read_page(page, "", "", {}).text,
        "trafilatura fast": lambda page: trafilatura.extract(page, fast=True, include_comments=False) or "",
        "trafilatura": lambda page: trafilatura.extract(page, include_comments=False) or "",
    }
    if find_spec("resiliparse"):
        from resiliparse.extract.html2text import extract_plain_text

        found["resiliparse"] = lambda page: extract_plain_text(page.decode("utf-8", "replace"), main_content=True)
    if find_spec("newspaper"):
        import newspaper

        def newspaper_text(page: bytes) -> str:
            article = newspaper.Article("https://a.example/", fetch_images=False)
            article.download(input_html=page.decode("utf-8", "replace"))
            try:
                article.parse()
            except (ImportError, LookupError):
                return ""  # a language whose word splitter, or its word lists, are not installed
            return str(article.text)

        found["newspaper4k"] = newspaper_text
    return found


def _shares(true: str, found: str) -> tuple[float, float, float]:
    """True positives, false positives and false negatives among runs of words, as shares of all runs."""
    wanted, given = _runs(true), _runs(found)
    counts = (sum((wanted & given).values()), sum((given - wanted).values()), sum((wanted - given).values()))
    total = sum(counts) or 1
    return counts[0] / total, counts[1] / total, counts[2] / total


def _runs(text: str) -> Counter[tuple[str, ...]]:
    words = _WORDS.findall(text)
    return Counter(run for at in range(max(1, len(words) - _RUN + 1)) if (run := tuple(words[at : at + _RUN])))


def _scores(shares: list[tuple[float, float, float]]) -> dict[str, float]:
    precision = statistics.mean(tp / (tp + fp) for tp, fp, _ in shares if tp + fp)
    recall = statistics.mean(tp / (tp + fn) for tp, _, fn in shares if tp + fn)
    return {"f1": 2 * precision * recall / (precision + recall), "precision": precision, "recall": recall}


def _half(key: str) -> int:
    return sha256(key.encode()).digest()[0] % 2


def _told(found: dict[str, Any]) -> str:
    lines = []
    for name, row in found.get("text", {}).items():
        lines.append(f"{name:18}" + "  ".join(f"{k} {v:.3f}" for k, v in row.items()))
    if "dates" in found:
        lines.append("dates: " + "  ".join(f"{k} {v:.3f}" for k, v in found["dates"].items()))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
