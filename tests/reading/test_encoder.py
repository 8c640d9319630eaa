"""The encoder computes what it was trained to compute, and joins the regressions without ever drowning them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor

from trendwarte.reading.answers import ENCODED, Answers
from trendwarte.reading.encoder import LEAD_PIECES, TITLE_PIECES, Encoder, Heard, pieces_of
from trendwarte.reading.learned import Learned
from trendwarte.reading.resources import weights
from trendwarte.types import Document

GOLDEN = json.loads((Path(__file__).parent / "encoder_golden.json").read_text("utf-8"))
CUTTER = SentencePieceProcessor(model_proto=weights("encoder.npz")["pieces"].tobytes())


@pytest.fixture(scope="module")
def encoder():
    return Encoder(weights("encoder.npz"))


@pytest.mark.parametrize("told", GOLDEN, ids=[one["title"][:30] for one in GOLDEN])
def test_scores_are_those_of_the_framework_it_was_trained_with(encoder, told):
    title, lead = (
        pieces_of(CUTTER, told[name], most) for name, most in (("title", TITLE_PIECES), ("lead", LEAD_PIECES))
    )
    # Eight bits a number instead of thirty-two: a few hundredths on scores of up to ten.
    assert encoder.scores(title, lead) == pytest.approx(told["scores"], abs=0.15)


@pytest.mark.parametrize(
    "title, lead",
    [("", ""), ("\u4e2d", ""), ("", "A judge stops the ban"), ("TikTok", ""), ("?" * 5_000, "x " * 5_000)],
)
def test_any_text_is_heard_or_passed_over(encoder, title, lead):
    heard = encoder.heard(title, lead)
    if heard is None:
        assert not pieces_of(CUTTER, title + lead, 9)
        return
    assert np.isfinite(heard.relevance)
    for question in ENCODED:
        assert heard.shares[encoder.answers.slices[question]].sum() == pytest.approx(1, abs=1e-4)


@given(st.text("aäbcdeinorstzß SX-", max_size=60))
def test_pieces_put_together_are_the_text(text):
    put_together = "".join(map(CUTTER.id_to_piece, pieces_of(CUTTER, text, 1_000)))
    assert put_together.replace("▁", " ").split() == text.split()


def test_shares_of_the_columns_of_one_answer_add_up():
    answers = Answers({"topic": ["b", "a"], "side": ["bad", "good", "bad"]})
    shares = answers.shares(np.log(np.array([3.0, 1.0, 1.0, 2.0, 1.0], dtype=np.float32)))
    assert answers.names == ["a", "b", "bad", "good"]
    assert shares == pytest.approx([0.25, 0.75, 0.5, 0.5])
    assert answers.whole(np.array([1.0, 1.0, 3.0, 1.0])) == pytest.approx([0.5, 0.5, 0.75, 0.25])


def test_weights_of_two_trainings_that_know_different_answers_are_refused(encoder):
    class Other:
        answers = Answers({name: ["one", "two"] for name in ENCODED})

    with pytest.raises(ValueError, match="make train"):
        Learned(weights("learned.npz"), Other())  # type: ignore[arg-type]


def test_beside_a_step_that_a_rule_read_the_encoder_has_less_to_say_of_the_stage(reader, encoder):
    both = Learned(weights("learned.npz"), encoder)
    sight = reader.sight(_document("Turkey blocks X"))
    ((_, seen),) = both.relevance([sight.words], [(sight.title, sight.lead)])
    shares = np.full(len(encoder.answers.names), 1e-6, dtype=np.float32)
    shares[encoder.answers.names.index("none")] = 1.0
    doubted = seen._replace(heard=Heard(0.0, shares))
    beside, alone = (both.opinion(doubted, sight.rules, is_step_read=one) for one in (True, False))
    assert beside.share("legal_stage", "in_force") > alone.share("legal_stage", "in_force")
    assert beside.share("polarity", "negative") == pytest.approx(alone.share("polarity", "negative"), abs=1e-6)


@pytest.mark.parametrize("title", ["Turkey blocks X", "Pinterest tests a button", "Weather in Rome"])
def test_shares_of_both_together_are_shares(reader, encoder, title):
    both = Learned(weights("learned.npz"), encoder)
    sight = reader.sight(_document(f"{title}, TikTok says"))
    ((share, seen),) = both.relevance([sight.words], [(sight.title, sight.lead)])
    opinion = both.opinion(seen, sight.rules, is_step_read=False)
    assert 0 <= share <= 1
    for answers in opinion.shares.values():
        assert sum(one for _, one in answers) == pytest.approx(1, abs=1e-4)
        assert [one for _, one in answers] == sorted((one for _, one in answers), reverse=True)


def test_the_encoder_is_asked_only_where_the_regressions_are_unsure(reader):
    asked = []

    class Noting(Encoder):
        def heard(self, title, lead):
            asked.append(title)
            return super().heard(title, lead)

    both = Learned(weights("learned.npz"), Noting(weights("encoder.npz")))
    for title, is_asked in (
        ("Watch our new video: how to bake bread || subscribe on YouTube and Instagram", False),
        ("Russia blocks Facebook", False),
        ("Snapchat bets on glasses that nobody asked for", True),
    ):
        sight = reader.sight(_document(title))
        ((share, seen),) = both.relevance([sight.words], [(sight.title, sight.lead)])
        if share >= 0.65:
            both.opinion(seen, sight.rules, is_step_read=sight.step is not None)
        assert (title in asked) is is_asked, title


def _document(title: str) -> Document:
    moment = datetime(2025, 2, 1, tzinfo=UTC)
    return Document("d", "s", "", title, "", "", "quality_press", moment, moment, "")
