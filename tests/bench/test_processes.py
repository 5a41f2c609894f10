from __future__ import annotations

import subprocess
import sys
import time

import pytest

from shoal.bench.processes import ProcessMeter, Reading, used_between

OLD, NEW, DEAD = (1, 1.0), (2, 5.0), (3, 1.0)

BUSY_CHILD = """
import sys, time
sys.stdin.readline()
while time.process_time() < 0.3: pass
sys.stdout.write("done\\n"); sys.stdout.flush()
sys.stdin.readline()
"""


def test_what_was_used_before_does_not_count() -> None:
    used = used_between(Reading({OLD: 10.0}), Reading({OLD: 12.5}), {})
    assert used.cpu_s == pytest.approx(2.5)
    assert used.lost == 0


def test_a_process_that_started_in_between_counts_with_all_it_used() -> None:
    assert used_between(Reading({OLD: 1.0}), Reading({OLD: 1.0, NEW: 0.7}), {}).cpu_s == pytest.approx(0.7)


def test_a_process_that_ended_counts_up_to_its_last_reading_and_is_reported() -> None:
    used = used_between(Reading({OLD: 1.0, DEAD: 3.0}), Reading({OLD: 2.0}), {DEAD: 3.4})
    assert used.cpu_s == pytest.approx(1.4)
    assert used.lost == 1


def test_a_process_that_ended_unseen_takes_nothing_off_the_sum() -> None:
    used = used_between(Reading({OLD: 1.0, DEAD: 3.0}), Reading({OLD: 2.0}), {})
    assert used.cpu_s == pytest.approx(1.0)
    assert used.lost == 1


def test_a_process_id_used_again_is_another_process() -> None:
    used = used_between(Reading({(7, 1.0): 9.0}), Reading({(7, 2.0): 0.5}), {})
    assert used.cpu_s == pytest.approx(0.5)
    assert used.lost == 1


@pytest.mark.parametrize(
    ("before", "after", "grown"), [(100, 350, 250), (None, 350, None), (100, None, None)]
)
def test_memory_growth_is_known_only_from_two_readings(
    before: int | None, after: int | None, grown: int | None
) -> None:
    assert used_between(Reading({}, before), Reading({}, after), {}).memory_b == grown


def test_the_meter_finds_the_work_of_a_child_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BUSY_CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        meter = ProcessMeter()
        meter.begin(memory=True)
        child.stdin.write("go\n")
        child.stdin.flush()
        assert child.stdout.readline() == "done\n"
        used = meter.end(memory=True)
        child.stdin.write("end\n")
    # The child began the work with the CPU time of its start, some 20 ms.
    assert used.cpu_s >= 0.2
    assert used.memory_b is not None


def test_the_meter_keeps_what_it_saw_of_a_child_that_ended() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BUSY_CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        meter = ProcessMeter()
        meter.begin(memory=False)
        child.stdin.write("go\n")
        child.stdin.flush()
        child.stdout.readline()
        meter.observe()
        child.stdin.write("end\n")
        child.stdin.flush()
        child.wait()
        used = meter.end(memory=False)
    assert used.cpu_s >= 0.2
    assert used.lost == 1


def test_the_meter_finds_our_own_work() -> None:
    meter = ProcessMeter()
    meter.begin(memory=False)
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass
    assert meter.end(memory=False).cpu_s >= 0.08  # the kernel counts in ticks of 10 ms
