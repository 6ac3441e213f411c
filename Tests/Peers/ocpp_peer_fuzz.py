"""evsim fuzzes a central system on the package `ocpp` that dies of long names, and finds the smallest message that does it."""
import asyncio
import re

from websockets.asyncio.server import serve

from ocpp_peer import Live, check, equal
from ocpp_peer_charge_point import Office

FUZZ = """evsim: 1
scenario: peer-fuzz
run: {for: 6s, seed: 3}
nodes:
  cp1: {is: charge-point, csms: "ws://127.0.0.1:PORT/ocpp", plugged: false, reconnect_after: 100ms, reconnect_jitter: 0%}
steps:
  - {attack: fuzz, against: cp1, for: 4s, with: {every: 20ms, direction: up, only: [DataTransfer]}}
record: [messages]
intended: [W0608, W0725, W0727]
"""


class Weak(Office):
    """Ends the connection when a vendor has a longer name than its buffer."""

    async def route_message(self, raw):
        if len(raw) > 200 and '"vendorId":"' in raw.replace(" ", "") and len(re.search(r'"vendorId":\s*"([^"]*)"', raw)[1]) > 128:
            await self._connection.close(1011, "out of memory")
            return
        try:
            await super().route_message(raw)
        except Exception:  # noqa: BLE001
            pass


async def fuzz(evsim):
    numbers = {}

    async def meet(wire):
        office = Weak("cp1", wire)
        office.numbers = numbers
        office.begin()
        await office.gone.wait()

    async with serve(meet, "127.0.0.1", 0, subprotocols=["ocpp1.6"], max_size=None) as server:
        port = server.sockets[0].getsockname()[1]
        with Live(evsim, FUZZ.replace("PORT", str(port)), waits=False) as run:
            equal("a peer that dies of a message fails the run", await run.end(60), 1) or print(run.said())
            cases = {path.name: path.read_text(encoding="utf-8") for path in run.output.glob("failing-*.yaml")}
            lost = [text for text in cases.values() if "the connection was lost" in text]
            if check("the case is written", lost, f"{list(cases)} {run.said()[:500]}"):
                payloads = re.findall(r"^        - (.*)$", lost[0], re.M)
                equal("it is one message", len(payloads), 1)
                name = re.search(r'"vendorId":"([^"]*)"', payloads[0])
                check("with a name that is hardly longer than the buffer", name and 128 < len(name[1]) < 200, payloads[0][:300])
                with Live(evsim, lost[0], waits=False) as again:
                    equal("which does it again", await again.end(20), 1) or print(again.said())
