"""How rare terms are in headlines that name a platform; writes `trendwarte/rarities.npy` (counts of hashes, no text).

    python benchmarks/train_sameness.py
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from trendwarte.reading import Watchlist
from trendwarte.sameness import count

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
FILES = ("news-2020.jsonl.gz", "news-2021.jsonl.gz", "news-2022.jsonl.gz", "german-headlines-2019-2020.jsonl.gz")


def texts() -> Iterator[tuple[str, str]]:
    """Title and lead of the items that name a platform."""
    automaton = Watchlist.builtin().automaton()
    for name in FILES:
        with gzip.open(CORPUS / name, "rt", encoding="utf-8") as lines:
            for line in lines:
                one = json.loads(line)
                title, lead = one.get("title") or "", one.get("lead") or ""
                if next(automaton.iter(f"{title}\n{lead}".lower()), None):
                    yield title, lead


if __name__ == "__main__":
    np.save(ROOT / "trendwarte" / "rarities.npy", count(texts()))
