"""What becomes of the answers to a task's subtasks: one, and where some failed, one that says what is missing. Pure.

With an aggregate, answers go by the subtasks' ids; a plain function gets them as a list, in the subtasks' order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from shoal.runtime.errors import ConfigError
from shoal.topologies.answers.aggregate import Aggregate, Outcome, undecided_error
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.answers.synthesis import in_form
from shoal.topologies.errors import QuorumMissed
from shoal.topologies.wiring.carrying import as_data, make_form
from shoal.topologies.wiring.signature import Kinds, kinds_of, signature_of_function

Merge = Callable[[Any, Sequence[Any]], Any]
_LISTED = 3


@dataclass(frozen=True)
class Assembly:
    """How answers are put together; see :func:`~.worker.worker`."""

    merge: Merge | Aggregate | None = None
    report: type[FanOutResult] | None = None
    """What is answered where subtasks may fail; ``None``: none may."""
    written: type | None = None
    """In which form the agent that writes the answer is asked; ``None``: there is none."""

    def check_usable(self, answer: Any, part: str) -> None:
        """Raises :class:`QuorumMissed` for an answer that the aggregate cannot use."""
        why = self.merge.objection(answer) if isinstance(self.merge, Aggregate) else ""
        if why:
            raise QuorumMissed(f"the answer to subtask {part!r} cannot be used: {why}", missing={part: why})

    def put_together(self, message: Any, answers: Mapping[str, Any], failed: Mapping[str, str]) -> Outcome:
        """All answers as one; for an agent that writes it, what that is asked.

        Raises :class:`QuorumMissed` when every subtask failed, :class:`Undecided` when there is no answer and nobody
        takes a report.
        """
        if failed and not answers:
            why = "; ".join(f"{one}: {text}" for one, text in list(failed.items())[:_LISTED])
            raise QuorumMissed(
                f"all {len(failed)} subtasks failed: {why}", missing=dict(failed), answers={}, needed=1
            )
        if isinstance(self.merge, Aggregate):
            outcome = self.merge.combine(message, answers, tuple(failed))
            if outcome.undecided and self.report is None:
                raise undecided_error(outcome, answers)
            return outcome
        listed = list(answers.values())
        return Outcome(self.merge(message, listed) if self.merge is not None else listed)

    def asked(self, outcome: Outcome, task: Any) -> tuple[Any, str]:
        """What the agent is asked that writes the answer, and a mark of it: other answers are another ask."""
        if self.written is None:
            raise ConfigError("nobody writes the answer")
        text = str(outcome.answer).encode(errors="surrogatepass")
        return in_form(outcome.answer, task, self.written), blake2b(text, digest_size=8).hexdigest()

    def labelled(
        self, answer: Any, outcome: Outcome, answers: Mapping[str, Any], failed: Mapping[str, str]
    ) -> Any:
        """The answer as the team gives it: as it is, or in a report. Raises :class:`ContextLost`: it does not fit."""
        if self.report is None:
            return answer
        return make_form(
            self.report,
            FanOutResult,
            "the report",
            answer=answer,
            undecided=outcome.undecided,
            answers={name: as_data(one) for name, one in answers.items()},
            votes=outcome.votes,
            dissent=outcome.dissent,
            conflicts=outcome.conflicts,
            missing=dict(failed),
            partial=bool(failed),
        )

    def check(self, answers: Mapping[str, Kinds]) -> Kinds:
        """The types of the whole, from those of the workers' answers. Raises :class:`ConfigError`: there is none."""
        if isinstance(self.merge, Aggregate):
            return self.merge.check(_ByWorker(answers))
        return kinds_of(signature_of_function(self.merge)[1]) if self.merge is not None else (list,)


class _ByWorker(dict[str, Kinds]):
    """The workers' answers, where answers will go by the ids of subtasks: nobody knows yet which there will be."""

    def __contains__(self, name: object) -> bool:
        return True
