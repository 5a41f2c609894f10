from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shoal.blackboard.store.ready import Ready
from shoal.blackboard.version import Item, Version
from tests.blackboard.store.stand import value

KEYS = st.sampled_from(["a", "a/", "a/b", "a/b/c", "//", "a/b/c/d/e/f/g", "a/b/c/d/e/f/h", "b/x", "ab"])
TAGS = st.lists(st.sampled_from(["red", "blue", "big"]), unique=True, max_size=3).map(sorted).map(tuple)
STEPS = st.lists(st.tuples(st.booleans(), KEYS, TAGS, st.integers(-1, 1)), max_size=40)


def item(key: str, revision: int, tags: tuple[str, ...] = (), priority: int = 0) -> Version:
    return Version(
        key, value(), revision, revision, 1, "", b"", None, 0.0, None, Item(priority=priority, tags=tags)
    )


@given(STEPS, KEYS, TAGS, KEYS)
def test_the_best_that_fits_is_found(
    steps: list[tuple[bool, str, tuple[str, ...], int]], prefix: str, tags: tuple[str, ...], unfit: str
) -> None:
    ready, model = Ready(), dict[str, Version]()
    for revision, (add, key, of, priority) in enumerate(steps):
        ready.discard(key)
        model.pop(key, None)
        if add:
            model[key] = item(key, revision // 3, of, priority)
            ready.add(model[key])
    assert len(ready) == len(model)

    def fits(key: str) -> bool:
        found = model[key].item
        return found is not None and set(tags) <= set(found.tags) and key != unfit

    for folder in ("", prefix, prefix[:-1]):
        expected = sorted(
            (-version.item.priority, version.create_revision, key)
            for key, version in model.items()
            if version.item and key.startswith(folder) and fits(key)
        )
        for _ in range(2):  # looking changes nothing
            assert ready.best(folder, tags, fits) == (expected[0][2] if expected else None)


def test_items_that_came_and_went_leave_nothing_behind() -> None:
    ready = Ready()
    ready.add(item("jobs/kept", 0, ("red",)))
    for n in range(2_000):
        key = f"jobs/{n}/x"
        ready.add(item(key, n, ("red", str(n))))
        ready.discard(key)
    assert len(ready._queues) == 4
    assert max(len(queue.heap) for queue in ready._queues.values()) < 200
    ready.discard("jobs/kept")
    assert not ready._queues


def test_a_key_of_slashes_has_few_queues() -> None:
    ready = Ready()
    ready.add(item("/" * 1_000, 1, ("red",)))
    assert len(ready._queues) <= 10
    assert ready.best("/" * 900, ("red",), None) == "/" * 1_000
