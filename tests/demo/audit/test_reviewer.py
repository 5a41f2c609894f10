"""Reviewing one module: what is read, what is skipped with its reason, and how large a review may get."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.demo.audit.checker import check
from shoal.demo.audit.checks import complexity
from shoal.demo.audit.errors import MissingLibrary
from shoal.demo.audit.models import REVIEW_BYTES, CheckedReview, Limits, ModuleReview
from shoal.demo.audit.reviewer import review
from tests.demo.audit.cases import branches
from tests.demo.audit.trees import reviewed, task, write


def skipped(root: Path, source: str | bytes, limits: Limits | None = None) -> str:
    """Why the module was skipped; asserts that the checker passes it on as it is."""
    found = reviewed(root, source, limits=limits)
    assert found.findings == ()
    assert found.stats is None
    assert check(found) == CheckedReview(module=found.module, skipped=found.skipped)
    assert found.skipped is not None
    return found.skipped


def rules(found: ModuleReview) -> list[str]:
    assert found.skipped is None
    return [finding.rule for finding in found.findings]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f(:\n", "syntax error in line 1: invalid syntax"),
        ("def f():\nreturn 1\n", "syntax error in line 2: expected an indented block"),
        ("print 'python 2'\n", "syntax error in line 1: Missing parentheses"),
        ("x = '\n", "syntax error in line 1: unterminated string literal"),
        (b"x = 1\0\n", "holds a null byte"),
        (b"x = '\xff'\n", "encoding: "),
        (b"\n\n\nx = '\xff'\n", "cannot be decoded: "),
        (b"# coding: latin-99\n", "encoding: unknown encoding: latin-99"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "encoding: "),
        (b"# coding: rot13\nk = 1\n", "cannot be decoded: "),
        (b"# coding: hex\n41\n", "cannot be decoded: "),
        (b"# coding: undefined\nx\n", "cannot be decoded: "),
        (b"# coding: unicode_escape\nx = '\\ud800'\n", "cannot be decoded: "),
        ("x = " + "(" * 300 + ")" * 300 + "\n", "nested too deep|syntax error in line 1: too many nested"),
        ("x = " + "-" * 50_000 + "1\n", "nested too deep"),
        ("x = " + "+".join(["1"] * 50_000) + "\n", "nested too deep"),
        ("x" + ".x" * 50_000 + "\n", "nested too deep"),
    ],
)
def test_what_cannot_be_parsed_is_skipped_with_a_short_reason(
    tmp_path: Path, source: str | bytes, reason: str
) -> None:
    said = skipped(tmp_path, source)
    assert any(said.startswith(each) for each in reason.split("|")), said
    assert len(said) <= 160
    assert said.isprintable()


def test_code_nested_deeper_than_a_recursive_visitor_goes_is_skipped_or_reviewed_but_never_raises(
    tmp_path: Path,
) -> None:
    for depth in (100, 500, 900, 2_000, 5_000):
        found = reviewed(tmp_path, f"'''M.'''\nx = {'a.' * depth}b({'+'.join(['c'] * depth)})\n")
        assert found.skipped in (None, "nested too deep to be parsed", "nested too deep to be reviewed")
        check(found)


def test_an_encoding_declared_in_the_source_is_used(tmp_path: Path) -> None:
    source = "# -*- coding: latin-1 -*-\n'''Ümlaut.'''\ndef größe(x):\n    'ß'; return eval(x)\n"
    found = reviewed(tmp_path, source.encode("latin-1"))
    assert [(f.rule, f.line, f.column, f.symbol) for f in found.findings] == [("R101", 4, 17, "größe")]
    assert check(found).accepted == found.findings


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
def test_lines_are_counted_as_python_counts_them(tmp_path: Path, ends: bytes) -> None:
    lines = ["\ufeff'''M.'''", "x = 'a\u2028b\x0bc\x85d'", "\x0c", "eval(x)"]
    found = reviewed(tmp_path, ends.join(line.encode("utf-8") for line in lines))
    assert [(finding.rule, finding.line) for finding in found.findings] == [("R101", 4)]
    assert found.stats is not None
    assert found.stats.lines == 4
    assert check(found).accepted == found.findings


def test_an_empty_module_has_nothing_wrong_with_it(tmp_path: Path) -> None:
    for source in ("", "\n\n", "# only a comment\n", "\ufeff"):
        assert rules(reviewed(tmp_path, source)) == []


def test_a_huge_file_is_skipped_without_reading_it(tmp_path: Path) -> None:
    file = write(tmp_path, "mod.py", "")
    os.truncate(file, 10**12)
    assert review(task(tmp_path)).skipped == "1,000,000,000,000 bytes, over the limit of 1,000,000"


@pytest.mark.skipif(sys.platform == "win32", reason="no FIFOs")
def test_a_fifo_and_a_directory_are_no_modules_and_do_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mod.py")
    assert review(task(tmp_path)).skipped == "not a regular file"
    (tmp_path / "dir.py").mkdir()
    assert review(task(tmp_path, "dir.py")).skipped == "not a regular file"


def test_a_module_that_is_gone_is_skipped_with_the_reason(tmp_path: Path) -> None:
    assert review(task(tmp_path, "gone.py")).skipped == "cannot be read: No such file or directory"


def test_a_file_that_may_not_be_read_is_skipped_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "mod.py", "x = 1\n")

    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", closed)
    assert review(task(tmp_path)).skipped == "cannot be read: Permission denied"


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.py", "a/../../x.py", "a\0.py", ""])
def test_a_task_cannot_lead_out_of_its_root(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        task(tmp_path, path)


def test_a_noqa_or_nosec_comment_waives_the_findings_of_its_line(tmp_path: Path) -> None:
    found = reviewed(tmp_path, "'''M.'''\nimport os  # noqa: F401\nx is 1  # nosec\nx is 2  # no quarrel\n")
    assert [(finding.rule, finding.line) for finding in found.findings] == [("R115", 4)]
    assert found.stats is not None
    assert found.stats.waived == 2


def test_the_complexity_from_which_functions_are_reported_is_a_limit_of_the_task(tmp_path: Path) -> None:
    source = "'''M.'''\n" + branches(3, "_f") + "_f(1)\n"
    assert rules(reviewed(tmp_path, source)) == []
    found = reviewed(tmp_path, source, limits=Limits(complexity=4))
    assert [(finding.rule, finding.metric) for finding in found.findings] == [("C101", 4)]
    assert check(found).accepted == found.findings


def test_imports_of_a_package_module_or_inside_try_or_of_the_private_twin_are_for_others(
    tmp_path: Path,
) -> None:
    assert rules(reviewed(tmp_path, "import os\nfrom .a import b\n", path="p/__init__.py")) == ["D101"]
    guarded = "'''M.'''\ntry:\n    import fast\nexcept ImportError:\n    import slow as fast\n"
    assert rules(reviewed(tmp_path, guarded)) == []
    assert rules(reviewed(tmp_path, "'''M.'''\nfrom _mod import a, b\nfrom x import y as y\n")) == []


def test_a_review_counts_what_it_read(tmp_path: Path) -> None:
    source = "class A:\n    def f(self): return 1\n" + branches(5) + "async def g(): ...\n"
    stats = reviewed(tmp_path, source).stats
    assert stats is not None
    assert (stats.bytes, stats.lines) == (len(source), source.count("\n"))
    assert (stats.functions, stats.classes, stats.max_complexity) == (3, 1, 6)


def test_a_review_keeps_the_worst_findings_within_its_limit_and_counts_the_rest(tmp_path: Path) -> None:
    source = "".join(f"def f{n}(): return {n}\n" for n in range(50)) + "eval(x)\n"
    found = reviewed(tmp_path, source, limits=Limits(max_findings=3))
    assert rules(found) == ["D101", "D103", "R101"]
    assert found.omitted == 52 - 3
    assert check(found).omitted == 49


def test_a_review_stays_small_on_the_wire_whatever_the_module_holds(tmp_path: Path) -> None:
    name = "ü" * 1_000
    body = "".join(f"def {name}{number}(): x = '{chr(0x1D518) * 200}'\n" for number in range(300))
    found = reviewed(tmp_path, "import os\n" + body, limits=Limits(max_findings=5_000))
    assert found.skipped is None
    assert found.omitted > 0
    assert len(msgpack.packb(found.model_dump())) < REVIEW_BYTES
    refuted = write(tmp_path, "mod.py", "x = 1\n" * 400)
    checked = check(found)
    assert refuted.exists()
    assert len(checked.rejected) == len(found.findings)
    assert len(msgpack.packb(checked.model_dump())) < REVIEW_BYTES


def test_reviews_cross_processes_as_messages(tmp_path: Path) -> None:
    found = reviewed(tmp_path, "import os\neval(x)\n" + branches(12))
    for message in (found, check(found), found.module):
        packed = msgpack.packb(message.model_dump())
        assert type(message).model_validate(msgpack.unpackb(packed)) == message


def test_the_same_source_gives_the_same_review(tmp_path: Path) -> None:
    source = "import b, a\n" + branches(30) + "def _g(x=[], y={}):\n    eval(x); exec(y)\n"
    assert reviewed(tmp_path, source) == reviewed(tmp_path, source)


def test_a_source_with_dubious_escapes_and_comparisons_raises_no_warnings(tmp_path: Path) -> None:
    source = "'''M.'''\nx = '\\d'\nassert (x, 'y')\nx is 1\n'a' 'b' ()\n"
    found = reviewed(tmp_path, source)
    assert rules(found) == ["R109", "R115"]
    assert check(found).accepted == found.findings


@given(st.binary(max_size=200))
def test_any_bytes_are_reviewed_or_skipped(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    check(reviewed(tmp_path_factory.getbasetemp(), data))


@given(st.text(alphabet="dexf import:()\n\t'\"#=,.[]{}@*0classexceptpassif \\\x0c", max_size=120))
def test_any_text_is_reviewed_or_skipped(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    check(reviewed(tmp_path_factory.getbasetemp(), text))


def test_without_radon_the_error_names_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(complexity, "cc_visit_ast", None)
    with pytest.raises(MissingLibrary, match=r"radon is not installed: pip install 'shoal\[demo\]'"):
        complexity.require_radon()
    with pytest.raises(MissingLibrary):
        reviewed(tmp_path, "x = 1\n")


def test_everything_but_measuring_can_be_imported_without_radon() -> None:
    program = (
        "import sys; sys.modules['radon'] = None; import shoal.demo.audit as audit\n"
        "try: audit.require_radon()\n"
        "except audit.MissingLibrary as exc: print(exc)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "radon is not installed: pip install 'shoal[demo]'"
