"""Agents that say which package of the standard library a docstring is from.

No model is asked: each learns in `on_start` from data/examples.jsonl, which has none of the questions, and the same
question always gets the same answer. Replace them with yours: an agent is any class with typed handlers, or an async
function.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel

import shoal

EXAMPLES = Path(__file__).parent / "data" / "examples.jsonl"
SURE = 0.9999
"""From here on there is no second look. (So high because Bayes is surer of itself than it should be.)"""


class Question(BaseModel):
    """What the agents are asked."""

    text: str


class Answer(BaseModel):
    """What they answer."""

    package: Literal["asyncio", "email", "http", "importlib", "logging", "multiprocessing", "unittest", "xml"]
    confidence: float
    because: str


def examples(packages: Sequence[str] = ()) -> list[Example]:
    """What can be learned from; with `packages`, only theirs."""
    lines = map(json.loads, EXAMPLES.read_text(encoding="utf-8").splitlines())
    return [(one["text"], one["package"]) for one in lines if not packages or one["package"] in packages]


def answer(guess: Guess) -> Answer:
    """The guess as the message that is sent."""
    return Answer.model_validate({**guess._asdict(), "confidence": round(guess.confidence, 3)})


class Words(shoal.Agent):
    """Goes by words."""

    async def on_start(self, ctx: shoal.Context) -> None:
        """Learn how often each word is in each package."""
        self._known = Bayes(words, examples(), 0.5)

    async def on_question(self, question: Question) -> Answer:
        """The package whose words these are."""
        return answer(self._known.guess(question.text))


class Pieces(shoal.Agent):
    """Goes by pieces of words: `connect` is in `connection`, too."""

    async def on_start(self, ctx: shoal.Context) -> None:
        """Learn how often each piece is in each package."""
        self._known = Bayes(pieces, examples(), 0.1)

    async def on_question(self, question: Question) -> Answer:
        """The package whose pieces these are."""
        return answer(self._known.guess(question.text))


class Alike(shoal.Agent):
    """Goes by the examples that are most alike."""

    async def on_start(self, ctx: shoal.Context) -> None:
        """Learn the examples."""
        self._known = Neighbours(pieces, examples(), 5)

    async def on_question(self, question: Question) -> Answer:
        """Where the five that are most alike are from."""
        return answer(self._known.guess(question.text))


# -- desks: an orchestrator looks at the words, and gives the question to who knows that area ------------------

AREAS = {
    "network": ("email", "http", "xml"),
    "parallel": ("asyncio", "multiprocessing"),
    "tools": ("importlib", "logging", "unittest"),
}


@functools.cache
def _by_words() -> Bayes:
    return Bayes(words, examples(), 0.5)


def area(question: Question) -> tuple[str, float]:
    """Whose question this is by a first guess, and how sure that is: what the orchestrator goes by."""
    package = _by_words().guess(question.text).package
    return next(name for name, packages in AREAS.items() if package in packages), 1.0


class Desk(shoal.Agent):
    """Has learned the packages of one area, and answers with one of those."""

    def __init__(self, area: str) -> None:
        """`area`: one of AREAS."""
        self._area = area

    async def on_start(self, ctx: shoal.Context) -> None:
        """Learn how often each piece is in the packages of the area."""
        self._known = Bayes(pieces, examples(AREAS[self._area]), 0.1)

    async def on_question(self, question: Question) -> Answer:
        """One of the area's packages."""
        return answer(self._known.guess(question.text))


# -- second look: what the first is not sure of is looked at again ---------------------------------------------


class Seen(Question):
    """A question with what the first stage says."""

    package: str
    confidence: float
    because: str


class FirstLook(shoal.Agent):
    """The first stage: goes by pieces, and passes the question on with its answer."""

    async def on_start(self, ctx: shoal.Context) -> None:
        """Learn how often each piece is in each package."""
        self._known = Bayes(pieces, examples(), 0.1)

    async def on_question(self, question: Question) -> Seen:
        """The question with an answer."""
        return Seen(text=question.text, **self._known.guess(question.text)._asdict())


def is_sure(seen: Seen) -> bool:
    """Whether a second look is left out."""
    return seen.confidence >= SURE


class SecondLook(shoal.Agent):
    """The second stage: goes by what is most alike."""

    async def on_start(self, ctx: shoal.Context) -> None:
        """Learn the examples."""
        self._known = Neighbours(pieces, examples(), 5)

    async def on_seen(self, seen: Seen) -> Seen:
        """Its own answer, if most of what is alike speaks for it; else the first."""
        mine = self._known.guess(seen.text)
        return seen.model_copy(update=mine._asdict()) if mine.confidence >= 0.5 else seen


# -- how they learn: features of a text, and two ways to count them --------------------------------------------

Example = tuple[str, str]
Features = Callable[[str], list[str]]


class Guess(NamedTuple):
    """What one of the ways below says."""

    package: str
    confidence: float
    """From 0 to 1, as the method sees it: how often it is right is another matter."""
    because: str
    """What spoke for it most."""


def words(text: str) -> list[str]:
    """The words of a text, in small letters."""
    return re.findall(r"[a-z]{2,}", text.lower())


def pieces(text: str) -> list[str]:
    """All stretches of four characters: parts of words, and where one word meets the next."""
    plain = f" {' '.join(re.findall('[a-z0-9]+', text.lower()))} "
    return [plain[start : start + 4] for start in range(len(plain) - 3)]


class Bayes:
    """Naive Bayes: how likely the text's features are in each package, every package as likely before."""

    def __init__(self, features: Features, examples: Sequence[Example], smoothing: float) -> None:
        self._features, self._smoothing = features, smoothing
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        for text, package in examples:
            self._counts[package].update(features(text))
        self._kinds = len(set().union(*self._counts.values()))
        self._totals = {package: counts.total() for package, counts in self._counts.items()}

    def guess(self, text: str) -> Guess:
        """The most likely package."""
        found = sorted(set(self._features(text)))
        scores = {
            package: math.fsum(math.log(self._share(one, package)) for one in found)
            for package in self._counts
        }
        best = max(scores, key=lambda package: scores[package])
        confidence = 1 / math.fsum(math.exp(score - scores[best]) for score in scores.values())
        return Guess(best, confidence, self._evidence(found, best))

    def _share(self, feature: str, package: str) -> float:
        counted = self._counts[package][feature] + self._smoothing
        return counted / (self._totals[package] + self._smoothing * self._kinds)

    def _evidence(self, found: Sequence[str], package: str) -> str:
        """The features that the package has more often than the others do."""
        weights = {
            one: self._share(one, package) / sum(self._share(one, each) for each in self._counts)
            for one in found
        }
        return ", ".join(sorted(weights, key=lambda one: (-weights[one], one))[:3])


class Neighbours:
    """The examples that are most alike say it: cosine of the features, the rarer the heavier."""

    def __init__(self, features: Features, examples: Sequence[Example], nearest: int) -> None:
        self._features, self._examples, self._nearest = features, examples, nearest
        counted = [Counter(features(text)) for text, _ in examples]
        seen = Counter(one for counts in counted for one in counts)
        self._weights = {one: math.log(len(examples) / number) for one, number in seen.items()}
        self._having: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, counts in enumerate(counted):
            for one, weight in self._vector(counts).items():
                self._having[one].append((number, weight))

    def guess(self, text: str) -> Guess:
        """What the nearest examples are from, each counted by how near it is."""
        near: defaultdict[int, float] = defaultdict(float)
        for one, weight in self._vector(Counter(self._features(text))).items():
            for number, its in self._having[one]:
                near[number] += weight * its
        nearest = sorted(near, key=lambda number: (-near[number], number))[: self._nearest]
        if not nearest:
            return Guess(self._examples[0][1], 0.0, "nothing is alike")
        votes: defaultdict[str, float] = defaultdict(float)
        for number in nearest:
            votes[self._examples[number][1]] += near[number]
        package = max(votes, key=lambda package: votes[package])
        alike = next(number for number in nearest if self._examples[number][1] == package)
        return Guess(
            package, votes[package] / (math.fsum(votes.values()) or 1.0), self._examples[alike][0][:60]
        )

    def _vector(self, counts: Counter[str]) -> dict[str, float]:
        weights = self._weights
        known = [(one, number) for one, number in counts.items() if one in weights]
        vector = {one: (1 + math.log(number)) * weights[one] for one, number in known}
        length = math.sqrt(math.fsum(weight * weight for weight in vector.values())) or 1.0
        return {one: weight / length for one, weight in vector.items()}
