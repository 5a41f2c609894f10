"""The order of jobs that need one another, without anything that runs."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shoal.topologies.work.schedule import Job, Schedule, broken_order


@st.composite
def orders(draw: st.DrawFn) -> list[Job]:
    """Jobs without a circle, in any order."""
    count = draw(st.integers(0, 12))
    jobs = []
    for place in range(count):
        needs = draw(st.sets(st.integers(0, place - 1), max_size=4)) if place else set()
        jobs.append(Job(str(place), tuple(map(str, sorted(needs))), draw(st.integers(-2, 2))))
    return draw(st.permutations(jobs))


@given(orders(), st.integers(1, 4), st.randoms())
def test_every_job_begins_once_after_all_it_needs_and_no_more_than_parallel_at_once(
    jobs: list[Job], parallel: int, luck: object
) -> None:
    assert broken_order(jobs) == ""
    needs = {job.id: set(job.needs) for job in jobs}
    schedule, running, done = Schedule(jobs, parallel), list[str](), list[str]()
    while True:
        while (following := schedule.take()) is not None:
            assert needs[following] <= set(done)
            running.append(following)
            assert len(running) == schedule.running <= parallel
        if not running:
            break
        ended = running.pop(luck.randrange(len(running)))  # type: ignore[attr-defined]
        done.append(ended)
        schedule.done(ended)
    assert sorted(done) == sorted(needs)


@given(orders())
def test_of_those_that_could_begin_the_one_of_highest_priority_does_and_the_first_of_equals(
    jobs: list[Job],
) -> None:
    schedule, done = Schedule(jobs, 1), set[str]()
    while (following := schedule.take()) is not None:
        could = [job for job in jobs if job.id not in done and set(job.needs) <= done]
        assert following == max(could, key=lambda job: job.priority).id
        done.add(following)
        schedule.done(following)


@given(orders(), st.data())
def test_what_needs_a_failed_job_is_skipped_directly_or_not_and_nothing_else(
    jobs: list[Job], data: st.DataObject
) -> None:
    failing = data.draw(st.sets(st.sampled_from([job.id for job in jobs]))) if jobs else set()
    schedule, begun = Schedule(jobs, 2), set[str]()
    while (following := schedule.take()) is not None:
        begun.add(following)
        (schedule.failed if following in failing else schedule.done)(following)
    needs = {job.id: set(job.needs) for job in jobs}

    def lost(job: str) -> bool:
        return any(need in failing or lost(need) for need in needs[job])

    assert begun == {job.id for job in jobs if not lost(job.id)}
    assert set(schedule.skipped) == {job.id for job in jobs if lost(job.id)}
    assert set(schedule.skipped.values()) <= failing


@given(orders(), st.data())
def test_a_circle_is_found_and_named(jobs: list[Job], data: st.DataObject) -> None:
    if not jobs:
        return
    ring = data.draw(st.lists(st.sampled_from([job.id for job in jobs]), min_size=1, max_size=4, unique=True))
    extra = {one: ring[place - 1] for place, one in enumerate(ring)}
    closed = [job._replace(needs=(*job.needs, extra[job.id])) if job.id in extra else job for job in jobs]
    said = broken_order(closed)
    assert said.startswith("they need one another in a circle: ")
    names = said.partition(": ")[2].split(" needs ")
    assert names[0] == names[-1]
    needs = {job.id: set(job.needs) for job in closed}
    assert all(after in needs[before] for before, after in pairwise(names))


def test_a_need_that_is_no_job_is_named() -> None:
    assert broken_order([Job("a", ("b",))]) == "'a' needs 'b', which is none of them"


def test_a_need_that_is_listed_twice_is_one() -> None:
    schedule = Schedule([Job("a"), Job("b", ("a", "a"))], 2)
    assert schedule.take() == "a"
    assert schedule.take() is None
    schedule.done("a")
    assert schedule.take() == "b"
