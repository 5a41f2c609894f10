"""``shoal board`` as its user meets it."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from shoal.blackboard.operations import Put
from shoal.blackboard.version import Value
from shoal.cli import app
from tests.blackboard.replay.scene import lines, refusal, run_of, save
from tests.blackboard.store.stand import Stand

# -- show --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
def test_show_has_what_is_there_and_fits_the_terminal(root: Path, width: int) -> None:
    shown = lines(run_of(root, ["show"], width=width))
    assert all(len(line) <= width for line in shown)
    for part in (r"region    main", r"revision  13", r"1 entry, 2 work items: 2 dead", r"the board itself"):
        assert any(part in line for line in shown), part
    assert [line.split()[0] for line in shown[-3:]] == ["ask/2", "plan", "sum"]
    assert "✗ dead" in shown[-3]
    assert r"ValueError: nobody \x1b[31mknows · " in shown[-3]


def test_show_has_what_was_there_at_a_revision(root: Path) -> None:
    shown = lines(run_of(root, ["show", "--at", "9", "--prefix", "ask/"]))
    for part in (
        "9 of 13", "2 work items: 1 claimed, 1 done  under ask/",
        "agent/bob · because of agent/alice → agent/bob, Hint",
    ):  # fmt: skip
        assert any(part in line for line in shown), part
    assert re.search(r'ask/1 +✓ done +\{answer: "Ada"\} ← "who\?" +6  agent/alice', shown[-2])
    assert re.search(r"ask/2 +▶ claimed  agent/bob has it · ", shown[-1])


def test_show_says_how_many_more_there_are(root: Path) -> None:
    assert lines(run_of(root, ["show", "--limit", "1"]))[-1] == "and 2 more (--limit 3)"


def test_show_of_the_beginning_is_empty(root: Path) -> None:
    shown = lines(run_of(root, ["show", "--at", "0"]))
    assert any("0 entries" in line for line in shown)
    assert not any("plan" in line for line in shown)


def test_show_as_json_has_all_entries_and_how_many_there_are(root: Path) -> None:
    shown = json.loads(run_of(root, ["show", "--json"]).stdout)
    assert [entry["key"] for entry in shown["entries"]] == ["ask/2", "plan", "sum"]
    assert {name: shown[name] for name in ("region", "revision", "newest", "oldest", "count")} == {
        "region": "main", "revision": 13, "newest": 13, "oldest": 0, "count": 3,
    }  # fmt: skip
    few = json.loads(run_of(root, ["show", "--json", "--limit", "1", "--at", "4"]).stdout)
    assert (few["count"], [entry["key"] for entry in few["entries"]]) == (4, ["ask/1"])


# -- get ---------------------------------------------------------------------------------------------------


def test_get_has_the_whole_value_and_who_wrote_it_because_of_what(root: Path) -> None:
    shown = "\n".join(lines(run_of(root, ["get", "plan"])))
    for part in (
        "11: version 2 of the key, which came to be at 1", "agent/alice", "task-1",
        f"local → agent/alice, Order  {b'order-alice1'.hex()}", '"steps": [\n    "ask",\n    "write"\n  ],',
    ):  # fmt: skip
        assert part in shown


def test_get_follows_the_messages_to_their_beginning_and_tells_how_work_stands(root: Path) -> None:
    shown = "\n".join(lines(run_of(root, ["get", "ask/2"])))
    for part in (
        "because of  agent/alice → agent/bob, Hint", "handler_error", "← local → agent/alice, Order", "✗ dead",
        "2 of 2", "the lease of agent/bob ran out", r"ValueError: nobody \x1b[31mknows",
    ):  # fmt: skip
        assert part in shown
    assert shown.endswith("\nwhy?")


def test_get_at_a_revision_has_who_held_the_work_then(root: Path) -> None:
    shown = "\n".join(lines(run_of(root, ["get", "ask/1", "--at", "5"])))
    assert "▶ claimed, agent/alice has it for 30 s at a time (token 5)" in shown


def test_get_says_that_an_entry_has_a_time_to_live(root: Path) -> None:
    assert any(
        "for 3 s after its last put" in line for line in lines(run_of(root, ["get", "alive", "--at", "12"]))
    )


def test_what_the_client_wrote_was_made_by_no_message(root: Path) -> None:
    shown = "\n".join(lines(run_of(root, ["get", "plan", "--at", "1"])))
    assert "no message: it was written from outside of any handler" in shown


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["ask/1"], "there is no 'ask/1' at revision 13: it was deleted at 11 by agent/alice (--at 10)"),
        (
            ["alive"],
            "there is no 'alive' at revision 13: it was deleted at 13 when a lease ran out (--at 12)",
        ),
        (["ask", "--at", "4"], "there is no 'ask' at revision 4; there is ask/1, ask/2"),
        (["plam"], "there is no 'plam' at revision 13; there is plan"),
        (["zzz"], "there is no 'zzz' at revision 13"),
        (["plan", "--at", "14"], "there is no revision 14 yet: the newest is 13"),
    ],
)
def test_a_key_that_is_not_there_is_told_with_what_became_of_it(
    root: Path, arguments: list[str], why: str
) -> None:
    assert refusal(run_of(root, ["get", *arguments])) == why


# -- history -----------------------------------------------------------------------------------------------


def test_history_tells_the_life_of_a_work_item(root: Path) -> None:
    assert lines(run_of(root, ["history", "ask/2"])) == [
        "      1970-01-01",
        '   3  ○ posted "why?" · tags research · 2 attempts at most',
        "      00:16:40.000 · local",
        "   7  ▶ claimed by agent/bob · attempt 1 of 2 · for 10 s",
        "      00:16:42.250 · agent/bob · because of agent/alice → agent/bob, Hint",
        "   8  ↩ a lease ran out: agent/bob had it · attempt 1 of 2 · open again in 5 s",
        "      00:16:52.250 · the board itself",
        "   9  ▶ claimed by agent/bob · attempt 2 of 2 · for 10 s",
        "      00:16:57.250 · agent/bob · because of agent/alice → agent/bob, Hint",
        r"  10  ✗ dead: ValueError: nobody \x1b[31mknows · attempt 2 of 2",
        "      00:16:57.250 · agent/bob · because of agent/alice → agent/bob, Hint",
    ]  # fmt: skip


def test_history_is_cut_off_at_its_older_end_and_still_tells_what_changed(root: Path) -> None:
    shown = lines(run_of(root, ["history", "plan", "--limit", "1"]))
    assert shown[0] == "1 older ones (--limit 2)"
    assert shown[2:5] == [
        "  11  ~ 2 changes",
        '          steps[1]: "think" → "write"',
        "          depth: 1 → 2",
    ]


def test_history_tells_of_times_to_live(root: Path) -> None:
    shown = lines(run_of(root, ["history", "alive"]))
    assert shown[1] == "  12  + 1 · for 3 s"
    assert shown[3] == "  13  - its time to live ran out · it was 1"


def test_history_as_json_is_one_object_a_version(root: Path) -> None:
    versions = [json.loads(line) for line in lines(run_of(root, ["history", "alive", "--json"]))]
    assert [(one["revision"], one["kind"], one["value"]) for one in versions] == [
        (12, "put", 1),
        (13, "delete", None),
    ]
    assert len(lines(run_of(root, ["history", "ask/2", "--json", "--limit", "2"]))) == 2
    assert "there is no 'zzz'" in refusal(run_of(root, ["history", "zzz", "--json"]))


# -- diff --------------------------------------------------------------------------------------------------


def test_diff_has_what_came_went_and_changed_field_by_field(root: Path) -> None:
    assert lines(run_of(root, ["diff", "2", "12"])) == [
        "+ alive  12, by agent/alice",
        "    1",
        "- ask/1  11, by agent/alice",
        '    "who?"',
        "+ ask/2  10, by agent/bob",
        '    "why?"',
        "~ plan  11, by agent/alice",
        '    steps[1]: "think" → "write"',
        "    depth: 1 → 2",
        "+ sum  10, by agent/bob",
        '    "sum up"',
    ]


def test_diff_has_how_work_went_on(root: Path) -> None:
    assert lines(run_of(root, ["diff", "4", "8", "--prefix", "ask/"])) == [
        "~ ask/1  6, by agent/alice",
        '    ○ open → ✓ done: {answer: "Ada"} · attempt 1 of 3',
        "~ ask/2  8, by the board itself, a lease ran out",
        "    ○ open · attempt 1 of 2 · the lease of agent/bob ran out",
    ]


def test_diff_goes_backwards_too_and_up_to_the_newest(root: Path) -> None:
    back = lines(run_of(root, ["diff", "12", "10"]))
    assert back[0] == "- alive"
    assert '    steps[1]: "write" → "think"' in back
    assert lines(run_of(root, ["diff", "12"])) == [
        "- alive  13, by the board itself, a lease ran out",
        "    1",
    ]
    assert lines(run_of(root, ["diff", "12", "12"])) == ["revisions 12 and 12 do not differ"]


def test_diff_as_json_has_both_sides_and_the_changes(root: Path) -> None:
    found = {one["key"]: one for one in map(json.loads, lines(run_of(root, ["diff", "2", "11", "--json"])))}
    assert found["plan"]["changes"] == [
        {"path": "steps[1]", "before": "think", "after": "write"}, {"path": "depth", "before": 1, "after": 2},
    ]  # fmt: skip
    assert found["ask/1"]["after"] is None
    assert found["ask/1"]["deletion"]["author"] == "agent/alice"
    assert found["ask/2"]["before"] is None
    assert found["ask/2"]["after"]["item"]["state"] == "dead"


# -- export ------------------------------------------------------------------------------------------------


def test_export_is_one_object_a_version_in_order(root: Path) -> None:
    versions = [json.loads(line) for line in lines(run_of(root, ["export"]))]
    assert [one["revision"] for one in versions] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 11, 11, 12, 13]
    assert versions[0] == {
        "revision": 1, "key": "plan", "kind": "put", "tag": "dict", "version": 1, "create_revision": 1,
        "value": {"goal": "find out", "steps": ["ask", "think"], "depth": 1}, "author": "local",
        "message_id": b"client-says1".hex(), "task": None, "origin": "trusted",
        "at": "1970-01-01T00:16:40.000000+00:00",
        "at_s": 1000.0, "lease": None, "item": None,
    }  # fmt: skip
    done = versions[5]["item"]
    assert (done["state"], done["result"], done["result_tag"], done["token"]) == (
        "done",
        {"answer": "Ada"},
        "dict",
        5,
    )


def test_export_at_a_revision_has_what_was_there(root: Path) -> None:
    versions = [json.loads(line) for line in lines(run_of(root, ["export", "--at", "3", "--prefix", "ask/"]))]
    assert [(one["revision"], one["key"]) for one in versions] == [(2, "ask/1"), (3, "ask/2")]


def test_export_writes_a_file_whole_or_not_at_all(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    file.write_text("before")
    result = run_of(root, ["export", "--output", str(file)])
    assert (result.stdout, result.stderr) == ("", f"15 versions in {file}\n")
    assert file.read_text() == run_of(root, ["export"]).stdout
    assert "cannot write" in refusal(run_of(root, ["export", "-o", str(tmp_path / "no" / "x")]))
    assert "directory" in refusal(run_of(root, ["export", "-o", str(tmp_path)]))
    assert "no revision 99" in refusal(run_of(root, ["export", "--at", "99", "-o", str(file)]))
    assert os.listdir(tmp_path) == ["out.jsonl"]


def test_export_loses_nothing_of_odd_values(tmp_path: Path) -> None:
    stand = Stand()
    stand.put("bytes", {"raw": b"\xff", 3: float("nan")})
    stand.do(Put("odd", Value("app:Odd", b"\xc1")))
    stand.put("text", "ü\x1b\u2028")
    save(tmp_path / "run", stand.commits)
    values = [json.loads(line)["value"] for line in lines(run_of(tmp_path, ["export"], "run"))]
    assert values == [
        {"$map": [["raw", {"$bytes": "/w=="}], [3, {"$float": "nan"}]]},
        {"$msgpack": b64encode(b"\xc1").decode()},
        "ü\x1b\u2028",
    ]


def test_every_option_is_in_the_reference() -> None:
    import typer.main

    page = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"
    section = page.read_text(encoding="utf-8").partition("## shoal board\n")[2].partition("\n## ")[0]
    group: Any = typer.main.get_command(app)
    for name, command in group.get_command(None, "board").commands.items():
        part = section.partition(f"### shoal board {name}\n")[2].partition("\n### ")[0]
        assert part, name
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option not in (
                    "--help",
                    "--root",
                    "--region",
                    "--state-store",
                ):
                    assert f"`{option}" in part, f"{name} {option}"
