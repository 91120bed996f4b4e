"""The queue, in both databases: one worker for each submission, and none is lost or done twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from corruptbench.server import audit_log, submissions, tokens
from corruptbench.server import database as db
from corruptbench.server.database import open_database
from corruptbench.server.settings import Limits, load_settings
from corruptbench.server.submissions import DAY, FAILED, Outcome, TooManyError, Upload
from corruptbench.server.tokens import Owner, RevokedError

LIMITS = Limits(waiting=1000, scored_per_day=3, attempts=2)


@pytest.fixture
def engine(tmp_path, setting):
    (tmp_path / "server.toml").write_text(setting)
    engine = open_database(load_settings(tmp_path))
    yield engine
    engine.dispose()


@pytest.fixture
def alice(engine):
    return owner(engine, "alice")


def owner(engine, name):
    with engine.begin() as database:
        return tokens.owner_of(database, tokens.add(database, name))


def upload(number, kind="result"):
    return Upload(kind, f"{number:064x}", None)


def enqueue(engine, who, *what, limits=LIMITS):
    with engine.begin() as database:
        row, is_new = submissions.enqueue(database, who, upload(*what), limits)
    return row.id, is_new


def claim(engine, worker, limits=LIMITS):
    with engine.begin() as database:
        return submissions.claim(database, worker, limits)


def finish(engine, job, worker, state="accepted"):
    with engine.begin() as database:
        return submissions.finish(database, job, worker, Outcome(state, {"row": "a/b"}, "done"))


def state(engine, who, key):
    with engine.begin() as database:
        return submissions.find(database, who, key)


def expire(engine):
    """Let all leases end."""
    with engine.begin() as database:
        database.execute(update(db.submissions).values(lease=time.time() - 1))


def test_the_oldest_comes_first_and_only_once(engine, alice):
    keys = [enqueue(engine, alice, number)[0] for number in range(3)]
    jobs = [claim(engine, f"w{number}") for number in range(4)]
    assert [job and job.id for job in jobs] == [*keys, None]
    assert all(finish(engine, job, f"w{number}") for number, job in enumerate(jobs[:3]))
    assert claim(engine, "w") is None
    assert state(engine, alice, keys[0]).answer == {"row": "a/b"}


def test_tokens_take_turns(engine, alice):
    """One token with a long queue does not keep the others waiting."""
    bob = owner(engine, "bob")
    mine = [enqueue(engine, alice, number)[0] for number in range(4)]
    his = [enqueue(engine, bob, number)[0] for number in range(2)]
    order = []
    for _ in range(6):
        job = claim(engine, "w")
        order.append(job.id)
        finish(engine, job, "w")
    assert order == [mine[0], his[0], mine[1], his[1], *mine[2:]]


def test_tokens_share_the_workers(engine, alice):
    bob = owner(engine, "bob")
    mine = [enqueue(engine, alice, number)[0] for number in range(3)]
    his = [enqueue(engine, bob, number)[0] for number in range(2)]
    order = [claim(engine, f"w{number}").id for number in range(5)]
    assert order == [mine[0], his[0], mine[1], his[1], mine[2]]


def test_a_clock_that_was_set_back(engine, alice):
    """The lease of a dead worker does not last for hours then."""
    key, _ = enqueue(engine, alice, 1)
    claim(engine, "dead")
    with engine.begin() as database:
        database.execute(update(db.submissions).values(lease=time.time() + 3600))
    assert claim(engine, "other").id == key


def test_what_is_taken_from_a_worker(engine, alice):
    keys = [enqueue(engine, alice, number)[0] for number in range(2)]
    claim(engine, "stopped")
    claim(engine, "other")
    with engine.begin() as database:
        submissions.take_away(database, "stopped")
    rows = [state(engine, alice, key) for key in keys]
    assert [(row.state, row.worker, row.attempts) for row in rows] == [
        ("waiting", None, 1), ("running", "other", 1),
    ]  # fmt: skip


def test_many_workers_at_once(engine, alice):
    keys = [enqueue(engine, alice, number)[0] for number in range(30)]

    def work(worker):
        found = []
        while job := claim(engine, worker):
            assert finish(engine, job, worker)
            found.append(job.id)
        return found

    with ThreadPoolExecutor(4) as pool:
        done = [key for found in pool.map(work, "abcd") for key in found]
    assert Counter(done) == Counter(keys)


def test_many_requests_with_the_same_bytes(engine, alice):
    barrier = threading.Barrier(8)

    def send(_):
        barrier.wait()
        return enqueue(engine, alice, 7)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(send, range(8)))
    assert len({key for key, _ in found}) == 1
    assert sum(is_new for _, is_new in found) == 1


def test_a_dead_worker_is_replaced(engine, alice):
    key, _ = enqueue(engine, alice, 1)
    lost = claim(engine, "dead")
    assert claim(engine, "other") is None
    expire(engine)
    assert claim(engine, "other").id == key
    assert not finish(engine, lost, "dead", "refused")  # it was only slow
    with engine.begin() as database:
        assert not submissions.renew(database, lost, "dead", LIMITS)
        assert submissions.renew(database, lost, "other", LIMITS)
    assert finish(engine, lost, "other")
    assert state(engine, alice, key).state == "accepted"


def test_what_kills_workers_fails(engine, alice):
    key, _ = enqueue(engine, alice, 1)
    for worker in "ab":
        assert claim(engine, worker).id == key
        expire(engine)
    assert claim(engine, "c") is None
    assert state(engine, alice, key).state == "failed"
    assert state(engine, alice, key).answer == FAILED
    assert enqueue(engine, alice, 1) == (key, True)  # sent again, it is tried again
    again = state(engine, alice, key)
    assert (again.state, again.finished, again.answer, again.reason) == ("waiting", *[None] * 3)
    assert claim(engine, "c").id == key


def test_what_is_given_back_is_no_attempt(engine, alice):
    enqueue(engine, alice, 1)
    for _ in range(5):
        job = claim(engine, "a")
        with engine.begin() as database:
            submissions.release(database, job, "a")
    assert claim(engine, "a") is not None


def test_a_token_that_is_revoked_while_bytes_arrive(engine, alice):
    with engine.begin() as database:
        tokens.revoke(database, "alice")
    with pytest.raises(RevokedError):
        enqueue(engine, alice, 1)


@pytest.mark.parametrize("key", ["\0", "a\0b", "", "x" * 10_000, "'"])
def test_what_is_no_id(key, engine, alice):
    assert state(engine, alice, key) is None


def test_limits_of_a_token(engine, alice):
    limits = Limits(waiting=2)
    assert [enqueue(engine, alice, n, limits=limits)[1] for n in (1, 2, 1)] == [True, True, False]
    with pytest.raises(TooManyError, match="2 submissions"):
        enqueue(engine, alice, 3, limits=limits)
    assert enqueue(engine, owner(engine, "bob"), 3, limits=limits)[1]
    finish(engine, claim(engine, "w"), "w")
    assert enqueue(engine, alice, 3, limits=limits)[1]


def test_predictions_in_a_day(engine, alice):
    for number in range(3):
        enqueue(engine, alice, number, "predictions")
        finish(engine, claim(engine, "w"), "w", "refused")
    with pytest.raises(TooManyError) as error:
        enqueue(engine, alice, 4, "predictions")
    assert DAY - 60 < error.value.seconds <= DAY
    assert enqueue(engine, alice, 2, "predictions")[1] is False
    assert enqueue(engine, alice, 5)[1]  # results tell nothing of labels
    with engine.begin() as database:
        database.execute(update(db.submissions).values(created=time.time() - DAY - 1))
    assert enqueue(engine, alice, 4, "predictions")[1]


def test_the_log_is_only_added_to(engine, alice):
    key, _ = enqueue(engine, alice, 1)
    finish(engine, claim(engine, "w"), "w")
    with engine.begin() as database:
        entries = audit_log.entries(database, 10)
    assert [(e.who, e.what) for e in entries] == [
        ("owner", "token add"), ("alice", "upload result"), ("w", "check result"),
    ]  # fmt: skip
    assert entries[1].digest == entries[2].digest == upload(1).digest
    assert entries[2].outcome == f"{key}: accepted: done"
    assert all(abs(e.time - time.time()) < 60 for e in entries)
    for change in (update(db.log).values(who="x"), delete(db.log)):
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as database:
            database.execute(change)


def test_tokens(engine):
    with engine.begin() as database:
        made = tokens.add(database, "alice")
        assert tokens.owner_of(database, made) == Owner(1, "alice")
        wrong = ["", "cbt_1_", made[:-1], made + "x", made.replace("_1_", "_2_"), "cbt_x_y",
                 "cbt_99999999999999999999_y", made.replace("cbt", "abc")]  # fmt: skip
        assert [tokens.owner_of(database, token) for token in wrong] == [None] * len(wrong)
        with pytest.raises(ValueError, match="alice"):
            tokens.add(database, "alice")
        stored = database.execute(text("SELECT * FROM tokens")).one()
        assert made.split("_", 2)[2] not in str(stored)
        tokens.revoke(database, "alice")
        assert tokens.owner_of(database, made) is None
        with pytest.raises(ValueError, match="alice"):
            tokens.revoke(database, "alice")
        assert [(k.name, bool(k.revoked)) for k in tokens.known(database)] == [("alice", True)]
