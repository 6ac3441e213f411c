"""The edges of live runs: texts that are no messages, peers that fall silent, TLS, names, and addresses of other machines."""
import asyncio
import base64
import hashlib
import json
import os
import ssl
import tempfile
from urllib.parse import quote

from ocpp.v16 import call
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from ocpp_peer import End, Live, check, equal
from ocpp_peer_charge_point import Office, Server
from ocpp_peer_csms import refusal
from websocket_tls import Certificates

OPEN = """evsim: 1
scenario: peer-edges
run: {for: 6s, ready_within: 10s}
nodes:
  csms: {is: csms, listen: "127.0.0.1:0", ping_every: 1s}
  cp1:  {is: charge-point, csms: csms}
expect: [=csms.transactions == 0, =count(cp1.ocpp.BootNotification) == 1]
record: [messages]
"""

# What is sent, and the answer that comes: the code of a CALLERROR, or None for silence.
GARBAGE = [
    ("no JSON", "hello", None),
    ("an empty text", "", None),
    ("no array", '{"a":1}', None),
    ("an empty array", "[]", None),
    ("an unknown type of message", '[9,"a","Heartbeat",{}]', None),
    ("an answer that nobody waits for", '[3,"nothing",{}]', None),
    ("an error that nobody waits for", '[4,"nothing","GenericError","",{}]', None),
    ("an id that is no text", '[2,17,"Heartbeat",{}]', None),
    ("nested without end", '[2,"n","Heartbeat",' + "[" * 3000, "FormationViolation"),
    ("a payload that is an array", '[2,"p","DataTransfer",[]]', "FormationViolation"),
    ("an action that nobody knows", '[2,"q","Dance",{}]', "NotImplemented"),
    ("a field that is missing", '[2,"r","DataTransfer",{}]', "ProtocolError"),
    ("a field too many", '[2,"s","DataTransfer",{"vendorId":"a","more":1}]', "FormationViolation"),
    ("a text that is too long", '[2,"t","DataTransfer",{"vendorId":"' + "x" * 256 + '"}]', "PropertyConstraintViolation"),
    ("a number for a text", '[2,"u","DataTransfer",{"vendorId":1}]', "TypeConstraintViolation"),
]


async def throw(end, wire):
    """Sends what is wrong; each answer comes before the next is sent, and a right call is answered behind each."""
    for number, (name, text, code) in enumerate(GARBAGE):
        await wire.send(text)
        probe = f"probe-{number}"
        await wire.send(json.dumps([2, probe, "DataTransfer", {"vendorId": "org.example"}]))
        found = await end.until(lambda: any(m[0] == 3 and m[1] == probe for _, m in end.log), 5)
        check(f"a call behind {name} is answered", found)
        if code:
            wanted = text.split('"')[1]
            answers = [m[2] for way, m in end.log if way == "in" and m[0] == 4 and m[1] == wanted]
            equal(f"{name}", answers, [code])
    errors = [m for way, m in end.log if way == "in" and m[0] == 4]
    equal("nothing else is answered with an error", [m[1] for m in errors], [text.split('"')[1] for _, text, code in GARBAGE if code])


async def garbage(evsim):
    """To a central system of evsim, then to a charge point of evsim."""
    with Live(evsim, OPEN) as run:
        if not check("evsim listens", "csms" in run.ports, run.said()):
            return
        address = f"ws://127.0.0.1:{run.ports['csms']}/"
        async with connect(address + quote("Säule 7/b", safe=""), subprotocols=["ocpp1.6"]) as wire:
            end = End("x", wire).begin()
            await end.ask(call.BootNotification(charge_point_vendor="Python", charge_point_model="ocpp"))
            await throw(end, wire)
        # The name of a charge point of the run: whoever has it too is somebody else.
        async with connect(address + "cp1", subprotocols=["ocpp1.6"]) as wire:
            other = End("cp1", wire).begin()
            check("another one with its name is answered", await other.ask(call.Heartbeat()))
        equal("the run passes", await run.end(15), 0) or print(run.said())
        check("names are as they are", any(row["chargePointId"] == "Säule 7/b" for row in run.messages()))
    server = await Server(0).up()
    with Live(evsim, STATION.replace("PORT", str(server.port)), waits=False) as run:
        office = await server.office(1)
        if check("evsim connects", office is not None, run.said()):
            await office.until_call("StatusNotification", 2)
            equal("its name is in the path", server.requests[0][0], "/a%20b/S%C3%A4ule%207")
            await throw(office, office._connection)
        equal("the run passes", await run.end(15), 0) or print(run.said())
    await server.down()


async def impostor(evsim):
    """Somebody has the name of a charge point of the run before it is switched on, and stays."""
    text = OPEN.replace("cp1:  {is: charge-point,", "cp1:  {is: charge-point, boot_after: 1s,").replace("expect: [", "expect: [=cp1.registered, ")
    with Live(evsim, text) as run:
        async with connect(f"ws://127.0.0.1:{run.ports['csms']}/cp1", subprotocols=["ocpp1.6"]) as wire:
            end = End("cp1", wire).begin()
            check("it is answered", await end.ask(call.Heartbeat()))
            check("the second connection takes its place", await end.until(end.gone.is_set, 4))
        equal("the run passes", await run.end(15), 0) or print(run.said())


STATION = """evsim: 1
scenario: peer-garbage
run: {for: 4s}
nodes: {cp1: {is: charge-point, csms: "ws://127.0.0.1:PORT/a%20b", identity: "Säule 7", vendors: [org.example], reconnect_after: 300ms, configuration: ["WebSocketPingInterval=1"]}}
expect: [=cp1.transactions == 0]
"""


async def silence(evsim):
    """A peer that answers no ping is dead: its connection is ended, and a charge point connects anew."""

    async def mute(reader, writer):
        """Agrees to the connection and says nothing more."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        writer.write(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n".encode())
        seen.append(1)
        try:
            while await reader.read(4096):
                pass
        except ConnectionError:
            pass
        ended.append(1)
        writer.close()

    seen, ended = [], []
    deaf = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = deaf.sockets[0].getsockname()[1]
    text = STATION.replace("PORT", str(port)).replace("for: 4s", "for: 4s, ready_within: 5s")
    with Live(evsim, text, waits=False) as run, Live(evsim, OPEN) as office:
        reader, writer = await asyncio.open_connection("127.0.0.1", office.ports["csms"])
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(f"GET /silent HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n".encode())
        check("a silent charge point is let in", b" 101 " in await reader.readuntil(b"\r\n\r\n"))
        start = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(5):
                while await reader.read(4096):
                    pass
        except ConnectionError:
            pass
        except TimeoutError:
            check("a silent charge point is ended", False)
        check("within two periods", 0.9 < asyncio.get_running_loop().time() - start < 3.5, asyncio.get_running_loop().time() - start)
        writer.close()
        await run.end(10)
        check("a charge point leaves a silent central system and comes again", len(seen) >= 2 and ended, (len(seen), len(ended)))
    deaf.close()


SECURE = """evsim: 1
scenario: peer-tls
run: {for: 4s, ready_within: 8s}
nodes:
  csms:
    is: csms
    listen: "127.0.0.1:0"
    security_profile: PROFILE
    tls_certificate: "FOLDER/server.pem"
    tls_key: "FOLDER/server.key"
    tls_ca: "FOLDER/ca.pem"
    passwords: ["*=000102030405060708090a0b0c0d0e0f10111213"]
  cp1:
    is: charge-point
    csms: csms
    identity: charger
    tls_certificate: "FOLDER/charger.pem"
    tls_key: "FOLDER/charger.key"
    tls_ca: "FOLDER/ca.pem"
    configuration: [SecurityProfile=PROFILE, "AuthorizationKey=000102030405060708090a0b0c0d0e0f10111213"]
expect: [=count(cp1.ocpp.BootNotification) == 1]
record: [messages]
"""

AWAY = """evsim: 1
scenario: peer-tls-away
run: {for: 2s, ready_within: 5s}
nodes:
  cp1:
    is: charge-point
    csms: "wss://localhost:PORT/ocpp"
    tls_ca: "FOLDER/CA.pem"
    configuration: [SecurityProfile=2, "AuthorizationKey=000102030405060708090a0b0c0d0e0f10111213"]
    reconnect_after: 500ms
"""


async def tls(evsim):
    """Security profiles 2 and 3 with the TLS of Python at the other end."""
    with tempfile.TemporaryDirectory() as folder:
        authority, stranger = Certificates(folder), Certificates(folder, "stranger")
        chain = authority.issue("server", "/CN=central", "DNS:localhost,IP:127.0.0.1")
        mine = authority.issue("charger", "/CN=charger/O=Operator")
        false = stranger.issue("false", "/CN=charger/O=Operator")
        password = "Basic " + base64.b64encode(b"box:" + bytes(range(0x14))).decode()
        for profile in (2, 3):
            with Live(evsim, SECURE.replace("FOLDER", folder).replace("PROFILE", str(profile))) as run:
                if not check(f"profile {profile}: evsim listens", "csms" in run.ports, run.said()):
                    continue
                address = f"wss://127.0.0.1:{run.ports['csms']}/box"
                context = ssl.create_default_context(cafile=authority.cert)
                headers = {"Authorization": password}
                if profile == 2:
                    equal("profile 2 without a password", await refusal(address, ssl=context), 401)
                else:
                    bare = ssl.create_default_context(cafile=authority.cert)
                    check("profile 3 without a certificate", await shut(address, bare))
                    bare.load_cert_chain(*false)
                    check("profile 3 with a certificate of strangers", await shut(address, bare))
                    context.load_cert_chain(*mine)
                    headers = None
                try:
                    async with connect(address, ssl=context, additional_headers=headers, subprotocols=["ocpp1.6"]) as wire:
                        end = End("box", wire).begin()
                        check(f"profile {profile}: a call is answered", await end.ask(call.Heartbeat()))
                        check(f"profile {profile}: TLS 1.3", wire.transport.get_extra_info("ssl_object").version() == "TLSv1.3")
                except Exception as error:  # noqa: BLE001
                    check(f"profile {profile}: it is let in", False, f"{type(error).__name__}: {error}")
                equal(f"profile {profile}: the run passes", await run.end(15), 0) or print(run.said())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*chain)
        log = []

        async def meet(wire):
            office = Office("cp1", wire, log)
            office.numbers = {}
            office.begin()
            await office.gone.wait()

        async with serve(meet, "127.0.0.1", 0, ssl=context, subprotocols=["ocpp1.6"]) as server:
            port = server.sockets[0].getsockname()[1]
            for authorities, code in (("ca", 0), ("stranger", 4)):
                text = AWAY.replace("FOLDER", folder).replace("PORT", str(port)).replace("CA.pem", authorities + ".pem")
                with Live(evsim, text, waits=False) as run:
                    equal(f"a central system that {authorities} vouches for", await run.end(12), code) or print(run.said())
        check("the one that is trusted hears BootNotification", [m[2] for _, m in log if m[0] == 2][:1] == ["BootNotification"], log[:1])


async def shut(address, context):
    """Whether somebody is not let in."""
    try:
        async with connect(address, ssl=context, subprotocols=["ocpp1.6"]) as wire:
            await wire.recv()
    except Exception:  # noqa: BLE001
        return True
    return False


async def network(evsim):
    """Nothing but this machine unless --allow-net says so; remote charge points need a live run."""
    cases = [
        ("listening on all addresses", OPEN.replace("127.0.0.1:0", "0.0.0.0:0"), True, 4, "--allow-net"),
        ("connecting to another machine", STATION.replace("127.0.0.1:PORT", "192.0.2.1:9"), True, 4, "--allow-net"),
        ("an address in virtual time", STATION.replace("PORT", "9"), False, 4, "--realtime"),
        ("another program in virtual time", REMOTE, False, 4, "--realtime"),
        ("another program that nobody awaits", REMOTE.replace("is: remote-charge-point", "is: remote-charge-point, awaited: false"), False, 0, ""),
        ("a message in the name of another program", SPEAKS, False, 4, "another program"),
        ("another program that does not come", REMOTE.replace("for: 1s", "for: 1s, ready_within: 500ms"), True, 4, "box did not boot"),
    ]
    for name, text, realtime, code, words in cases:
        with Live(evsim, text, realtime=realtime, waits=False) as run:
            equal(name, await run.end(10), code)
            check(f"{name}: says why", words in run.said(), run.said())


REMOTE = """evsim: 1
scenario: peer-remote
run: {for: 1s}
nodes:
  csms: {is: csms, listen: "127.0.0.1:0"}
  box:  {is: remote-charge-point, csms: csms}
expect: [=csms.connected == 0]
"""

SPEAKS = REMOTE.replace("is: remote-charge-point", "is: remote-charge-point, awaited: false").replace("expect:", "steps:\n  - {send: Heartbeat, from: box}\nexpect:")
