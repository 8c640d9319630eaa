"""The committed weights are what the training script makes, and what the code of today can use."""

import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
pytest.importorskip("sklearn", reason="training needs the extra `train`")
sys.path.insert(0, str(BENCHMARKS))

from labelled import GOLD, gold, own  # noqa: E402
from train_reader import TARGET, sighted, train  # noqa: E402


def test_the_weights_fit_the_code_that_reads_them(reader):
    """A lexicon or feature that changed without training anew shows here: its own lessons are read wrongly."""
    lessons = [text for text in own() if text.labels["relevant"] and not text.labels["recap"]][::4]
    readings = [reader.read(text.document) for text in lessons]
    assert len(lessons) > 250
    for field, least in (("relevant", 0.95), ("legal_stage", 0.93), ("topic", 0.93), ("factuality", 0.93)):
        right = np.mean([text.accepts(field, getattr(one, field)) for text, one in zip(lessons, readings, strict=True)])
        assert right >= least, field


@pytest.mark.skipif(not GOLD.is_dir(), reason="the labelled headlines lie beside the checkout and are not here")
def test_training_again_gives_the_committed_weights():
    again = train(sighted([*gold(), *own()]), questions=("recap",))
    with np.load(TARGET, allow_pickle=False) as kept:
        assert np.array_equal(again["rarity"], kept["rarity"])
        assert np.abs(again["recap_weights"].astype(int) - kept["recap_weights"].astype(int)).max() <= 1
        assert list(again["recap_answers"]) == list(kept["recap_answers"])
