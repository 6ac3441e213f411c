"""Logs of charge points that are legal but unusual, written by hand from the specification of OCPP 1.6: ocpp-ids must stay silent on each of them."""
import json

EPOCH = 1714557600  # 2024-05-01T10:00:00Z


def stamp(t):
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(EPOCH + t))


class Log:
    """Lines of a log; calls are answered after a delay."""

    def __init__(self, identity="cp1", delay=0.3, offset=0):
        self.lines, self.identity, self.delay, self.offset, self.number = [], identity, delay, offset, 100

    def add(self, t, is_up, message):
        self.lines.append((t, f"{stamp(t).replace('Z', '')}.{int(t % 1 * 1000):03d}Z {self.identity} {'up' if is_up else 'down'} {json.dumps(message, separators=(',', ':'))}"))

    def up(self, t, action, payload, answer, delay=None):
        self.number += 1
        self.add(t, True, [2, str(self.number), action, payload])
        if answer is not None:
            self.add(t + (self.delay if delay is None else delay), False, [3, str(self.number), answer])

    def down(self, t, action, payload, answer, delay=None):
        self.number += 1
        self.add(t, False, [2, f"c{self.number}", action, payload])
        if answer is not None:
            self.add(t + (self.delay if delay is None else delay), True, [3, f"c{self.number}", answer])

    def boot(self, t, interval=300):
        self.up(t, "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M", "firmwareVersion": "1.2"}, {"currentTime": stamp(t), "interval": interval, "status": "Accepted"})

    def beat(self, t):
        self.up(t, "Heartbeat", {}, {"currentTime": stamp(t)})

    def status(self, t, connector, status):
        self.up(t, "StatusNotification", {"connectorId": connector, "errorCode": "NoError", "status": status, "timestamp": stamp(t + self.offset)}, {})

    def start(self, t, connector, transaction, tag="TAG1", meter=1000, delay=None):
        self.up(t, "Authorize", {"idTag": tag}, {"idTagInfo": {"status": "Accepted"}})
        self.status(t + 1, connector, "Preparing")
        self.up(t + 2, "StartTransaction", {"connectorId": connector, "idTag": tag, "meterStart": meter, "timestamp": stamp(t + 2 + self.offset)}, {"transactionId": transaction, "idTagInfo": {"status": "Accepted"}}, delay)
        self.status(t + 3 + (delay or 0), connector, "Charging")

    def values(self, t, connector, transaction, wh, watts=7200):
        samples = [{"value": str(wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}, {"value": str(watts), "measurand": "Power.Active.Import", "unit": "W"}]
        payload = {"connectorId": connector, "meterValue": [{"timestamp": stamp(t + self.offset), "sampledValue": samples}]}
        if transaction is not None:
            payload["transactionId"] = transaction
        self.up(t, "MeterValues", payload, {})

    def stop(self, t, connector, transaction, wh, tag="TAG1"):
        self.up(t, "StopTransaction", {"transactionId": transaction, "idTag": tag, "meterStop": wh, "timestamp": stamp(t + self.offset), "reason": "Local"}, {"idTagInfo": {"status": "Accepted"}})
        self.status(t + 1, connector, "Finishing")
        self.status(t + 20, connector, "Available")

    def session(self, t, connector, transaction, minutes=30, meter=1000, tag="TAG1", delay=None):
        self.start(t, connector, transaction, tag, meter, delay)
        for k in range(1, minutes):
            self.values(t + 2 + 60 * k, connector, transaction, meter + 120 * k)
        self.stop(t + 2 + 60 * minutes, connector, transaction, meter + 120 * minutes, tag)
        return meter + 120 * minutes

    def text(self):
        return "\n".join(line for _, line in sorted(self.lines, key=lambda entry: entry[0])) + "\n"


def logs():
    result = {}

    log = Log()
    for k in range(20):
        log.beat(300 * k)
    log.session(400, 1, 7)
    result["begins-with-a-heartbeat"] = log.text()

    log = Log()
    for k in range(10):
        log.values(60 * k, 1, 4711, 5000 + 120 * k)
    log.stop(600, 1, 4711, 6200)
    log.session(900, 1, 4712, meter=6200)
    result["begins-in-a-transaction"] = log.text()

    log = Log()
    log.down(5, "RemoteStopTransaction", {"transactionId": 4711}, {"status": "Accepted"})
    log.stop(8, 1, 4711, 6200)
    log.beat(100)
    result["begins-with-a-remote-stop"] = log.text()

    log = Log()
    log.add(0, False, [3, "99", {"currentTime": stamp(0)}])
    log.beat(10)
    log.session(400, 1, 7)
    result["begins-with-an-answer"] = log.text()

    log = Log()
    log.boot(0)
    for c in (0, 1, 2):
        log.status(2 + c, c, "Available")
    log.session(100, 1, 1, tag="A")
    log.session(430.5, 2, 2, tag="B", meter=90000)
    for k in range(1, 12):
        log.beat(300 * k)
    result["two-connectors"] = log.text()

    # The link was down for an hour; the session in it is told afterwards, with its own times.
    log = Log()
    log.boot(0)
    log.status(2, 1, "Available")
    log.offset = -3600
    base = 4000
    log.up(base, "StartTransaction", {"connectorId": 1, "idTag": "A", "meterStart": 10, "timestamp": stamp(500)}, {"transactionId": 5, "idTagInfo": {"status": "Accepted"}})
    for k in range(1, 20):
        t = 500 + 60 * k
        samples = [{"value": str(10 + 120 * k), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}]
        log.up(base + k, "MeterValues", {"connectorId": 1, "transactionId": 5, "meterValue": [{"timestamp": stamp(t), "sampledValue": samples}]}, {})
    log.up(base + 30, "StopTransaction", {"transactionId": 5, "meterStop": 2500, "timestamp": stamp(500 + 1230), "reason": "EVDisconnected"}, {"idTagInfo": {"status": "Accepted"}})
    log.offset = 0
    log.status(base + 40, 1, "Available")
    log.beat(base + 100)
    result["offline-queue"] = log.text()

    log = Log()
    log.boot(0)
    log.status(2, 1, "Available")
    log.start(60, 1, 9)
    log.values(120, 1, 9, 1120)
    log.boot(200)
    log.up(205, "StopTransaction", {"transactionId": 9, "meterStop": 1200, "timestamp": stamp(190), "reason": "PowerLoss"}, {"idTagInfo": {"status": "Accepted"}})
    log.status(210, 1, "Available")
    log.session(400, 1, 10, meter=1200)
    result["reboot-in-a-transaction"] = log.text()

    # Before the first boot notification is answered the clock stands at 1970.
    log = Log(offset=-EPOCH)
    log.up(0, "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}, {"currentTime": stamp(0), "interval": 300, "status": "Accepted"})
    log.status(1, 1, "Available")
    log.offset = 0
    log.status(5, 1, "Available")
    log.session(100, 1, 3)
    result["clock-not-set"] = log.text()

    log = Log(delay=25)
    log.boot(0)
    log.status(40, 1, "Available")
    log.up(80, "Authorize", {"idTag": "A"}, {"idTagInfo": {"status": "Accepted"}})
    log.status(120, 1, "Preparing")
    log.up(160, "StartTransaction", {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": stamp(130)}, {"transactionId": 77, "idTagInfo": {"status": "Accepted"}}, 28)
    log.status(200, 1, "Charging")
    for k in range(1, 10):
        log.values(200 + 60 * k, 1, 77, 120 * k)
    log.up(840, "StopTransaction", {"transactionId": 77, "meterStop": 1300, "timestamp": stamp(840), "reason": "Local"}, {"idTagInfo": {"status": "Accepted"}})
    log.status(870, 1, "Finishing")
    log.status(900, 1, "Available")
    result["slow-network"] = log.text()

    # The answer to the start comes after the first values, which have no transaction yet.
    log = Log()
    log.boot(0)
    log.status(2, 1, "Available")
    log.up(60, "StartTransaction", {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": stamp(60)}, {"transactionId": 8, "idTagInfo": {"status": "Accepted"}}, 200)
    log.status(262, 1, "Charging")
    for k in range(5, 20):
        log.values(60 + 60 * k, 1, 8, 120 * k)
    log.stop(60 + 60 * 20, 1, 8, 2400)
    result["late-start-answer"] = log.text()

    log = Log()
    log.up(0, "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M", "com.vendor.hw": "7", "iccid": "8949"}, {"currentTime": stamp(0), "interval": 300, "status": "Accepted"})
    log.up(2, "StatusNotification", {"connectorId": 1, "errorCode": "OtherError", "status": "Available", "vendorId": "com.vendor", "vendorErrorCode": "E17", "info": "door"}, {})
    log.up(5, "DataTransfer", {"vendorId": "com.vendor", "messageId": "Stats", "data": "{\"a\":1}"}, {"status": "Accepted"})
    log.down(9, "DataTransfer", {"vendorId": "com.vendor", "messageId": "Price"}, {"status": "UnknownMessageId"})
    log.session(100, 1, 3)
    result["vendor-fields"] = log.text()

    log = Log()
    log.boot(0)
    log.up(3, "SecurityEventNotification", {"type": "StartupOfTheDevice", "timestamp": stamp(3)}, {})
    log.down(10, "GetLog", {"logType": "SecurityLog", "requestId": 1, "log": {"remoteLocation": "https://csms.example/logs"}}, {"status": "Accepted", "filename": "s.log"})
    log.up(12, "LogStatusNotification", {"status": "Uploading", "requestId": 1}, {})
    log.up(20, "LogStatusNotification", {"status": "Uploaded", "requestId": 1}, {})
    log.down(30, "ExtendedTriggerMessage", {"requestedMessage": "Heartbeat"}, {"status": "Accepted"})
    log.beat(31)
    log.up(40, "SignCertificate", {"csr": "-----BEGIN CERTIFICATE REQUEST-----"}, {"status": "Accepted"})
    log.down(45, "CertificateSigned", {"certificateChain": "-----BEGIN CERTIFICATE-----"}, {"status": "Accepted"})
    log.session(100, 1, 3)
    result["security-extension"] = log.text()

    log = Log()
    log.boot(0)
    log.down(3, "GetConfiguration", {}, {"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]})
    log.down(5, "ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "60"}, {"status": "Accepted"})
    log.down(6, "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "900"}, {"status": "Accepted"})
    log.down(8, "SendLocalList", {"listVersion": 1, "updateType": "Full", "localAuthorizationList": []}, {"status": "Accepted"})
    log.down(10, "ClearCache", {}, {"status": "Accepted"})
    log.down(12, "ChangeAvailability", {"connectorId": 0, "type": "Operative"}, {"status": "Accepted"})
    log.down(50, "RemoteStartTransaction", {"idTag": "A", "connectorId": 1}, {"status": "Accepted"})
    log.status(52, 1, "Preparing")
    log.up(54, "StartTransaction", {"connectorId": 1, "idTag": "A", "meterStart": 5, "timestamp": stamp(54)}, {"transactionId": 12, "idTagInfo": {"status": "Accepted"}})
    log.status(55, 1, "Charging")
    log.down(60, "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": {"chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Absolute", "transactionId": 12, "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}]}}}, {"status": "Accepted"})
    for k in range(1, 30):
        log.values(54 + 60 * k, 1, 12, 5 + 120 * k)
    log.down(1900, "RemoteStopTransaction", {"transactionId": 12}, {"status": "Accepted"})
    log.up(1903, "StopTransaction", {"transactionId": 12, "meterStop": 3700, "timestamp": stamp(1903), "reason": "Remote"}, {"idTagInfo": {"status": "Accepted"}})
    log.status(1905, 1, "Finishing")
    log.down(1910, "UnlockConnector", {"connectorId": 1}, {"status": "Unlocked"})
    log.status(1950, 1, "Available")
    result["operator-at-work"] = log.text()

    # The network swallows answers; calls come again with the same content.
    log = Log()
    log.boot(0)
    log.status(2, 1, "Available")
    payload = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": stamp(60)}
    log.up(60, "StartTransaction", payload, None)
    log.up(120, "StartTransaction", payload, {"transactionId": 8, "idTagInfo": {"status": "Accepted"}})
    log.status(121, 1, "Charging")
    for k in range(2, 10):
        log.values(60 + 60 * k, 1, 8, 120 * k)
    log.stop(60 + 60 * 10, 1, 8, 1200)
    result["lost-answer"] = log.text()
    return result


if __name__ == "__main__":
    import sys

    for name, text in logs().items():
        with open(f"{sys.argv[1]}/{name}.txt", "w") as file:
            file.write(text)
