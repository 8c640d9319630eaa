"""The committed weights are what the training script makes, and what the code of today can use."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from trendwarte.types import Document

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
pytest.importorskip("sklearn", reason="training needs the extra `train`")
sys.path.insert(0, str(BENCHMARKS))

from labelled import ARCHIVED, ARCHIVES, GOLD, Labelled, apart, archived, gold, own  # noqa: E402
from train_reader import TARGET, sighted, train  # noqa: E402


def test_the_weights_fit_the_code_that_reads_them(reader):
    """A lexicon or feature that changed without training anew shows here: its own lessons are read wrongly."""
    lessons = [text for text in own() if text.labels["relevant"] and not text.labels["recap"]][::4]
    readings = [reader.read(text.document) for text in lessons]
    assert len(lessons) > 250
    for field, least in (("relevant", 0.95), ("legal_stage", 0.93), ("topic", 0.93), ("factuality", 0.93)):
        right = np.mean([text.accepts(field, getattr(one, field)) for text, one in zip(lessons, readings, strict=True)])
        assert right >= least, field


@pytest.mark.skipif(
    not (GOLD.is_dir() and ARCHIVES.is_dir()), reason="the labelled headlines lie beside the checkout and are not here"
)
def test_training_again_gives_the_committed_weights():
    again = train(sighted([*gold(), *own(), *archived()]), questions=("recap",))
    with np.load(TARGET, allow_pickle=False) as kept:
        assert np.array_equal(again["rarity"], kept["rarity"])
        assert np.abs(again["recap_weights"].astype(int) - kept["recap_weights"].astype(int)).max() <= 1
        assert list(again["recap_answers"]) == list(kept["recap_answers"])


def test_headlines_of_the_archives_that_may_tell_of_a_text_held_out_are_not_trained_on():
    held = _headline("Montana governor signs TikTok ban into law", "2023-05-17")
    near = _headline("TikTok ban becomes law as Montana governor signs bill", "2023-05-18")
    again = _headline("Montana governor signs TikTok ban into law", "2021-01-01")
    other = _headline("Montana governor opens fair", "2024-05-18")
    assert apart([near, again, other], [held]) == [other]


def test_every_label_for_the_archives_names_one_headline_and_known_answers():
    lines = [line.split() for line in ARCHIVED.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert len({address for address, *_ in lines}) == len(lines) > 500
    known = {text.labels["topic"] for text in own()}, {text.labels["legal_stage"] for text in own()}
    assert {one for _, topic, *_ in lines for one in topic.split("/")} <= known[0]
    assert {one for _, _, _, stage, *_ in lines for one in stage.split("/")} <= known[1]


def test_what_is_labelled_as_one_or_the_other_is_learned_as_both_and_may_not_matter_at_all(tmp_path, monkeypatch):
    written = tmp_path / "written.txt"
    written.write_text(
        "== security/data_protection GB/G none asserted negative/neutral recap\nTikTok leaks addresses\n"
        "== none/ad_product G none asserted neutral\nHow to zoom on Instagram\n"
        "== ad_product/none US none asserted positive\nPinterest tests a button\n"
    )
    monkeypatch.setattr("labelled.WRITTEN", written)
    leak, zoom, button = own()
    assert (leak.labels["topic"], leak.labels["jurisdiction"], leak.labels["recap"]) == ("security", "GB", True)
    assert leak.alternatives == {
        "topic": ["data_protection"], "jurisdiction": ["GLOBAL"], "polarity": ["neutral"],
    }  # fmt: skip
    assert not zoom.labels["relevant"] and zoom.accepts("relevant", True) and zoom.accepts("topic", "ad_product")
    assert button.labels["relevant"] and button.accepts("relevant", False) and not button.accepts("topic", "none")


def _headline(title: str, day: str) -> Labelled:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return Labelled(Document(title, "s", "", title, "", "", "quality_press", moment, moment, ""), {}, {}, title)
