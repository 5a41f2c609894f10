"""One agent asked from the client, then a team of two.

It prints::

    billing
    ['billing', 'other']

Run it: ``python examples/quickstart.py``.
"""

import asyncio

from pydantic import BaseModel

import shoal


class Ticket(BaseModel):
    text: str


class Keyword(shoal.Agent):
    async def on_ticket(self, ticket: Ticket) -> str:
        return "billing" if "charged" in ticket.text else "other"


async def main() -> None:
    async with shoal.start() as system:  # Ray on this machine; shoal.start("local"): all in this process
        agent = await system.spawn(Keyword())
        print(await agent.ask(Ticket(text="charged twice")))
        team = await system.build(shoal.worker([Keyword(), Keyword()]))
        print(await asyncio.gather(*(team.ask(Ticket(text=t)) for t in ("charged", "lost"))))


if __name__ == "__main__":
    asyncio.run(main())
