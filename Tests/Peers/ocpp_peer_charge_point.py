"""evsim is the charge point, the package `ocpp` the central system."""
import asyncio
import base64
import http
from datetime import datetime, timedelta, timezone

from ocpp.v16 import call
from websockets.asyncio.server import serve

from ocpp_peer import End, Live, check, equal, free_port, now, outcome

STATION = """evsim: 1
scenario: peer-csms
run: {for: 60s, seed: 4}
nodes:
  cp1:
    is: charge-point
    csms: "ws://127.0.0.1:PORT/ocpp"
    identity: EVSIM-1
    connectors: 2
    security_events: true
    vendors: [org.example]
    meter_every: 500ms
    reboot_time: 500ms
    reconnect_after: 300ms
    reconnect_jitter: 0%
    download_time: 200ms
    install_time: 200ms
    upload_time: 200ms
    configuration: ["ConnectionTimeOut=5"]
record: [messages]
expect: [=cp1.energy >= 0 Wh]
"""


class Office(End):
    """A central system that answers as the one of a test should."""

    ids = 0
    interval = 1

    def on_BootNotification(self, p):
        return {"current_time": now(), "interval": self.interval, "status": "Accepted"}

    def on_Heartbeat(self, p):
        return {"current_time": now()}

    def on_Authorize(self, p):
        return {"id_tag_info": {"status": "Accepted"}}

    def on_StartTransaction(self, p):
        return {"transaction_id": self.number(p), "id_tag_info": {"status": "Accepted"}}

    def on_StopTransaction(self, p):
        return {"id_tag_info": {"status": "Accepted"}}

    def on_DataTransfer(self, p):
        return {"status": "Accepted"}

    def on_StatusNotification(self, p):
        return {}

    on_MeterValues = on_DiagnosticsStatusNotification = on_FirmwareStatusNotification = on_StatusNotification
    on_LogStatusNotification = on_SecurityEventNotification = on_SignedFirmwareStatusNotification = on_StatusNotification
    on_SignCertificate = on_DataTransfer

    def number(self, p):
        """The same start gets the same id."""
        key = (p["connectorId"], p["idTag"], p["meterStart"], p["timestamp"])
        return self.numbers.setdefault(key, 100 + len(self.numbers))


class Server:
    """A server on one port that can go away and come again; what came over all connections stands in one list."""

    def __init__(self, port, gate=None):
        self.port, self.gate, self.server = port, gate, None
        self.log, self.offices, self.requests, self.numbers = [], [], [], {}
        self.news = asyncio.Event()

    async def up(self):
        self.server = await serve(
            self.meet, "127.0.0.1", self.port, subprotocols=["ocpp1.6"], process_request=self.look)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def look(self, connection, request):
        self.requests.append((request.path, request.headers.get("Authorization")))
        if self.gate and not self.gate(request):
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, "no\n")

    async def meet(self, wire):
        office = Office(wire.request.path.rsplit("/", 1)[-1], wire, self.log)
        office.numbers = self.numbers
        self.offices.append(office)
        self.news.set()
        office.begin()
        await office.gone.wait()

    async def office(self, number, seconds=15):
        """The connection of a number, from 1."""
        try:
            async with asyncio.timeout(seconds):
                while len(self.offices) < number:
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            return None
        return self.offices[number - 1]

    async def down(self):
        self.server.close()
        await self.server.wait_closed()


def later(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def profile(number, limit, purpose="TxDefaultProfile", level=0, unit="A", **more):
    schedule = {"charging_rate_unit": unit, "charging_schedule_period": [{"start_period": 0, "limit": limit}], **more.pop("schedule", {})}
    return {
        "charging_profile_id": number, "stack_level": level, "charging_profile_purpose": purpose, "charging_profile_kind": "Relative",
        "charging_schedule": schedule, **more,
    }


async def status(name, office, payload, wanted):
    answer = await outcome(office.ask(payload))
    equal(name, getattr(answer, "status", answer), wanted)
    return answer


async def booted(office):
    check("boot comes first", await office.until_call("StatusNotification", 3) and office.actions()[0] == "BootNotification", office.actions())
    equal("statuses after the boot, from connector 0 on", [c["connectorId"] for c in office.calls("StatusNotification")[:3]], [0, 1, 2])


async def configuration(office):
    answer = await office.ask(call.GetConfiguration())
    keys = {entry["key"]: entry for entry in answer.configuration_key}
    for key in ["HeartbeatInterval", "NumberOfConnectors", "SupportedFeatureProfiles", "ChargeProfileMaxStackLevel", "LocalAuthListMaxLength"]:
        check(f"{key} is there", key in keys)
    equal("the number of connectors", keys["NumberOfConnectors"]["value"], "2")
    answer = await office.ask(call.GetConfiguration(key=["HeartbeatInterval", "Unheard"]))
    equal("keys by name", ([k["key"] for k in answer.configuration_key], answer.unknown_key), (["HeartbeatInterval"], ["Unheard"]))
    await status("a key that is changed", office, call.ChangeConfiguration(key="MeterValueSampleInterval", value="1"), "Accepted")
    await status("a key that can only be read", office, call.ChangeConfiguration(key="NumberOfConnectors", value="3"), "Rejected")
    await status("a key that nobody knows", office, call.ChangeConfiguration(key="Unheard", value="3"), "NotSupported")
    await status("a value that is wrong", office, call.ChangeConfiguration(key="HeartbeatInterval", value="often"), "Rejected")
    equal("the value that was changed", (await office.ask(call.GetConfiguration(key=["MeterValueSampleInterval"]))).configuration_key[0]["value"], "1")


async def lists(office):
    equal("no local list", (await office.ask(call.GetLocalListVersion())).list_version, 0)
    await status("LocalAuthListEnabled", office, call.ChangeConfiguration(key="LocalAuthListEnabled", value="true"), "Accepted")
    entries = [{"id_tag": "LOCAL", "id_tag_info": {"status": "Accepted"}}, {"id_tag": "GONE", "id_tag_info": {"status": "Blocked"}}]
    await status("a whole list", office, call.SendLocalList(list_version=3, update_type="Full", local_authorization_list=entries), "Accepted")
    change = [{"id_tag": "GONE"}]
    await status("a change", office, call.SendLocalList(list_version=4, update_type="Differential", local_authorization_list=change), "Accepted")
    await status("an old version", office, call.SendLocalList(list_version=2, update_type="Differential", local_authorization_list=[]), "VersionMismatch")
    equal("the version of the list", (await office.ask(call.GetLocalListVersion())).list_version, 4)
    await status("ClearCache", office, call.ClearCache(), "Accepted")
    await status("DataTransfer", office, call.DataTransfer(vendor_id="org.example", data="ä€😀"), "Accepted")
    await status("DataTransfer of a stranger", office, call.DataTransfer(vendor_id="com.example"), "UnknownVendorId")


async def reservations(office):
    def reserve(number, tag="ALICE", connector=2):
        return call.ReserveNow(connector_id=connector, expiry_date=later(3600), id_tag=tag, reservation_id=number)

    await status("ReserveNow", office, reserve(7), "Accepted")
    check("Reserved", await office.until_call("StatusNotification", connectorId=2, status="Reserved"))
    await status("a reserved connector for another", office, reserve(8, "BOB"), "Occupied")
    await status("CancelReservation", office, call.CancelReservation(reservation_id=7), "Accepted")
    check("Available again", await office.until_call("StatusNotification", 2, connectorId=2, status="Available"))
    await status("CancelReservation of none", office, call.CancelReservation(reservation_id=99), "Rejected")


async def charging(office):
    """A remote start with limits, meter values, a composite schedule, a stop."""
    await status("a default profile", office, call.SetChargingProfile(connector_id=1, cs_charging_profiles=profile(1, 20.0)), "Accepted")
    await status("RemoteStartTransaction", office, call.RemoteStartTransaction(id_tag="ALICE", connector_id=1), "Accepted")
    if not check("StartTransaction", await office.until_call("StartTransaction", idTag="ALICE", connectorId=1), office.actions()):
        return
    check("Charging", await office.until_call("StatusNotification", connectorId=1, status="Charging"))
    transaction = office.number(office.calls("StartTransaction")[-1])
    wrong = profile(3, 6.0, "TxProfile", transaction_id=transaction + 5)
    await status("a profile of no transaction", office, call.SetChargingProfile(connector_id=1, cs_charging_profiles=wrong), "Rejected")
    tx = profile(2, 10.5, "TxProfile", 1, transaction_id=transaction)
    await status("a profile of the transaction", office, call.SetChargingProfile(connector_id=1, cs_charging_profiles=tx), "Accepted")
    answer = await status("GetCompositeSchedule", office, call.GetCompositeSchedule(connector_id=1, duration=300, charging_rate_unit="A"), "Accepted")
    periods = (getattr(answer, "charging_schedule", None) or {}).get("charging_schedule_period", [])
    equal("the composite schedule", [(p["start_period"], p["limit"]) for p in periods], [(0, 10.5)])
    seen = len(office.calls("MeterValues"))
    check("meter values", await office.until_call("MeterValues", seen + 3, transactionId=transaction))
    samples = {s.get("measurand", "Energy.Active.Import.Register"): s for s in office.calls("MeterValues")[-1]["meterValue"][0]["sampledValue"]}
    equal("the limit really limits", float(samples["Current.Import"]["value"]), 10.5)
    await status("ChangeAvailability while charging", office, call.ChangeAvailability(connector_id=1, type="Inoperative"), "Scheduled")
    await status("RemoteStopTransaction of another", office, call.RemoteStopTransaction(transaction_id=transaction + 5), "Rejected")
    await status("RemoteStopTransaction", office, call.RemoteStopTransaction(transaction_id=transaction), "Accepted")
    check("StopTransaction", await office.until_call("StopTransaction", transactionId=transaction, reason="Remote"))
    start, stop = office.calls("StartTransaction")[-1], office.calls("StopTransaction")[-1]
    check("the register goes up", stop["meterStop"] > start["meterStart"], (start, stop))
    check("Unavailable afterwards", await office.until_call("StatusNotification", connectorId=1, status="Unavailable"))
    await status("Operative", office, call.ChangeAvailability(connector_id=1, type="Operative"), "Accepted")
    await status("ClearChargingProfile", office, call.ClearChargingProfile(id=1), "Accepted")
    await status("ClearChargingProfile of none", office, call.ClearChargingProfile(id=1), "Unknown")
    await status("UnlockConnector", office, call.UnlockConnector(connector_id=1), "Unlocked")
    await status("UnlockConnector of none", office, call.UnlockConnector(connector_id=9), "NotSupported")


async def triggers(office):
    for message, connector in [("Heartbeat", None), ("StatusNotification", 2), ("MeterValues", 1), ("DiagnosticsStatusNotification", None),
                               ("FirmwareStatusNotification", None)]:
        seen = len(office.calls(message))
        await status(f"TriggerMessage {message}", office, call.TriggerMessage(requested_message=message, connector_id=connector), "Accepted")
        check(f"{message} comes", await office.until_call(message, seen + 1))
    # Who is accepted does not introduce itself again: that would count as a reboot.
    await status("TriggerMessage BootNotification", office, call.TriggerMessage(requested_message="BootNotification"), "Rejected")
    await status("TriggerMessage of connector 9", office, call.TriggerMessage(requested_message="MeterValues", connector_id=9), "Rejected")
    seen = len(office.calls("LogStatusNotification"))
    await status("ExtendedTriggerMessage", office, call.ExtendedTriggerMessage(requested_message="LogStatusNotification"), "Accepted")
    check("LogStatusNotification comes", await office.until_call("LogStatusNotification", seen + 1))


async def wrongs(office):
    """What is wrong is refused with the code of the standard."""
    equal("a type that is wrong", await outcome(office.ask(call.Reset(type="Firm"), skip_schema_validation=True)), "PropertyConstraintViolation")
    equal("a field that is missing", await outcome(office.ask(call.UnlockConnector(connector_id=None), skip_schema_validation=True)), "ProtocolError")
    equal("a text for a number", await outcome(office.ask(call.UnlockConnector(connector_id="1"), skip_schema_validation=True)), "TypeConstraintViolation")
    equal("a message of its own side", await outcome(office.ask(call.Heartbeat(), skip_schema_validation=True)), "NotSupported")


def states(office, action, start):
    return [c["status"] for c in office.calls(action)[start:]]


async def files(server, office):
    """Diagnostics, a log, firmware with its reboot, certificates."""
    start = len(office.calls("DiagnosticsStatusNotification"))
    answer = await office.ask(call.GetDiagnostics(location="ftp://files.example/up"))
    check("GetDiagnostics names a file", answer.file_name)
    check("diagnostics are there", await office.until_call("DiagnosticsStatusNotification", start + 2))
    equal("how diagnostics go", states(office, "DiagnosticsStatusNotification", start), ["Uploading", "Uploaded"])
    start = len(office.calls("LogStatusNotification"))
    request = call.GetLog(log={"remote_location": "https://files.example/logs"}, log_type="SecurityLog", request_id=3)
    await status("GetLog", office, request, "Accepted")
    check("the log is there", await office.until_call("LogStatusNotification", start + 2))
    equal("how the log goes", states(office, "LogStatusNotification", start), ["Uploading", "Uploaded"])
    certificates = await outcome(office.ask(call.GetInstalledCertificateIds(certificate_type="CentralSystemRootCertificate")))
    check("GetInstalledCertificateIds", getattr(certificates, "status", certificates) in ("Accepted", "NotFound"), certificates)
    await status("InstallCertificate of nonsense", office, call.InstallCertificate("CentralSystemRootCertificate", "nonsense"), "Rejected")
    start = len(office.calls("FirmwareStatusNotification"))
    boots = len(office.calls("BootNotification"))
    check("UpdateFirmware", await office.ask(call.UpdateFirmware(location="https://files.example/fw.bin", retrieve_date=now())) is not None)
    check("Installed", await office.until_call("FirmwareStatusNotification", status="Installed", seconds=15), states(office, "FirmwareStatusNotification", start))
    got = states(office, "FirmwareStatusNotification", start)
    equal("how firmware goes", got, ["Downloading", "Downloaded", "Installing", "Installed"])
    check("it boots once after the update", len(office.calls("BootNotification")) - boots <= 1)
    return server.offices[-1]


async def resets(server, office):
    for kind in ("Soft", "Hard"):
        count, boots = len(server.offices), len(office.calls("BootNotification"))
        await status(f"Reset {kind}", office, call.Reset(type=kind), "Accepted")
        office = await server.office(count + 1)
        if not check(f"it connects again after a {kind} reset", office is not None):
            return None
        check(f"it boots after a {kind} reset", await office.until_call("BootNotification", boots + 1))
        check("and tells its statuses", await office.until_call("StatusNotification", 3))
        await asyncio.sleep(0.1)
    return office


async def outage(server, office):
    """The central system is gone in the middle of a transaction, and comes again."""
    await status("RemoteStartTransaction", office, call.RemoteStartTransaction(id_tag="LOCAL", connector_id=1), "Accepted")
    check("it charges", await office.until_call("MeterValues", len(office.calls("MeterValues")) + 2))
    transaction = office.number(office.calls("StartTransaction")[-1])
    before = len(server.log)
    await server.down()
    await asyncio.sleep(3.2)
    count = len(server.offices)
    await server.up()
    office = await server.office(count + 1)
    if not check("it connects again", office is not None):
        return
    await office.until_call("MeterValues", len(office.calls("MeterValues")) + 4)
    await status("RemoteStopTransaction", office, call.RemoteStopTransaction(transaction_id=transaction), "Accepted")
    check("StopTransaction", await office.until_call("StopTransaction", transactionId=transaction))
    await asyncio.sleep(0.5)
    after = [message for way, message in server.log[before:] if way == "in" and message[0] == 2]
    check("no boot after an outage", "BootNotification" not in [m[2] for m in after], [m[2] for m in after])
    check("the transaction began once", "StartTransaction" not in [m[2] for m in after])
    equal("the transaction ends once", len([m for m in after if m[2] == "StopTransaction" and m[3]["transactionId"] == transaction]), 1)
    times = [m[3]["meterValue"][0]["timestamp"] for m in after if m[2] == "MeterValues" and m[3].get("transactionId") == transaction]
    check("queued values come in order, each once", times == sorted(set(times)), times)
    gaps = [(parse(b) - parse(a)).total_seconds() for a, b in zip(times, times[1:])]
    check("no value is missing", len(times) >= 4 and max(gaps) < 1.6, gaps)


def parse(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


async def station(evsim):
    server = await Server(0).up()
    with Live(evsim, STATION.replace("PORT", str(server.port)), waits=False) as run:
        office = await server.office(1)
        if not check("evsim connects", office is not None, run.said()):
            return
        equal("the path", server.requests[0][0], "/ocpp/EVSIM-1")
        await booted(office)
        for part in (configuration, lists, reservations, charging, triggers, wrongs):
            await part(office)
        office = await files(server, office)
        office = await resets(server, office)
        if office:
            await outage(server, office)
        equal("the package refuses nothing", [m for way, m in server.log if way == "out" and m[0] == 4], [])
        boots = server.offices[0].calls("BootNotification")
        check("boots are the same box", all(b["chargePointVendor"] == "evsim" for b in boots))
        run.interrupt()
        equal("Ctrl-C ends the run", await run.end(5), 130)
    await server.down()


KEYED = """evsim: 1
scenario: peer-key
run: {for: 4s, ready_within: 3s}
nodes:
  cp1:
    is: charge-point
    csms: "ws://127.0.0.1:PORT/ocpp"
    reconnect_after: 200ms
    configuration: [SecurityProfile=1, "AuthorizationKey=KEY"]
record: [messages]
"""


async def keys(evsim):
    """Security profile 1: the right key is let in, the wrong one is not."""
    key = "0123456789abcdef0123456789abcdef01234567"
    right = "Basic " + base64.b64encode(b"cp1:" + bytes.fromhex(key)).decode()
    for name, given, code in (("the right key", key, 0), ("a wrong key", key[::-1], 4)):
        server = await Server(0, lambda request: request.headers.get("Authorization") == right).up()
        with Live(evsim, KEYED.replace("PORT", str(server.port)).replace("KEY", given), waits=False) as run:
            equal(f"{name}: the run ends", await run.end(12), code) or print(run.said())
            equal(f"{name}: it is let in", bool(server.offices), code == 0)
            check(f"{name}: user and password came", server.requests and server.requests[0][1].startswith("Basic "), server.requests)
            if code:
                check("it says why", "401" in run.said(), run.said())
                check("it tries again, later each time", 2 <= len(server.requests) <= 8, len(server.requests))
        await server.down()


async def closed_port(evsim):
    """Nobody listens at first; the charge point tries until somebody does."""
    port = free_port()
    with Live(evsim, KEYED.replace("PORT", str(port)).replace('[SecurityProfile=1, "AuthorizationKey=KEY"]', "[]"), waits=False) as run:
        await asyncio.sleep(1)
        server = await Server(port).up()
        check("it connects when somebody listens", await server.office(1, 5) is not None)
        equal("and the run ends well", await run.end(12), 0) or print(run.said())
        await server.down()
