"""What do these bytes say? Codecs read them, families of codecs report what they agree in, the top makes a text of it.

It prints::

    all families read: B?renk?se, 5 ?
        a4 overall: '¤' (windows), '§' (mac)
        e4 overall: 'ä' (windows), 'ä' (iso), '‰' (mac)
        a4 in iso: '¤' (latin1), '€' (iso8859-15)
    without mac/mac_klingon: unknown encoding: mac_klingon

Run it: ``python examples/hierarchy.py``, with ``--ray`` in a process for each agent.
"""

import asyncio
import sys

from pydantic import BaseModel

import shoal

TEXT = "Bärenkäse, 5 €".encode("iso8859-15")


class Bytes(BaseModel):
    hex: str


class Reading(BaseModel):
    """What bytes are, by their hexadecimal figures; those of ASCII are left out."""

    chars: dict[str, str]


class Agreed(shoal.BranchSummary):
    """What a family goes up with: only what nobody in it contradicts."""

    chars: dict[str, str]


class Readings(shoal.BranchReports):
    answers: dict[str, Reading | Agreed]


class Codec(shoal.Agent):
    def __init__(self, name: str) -> None:
        self.name = name

    async def on_bytes(self, given: Bytes) -> Reading:
        high = {byte for byte in bytes.fromhex(given.hex) if byte > 127}
        return Reading(chars={f"{byte:02x}": bytes([byte]).decode(self.name) for byte in sorted(high)})


def agreed(reports: Readings) -> Agreed:
    disputed = {one.about.rpartition(".")[2] for one in reports.contradictions if not one.at}
    said = {byte: char for answer in reports.answers.values() for byte, char in answer.chars.items()}
    return Agreed(chars={byte: char for byte, char in said.items() if byte not in disputed})


def family(name: str, *codecs: str) -> shoal.Branch:
    readers = {codec: Codec(codec) for codec in codecs}
    return shoal.branch(name, readers, summarize=agreed, summary=Agreed, agree_on=["chars"])


FAMILIES = [
    family("windows", "cp1250", "cp1252", "cp1254"),
    family("iso", "latin1", "iso8859-15"),
    family("mac", "mac_roman", "mac_klingon"),
]


async def main() -> None:
    tree = shoal.hierarchy(FAMILIES, summarize=agreed, summary=Agreed, agree_on=["chars"])
    async with shoal.start() if "--ray" in sys.argv else shoal.start("local") as system:
        answer = await (await system.build(tree)).ask(Bytes(hex=TEXT.hex()))
    known = [chr(byte) if byte < 128 else answer.chars.get(f"{byte:02x}", "?") for byte in TEXT]
    print("all families read:", "".join(known))
    for one in answer.contradictions:
        said = ", ".join(f"{char!r} ({who})" for who, char in one.values.items())
        print(f"    {one.about[-2:]} {'in ' + one.at if one.at else 'overall'}: {said}")
    for gap in answer.gaps:
        print(f"without {gap.branch}: {gap.why.partition(': ')[2]}")


if __name__ == "__main__":
    asyncio.run(main())
