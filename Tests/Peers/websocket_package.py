"""Our server against the client of the `websockets` package, our client against its server and against a liar."""
import random
import socket
import struct
import threading
import time
import zlib

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory
from websockets.sync.client import connect
from websockets.sync.server import serve

from websocket_peer import Liar, Program, Raw, Server, attempt, texts


def package():
    with Server() as server:

        def plain():
            with connect(f"ws://127.0.0.1:{server.port}/ocpp/CP1", subprotocols=["ocpp1.6"]) as peer:
                assert peer.protocol.extensions == [] and peer.subprotocol == "ocpp1.6"
                for text in texts():
                    peer.send(text)
                    assert peer.recv(5) == text
                peer.send(iter(["in ", "three ", "parts"]))
                assert peer.recv(5) == "in three parts"
                assert peer.ping().wait(5)
            assert peer.close_code == 1000

        attempt("websockets client: 65 texts, deflate declined", plain)

    with Server("--fragments", "7") as server:

        def pieces():
            with connect(f"ws://127.0.0.1:{server.port}/ocpp/CP1", subprotocols=["ocpp1.6"]) as peer:
                for text in list(texts())[5:]:
                    peer.send(text)
                    assert peer.recv(5) == text

        attempt("websockets client: answers in fragments", pieces)

    with Server("--binary") as server:

        def binary():
            with connect(f"ws://127.0.0.1:{server.port}/ocpp/CP1", subprotocols=["ocpp1.6"]) as peer:
                for size in (0, 1, 125, 126, 65535, 65536, 1000000):
                    data = random.randbytes(size)
                    peer.send(data)
                    assert peer.recv(5) == data

        attempt("websockets client: binary where it is taken", binary)

    for mode in ("keeps", "resets"):
        with Server("--deflate", mode, "--limit", "1000000") as server:
            for name, options in [
                ("as usual", {}), ("server forgets", {"server_no_context_takeover": True}), ("client forgets", {"client_no_context_takeover": True}),
                ("small windows", {"server_max_window_bits": 9, "client_max_window_bits": 9}), ("server window 12", {"server_max_window_bits": 12}),
            ]:

                def deflated(options=options):
                    factory = ClientPerMessageDeflateFactory(**options)
                    with connect(f"ws://127.0.0.1:{server.port}/ocpp/CP1", subprotocols=["ocpp1.6"], compression=None, extensions=[factory]) as peer:
                        assert peer.protocol.extensions, "deflate was not agreed"
                        for text in texts():
                            peer.send(text)
                            assert peer.recv(5) == text
                        peer.send(iter(["part" * 100, "", "part" * 100]))
                        assert peer.recv(5) == "part" * 200

                attempt(f"deflate, {mode}: {name}", deflated)

            def compressed(data, code, mode=mode, **options):
                raw = Raw.client(server.port, extra="Sec-WebSocket-Extensions: permessage-deflate\r\n")
                assert "permessage-deflate" in raw.head
                raw.send(1, data, rsv=4, **options)
                raw.closes(code)

            def squeeze(data):
                packer = zlib.compressobj(9, zlib.DEFLATED, -15)
                return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]

            attempt(f"deflate, {mode}: a bomb", lambda: compressed(squeeze(b"0" * 200_000_000), 1009))
            attempt(f"deflate, {mode}: rubbish", lambda: compressed(b"\xff\xff\xff\xff\xff", 1007))
            attempt(f"deflate, {mode}: text that is not UTF-8", lambda: compressed(squeeze(b"ab\xff"), 1007))

            def bits(opcode, fin=True, first=False):
                raw = Raw.client(server.port, extra="Sec-WebSocket-Extensions: permessage-deflate\r\n")
                if first:
                    raw.send(1, squeeze(b"ab"), rsv=4, fin=False)
                raw.send(opcode, b"", rsv=4, fin=fin)
                raw.closes(1002)

            attempt(f"deflate, {mode}: a compressed ping", lambda: bits(9))
            attempt(f"deflate, {mode}: a compressed continuation", lambda: bits(0, first=True))

            def unknown():
                for offer in ("permessage-deflate; server_max_window_bits=8", "permessage-deflate; nonsense", "x-webkit-deflate-frame",
                              "permessage-deflate; client_no_context_takeover; client_no_context_takeover", "permessage-deflate; server_max_window_bits=09"):
                    raw = Raw.client(server.port, extra=f"Sec-WebSocket-Extensions: {offer}\r\n")
                    assert raw.status == 101 and "permessage" not in raw.head, offer
                    raw.done()
                raw = Raw.client(server.port, extra="Sec-WebSocket-Extensions: x-unknown, permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10\r\n")
                assert "server_max_window_bits=10" in raw.head, raw.head
                raw.done()

            attempt(f"deflate, {mode}: offers that cannot be met", unknown)


def our_client(name, says, answer=None, then=None, options=()):
    def run():
        liar = Liar(answer, then)
        with Program("ws-echo-client", f"ws://127.0.0.1:{liar.port}/ocpp", "CP 1", *options) as client:
            line = client.wait("closed", 8)
            liar.thread.join(5)
            assert says in line, line
            assert liar.error is None, repr(liar.error)
            assert "GET /ocpp/CP%201 HTTP/1.1" in liar.head

    attempt(f"our client: {name}", run)


def clients():
    base = "HTTP/1.1 101 Switching Protocols|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Accept: @"
    our_client("a wrong accept key", "does not fit the key", base.replace("@", "AAAA"))
    our_client("no accept key", "does not fit the key", base.split("|Sec")[0])
    our_client("no upgrade field", "lacks Upgrade", base.replace("Upgrade: websocket|", ""))
    our_client("a subprotocol that was not offered", "which was not offered", base + "|Sec-WebSocket-Protocol: ocpp2.0.1")
    our_client("an extension that was not offered", "which was not offered", base + "|Sec-WebSocket-Protocol: ocpp1.6|Sec-WebSocket-Extensions: permessage-deflate")
    our_client("no subprotocol", "no subprotocol was chosen", base, lambda raw: raw.closes(1002))
    our_client("401", "closed 1006 401", "HTTP/1.1 401 Unauthorized|Content-Length: 0")
    our_client("404", "does not know this charge point", "HTTP/1.1 404 Not Found|Content-Length: 0")
    our_client("a redirection", "points to ws://elsewhere/", "HTTP/1.1 302 Found|Location: ws://elsewhere/")
    our_client("503", "takes no connections now", "HTTP/1.1 503 Service Unavailable")
    our_client("no HTTP", "does not speak HTTP", "SSH-2.0-OpenSSH_9.2")
    our_client("a status line that is none", "not a status line", "HTTP/1.1 abc")
    our_client("a masked frame", "closed 1002", then=lambda raw: (raw.send(1, b"x", masked=True), raw.closes(1002)))
    our_client("a reserved opcode", "closed 1002", then=lambda raw: (raw.send(5, b"x"), raw.closes(1002)))
    our_client("text that is not UTF-8", "closed 1007", then=lambda raw: (raw.send(1, b"\xff"), raw.closes(1007)))
    our_client("a binary message", "closed 1003", then=lambda raw: (raw.send(2, b"x"), raw.closes(1003)))
    our_client("a message over the limit", "closed 1009", then=lambda raw: (raw.send(1, b"", length=10 << 20), raw.closes(1009)), options=["--limit", "1000000"])
    our_client("close with a reason", "closed 1001 0 peer the peer closed with 1001 (maintenance)", then=lambda raw: (raw.send(8, struct.pack(">H", 1001) + b"maintenance"), raw.closes(1001)))
    our_client("close with an illegal code", "closed 1002", then=lambda raw: (raw.send(8, struct.pack(">H", 1006)), raw.closes(1002)))
    our_client("the cable is pulled", "closed 1006", then=lambda raw: raw.sock.close())
    our_client("no pong", "no pong within 200 ms", then=lambda raw: time.sleep(1.5), options=["--ping-ms", "100", "--pong-ms", "200"])

    def chatter(raw):
        for part in (raw.frame(1, b"one") + raw.frame(9, b"?")):
            raw.sock.sendall(bytes([part]))
        raw.echoes(b"one")
        assert raw.receive()[:2] == (10, b"?")
        for index, byte in enumerate("😀 in pieces".encode()):
            raw.send(1 if index == 0 else 0, bytes([byte]), fin=False)
        raw.send(0, b"")
        raw.echoes("😀 in pieces".encode())
        raw.done()

    our_client("bytes and fragments, echoed", "closed 1000", then=chatter)

    def silent():
        with Program("ws-echo-client", "ws://127.0.0.1:9/ocpp", "CP1") as client:
            assert "refused: nothing listens there" in client.wait("closed 1006")
        with Program("ws-echo-client", "http://127.0.0.1:9/ocpp", "CP1") as client:
            assert "write ws://" in client.wait("error")
        with Program("ws-echo-client", "ws://no-such-host.invalid/ocpp", "CP1") as client:
            assert "no-such-host.invalid cannot be found" in client.wait("error", 15)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with Program("ws-echo-client", f"ws://127.0.0.1:{listener.getsockname()[1]}/ocpp", "CP1", "--handshake-ms", "300") as client:
                assert "took too long" in client.wait("closed 1006")

    attempt("our client: nobody there", silent)

    for compression, options in ((None, []), ("deflate", []), ("deflate", ["--deflate", "keeps"]), ("deflate", ["--deflate", "resets"])):

        def session(compression=compression, options=options):
            seen = {}

            def handler(peer):
                seen["extensions"] = [extension.name for extension in peer.protocol.extensions]
                for text in texts():
                    peer.send(text)
                    got = peer.recv(5)
                    assert got == text
                peer.send(iter(["in ", "", "parts"]))
                assert peer.recv(5) == "in parts"
                assert peer.ping().wait(5)
                seen["whole"] = True

            with serve(handler, "127.0.0.1", 0, subprotocols=["ocpp1.6"], compression=compression) as server:
                threading.Thread(target=server.serve_forever, daemon=True).start()
                with Program("ws-echo-client", f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ocpp", "CP1", *options) as client:
                    assert "closed 1000 0 peer" in client.wait("closed", 20)
                server.shutdown()
            assert seen.get("whole"), "the session broke off"
            assert seen["extensions"] == (["permessage-deflate"] if options and compression else []), seen

        attempt(f"our client: websockets server, {compression} {options}", session)

    for options in ({"server_max_window_bits": 10, "client_max_window_bits": 10}, {"server_no_context_takeover": True, "client_no_context_takeover": True}):

        def windows(options=options):
            def handler(peer):
                assert peer.protocol.extensions
                for text in texts():
                    peer.send(text)
                    assert peer.recv(5) == text

            with serve(handler, "127.0.0.1", 0, subprotocols=["ocpp1.6"], compression=None, extensions=[ServerPerMessageDeflateFactory(**options)]) as server:
                threading.Thread(target=server.serve_forever, daemon=True).start()
                with Program("ws-echo-client", f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ocpp", "CP1", "--deflate", "keeps") as client:
                    assert "closed 1000 0 peer" in client.wait("closed", 20)
                server.shutdown()

        attempt(f"our client: websockets server with {options}", windows)
