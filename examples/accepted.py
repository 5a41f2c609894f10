"""Entries of a catalogue of Python modules that count only when checks and a verifier accept them.

It prints::

        only_public: re is not public
        quoting: the docstring does not say 'Everything about textwrap.'
    textwrap: Text wrapping and filling.
        TextWrapper dedent fill indent shorten wrap
        only_public: sys is not public
        quoting: the docstring does not say 'Everything about shlex.'
    shlex: A lexical analyzer class for simple shell-like syntaxes.
        join quote shlex split
        only_public: _v is not public
        quoting: the docstring does not say 'Everything about colorsys.'
    colorsys: Conversion functions between RGB and other color systems.
        hls_to_rgb hsv_to_rgb rgb_to_hls rgb_to_hsv rgb_to_yiq yiq_to_rgb
    without another attempt: NotAccepted

The clerk is careless at first: it takes every name that it sees, and makes up what the module is about. The checks are
the runtime's own; the verifier is another agent, which has to quote the module's docstring.

Run it: ``python examples/accepted.py``, with ``--ray`` in a process for each agent.
"""

import asyncio
import importlib
import sys

from pydantic import BaseModel

import shoal


class Module(BaseModel):
    name: str
    docstring: str


class Entry(BaseModel):
    about: str
    names: list[str]


class Clerk(shoal.Agent):
    """Writes an entry; when it is told what is wrong, a better one."""

    async def on_module(self, module: Module) -> dict[str, object]:
        names = [name for name in vars(importlib.import_module(module.name)) if not name.startswith("__")]
        return {"about": f"Everything about {module.name}.", "names": names}

    async def on_revision(self, revision: shoal.Revision) -> dict[str, object]:
        docstring, public = revision.task["docstring"], importlib.import_module(revision.task["name"]).__all__
        objected = {objection.by for objection in revision.objections}
        return {
            "about": docstring.partition("\n")[0] if "quoting" in objected else revision.draft["about"],
            "names": sorted(public) if "only_public" in objected else revision.draft["names"],
        }


async def quoting(case: shoal.Proposal) -> shoal.Verdict:
    """The verifier: what an entry says of a module has to stand in the module's docstring."""
    about = case.answer["about"]
    good = about in case.task["docstring"]
    return shoal.Verdict(good=good, why=f"the docstring does not say {about!r}", evidence=[about])


def only_public(entry: Entry, module: Module) -> str | None:
    """A check: what is wrong, or nothing."""
    private = set(entry.names) - set(importlib.import_module(module.name).__all__)
    return f"{max(private)} is not public" if private else None


async def main() -> None:
    team = shoal.accepted(
        Clerk(), returns=Entry, checks=[only_public], verifiers={"quoting": quoting}, attempts=1, record=True
    )
    strict = shoal.accepted(Clerk(), returns=Entry, checks=[only_public], attempts=0)
    async with shoal.start() if "--ray" in sys.argv else shoal.start("local") as system:
        catalogue = await system.build(team)
        for name in ("textwrap", "shlex", "colorsys"):
            module = Module(name=name, docstring=importlib.import_module(name).__doc__ or "")
            record = await catalogue.ask(module)
            for one in record.rounds:
                for objection in one.objections:
                    print(f"    {objection.by}: {objection.why}")
            print(f"{name}: {record.answer['about']}\n    {' '.join(record.answer['names'])}")
        try:
            await (await system.build(strict)).ask(module)
        except shoal.errors.HandlerError as error:
            print(f"without another attempt: {type(error.cause).__name__}")


if __name__ == "__main__":
    asyncio.run(main())
