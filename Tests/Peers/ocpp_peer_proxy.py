"""evsim stands between a charge point and a central system on the package `ocpp`: what passes, and what attacks make of it."""
import asyncio
import csv
import time

from ocpp.v16 import call
from websockets.asyncio.client import connect

from ocpp_peer import End, Live, check, equal, now
from ocpp_peer_charge_point import Server

PROXY = """evsim: 1
scenario: peer-proxy
run: {for: 60s, seed: 7}
nodes:
  proxy: {is: ocpp-proxy, listen: "127.0.0.1:0", csms: "ws://127.0.0.1:PORT/base"}
steps:
  - until: =count(proxy.ocpp.StatusNotification) >= 1
  - attack: modify
    against: proxy.ocpp.MeterValues
    for: 1s
    with: {chance: 100%, scale: {Power.Active.Import: 0.5}, set: {/connectorId: 2}}
  - {attack: inject, against: proxy, with: {count: 1, message: {action: GetLocalListVersion}}}
  - {attack: inject, against: proxy, with: {count: 1, message: {action: Authorize, with: {idTag: MALLORY}}}}
  - wait: 300ms
  - {attack: delay, against: proxy.ocpp.Heartbeat, for: 1s, with: {delay: 400ms}}
  - wait: 300ms
  - {attack: overdraw, against: proxy, for: 1s, with: {scale: 2}}
  - wait: 300ms
  - attack: spoof
    against: proxy
    for: 1s
    with: {message: {action: StatusNotification, with: {connectorId: 1, status: Faulted, errorCode: GroundFailure}}}
record: [messages]
expect: [=count(proxy.ocpp.MeterValues) == 2]
"""


class Box(End):
    """A charge point that keeps the texts that it sends and gets."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.texts = []

    async def route_message(self, raw):
        self.texts.append(raw)
        await super().route_message(raw)

    def on_GetLocalListVersion(self, p):
        return {"list_version": 3}

    def on_SetChargingProfile(self, p):
        return {"status": "Accepted"}


def meter(power):
    sample = [{"value": power, "measurand": "Power.Active.Import"}, {"value": "230.0", "measurand": "Voltage"}]
    return call.MeterValues(connector_id=1, meter_value=[{"timestamp": now(), "sampledValue": sample}])


async def proxy(evsim):
    server = await Server(0).up()
    with Live(evsim, PROXY.replace("PORT", str(server.port))) as run:
        if not check("evsim listens", "proxy" in run.ports, run.said()):
            return
        async with connect(f"ws://127.0.0.1:{run.ports['proxy']}/ocpp/BOX%207", subprotocols=["ocpp1.6"]) as wire:
            box = Box("BOX 7", wire).begin()
            office = await server.office(1)
            if not check("the central system gets a connection of its own", office):
                return
            equal("the identity goes on", server.requests[0][0], "/base/BOX%207")
            equal("and the subprotocol", wire.subprotocol, "ocpp1.6")
            await box.ask(call.BootNotification(charge_point_vendor="Python", charge_point_model="ocpp"))
            # Nothing is done to messages before an attack: bytes stay as they are, white space too.
            odd = '[2, "odd-1",\t"DataTransfer" , {"vendorId" : "\\u00e9v",  "data":"1.50" }]'
            await wire.send(odd)
            check("an odd text is answered", await box.until(lambda: any(m[1] == "odd-1" for w, m in box.log if w == "in")))
            equal("what was sent", office.calls("DataTransfer"), [{"vendorId": "év", "data": "1.50"}])
            await box.ask(meter("11000.0"))
            equal("a reading passes", office.calls("MeterValues")[0]["meterValue"][0]["sampledValue"][0]["value"], "11000.0")

            await box.ask(call.StatusNotification(connector_id=1, error_code="NoError", status="Available"))
            await asyncio.sleep(0.3)
            await box.ask(meter("11000.0"))
            changed = office.calls("MeterValues")[1]
            equal("the power is halved", changed["meterValue"][0]["sampledValue"][0]["value"], "5500.0")
            equal("the voltage stays", changed["meterValue"][0]["sampledValue"][1]["value"], "230.0")
            equal("the connector is another one", changed["connectorId"], 2)

            check("the charge point is called in the name of the central system", await box.until_call("GetLocalListVersion"))
            check("the central system is called in the name of the charge point", await office.until_call("Authorize", idTag="MALLORY"))
            await asyncio.sleep(0.5)
            begin = time.monotonic()
            await box.ask(call.Heartbeat())
            check("a Heartbeat is held back", 0.39 < time.monotonic() - begin < 3, f"{time.monotonic() - begin} s")
            answers = [m for w, m in box.log if w == "in" and m[0] == 3]
            ours = {m[1] for w, m in box.log if w == "out" and m[0] == 2} | {"odd-1"}
            equal("no answer comes to who has not asked", [m for m in answers if m[1] not in ours], [])
            foreign = [m for w, m in office.log if w == "in" and m[0] == 3]
            equal("nor to the central system", foreign, [])

            await asyncio.sleep(1.2)
            profile = {
                "charging_profile_id": 1, "stack_level": 0, "charging_profile_purpose": "TxDefaultProfile", "charging_profile_kind": "Absolute",
                "charging_schedule": {"charging_rate_unit": "A", "charging_schedule_period": [{"start_period": 0, "limit": 16}]},
            }
            answer = await office.ask(call.SetChargingProfile(connector_id=1, cs_charging_profiles=profile))
            equal("the limit is taken", answer.status, "Accepted")
            schedule = box.calls("SetChargingProfile")[0]["csChargingProfiles"]["chargingSchedule"]
            equal("but doubled", schedule["chargingSchedulePeriod"][0]["limit"], 32)

            thief = await server.office(2)
            if check("a second connection comes under the same identity", thief):
                equal("with the same path", server.requests[1][0], "/base/BOX%207")
                check("and reports a fault", await thief.until_call("StatusNotification", status="Faulted"))
                await thief.gone.wait()
            await office._connection.close()
            await asyncio.wait_for(wire.wait_closed(), 5)
        run.interrupt()
        await run.end(10)
        lines = run.messages()
        kinds = {}
        for line in lines:
            if "meta" in line:
                kinds.setdefault(line["meta"]["label"], []).append(line)
        equal("what carries labels", sorted(kinds), ["CAN_INJECTION", "MESSAGE_DELAY", "MESSAGE_MODIFICATION", "POWER_ANOMALY", "SPOOFING"])
        check("under the name of the charge point", all(line["chargePointId"] == "BOX 7" for line in lines))
        with open(run.output / "labels.csv", encoding="utf-8", newline="") as rows:
            labels = list(csv.DictReader(rows))
        check("every attack has its evidence", all(row["evidence_s"] for row in labels), labels)
        changed = kinds.get("MESSAGE_MODIFICATION", [])
        check("one message was changed", len(changed) == 1 and '"value": "5500.0"' in changed[0]["raw"] or '"value":"5500.0"' in changed[0]["raw"], changed)
    await server.down()
