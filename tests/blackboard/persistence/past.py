"""A region's past, made up step by step: the commits to write, and what has to be read back. A plain model."""

from __future__ import annotations

from collections.abc import Mapping

from shoal.blackboard.version import Commit, Item, Value, Version


class Past:
    """Every commit so far, and the state after each."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.states: list[dict[str, Version]] = [{}]

    @property
    def head(self) -> int:
        """The newest revision."""
        return len(self.commits)

    def commit(self, changes: Mapping[str, bytes | None]) -> Commit:
        """The next commit: what is put at these keys; ``None`` deletes one (which is nothing where there is none)."""
        revision, state = self.head + 1, dict(self.states[-1])
        commit: list[Version] = []
        for key, payload in changes.items():
            was = state.get(key)
            by = ("agent/x", revision.to_bytes(12, "big"), "task")
            if payload is not None:
                item = Item(tags=("a", "b"), priority=revision) if key.startswith("item/") else None
                created = was.create_revision if was else revision
                number = was.version + 1 if was else 1
                version = Version(
                    key, Value("bytes", payload), created, revision, number, *by, float(revision), None, item
                )
                state[key] = version
            elif was is not None:
                version = Version(key, None, 0, revision, 0, *by, float(revision))
                del state[key]
            else:
                continue
            commit.append(version)
        if commit:
            self.commits.append(tuple(commit))
            self.states.append(state)
        return tuple(commit)

    def put(self, key: str, payload: bytes = b"value") -> Commit:
        """The commit of one put."""
        return self.commit({key: payload})

    def entries_at(self, revision: int, prefix: str = "") -> list[Version]:
        """What users see, in order."""
        state = self.states[revision]
        return [state[key] for key in sorted(state) if key.startswith(prefix) and key[0] != "\x00"]

    def history(self, key: str, since: int = 0) -> list[Version]:
        """A key's versions."""
        return [v for commit in self.commits for v in commit if v.key == key and v.mod_revision >= since]
