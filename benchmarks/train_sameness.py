"""What tells one event from another: rarities of terms, and the weights of resemblance.

    python benchmarks/train_sameness.py rarities    # from the news archives: trendwarte/rarities.npy (no text in it)
    python benchmarks/train_sameness.py weights     # from the labelled events:  trendwarte/resemblance.yaml

The weights are a logistic regression over pairs of reports of one platform within three weeks, half of them read by
the reader and half by the labels, of the events that are not held out. Needs the extra `train`.
"""

import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterator

import events_eval
import numpy as np
from labelled import ROOT

from trendwarte.config_files import load_settings
from trendwarte.needles import Needles
from trendwarte.reading import Watchlist
from trendwarte.resemblance import FEATURES, features, report_of
from trendwarte.sameness import count

CORPUS = ROOT.parent / "shared" / "corpus"
FILES = ("news-2020.jsonl.gz", "news-2021.jsonl.gz", "news-2022.jsonl.gz", "german-headlines-2019-2020.jsonl.gz")
DAYS = 21
THRESHOLD = 0.5
CARD = """# Weights of `trendwarte.resemblance`: fitted by benchmarks/train_sameness.py (logistic regression, C = 1) on pairs of
# labelled reports of one platform within {days} days ({pairs} pairs, {same} of them one event; held-out events unseen).
# The threshold is a probability; decision 0014 has the figures and what else was tried.
threshold: {threshold}
bias: {bias:.2f}
weights:
"""


def texts() -> Iterator[tuple[str, str]]:
    """Title and lead of the archived items that name a platform."""
    names = Needles(Watchlist.builtin().spelled())
    for name in FILES:
        with gzip.open(CORPUS / name, "rt", encoding="utf-8") as lines:
            for line in lines:
                one = json.loads(line)
                title, lead = one.get("title") or "", one.get("lead") or ""
                if names.hits(f"{title}\n{lead}".lower()):
                    yield title, lead


def pairs(reading: str) -> Iterator[tuple[tuple[float, ...], bool]]:
    """Features of each pair of reports of one platform within three weeks, and whether they are one event."""
    settings = load_settings(ROOT / "config", {})
    parents = {place: one.parent for place, one in settings.jurisdictions.items()}
    shelves = defaultdict(list)
    for one in events_eval.labelled(settings, reading):
        if not events_eval.is_test(one):
            for stored in events_eval.stored(settings, one):
                shelves[stored.signal.platform].append((report_of(stored), one.event))
    for shelf in shelves.values():
        for place, (first, event) in enumerate(shelf):
            for second, other in shelf[place + 1 :]:
                if (second.day - first.day).days > DAYS:
                    break
                if first.stored.document_id != second.stored.document_id:
                    yield features(first, second, parents), event == other


def fit() -> str:
    """The fitted weights as a YAML file with its card."""
    from sklearn.linear_model import LogisticRegression

    listed = [*pairs("labels"), *pairs("real")]
    model = LogisticRegression(C=1.0, max_iter=4000).fit(np.array([x for x, _ in listed]), [y for _, y in listed])
    card = CARD.format(
        days=DAYS, pairs=len(listed), same=sum(y for _, y in listed), threshold=THRESHOLD, bias=model.intercept_[0]
    )
    return card + "".join(f"  {n}: {w:.2f}\n" for n, w in zip(FEATURES, model.coef_[0], strict=True))


if __name__ == "__main__":
    if sys.argv[1:] == ["rarities"]:
        np.save(ROOT / "trendwarte" / "rarities.npy", count(texts()))
    elif sys.argv[1:] == ["weights"]:
        (ROOT / "trendwarte" / "resemblance.yaml").write_text(fit(), "utf-8")
    else:
        sys.exit(__doc__)
