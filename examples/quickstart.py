"""One agent asked from the client, then a team of two. Run it: python examples/quickstart.py"""

import asyncio

from pydantic import BaseModel

import shoal


class Ticket(BaseModel):
    text: str


class Billing(shoal.Agent):
    async def on_ticket(self, ticket: Ticket) -> str:
        return "billing" if "charged" in ticket.text else "other"


async def main() -> None:
    async with shoal.start() as system:  # Ray on this machine; shoal.start("local") stays in this process
        agent = await system.spawn(Billing())
        print(await agent.ask(Ticket(text="charged twice")))
        team = await system.build(shoal.worker([Billing(), Billing()]))
        print(await asyncio.gather(*(team.ask(Ticket(text=t)) for t in ("charged", "lost"))))


asyncio.run(main())
