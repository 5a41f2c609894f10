"""Members that a language model speaks for: options, files, types, and what their place in the team gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

import pytest
from pydantic import BaseModel

import shoal
from shoal.experiments.errors import BadExperiment
from shoal.topologies import Single, Topology
from tests.experiments.teams import crew
from tests.experiments.teams.conftest import Making
from tests.experiments.teams.crew import Label, Ticket


def agent_of(team: Topology, name: str = "agent") -> Any:
    return team.members[name]


def test_a_member_without_options_takes_and_answers_text(make: Making) -> None:
    team = make("{llm: {}}")
    assert isinstance(team, Single)
    agent = agent_of(team)
    assert isinstance(agent, shoal.LLMAgent)
    assert (agent.plan.accepts, agent.output, agent.plan.model) == (str, str, "default")


def test_options_arrive_at_the_agent(make: Making) -> None:
    agent = agent_of(
        make(
            """
            llm:
              instructions: Label the ticket.
              prompt: "Ticket: {{ text }}"
              input: '@Ticket'
              output: '@Label'
              name: labeller
              temperature: 0.5
              max_output_tokens: 50
              max_steps: 3
              repairs: 1
              votes: 3
              fallback: '@by_rule'
              per_task: {tokens: 4k, wall: 2m}
              cache: true
              retries: 1
              seed: 4
              capabilities: [refunds]
            """
        )
    )
    plan = agent.plan
    assert (agent.role, plan.accepts, agent.output) == ("labeller", Ticket, Label)
    assert (plan.instructions.text, plan.prompt.text) == ("Label the ticket.", "Ticket: {{ text }}")
    assert (plan.rules.temperature, plan.rules.max_output_tokens, plan.rules.max_steps) == (0.5, 50, 3)
    assert (plan.votes.of, plan.votes.needed, plan.rules.seed) == (3, 2, 4)
    assert plan.fallback == (crew.by_rule,)
    assert plan.per_task == shoal.Budget(tokens=4000, wall_s=120.0)
    assert (plan.cache, agent.retries, agent.capabilities) == (True, 1, ("refunds",))


@pytest.mark.parametrize("given", ["prompts/label.md", "{file: prompts/label.md}"])
def test_instructions_can_be_in_a_file(given: str, make: Making, folder: Path) -> None:
    (folder / "prompts").mkdir()
    (folder / "prompts" / "label.md").write_text("Label it.\n", encoding="utf-8")
    assert agent_of(make(f"{{llm: {{instructions: {given}}}}}")).plan.instructions.text == "Label it.\n"


@pytest.mark.parametrize("text", ["See the file notes.md", "Two lines\nof a.md"])
def test_a_sentence_that_ends_like_a_file_is_a_text(text: str, make: Making) -> None:
    assert (
        agent_of(make(f'{{llm: {{instructions: "{text!s}"}}}}'.replace("\n", "\\n"))).plan.instructions.text
        == text
    )


def test_a_memory_is_chosen_in_a_word_or_with_options(make: Making) -> None:
    assert isinstance(agent_of(make("{llm: {memory: whole}}")).plan.memory, shoal.Whole)
    summary = agent_of(make("{llm: {memory: {summary: 500, conversations: 7}}}")).plan.memory
    assert summary == shoal.Summary(tokens=500, conversations=7)
    assert agent_of(make("{llm: {memory: {typed: '@View'}}}")).plan.memory.model is crew.View


async def test_an_answer_can_be_one_of_several_choices(make: Making, system: shoal.System) -> None:
    team = make("{llm: {output: {choices: [billing, login]}}}")
    assert agent_of(team).output == Literal["billing", "login"]
    assert await (await system.build(team)).ask("charged twice") == "billing"


async def test_an_answer_can_have_the_fields_that_the_file_says(make: Making, system: shoal.System) -> None:
    team = make("{llm: {output: {label: {choices: [a, b]}, sure: float, words: [str], 'note?': str}}}")
    output = agent_of(team).output
    assert issubclass(output, BaseModel)
    assert list(output.model_fields) == ["label", "sure", "words", "note"]
    assert not output.model_fields["note"].is_required()
    answer = await (await system.build(team)).ask("charged twice")
    assert (type(answer), answer.label, answer.sure) == (output, "a", 1.0)


def test_the_same_fields_are_the_same_type(make: Making) -> None:
    one, other = (agent_of(make("{llm: {output: {label: str}}}")).output for _ in range(2))
    assert one is other


def test_a_member_that_does_not_say_takes_what_those_beside_it_take(make: Making) -> None:
    team = make("{topology: fan_out, members: {m: {llm: {}}, k: '@Keyword'}, by: majority}")
    assert (agent_of(team, "m").plan.accepts, agent_of(team, "m").output) == (Ticket, Label)
    assert list(team.members) == ["m", "k"]


def test_a_stage_that_does_not_say_takes_what_the_one_before_answers(make: Making) -> None:
    team = make("{topology: pipeline, stages: ['@Keyword', {llm: {output: {good: bool}}}, {llm: {}}]}")
    assert agent_of(team, "2").plan.accepts is Label
    assert agent_of(team, "3").plan.accepts is agent_of(team, "2").output


async def test_checkers_judge_without_being_told_how(make: Making, system: shoal.System) -> None:
    team = make(
        """
        topology: debate
        maker: {llm: {instructions: Answer.}}
        checkers: {facts: {llm: {instructions: Look at facts.}}}
        evidence: none
        """
    )
    assert agent_of(team, "facts").output is shoal.Verdict
    assert await (await system.build(team)).ask("how long?") == "said how long?"


async def test_a_model_can_hand_over_without_being_told_how(make: Making, system: shoal.System) -> None:
    team = make("{topology: handoff, agents: {desk: {llm: {}}, bills: {llm: {}}}}")
    assert set(get_args(agent_of(team, "desk").output)) == {str, shoal.Transfer}
    assert await (await system.build(team)).ask("hello") == "hello"


def test_a_model_whose_answers_have_to_be_accepted_hears_what_is_wrong(make: Making) -> None:
    team = make(
        """
        topology: fan_out
        members: {m: {llm: {}, accepted: {checks: ['@not_empty']}}, k: '@Keyword'}
        by: {majority: {more_than: 0}}
        """
    )
    assert set(get_args(team.members["m"].members["doer"].plan.accepts)) == {Ticket, shoal.Revision}
    assert team.signature().accepts == (Ticket,)


def test_a_model_that_manages_a_branch_takes_tasks_and_reports(make: Making) -> None:
    team = make(
        """
        topology: fan_out
        members:
          k: '@Keyword'
          tree: {topology: hierarchy, members: ['@Keyword'], manager: {llm: {output: '@Label'}}, accepts: '@Ticket'}
        by: {majority: {field: label}}
        """
    )
    assert set(get_args(team.members["tree"].members["manager"].plan.accepts)) == {
        Ticket,
        shoal.BranchReports,
    }


@pytest.mark.parametrize(
    ("options", "field", "said"),
    [
        ("model: fancy", "llm.model", "no model is called 'fancy'; models are default"),
        ("model: defualt", "llm.model", "did you mean 'default'?"),
        ("prompt: nowhere.md", "llm.prompt", "there is no file nowhere.md"),
        ("instructions: 'Dear {{ name }}'", "llm.instructions", "name"),
        ("output: '@Lable'", "llm.output", "did you mean 'Label'?"),
        ("output: {a: '@nothing'}", "llm.output", "is of type int, not a type"),
        ("fallback: other", "llm.fallback.0", "no model is called 'other'"),
        ("tools: ['@nothing']", "llm.tools.0", "3 is no tool"),
        ("tools: [{use: '@split', with: {x: 1}}]", "llm.tools.0.with", "unexpected keyword"),
        ("votes: {of: 2, needed: 3}", "llm.votes.needed", "3 votes are needed"),
        ("memory: whole, concurrency: 2", "llm", "one message at a time"),
        ("conversation: topic", "llm.conversation", "is no field of str"),
    ],
)
def test_what_is_wrong_with_an_option_is_said_with_its_field(
    options: str, field: str, said: str, make: Making
) -> None:
    with pytest.raises(BadExperiment) as caught:
        make(f"{{llm: {{{options}}}}}")
    (line,) = caught.value.details["problems"]
    assert line.startswith(f"{field}: "), line
    assert said in line


def test_a_prompt_that_takes_nothing_of_the_task_is_an_instruction(make: Making) -> None:
    plan = agent_of(make("{llm: {instructions: Be brief., prompt: Label the ticket.}}")).plan
    assert plan.instructions.text == "Be brief.\n\nLabel the ticket."
    assert plan.prompt is None, "else the model would never see the task"
