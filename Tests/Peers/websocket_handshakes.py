"""Requests, identities and keys over HTTP; how connections live and die."""
import base64
import socket
import struct
import threading
import time

from websockets.sync.client import connect

from websocket_peer import Program, Raw, Server, attempt


def handshakes():
    good = "GET /ocpp/CP1 HTTP/1.1|Host: x|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="

    def ask(port, text, mark=b"\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.settimeout(5)
            sock.sendall(text if isinstance(text, bytes) else (text.replace("|", "\r\n") + "\r\n\r\n").encode())
            data = b""
            while mark not in data:
                more = sock.recv(65536)
                if not more:
                    break
                data += more
            return data

    with Server("--known", "CP1,RDAM|123,A:B", "--handshake-ms", "700", "--protocols", "ocpp1.6,ocpp2.0.1") as server:
        for name, text, status in [
            ("the example of the standard", good, 101),
            ("no key", good.rsplit("|", 1)[0], 400),
            ("a key of 15 bytes", good.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"), 400),
            ("two keys", good + "|Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", 400),
            ("version 8", good.replace("13", "8"), 426),
            ("no upgrade", "GET / HTTP/1.1|Host: x", 426),
            ("POST", good.replace("GET", "POST"), 405),
            ("HTTP/1.0", good.replace("HTTP/1.1", "HTTP/1.0"), 505),
            ("no host", good.replace("Host: x|", ""), 400),
            ("a body", good + "|Content-Length: 5", 400),
            ("a field without colon", good + "|nonsense", 400),
            ("a blank before the colon", good + "|Name : x", 400),
            ("a folded field", good + "|X: a| b", 400),
            ("101 fields", good + "".join(f"|X{n}: y" for n in range(101)), 431),
            ("a head of 9 kB", good + "|X: " + "y" * 9000, 431),
            ("line feeds alone", (good.replace("|", "\n") + "\r\n\r\n").encode(), 400),
            ("bytes of zero", (good + "|X: \0").replace("|", "\r\n").encode() + b"\r\n\r\n", 400),
            ("an unknown charge point", good.replace("CP1", "NOBODY"), 404),
            ("no identity", good.replace("/ocpp/CP1", "/ocpp/"), 404),
            ("a broken escape", good.replace("CP1", "CP%1"), 404),
            ("an escaped identity", good.replace("CP1", "RDAM%7C123"), 101),
            ("a query behind the identity", good.replace("CP1", "CP1?token=1"), 101),
            ("names and tokens in other cases", good.replace("Upgrade: websocket", "UPGRADE: WebSocket").replace("Connection: Upgrade", "connection: uPgRaDe"), 101),
        ]:
            attempt(f"handshake: {name}", lambda text=text, status=status: ask(server.port, text).split()[1:2] == [str(status).encode()] or ask(server.port, text)[:80])
        attempt("handshake: the accept key of the standard", lambda: b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in ask(server.port, good))
        attempt("handshake: 426 names the version", lambda: b"Sec-WebSocket-Version: 13" in ask(server.port, good.replace("13", "8")))
        attempt("handshake: TLS on a plain port is told", lambda: b"wss:// should be ws://" in ask(server.port, b"\x16\x03\x01\x02\x00\x01", b"ws://\n"))

        def slow():
            with socket.create_connection(("127.0.0.1", server.port)) as sock:
                sock.settimeout(5)
                sock.sendall(b"GET /ocpp/CP1 HT")
                begin = time.monotonic()
                assert sock.recv(100) == b""
                assert 0.4 < time.monotonic() - begin < 3


        attempt("a request that does not come to an end is cut", slow)

        def none_common():
            for protocols in ("", "ocpp1.5"):
                raw = Raw.client(server.port, protocols=protocols)
                assert raw.status == 101 and "sec-websocket-protocol" not in raw.head.lower()
                raw.closes(1002)

        attempt("no common subprotocol: 101, then closed", none_common)

        def preference():
            raw = Raw.client(server.port, protocols="ocpp1.5, ocpp2.0.1, ocpp1.6")
            assert "Sec-WebSocket-Protocol: ocpp2.0.1" in raw.head
            raw.done()

        attempt("the client's order of subprotocols", preference)

        def glued():
            raw = Raw.client(server.port, early=Raw(socket.socket()).frame(1, b"behind the head") + Raw(socket.socket()).frame(9, b"!"))
            raw.echoes(b"behind the head")
            assert raw.receive()[:2] == (10, b"!")
            raw.done()

        attempt("frames in the same segment as the request", glued)

        def replaced():
            old, new = Raw.client(server.port), Raw.client(server.port)
            old.closes(1008)
            new.send(1, b"still here")
            new.echoes(b"still here")
            new.done()

        attempt("the newest connection of an identity wins", replaced)

    with Server("--second", "refuse") as server:

        def refused():
            first = Raw.client(server.port)
            assert Raw.client(server.port).status == 409
            first.done()
            time.sleep(0.1)
            Raw.client(server.port).done()

        attempt("a second connection is refused with 409 until the first is gone", refused)

    def basic(user, password):
        return "Authorization: Basic " + base64.b64encode(user.encode() + b":" + password).decode() + "\r\n"

    key = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"
    with Server("--profile", "1", "--keys", f"AL1000={key},AL1001=11111111111111111111111111111111") as server:
        for name, path, extra, status in [
            ("raw key", "AL1000", basic("AL1000", bytes.fromhex(key)), 101), ("hex text", "AL1000", basic("AL1000", key.encode()), 101),
            ("lower-case hex text", "AL1000", basic("AL1000", key.lower().encode()), 101),
            ("no key", "AL1000", "", 401), ("wrong key", "AL1000", basic("AL1000", bytes(20)), 401), ("empty key", "AL1000", basic("AL1000", b""), 401),
            ("another user", "AL1001", basic("AL1000", bytes.fromhex(key)), 401), ("bearer", "AL1000", "Authorization: Bearer abc\r\n", 401),
            ("broken base64", "AL1000", "Authorization: Basic ***\r\n", 401),
        ]:
            attempt(f"Basic: {name}", lambda path=path, extra=extra, status=status: Raw.client(server.port, "/ocpp/" + path, extra=extra).status == status)

        def our_client():
            for form in ([], ["--key-text"]):
                with Program("ws-echo-client", f"ws://127.0.0.1:{server.port}/ocpp", "AL1000", "--profile", "1", "--hex-key", key, *form) as client:
                    client.wait("opened ocpp1.6")
            with Program("ws-echo-client", f"ws://127.0.0.1:{server.port}/ocpp", "AL1000", "--profile", "1", "--hex-key", "00" * 20) as client:
                assert "does not accept the user or the key" in client.wait("closed 1006 401")

        attempt("Basic: our client", our_client)


def lives():
    with Server("--ping-ms", "200", "--pong-ms", "300") as server:

        def dead():
            raw = Raw.client(server.port)
            begin = time.monotonic()
            assert raw.receive()[0] == 9
            server.wait("no pong within 300 ms")
            assert 0.3 < time.monotonic() - begin < 2, time.monotonic() - begin

        attempt("a peer without pong is dropped", dead)

        def alive():
            raw = Raw.client(server.port, "/ocpp/CP2")
            for _ in range(5):
                opcode, payload, _ = raw.receive()
                assert opcode == 9
                raw.send(10, payload)
            raw.done()

        attempt("a peer with pongs stays", alive)

    with Server("--output-limit", "200000") as server:

        def clogged():
            raw = Raw.client(server.port)
            raw.sock.settimeout(1)
            try:
                for _ in range(4000):
                    raw.send(1, b"x" * 10000)
            except OSError:
                pass
            assert "congested" in server.wait("congested", 10)
            assert "reads too slowly" in server.wait("closed 1 CP1 1008", 10)

        attempt("a slow reader is closed with 1008", clogged)

        def well():
            with connect(f"ws://127.0.0.1:{server.port}/ocpp/CP3", subprotocols=["ocpp1.6"], compression=None) as peer:
                peer.send("still")
                assert peer.recv(5) == "still"

        attempt("others are served meanwhile", well)

    with Server("--output-limit", "200000", "--pause") as server:

        def paused():
            raw = Raw.client(server.port)
            sent = []

            def pump():
                for number in range(1500):
                    raw.send(1, b"%04d" % number + b"x" * 20000)
                    sent.append(number)

            threading.Thread(target=pump, daemon=True).start()
            server.wait("congested", 20)
            time.sleep(0.3)
            assert len(sent) < 1500, "the server read on"
            for number in range(1500):
                opcode, payload = raw.message()
                assert payload[:4] == b"%04d" % number
            server.wait("relieved")
            raw.done()

        attempt("a slow reader is waited for when so set", paused)

    with Server() as server:

        def cut():
            raw = Raw.client(server.port)
            raw.sock.close()
            server.wait("closed 1 CP1 1006 peer")
            raw = Raw.client(server.port)
            raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raw.sock.close()
            server.wait("closed 2 CP1 1006 peer")

        attempt("a cut and a reset are seen", cut)

        def orderly():
            peers = [Raw.client(server.port, f"/ocpp/X{number}") for number in range(20)]
            server.process.terminate()
            for peer in peers:
                peer.closes(1001)
            assert server.process.wait(5) == 0

        attempt("SIGTERM closes all with 1001", orderly)

    with Server("--close-ms", "400") as server:

        def deaf():
            raw = Raw.client(server.port)
            server.process.terminate()
            assert raw.receive()[:2] == (8, struct.pack(">H", 1001))
            begin = time.monotonic()
            assert server.process.wait(5) == 0
            assert time.monotonic() - begin < 3
            server.wait("no close frame came back in time")

        attempt("a peer that does not answer the close frame is left", deaf)
