"""evsim as a proxy with TLS on both sides, and bytes that trickle, seen by a program in between."""
import asyncio
import ssl
import tempfile
import time

from ocpp.v16 import call
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from ocpp_peer import Live, check, equal
from ocpp_peer_charge_point import Office, Server
from ocpp_peer_edges import shut
from ocpp_peer_proxy import Box, meter
from websocket_tls import Certificates

SECRET = """evsim: 1
scenario: peer-secret
run: {for: 60s, seed: 7}
nodes:
  proxy:
    is: ocpp-proxy
    listen: "127.0.0.1:0"
    csms: "wss://localhost:PORT/base"
    tls_certificate: "FOLDER/server.pem"
    tls_key: "FOLDER/server.key"
    tls_ca: "FOLDER/ca.pem"
    csms_ca: "FOLDER/ca.pem"
    csms_certificate: "FOLDER/charger.pem"
    csms_key: "FOLDER/charger.key"
steps:
  - until: =count(proxy.ocpp.BootNotification) >= 1
  - {attack: modify, against: proxy.ocpp.MeterValues, for: 30s, with: {chance: 100%, scale: {Power.Active.Import: 0.5}}}
record: [messages]
"""

SLOW = """evsim: 1
scenario: peer-slow
run: {for: 60s, seed: 7}
nodes:
  proxy: {is: ocpp-proxy, listen: "127.0.0.1:0", csms: "ws://127.0.0.1:PORT/base"}
steps:
  - until: =count(proxy.ocpp.BootNotification) >= 1
  - {attack: jitter, against: proxy, for: 4s, with: {jitter: 0s, drip: 1, only: [Heartbeat], direction: up}}
  - wait: 1s
  - {attack: jitter, against: proxy, for: 8s, with: {jitter: 0s, drip: 50, only: [GetLocalListVersion], direction: down}}
record: [messages]
"""


async def secret(evsim):
    """wss on both sides; each side sees the certificate of the proxy and wants one of its own."""
    with tempfile.TemporaryDirectory() as folder:
        authority, stranger = Certificates(folder), Certificates(folder, "stranger")
        chain = authority.issue("server", "/CN=central", "DNS:localhost,IP:127.0.0.1")
        mine = authority.issue("charger", "/CN=BOX/O=Operator")
        false = stranger.issue("false", "/CN=BOX/O=Operator")
        offices, requests, seen = [], [], []

        async def meet(wire):
            seen.append(wire.transport.get_extra_info("peercert"))
            requests.append((wire.request.path, wire.request.headers.get("Authorization")))
            office = Office("BOX", wire)
            office.numbers = {}
            offices.append(office)
            office.begin()
            await office.gone.wait()

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.cert)
        context.load_cert_chain(*chain)
        context.verify_mode = ssl.CERT_REQUIRED
        async with serve(meet, "127.0.0.1", 0, subprotocols=["ocpp1.6"], ssl=context) as server:
            port = server.sockets[0].getsockname()[1]
            with Live(evsim, SECRET.replace("PORT", str(port)).replace("FOLDER", folder)) as run:
                if not check("evsim listens", "proxy" in run.ports, run.said()):
                    return
                address = f"wss://localhost:{run.ports['proxy']}/ocpp/BOX"
                bare = ssl.create_default_context(cafile=authority.cert)
                check("nobody without a certificate is let in", await shut(address, bare))
                bare.load_cert_chain(*false)
                check("nor with one of strangers", await shut(address, bare))
                own = ssl.create_default_context(cafile=authority.cert)
                own.load_cert_chain(*mine)
                headers = {"Authorization": "Basic Qk9YOnNlY3JldA=="}
                async with connect(address, ssl=own, subprotocols=["ocpp1.6"], additional_headers=headers) as wire:
                    box = Box("BOX", wire).begin()
                    await box.ask(call.BootNotification(charge_point_vendor="Python", charge_point_model="ocpp"))
                    await asyncio.sleep(0.3)
                    await box.ask(meter("11000.0"))
                    equal("path and credentials go on", requests, [("/base/BOX", "Basic Qk9YOnNlY3JldA==")])
                    check("the central system sees the certificate of the proxy", seen and "BOX" in str(seen[0]), seen)
                    sample = offices[0].calls("MeterValues")[0]["meterValue"][0]["sampledValue"]
                    equal("the power is halved behind TLS", sample[0]["value"], "5500.0")
                    equal("the voltage stays", sample[1]["value"], "230.0")
                run.interrupt()
                equal("the run ends", await run.end(10), 130)
                changed = [line for line in run.messages() if line.get("meta", {}).get("label") == "MESSAGE_MODIFICATION"]
                check("what was changed is labelled", changed and "5500.0" in changed[0]["raw"], changed)


class Relay:
    """Hands bytes on between two sockets, and remembers when how many came from each side."""

    def __init__(self, port):
        self.port, self.up, self.down = port, [], []

    async def meet(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(self.pump(reader, far_writer, self.up), self.pump(far_reader, writer, self.down))

    @staticmethod
    async def pump(reader, writer, log):
        try:
            while data := await reader.read(65536):
                log.append((time.monotonic(), len(data)))
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()


async def slow(evsim):
    """A frame that trickles is on the wire byte by byte."""
    server = await Server(0).up()
    relay = Relay(server.port)
    between = await asyncio.start_server(relay.meet, "127.0.0.1", 0)
    port = between.sockets[0].getsockname()[1]
    with Live(evsim, SLOW.replace("PORT", str(port))) as run:
        if not check("evsim listens", "proxy" in run.ports, run.said()):
            return
        async with connect(f"ws://127.0.0.1:{run.ports['proxy']}/ocpp/BOX", subprotocols=["ocpp1.6"]) as wire:
            box = Box("BOX", wire).begin()
            office = await server.office(1)
            await box.ask(call.BootNotification(charge_point_vendor="Python", charge_point_model="ocpp"))
            await asyncio.sleep(0.3)
            begin = time.monotonic()
            relay.up.clear()
            await box.ask(call.Heartbeat())
            took = time.monotonic() - begin
            trickled = [size for at, size in relay.up if at - begin < 3]
            check("one byte a second is on the wire", 2 <= len(trickled) <= 4 and set(trickled) == {1}, relay.up)
            check("the rest comes when the attack ends", 3 < took < 4.6 and relay.up[-1][1] > 10, (took, relay.up))
            await asyncio.sleep(2)
            # In the other direction a call of the central system; its own messages take their time too.
            relay.down.clear()
            begin = time.monotonic()
            answer = await office.ask(call.GetLocalListVersion())
            took = time.monotonic() - begin
            equal("the answer of the charge point is the right one", answer.list_version, 3)
            check("fifty bytes a second take their time", 0.5 < took < 5, took)
            begin = time.monotonic()
            await box.ask(call.Heartbeat())
            check("other messages are as fast as ever", time.monotonic() - begin < 0.5)
        run.interrupt()
        await run.end(10)
        labels = {line["meta"]["label"] for line in run.messages() if "meta" in line}
        equal("what trickled is labelled", labels, {"TIMING_ATTACK"})
    between.close()
    await server.down()
