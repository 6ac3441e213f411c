"""evsim is the central system, the package `ocpp` the charge point."""
import asyncio
import base64
import json

from ocpp.v16 import call
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ocpp_peer import End, Live, check, equal, now, outcome

CERTIFICATE = "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n"
HASH = "{hashAlgorithm: SHA256, issuerNameHash: aa11, issuerKeyHash: bb22, serialNumber: '01'}"

EVERYTHING = f"""evsim: 1
scenario: peer-charge-point
run: {{for: 12s, ready_within: 20s}}
nodes:
  csms: {{is: csms, listen: "127.0.0.1:0", heartbeat_every: 1s, vendors: [org.example], blocked_tags: [THIEF]}}
  box:  {{is: remote-charge-point, csms: csms, identity: PY-1}}
steps:
  - {{until: =box.status == 'Available', timeout: 5s}}
  - {{send: GetConfiguration, to: box, with: {{key: [HeartbeatInterval, Unheard]}}}}
  - {{send: ChangeConfiguration, to: box, with: {{key: MeterValueSampleInterval, value: 1}}}}
  - {{send: ClearCache, to: box}}
  - {{send: DataTransfer, to: box, with: {{vendorId: org.example, messageId: ping, data: "ä€😀"}}}}
  - {{send: GetLocalListVersion, to: box}}
  - send: SendLocalList
    to: box
    with:
      listVersion: 5
      updateType: Full
      localAuthorizationList:
        - {{idTag: LOCAL, idTagInfo: {{status: Accepted, parentIdTag: FAMILY, expiryDate: "2099-01-01T00:00:00Z"}}}}
        - {{idTag: GONE, idTagInfo: {{status: Expired}}}}
  - {{send: ReserveNow, to: box, with: {{connectorId: 1, expiryDate: "2099-01-01T00:00:00Z", idTag: ALICE, reservationId: 7}}}}
  - {{until: =box.status == 'Reserved', timeout: 5s}}
  - {{send: CancelReservation, to: box, with: {{reservationId: 7}}}}
  - {{until: =box.status == 'Available', timeout: 5s}}
  - send: SetChargingProfile
    to: box
    with:
      connectorId: 0
      csChargingProfiles:
        chargingProfileId: 1
        stackLevel: 2
        chargingProfilePurpose: ChargePointMaxProfile
        chargingProfileKind: Recurring
        recurrencyKind: Daily
        validFrom: "2020-01-01T00:00:00Z"
        validTo: "2099-01-01T00:00:00Z"
        chargingSchedule:
          duration: 86400
          startSchedule: "2020-01-01T00:00:00Z"
          chargingRateUnit: W
          minChargingRate: 6.1
          chargingSchedulePeriod: [{{startPeriod: 0, limit: 11000.5}}, {{startPeriod: 3600, limit: 0.3, numberPhases: 3}}]
  - {{send: RemoteStartTransaction, to: box, with: {{connectorId: 1, idTag: ALICE}}}}
  - {{until: =box.transactions == 1, timeout: 5s}}
  - {{send: SetChargingProfile, to: box, with: {{limit: 16.2 A}}}}
  - {{send: GetCompositeSchedule, to: box, with: {{connectorId: 1, duration: 600, chargingRateUnit: A}}}}
  - {{send: ClearChargingProfile, to: box, with: {{id: 1}}}}
  - {{wait: 500ms}}
  - {{send: RemoteStopTransaction, to: box}}
  - {{until: =box.transactions == 0, timeout: 5s}}
  - {{send: UnlockConnector, to: box, with: {{connectorId: 1}}}}
  - {{send: ChangeAvailability, to: box, with: {{connectorId: 1, type: Inoperative}}}}
  - {{until: =box.status == 'Unavailable', timeout: 5s}}
  - {{send: ChangeAvailability, to: box, with: {{connectorId: 1, type: Operative}}}}
  - {{send: TriggerMessage, to: box, with: {{requestedMessage: MeterValues, connectorId: 1}}}}
  - {{send: ExtendedTriggerMessage, to: box, with: {{requestedMessage: Heartbeat}}}}
  - {{send: GetDiagnostics, to: box, with: {{location: "ftp://files.example/up", retries: 2, retryInterval: 10}}}}
  - {{send: UpdateFirmware, to: box, with: {{location: "https://files.example/fw.bin", retrieveDate: now}}}}
  - {{send: GetLog, to: box, with: {{logType: SecurityLog, requestId: 3, log: {{remoteLocation: "https://files.example/logs"}}}}}}
  - send: SignedUpdateFirmware
    to: box
    with:
      requestId: 4
      firmware:
        location: "https://files.example/firmware.bin"
        retrieveDateTime: now
        signature: c2lnbmF0dXJl
        signingCertificate: "{CERTIFICATE}"
  - {{send: InstallCertificate, to: box, with: {{certificateType: CentralSystemRootCertificate, certificate: "{CERTIFICATE}"}}}}
  - {{send: GetInstalledCertificateIds, to: box, with: {{certificateType: CentralSystemRootCertificate}}}}
  - {{send: DeleteCertificate, to: box, with: {{certificateHashData: {HASH}}}}}
  - {{send: CertificateSigned, to: box, with: {{certificateChain: "{CERTIFICATE}"}}}}
  - {{send: Reset, to: box, with: {{type: Soft}}}}
  - {{until: =not box.online, timeout: 5s}}
  - {{until: =box.online, timeout: 5s}}
  - {{wait: 300ms}}
  - {{send: TriggerMessage, to: box, with: {{requestedMessage: StatusNotification}}}}
expect:
  - exchange:
      - {{call: BootNotification, from: box, with: {{chargePointVendor: Python, chargePointModel: ocpp}}}}
      - {{result: BootNotification, with: {{status: Accepted, interval: 1}}}}
  - exchange:
      - {{call: RemoteStartTransaction, to: box, with: {{idTag: ALICE}}}}
      - {{result: RemoteStartTransaction, with: {{status: Accepted}}}}
      - {{call: StartTransaction, from: box, with: {{connectorId: 1, idTag: ALICE}}}}
      - {{result: StartTransaction, with: {{transactionId: {{at_least: 1}}}}, keep: {{tx: transactionId}}}}
      - {{call: MeterValues, from: box, with: {{transactionId: {{same: tx}}}}}}
      - {{call: RemoteStopTransaction, to: box, with: {{transactionId: {{same: tx}}}}}}
      - {{call: StopTransaction, from: box, with: {{transactionId: {{same: tx}}, reason: Remote}}}}
  - exchange:
      - {{result: GetCompositeSchedule, with: {{status: Accepted, connectorId: 1}}}}
      - {{result: UpdateFirmware}}
      - {{call: FirmwareStatusNotification, from: box, with: {{status: Installed}}}}
  - exchange:
      - {{call: GetLog, to: box}}
      - {{call: LogStatusNotification, from: box, with: {{status: Uploaded, requestId: 3}}}}
  - exchange:
      - {{call: Reset, to: box}}
      - {{result: Reset, with: {{status: Accepted}}}}
      - {{call: BootNotification, from: box}}
  - =count(box.ocpp.Heartbeat) >= 5
  - =count(box.ocpp.SecurityEventNotification) == 1
  - =csms.transactions == 0
  - =csms.energy == 1500 Wh
record: [messages, signals]
"""

SENT = [
    "GetConfiguration", "ChangeConfiguration", "ClearCache", "DataTransfer", "GetLocalListVersion", "SendLocalList", "ReserveNow", "CancelReservation",
    "SetChargingProfile", "RemoteStartTransaction", "GetCompositeSchedule", "ClearChargingProfile", "RemoteStopTransaction", "UnlockConnector",
    "ChangeAvailability", "TriggerMessage", "ExtendedTriggerMessage", "GetDiagnostics", "UpdateFirmware", "GetLog", "SignedUpdateFirmware",
    "InstallCertificate", "GetInstalledCertificateIds", "DeleteCertificate", "CertificateSigned", "Reset",
]


class Box(End):
    """A charge point that does what it is told."""

    transaction = None
    register = 1000
    wants_reset = False

    async def boot(self):
        answer = await self.ask(call.BootNotification(charge_point_vendor="Python", charge_point_model="ocpp", firmware_version="1.0"))
        equal("BootNotification is accepted", (answer.status, answer.interval), ("Accepted", 1))
        for connector in (0, 1, 2):
            await self.status("Available", connector)

    async def status(self, status, connector=1, error="NoError"):
        await self.ask(call.StatusNotification(connector_id=connector, error_code=error, status=status, timestamp=now(), info="from outside"))

    async def meter(self):
        self.register += 250
        values = [
            {"value": str(self.register), "measurand": "Energy.Active.Import.Register", "unit": "Wh", "context": "Sample.Periodic"},
            {"value": "16.1", "measurand": "Current.Import", "unit": "A", "phase": "L1", "location": "Outlet", "format": "Raw"},
            {"value": "41", "measurand": "SoC", "unit": "Percent", "location": "EV"},
        ]
        await self.ask(call.MeterValues(connector_id=1, transaction_id=self.transaction, meter_value=[{"timestamp": now(), "sampled_value": values}]))

    async def charge(self, tag):
        answer = await self.ask(call.StartTransaction(connector_id=1, id_tag=tag, meter_start=self.register, timestamp=now()))
        check("StartTransaction is accepted", answer.id_tag_info["status"] == "Accepted" and answer.transaction_id > 0, answer)
        self.transaction = answer.transaction_id
        await self.status("Charging")
        await self.meter()
        await self.meter()

    async def finish(self, reason):
        transaction, self.transaction = self.transaction, None
        await self.status("Finishing")
        self.register += 1000
        await self.ask(call.StopTransaction(transaction_id=transaction, meter_stop=self.register, timestamp=now(), reason=reason))
        await self.status("Available")

    async def told(self, kind, states, **fields):
        for state in states:
            await self.ask(getattr(call, kind)(status=state, **fields))

    def on_GetConfiguration(self, p):
        return {"configuration_key": [{"key": "HeartbeatInterval", "readonly": False, "value": "1"}], "unknown_key": ["Unheard"]}

    def on_GetLocalListVersion(self, p):
        return {"list_version": 4}

    def on_ReserveNow(self, p):
        self.later(self.status("Reserved"))
        return {"status": "Accepted"}

    def on_CancelReservation(self, p):
        self.later(self.status("Available"))
        return {"status": "Accepted"}

    def on_RemoteStartTransaction(self, p):
        self.later(self.charge(p["idTag"]))
        return {"status": "Accepted"}

    def on_RemoteStopTransaction(self, p):
        self.later(self.finish("Remote"))
        return {"status": "Accepted" if p["transactionId"] == self.transaction else "Rejected"}

    def on_GetCompositeSchedule(self, p):
        schedule = {"duration": 600, "charging_rate_unit": "A", "charging_schedule_period": [{"start_period": 0, "limit": 16.2}]}
        return {"status": "Accepted", "connector_id": 1, "schedule_start": now(), "charging_schedule": schedule}

    def on_UnlockConnector(self, p):
        return {"status": "Unlocked"}

    def on_ChangeAvailability(self, p):
        self.later(self.status("Unavailable" if p["type"] == "Inoperative" else "Available"))
        return {"status": "Accepted"}

    def on_TriggerMessage(self, p):
        self.later(self.meter() if p["requestedMessage"] == "MeterValues" else self.status("Available"))
        return {"status": "Accepted"}

    def on_ExtendedTriggerMessage(self, p):
        self.later(self.ask(call.Heartbeat()))
        return {"status": "Accepted"}

    def on_GetDiagnostics(self, p):
        self.later(self.told("DiagnosticsStatusNotification", ["Uploading", "Uploaded"]))
        return {"file_name": "diagnostics.zip"}

    def on_UpdateFirmware(self, p):
        self.later(self.told("FirmwareStatusNotification", ["Downloading", "Downloaded", "Installing", "Installed"]))
        return {}

    def on_GetLog(self, p):
        self.later(self.told("LogStatusNotification", ["Uploading", "Uploaded"], request_id=p["requestId"]))
        return {"status": "Accepted", "filename": "security.log"}

    def on_SignedUpdateFirmware(self, p):
        states = ["Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed"]
        self.later(self.told("SignedFirmwareStatusNotification", states, request_id=p["requestId"]))
        return {"status": "Accepted"}

    def on_GetInstalledCertificateIds(self, p):
        found = {"hash_algorithm": "SHA256", "issuer_name_hash": "aa11", "issuer_key_hash": "bb22", "serial_number": "01"}
        return {"status": "Accepted", "certificate_hash_data": [found]}

    def on_Reset(self, p):
        self.wants_reset = True
        return {"status": "Accepted"}

    on_ChangeConfiguration = on_ClearCache = on_DataTransfer = on_SendLocalList = lambda self, p: {"status": "Accepted"}
    on_SetChargingProfile = on_ClearChargingProfile = on_InstallCertificate = on_DeleteCertificate = on_CertificateSigned = on_ClearCache


async def session(box):
    """What a charge point says of its own accord."""
    await box.boot()
    equal("Authorize", (await box.ask(call.Authorize(id_tag="ALICE"))).id_tag_info["status"], "Accepted")
    equal("Authorize of a blocked tag", (await box.ask(call.Authorize(id_tag="thief"))).id_tag_info["status"], "Blocked")
    equal("DataTransfer of a known vendor", (await box.ask(call.DataTransfer(vendor_id="org.example", data="ä€😀"))).status, "Accepted")
    equal("DataTransfer of another vendor", (await box.ask(call.DataTransfer(vendor_id="com.example"))).status, "UnknownVendorId")
    check("Heartbeat has the time", (await box.ask(call.Heartbeat())).current_time.endswith("Z"))
    await box.ask(call.SecurityEventNotification(type="SettingSystemTime", timestamp=now(), tech_info="set"))
    equal("SignCertificate", (await box.ask(call.SignCertificate(csr="-----BEGIN CERTIFICATE REQUEST-----"))).status, "Accepted")
    # What is wrong is refused, and the connection goes on.
    wrong = [
        ("a status that nobody knows", call.StatusNotification(connector_id=1, error_code="NoError", status="Busy"), "PropertyConstraintViolation"),
        ("a text in place of a number", call.StatusNotification(connector_id="1", error_code="NoError", status="Available"), "TypeConstraintViolation"),
        ("a tag that is too long", call.Authorize(id_tag="x" * 21), "PropertyConstraintViolation"),
        ("a field that is missing", call.Authorize(id_tag=None), "ProtocolError"),
        ("a message of the other side", call.Reset(type="Hard"), "NotSupported"),
    ]
    for name, payload, code in wrong:
        equal(name, await outcome(box.ask(payload, skip_schema_validation=True)), code)


async def everything(evsim):
    with Live(evsim, EVERYTHING) as run:
        if not check("evsim listens", "csms" in run.ports, run.said()):
            return
        address = f"ws://127.0.0.1:{run.ports['csms']}/ocpp/PY-1"
        log = []
        async with connect(address, subprotocols=["ocpp1.6"]) as wire:
            equal("the subprotocol", wire.subprotocol, "ocpp1.6")
            box = Box("PY-1", wire, log).begin()
            await session(box)
            check("Reset came", await box.until(lambda: box.wants_reset), box.actions())
            await asyncio.sleep(0.3)
        async with connect(address, subprotocols=["ocpp1.6"]) as wire:
            again = Box("PY-1", wire, log).begin()
            again.register = box.register
            await again.boot()
            check("TriggerMessage came after the reset", await again.until_call("TriggerMessage", requestedMessage="StatusNotification"))
            for _ in range(5):
                await again.ask(call.Heartbeat())
            check("the run ends the connection", await again.until(again.gone.is_set, 15))
            equal("with 1001", wire.close_code, 1001)
        equal("the run passes", await run.end(), 0) or print(run.said())
        report = run.report()
        equal("verdict", report["verdict"], "pass")
        for action in SENT:
            check(f"{action} came", action in box.actions() or action in again.actions())
        equal("the package refuses nothing", box.refused(), [])
        for work in box.tasks + again.tasks:
            check("what follows an answer is answered", work.done() and not work.exception(), work.exception() if work.done() else "still waits")
        transfers = [c for c in box.calls("DataTransfer")]
        equal("texts arrive as they are", transfers and transfers[0].get("data"), "ä€😀")
        limits = [c["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"] for c in box.calls("SetChargingProfile")]
        equal("limits arrive as they are", limits[:1], [[{"startPeriod": 0, "limit": 11000.5}, {"startPeriod": 3600, "limit": 0.3, "numberPhases": 3}]])
        recorded = run.messages()
        texts = [json.dumps(message) for _, message in log]
        check("every message is recorded", len(recorded) >= len(texts), f"{len(recorded)} recorded, {len(texts)} on the wire")


DOOR = """evsim: 1
scenario: peer-door
run: {for: 9s, ready_within: 20s}
nodes:
  csms:
    is: csms
    listen: "127.0.0.1:0"
    security_profile: 1
    known: [PY-1, PY-2, PY-3]
    passwords: ["PY-1=secret-of-one", "*=000102030405060708090a0b0c0d0e0f1011121314"]
  one: {is: remote-charge-point, csms: csms, identity: PY-1}
steps:
  - {until: =one.transactions == 1, timeout: 8s}
  - {do: restart, to: csms, with: {for: 500ms}}
expect: [=csms.transactions == 0, =csms.energy == 2500 Wh, =count(one.ocpp.BootNotification) >= 1]
record: [messages]
"""


async def refusal(address, headers=None, **options):
    """The status of HTTP that refuses a connection; 101 if it does not."""
    options.setdefault("subprotocols", ["ocpp1.6"])
    try:
        async with connect(address, additional_headers=headers, **options) as wire:
            await asyncio.sleep(0.1)
            await wire.ping()
            return 101
    except InvalidStatus as error:
        return error.response.status_code
    except ConnectionClosed as error:
        return f"closed {error.rcvd and error.rcvd.code}"


def basic(user, password):
    password = password if isinstance(password, bytes) else password.encode()
    return {"Authorization": "Basic " + base64.b64encode(user.encode() + b":" + password).decode()}


async def door(evsim):
    """Who may come in, and a central system that restarts in the middle of a transaction."""
    with Live(evsim, DOOR) as run:
        if not check("evsim listens", "csms" in run.ports, run.said()):
            return
        address = f"ws://127.0.0.1:{run.ports['csms']}/some/path/"
        good = basic("PY-1", "secret-of-one")
        equal("no password", await refusal(address + "PY-1"), 401)
        equal("a wrong password", await refusal(address + "PY-1", basic("PY-1", "secret")), 401)
        equal("another user", await refusal(address + "PY-1", basic("PY-2", "secret-of-one")), 401)
        equal("the password of all others", await refusal(address + "PY-2", basic("PY-2", bytes(range(0x15)))), 101)
        equal("an identity that nobody knows", await refusal(address + "PY-9", basic("PY-9", bytes(range(0x15)))), 404)
        check("another subprotocol", await refusal(address + "PY-1", good, subprotocols=["ocpp2.0.1"]) != 101)
        options = {"additional_headers": good, "subprotocols": ["ocpp1.6"]}
        started = now()
        async with connect(address + "PY-1", **options) as wire:
            box = Box("PY-1", wire).begin()
            await box.ask(call.BootNotification(charge_point_vendor="Python", charge_point_model="ocpp"))
            start = call.StartTransaction(connector_id=1, id_tag="ALICE", meter_start=0, timestamp=started)
            first = (await box.ask(start)).transaction_id
            check("the restart ends the connection", await box.until(box.gone.is_set, 5))
        wire, refusals = None, set()
        for _ in range(60):
            try:
                wire = await connect(address + "PY-1", **options)
                await asyncio.sleep(0.05)
                await wire.ping()
                break
            except (OSError, InvalidStatus, ConnectionClosed) as error:
                refusals.add(error.response.status_code if isinstance(error, InvalidStatus) else type(error).__name__)
                wire = None
                await asyncio.sleep(0.1)
        equal("while it restarts", refusals, {503})
        if not check("it is let in again", wire is not None):
            return
        box = Box("PY-1", wire).begin()
        equal("a repeated StartTransaction", (await box.ask(start)).transaction_id, first)
        await box.ask(call.StopTransaction(transaction_id=first, meter_stop=2500, timestamp=now()))
        await box.ask(call.StopTransaction(transaction_id=first, meter_stop=2500, timestamp=now()))
        # A second connection takes the place of the first.
        other = await connect(address + "PY-1", **options)
        check("the first connection is ended", await box.until(box.gone.is_set, 5))
        box = Box("PY-1", other).begin()
        check("the second one is answered", (await box.ask(call.Heartbeat())).current_time)
        equal("the run passes", await run.end(), 0) or print(run.said())
        await other.close()
        await wire.close()
