"""The work of the row coral: a dialogue of teacher and student until both hold the same answer. Pure.

It is the shape of the Coral task of Matrix (github.com/facebookresearch/matrix), as its own run without a model has it:
``python -m matrix.agents.p2p_agents --config-name=coral_mmlu_pro_dummy.yaml``. There and here:

* The order is teacher, extractor, matcher, student, extractor, matcher, and again. Each agent gets the whole dialogue,
  adds what it says and hands it to the next one itself; nobody stands in the middle.
* Teacher and student say about 1 KB (1,024 characters, 20 % more or less), the extractor names an answer, the matcher
  says whether they agree: 1 time in 10 before its third turn, 9 times in 10 from then on, and after 20 turns it is over
  in any case.
* 100 tasks are in flight. All agents return at once.

Differences: chance is drawn from the task's number here, so that every side has the same turns; questions are made up;
dialogues that have ended are counted, not written to a file; messages carry their text (Matrix puts it into Ray's
object store), and are typed and validated by whoever gets them.
"""

from __future__ import annotations

import zlib

from pydantic import BaseModel

IN_FLIGHT = 100
MOST_TURNS = 20
"""Of the matcher."""
ORDER = ("teacher", "extractor", "matcher", "student", "extractor", "matcher")
ROLES = ("teacher", "student", "extractor", "matcher")
_EXPECTED_TURNS = 3
_TEXT = (
    "The list price is what is asked, the net price is what is paid, and the discount is what lies between. "
    * 12
)
_QUESTION = (
    "I'm trying to solve this problem: what is the discount in dollars? And the choices are:\n"
    + "\n".join(f"({letter}) {number} dollars and some cents" for number, letter in enumerate("ABCDEFGHIJ"))
)


class Said(BaseModel):
    """One turn of one agent."""

    agent: str
    text: str


class Dialogue(BaseModel):
    """What goes from agent to agent."""

    number: int
    said: list[Said]
    over: bool = False
    """The matcher found that nothing is left to do."""

    @property
    def turns(self) -> int:
        """How many agents have had a turn; the question is not one."""
        return len(self.said) - 1


def question(number: int) -> Dialogue:
    """The dialogue of this number before its first turn."""
    return Dialogue(number=number, said=[Said(agent="student", text=_QUESTION)])


def next_role(dialogue: Dialogue) -> str | None:
    """Whose turn it is; None when it is over."""
    return None if dialogue.over else ORDER[dialogue.turns % len(ORDER)]


def continued(dialogue: Dialogue) -> Dialogue:
    """The dialogue after the turn of whoever has it now."""
    role = ORDER[dialogue.turns % len(ORDER)]
    chance = _chance(dialogue.number, dialogue.turns)
    over = False
    match role:
        case "matcher":
            rated = dialogue.turns // 3 + 1
            over = rated >= MOST_TURNS or chance % 10 < (9 if rated >= _EXPECTED_TURNS else 1)
            text = "they agree" if over else "they do not agree"
        case "extractor":
            text = f"({'ABCDEFGHIJ'[chance % 10]})"
        case _:
            text = _TEXT[: 820 + chance % 410]
    return Dialogue(number=dialogue.number, said=[*dialogue.said, Said(agent=role, text=text)], over=over)


def turns_of(number: int) -> int:
    """How many turns the dialogue of this number takes until it is over."""
    dialogue = question(number)
    while not dialogue.over:
        dialogue = continued(dialogue)
    return dialogue.turns


def _chance(number: int, turn: int) -> int:
    return zlib.crc32(b"%d/%d" % (number, turn))
