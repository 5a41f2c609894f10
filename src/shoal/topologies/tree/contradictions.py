"""What several branches say about one thing, and whether it agrees. Pure.

What differs is reported with who said what; it is never averaged, and none of it is chosen here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from shoal.runtime.codec import message
from shoal.topologies.wiring.carrying import Carrying, as_data


class Contradiction(BaseModel):
    """Branches that say different things about one thing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    """What: a field, with dots into nested ones (``prices.tea``)."""
    values: dict[str, Any]
    """What each of them says, by branch. Who says nothing about it is not here."""
    at: str = ""
    """The branch whose members they are, as a path from the team; empty: the team itself."""
    note: str = ""
    """What whoever found it has to say."""

    def __str__(self) -> str:
        said = ", ".join(f"{who}: {value!r}" for who, value in self.values.items())
        where = f" in {self.at}" if self.at else ""
        return f"{self.about}{where}: {said}" + (f" ({self.note})" if self.note else "")


@message("shoal.Reconsider")
class Reconsider(Carrying):
    """Asks a member that contradicts another one to look again. It answers as it does to a task.

    A subclass may name the types of ``task`` and ``answer``; see :mod:`.carrying`.
    """

    task: Any = None
    """What it was asked."""
    answer: Any = None
    """What it, or the branch that it is part of, answered."""
    contradictions: tuple[Contradiction, ...] = ()
    """In which others say something else."""

    def __str__(self) -> str:
        lines = [f"Task: {self.task}", f"The answer was: {self.answer}", "Others say something else:"]
        lines += [f"- {one}" for one in self.contradictions]
        return "\n".join([*lines, "Look again, and answer the task: as before if that is right."])


def differing(answers: Mapping[str, Any], agree_on: Sequence[str]) -> list[Contradiction]:
    """The contradictions among answers, by branch, in the fields they have to agree on.

    A field is a path with dots into models and dicts. Where it holds dicts, they agree when what they have in common
    does, key by key. An answer that lacks the field, or has ``None`` there, says nothing about it.
    """
    found: list[Contradiction] = []
    data = {who: as_data(answer) for who, answer in answers.items()}
    for path in agree_on:
        said = {who: value for who, answer in data.items() if (value := _at(answer, path)) is not None}
        found.extend(_compare(path, said))
    return found


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _compare(path: str, said: dict[str, Any]) -> list[Contradiction]:
    values = list(said.values())
    if values and all(isinstance(value, dict) for value in values):
        keys = dict.fromkeys(key for value in values for key in value)
        return [
            one
            for key in keys
            for one in _compare(
                f"{path}.{key}", {w: v[key] for w, v in said.items() if v.get(key) is not None}
            )
        ]
    if all(value == values[0] for value in values[1:]):
        return []
    return [Contradiction(about=path, values=said)]
