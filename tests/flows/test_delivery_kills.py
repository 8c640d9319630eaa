"""A night killed anywhere between scoring and acknowledgement: every alert arrives, twice only under one id, none is lost."""

import multiprocessing
import os
import random
import shutil
import time

import pytest

from demo import HookReceiver, PostOffice
from tests.flows import killed_night
from tests.flows.killed_night import CALM, EVENTFUL, POINTS, TO, live, write_archive
from warehouse import Warehouse

KILLED = -9
RANDOM_KILLS = int(os.environ.get("TRENDWARTE_DELIVERY_KILLS", "3"))
#: Without a campaign a seeded sample of the points, spread over the whole night.
SAMPLE = POINTS if RANDOM_KILLS > 20 else (*random.Random(20240830).sample(POINTS[:14], 3), *POINTS[14:][2::4])


class Field:
    """Real servers, an archive, and a warehouse on the eve of the eventful night."""

    def __init__(self, folder, office, receiver):
        self.folder, self.office, self.receiver = folder, office, receiver
        self.archive = write_archive(folder / "world.jsonl")
        # Children are forked from a server that has imported everything: a night then takes its own time only.
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([killed_night.__name__])
        self.eve = folder / "eve"
        assert self.run(self.eve, CALM) == 0
        calm = self.copy("calm")
        process = self.judging(calm)
        began = time.monotonic()
        process.join()
        self.span_s = time.monotonic() - began
        assert process.exitcode == 0
        self.expected = self.arrived()
        assert len(self.expected[0]) == len(TO) and len(self.expected[1]) == 1, "an alert for each recipient"
        assert set(self.statuses(calm)) == {"sent"}

    def copy(self, name):
        shutil.rmtree(self.folder / name, ignore_errors=True)
        return shutil.copytree(self.eve, self.folder / name)

    def process(self, state, day, point=None, begun=None):
        arguments = (state, day, self.archive, self.office.port, self.receiver.url, point, begun)
        return self.context.Process(target=live, args=arguments)

    def run(self, state, day, point=None):
        process = self.process(state, day, point)
        process.start()
        process.join()
        return process.exitcode

    def judging(self, state):
        """A process in the eventful night, at the moment it begins to score."""
        ours, theirs = self.context.Pipe(duplex=False)
        process = self.process(state, EVENTFUL, begun=theirs)
        process.start()
        theirs.close()
        with ours:
            ours.recv()
        return process

    def arrived(self):
        """(Message-ID and recipient of each letter, id of each request) as sets, and forget them."""
        letters = {(str(one.message["Message-ID"]), one.recipients[0], one.raw) for one in self.office.letters}
        requests = {(one.headers["webhook-id"], one.body) for one in self.receiver.requests}
        self.office.empty()
        self.receiver.empty()
        return letters, requests

    def statuses(self, state):
        with Warehouse(state / "warehouse.duckdb") as warehouse:
            return [row["status"] for row in warehouse.outbox.listing()]

    def check(self, state):
        """After a kill the night runs again: all is there, with the ids and bytes of an undisturbed night."""
        assert self.run(state, EVENTFUL) == 0
        assert self.arrived() == self.expected
        assert set(self.statuses(state)) == {"sent"}


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    with PostOffice() as office, HookReceiver() as receiver:
        yield Field(tmp_path_factory.mktemp("kills"), office, receiver)


def test_there_are_points_enough_between_scoring_and_acknowledgement():
    assert len(set(POINTS)) == len(POINTS) >= 25


@pytest.mark.parametrize("point", SAMPLE, ids=lambda point: f"{point[0].rpartition(':')[2]}-{point[1]}-{point[2]}")
def test_a_night_killed_at_a_named_point_tells_everybody(field, point):
    state = field.copy("named")
    assert field.run(state, EVENTFUL, point) == KILLED, "the night must reach the point"
    field.check(state)


def test_nights_killed_at_random_moments_tell_everybody(field):
    chance = random.Random(int(os.environ.get("TRENDWARTE_SEED", "6")))
    span_s, killed = field.span_s, 0
    for _ in range(4 * RANDOM_KILLS):
        state = field.copy("random")
        process = field.judging(state)
        began = time.monotonic()
        process.join(chance.uniform(0, span_s))
        if process.is_alive():
            process.kill()
            process.join()
        if process.exitcode == KILLED:
            killed += 1
        else:
            # The machine is less busy than when the span was measured; a kill after the end proves nothing.
            span_s = time.monotonic() - began
        field.check(state)
        if killed == RANDOM_KILLS:
            break
    assert killed == RANDOM_KILLS, "kills after the end of the night prove nothing"
