#!/usr/bin/env python3
"""Puts the live transport to the test from outside: raw sockets for broken frames, the `websockets` package for right ones, OpenSSL for certificates.

usage: websocket_judge.py EVSIM_BENCH. Prints what fails, and `N passed, N failed` at the end.
"""
import base64
import hashlib
import os
import pathlib
import random
import select
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory
from websockets.sync.client import connect
from websockets.sync.server import serve

BENCH = str(pathlib.Path(sys.argv[1]).resolve())
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
passed = failed = 0
random.seed(16)


def check(name, holds, detail=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {name} {detail}", flush=True)


def attempt(name, body):
    """One case; an exception is a failure, not the end."""
    try:
        result = body()
        check(name, result is None or result is True, "" if result is None or result is True else repr(result))
    except Exception as error:  # noqa: BLE001
        check(name, False, f"{type(error).__name__}: {error}")


class Program:
    """One of the echo programs, and the lines that it says."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([BENCH, *arguments], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.lines = []
        self.news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.strip())
                self.news.notify_all()
        with self.news:
            self.lines.append("(end)")
            self.news.notify_all()

    def wait(self, word, seconds=5, start=0):
        """The first line from `start` on that holds the word."""
        end = time.monotonic() + seconds
        with self.news:
            while True:
                for line in self.lines[start:]:
                    if word in line:
                        return line
                left = end - time.monotonic()
                if left <= 0 or "(end)" in self.lines:
                    raise AssertionError(f"no line with '{word}' among {self.lines[-5:]}")
                self.news.wait(left)

    def stop(self):
        self.process.terminate()
        return self.process.wait(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Server(Program):
    def __init__(self, *options):
        super().__init__("ws-echo-server", *options)
        self.port = int(self.wait("port").split()[1])


class Raw:
    """A WebSocket end that may break every rule."""

    def __init__(self, sock, masks=True):
        self.sock, self.masks, self.buffer = sock, masks, b""
        sock.settimeout(5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def client(cls, port, path="/ocpp/CP1", protocols="ocpp1.6", extra="", early=b""):
        raw = cls(socket.create_connection(("127.0.0.1", port)))
        raw.status, raw.head = raw.upgrade(path, protocols, extra, early)
        return raw

    def upgrade(self, path="/ocpp/CP1", protocols="ocpp1.6", extra="", early=b""):
        key = base64.b64encode(os.urandom(16))
        lines = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        lines += f"Sec-WebSocket-Key: {key.decode()}\r\n" + (f"Sec-WebSocket-Protocol: {protocols}\r\n" if protocols else "") + extra + "\r\n"
        self.sock.sendall(lines.encode() + early)
        head = self.until(b"\r\n\r\n").decode()
        if head.startswith("HTTP/1.1 101"):
            assert base64.b64encode(hashlib.sha1(key + GUID).digest()).decode() in head, "wrong accept"
        return int(head.split()[1]), head

    def until(self, mark):
        while mark not in self.buffer:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError(f"end of stream after {self.buffer[:80]!r}")
            self.buffer += more
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def exactly(self, count):
        while len(self.buffer) < count:
            more = self.sock.recv(1 << 20)
            if not more:
                raise EOFError("end of stream")
            self.buffer += more
        out, self.buffer = self.buffer[:count], self.buffer[count:]
        return out

    def frame(self, opcode, payload=b"", fin=True, rsv=0, masked=None, form=None, length=None):
        masked = self.masks if masked is None else masked
        size = len(payload) if length is None else length
        form = form or (7 if size < 126 else 16 if size < 65536 else 64)
        head = bytes([fin << 7 | rsv << 4 | opcode])
        bit = 128 if masked else 0
        head += bytes([bit | size]) if form == 7 else bytes([bit | 126]) + struct.pack(">H", size) if form == 16 else bytes([bit | 127]) + struct.pack(">Q", size)
        if not masked:
            return head + payload
        key = os.urandom(4)
        repeated = (key * (len(payload) // 4 + 1))[: len(payload)]
        mixed = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(payload), "big") if payload else b""
        return head + key + mixed

    def send(self, *arguments, **options):
        self.sock.sendall(self.frame(*arguments, **options))

    def receive(self):
        """Opcode, payload and first byte of the next frame."""
        first, second = self.exactly(2)
        size = second & 127
        if size == 126:
            (size,) = struct.unpack(">H", self.exactly(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self.exactly(8))
        key = self.exactly(4) if second & 128 else b""
        assert bool(key) != self.masks, "masking is on the wrong side"
        payload = self.exactly(size)
        if key:
            payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
        return first & 15, payload, first

    def message(self):
        opcode, payload, first = self.receive()
        whole = payload
        while not first & 128:
            following, payload, first = self.receive()
            assert following == 0
            whole += payload
        return opcode, whole

    def echoes(self, payload, opcode=1):
        got = self.message()
        assert got == (opcode, payload), f"{got[0]} {got[1][:60]!r} instead of {payload[:60]!r}"

    def closes(self, *codes):
        """Reads until the close frame, then the end of the stream."""
        while True:
            opcode, payload, _ = self.receive()
            if opcode == 8:
                break
        code = struct.unpack(">H", payload[:2])[0] if payload else None
        assert code in codes, f"closed with {code}, not {codes}"
        try:
            self.sock.shutdown(socket.SHUT_WR)
            while self.sock.recv(65536):
                pass
        except ConnectionError:
            pass
        self.sock.close()

    def done(self):
        self.send(8, struct.pack(">H", 1000))
        self.closes(1000)


# --- Frames, our server ---------------------------------------------------------------------------------------------------------------------------


def frames(port):
    def case(name, body):
        def run():
            raw = Raw.client(port)
            try:
                return body(raw)
            finally:
                raw.sock.close()

        attempt(name, run)

    def echo(payload):
        def body(raw):
            raw.send(1, payload)
            raw.echoes(payload)
            raw.done()

        return body

    for size in [0, 1, 125, 126, 127, 128, 65535, 65536, 1 << 20]:
        case(f"text of {size} bytes", echo(b"*" * size))

    def trickle(raw):
        for byte in raw.frame(1, b"x" * 130) + raw.frame(9, b"p") + raw.frame(1, "é€😀".encode()):
            raw.sock.sendall(bytes([byte]))
        raw.echoes(b"x" * 130)
        assert raw.receive()[:2] == (10, b"p")
        raw.echoes("é€😀".encode())
        raw.done()

    case("byte by byte", trickle)

    def chopped(raw):
        sent = [bytes(random.choices(b"abc{}[]\"", k=random.randrange(2000))) for _ in range(60)]
        stream = b"".join(raw.frame(1, message) for message in sent)
        while stream:
            cut = random.randrange(1, 700)
            raw.sock.sendall(stream[:cut])
            stream = stream[cut:]
        for message in sent:
            raw.echoes(message)
        raw.done()

    case("60 messages in random pieces", chopped)

    def refused(code, *frame, **options):
        def body(raw):
            raw.send(1, b"before")
            raw.send(*frame, **options)
            raw.echoes(b"before")
            raw.closes(code)

        return body

    for rsv in (1, 2, 4):
        case(f"reserved bits {rsv}", refused(1002, 1, b"x", rsv=rsv))
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        case(f"reserved opcode {opcode}", refused(1002, opcode, b"x"))
    case("no mask", refused(1002, 1, b"x", masked=False))
    case("length 5 in 16 bits", refused(1002, 1, b"hello", form=16))
    case("length 300 in 64 bits", refused(1002, 1, b"h" * 300, form=64))
    case("length with the highest bit", refused(1002, 1, b"", form=64, length=1 << 63))
    case("17 MiB announced", refused(1009, 1, b"", length=17 << 20))
    case("binary where text is taken", refused(1003, 2, b"x"))

    # Control frames.
    def ping(payload):
        def body(raw):
            raw.send(9, payload)
            got = raw.receive()
            assert got[:2] == (10, payload), got
            raw.done()

        return body

    case("ping without payload", ping(b""))
    case("ping with bytes of any value", ping(b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"))
    case("ping of 125 bytes", ping(b"\xfe" * 125))
    case("ping of 126 bytes", refused(1002, 9, b"\xfe" * 126))
    case("ping in fragments", refused(1002, 9, b"x", fin=False))

    def pongs(raw):
        raw.send(10, b"nobody asked")
        for number in range(10):
            raw.send(9, b"%d" % number)
        for number in range(10):
            assert raw.receive()[:2] == (10, b"%d" % number)
        raw.done()

    case("a pong that nobody asked for, ten pings", pongs)

    # Fragments.
    def fragments(*parts, between=b""):
        def body(raw):
            for index, part in enumerate(parts):
                raw.send(1 if index == 0 else 0, part, fin=index == len(parts) - 1)
                if between and index < len(parts) - 1:
                    raw.send(9, between)
                    assert raw.receive()[:2] == (10, between)
            raw.echoes(b"".join(parts))
            raw.done()

        return body

    case("two fragments", fragments(b"frag", b"ment"))
    case("pings between fragments", fragments(b"a", b"b", b"c", b"d", between=b"?"))
    case("empty fragments", fragments(b"", b"", b""))
    case("empty fragments around", fragments(b"", b"middle", b""))
    case("500 fragments of one byte", fragments(*[b"x"] * 500))
    case("a character over four fragments", fragments(*[bytes([byte]) for byte in "😀".encode()]))
    case("continuation at the start", refused(1002, 0, b"x"))
    case("continuation without end at the start", refused(1002, 0, b"x", fin=False))

    def interrupted(raw):
        raw.send(1, b"a", fin=False)
        raw.send(1, b"b")
        raw.closes(1002)

    case("a new message inside fragments", interrupted)

    def growing(raw):
        for index in range(18):
            try:
                raw.send(1 if index == 0 else 0, b"x" * (1 << 20), fin=False)
            except ConnectionError:
                break
        raw.closes(1009)

    case("fragments over the limit together", growing)

    # UTF-8.
    for name, text in [
        ("Greek", "κόσμε"), ("one byte, last", "\x7f"), ("two bytes, first", "\x80"), ("two bytes, last", "\u07ff"), ("three bytes, first", "\u0800"),
        ("before the surrogates", "\ud7ff"), ("behind the surrogates", "\ue000"), ("replacement", "\ufffd"), ("noncharacter", "\uffff"),
        ("four bytes, first", "\U00010000"), ("four bytes, last", "\U0010ffff"), ("zero", "a\x00b"),
    ]:
        case(f"UTF-8: {name}", echo(text.encode()))
    for name, data in [
        ("lone continuation", b"\x80"), ("lone continuation at the end", b"abc\xbf"), ("overlong slash", b"\xc0\xaf"), ("overlong, three", b"\xe0\x80\xaf"),
        ("overlong, four", b"\xf0\x80\x80\xaf"), ("C1", b"\xc1\xbf"), ("E0 9F", b"\xe0\x9f\xbf"), ("F0 8F", b"\xf0\x8f\xbf\xbf"),
        ("surrogate", b"\xed\xa0\x80"), ("last surrogate", b"\xed\xbf\xbf"), ("over 10FFFF", b"\xf4\x90\x80\x80"), ("F5", b"\xf5\x80\x80\x80"),
        ("five bytes", b"\xf8\x88\x80\x80\x80"), ("FE", b"\xfe"), ("FF", b"x\xff"), ("cut two", b"ab\xc3"), ("cut three", b"ab\xe2\x82"),
        ("cut four", b"ab\xf0\x9f\x98"), ("no continuation", b"\xe2\x28\xa1"), ("far behind", b"a" * 100 + b"\xff" + b"a" * 100),
    ]:
        case(f"not UTF-8: {name}", refused(1007, 1, data))

    def early(raw):
        raw.send(1, b"ok so far \xff", fin=False)
        raw.closes(1007)

    case("wrong text fails in its first fragment", early)

    def inside(raw):
        raw.sock.sendall(raw.frame(1, b"\xed\xa0" + b"x" * 1000)[:20])
        raw.closes(1007)

    case("wrong text fails before the frame is whole", inside)

    # Close.
    def close(payload, *codes):
        def body(raw):
            raw.send(8, payload)
            raw.closes(*codes)

        return body

    case("close without code", close(b"", None))
    case("close with one byte", close(b"\x03", 1002))
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]:
        case(f"close with {code}", close(struct.pack(">H", code) + b"bye", code))
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]:
        case(f"close with {code} is refused", close(struct.pack(">H", code), 1002))
    case("close with a reason of 123 bytes", close(struct.pack(">H", 1000) + b"r" * 123, 1000))
    case("close of 126 bytes", close(struct.pack(">H", 1000) + b"r" * 124, 1002))
    case("close with a reason that is not UTF-8", close(struct.pack(">H", 1000) + b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80", 1007))
    case("close in fragments", refused(1002, 8, b"", fin=False))

    def after(raw):
        raw.send(8, struct.pack(">H", 1000))
        raw.send(1, b"too late")
        raw.send(9, b"too late")
        opcode, payload, _ = raw.receive()
        assert (opcode, payload) == (8, struct.pack(">H", 1000)), (opcode, payload)
        assert raw.sock.recv(100) == b"", "something came behind the close frame"

    case("nothing is answered behind a close frame", after)

    def double(raw):
        raw.sock.sendall(b"".join(raw.frame(1, b"m%d" % number) for number in range(1000)))
        for number in range(1000):
            raw.echoes(b"m%d" % number)
        raw.done()

    case("1000 messages in one piece", double)

    def fuzz():
        for _ in range(300):
            raw = Raw.client(port)
            raw.sock.sendall(bytes(random.choices(range(256), k=random.randrange(1, 200))))
            raw.sock.close()
        raw = Raw.client(port)
        raw.send(1, b"alive")
        raw.echoes(b"alive")
        raw.done()

    attempt("300 connections with random bytes leave the server well", fuzz)


# --- HTTP -----------------------------------------------------------------------------------------------------------------------------------------


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


# --- Life and death -------------------------------------------------------------------------------------------------------------------------------


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


# --- The websockets package -----------------------------------------------------------------------------------------------------------------------


def texts():
    yield from ["", "x", "é" * 63, "😀" * 40000, "x" * 300000]
    for _ in range(60):
        yield "".join(random.choices("abc é€😀\"\\", k=random.randrange(3000)))


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


# --- Our client against the websockets package and a liar -----------------------------------------------------------------------------------------


class Liar:
    """A server of one connection whose answer and frames are given."""

    def __init__(self, answer=None, then=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answer, self.then, self.error, self.result = answer, then, None, None
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        try:
            sock, _ = self.listener.accept()
            raw = Raw(sock, masks=False)
            head = raw.until(b"\r\n\r\n").decode()
            self.head = head
            key = [line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key")][0]
            accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
            answer = self.answer or "HTTP/1.1 101 Switching Protocols|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Accept: @|Sec-WebSocket-Protocol: ocpp1.6"
            sock.sendall((answer.replace("|", "\r\n").replace("@", accept) + "\r\n\r\n").encode())
            if self.then:
                self.result = self.then(raw)
            else:
                while sock.recv(65536):
                    pass
            sock.close()
        except Exception as error:  # noqa: BLE001
            self.error = error


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


# --- TLS ------------------------------------------------------------------------------------------------------------------------------------------


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Certificates:
    """A CA and what it signed, made by the openssl program."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.key, self.cert = f"{folder}/{name}.key", f"{folder}/{name}.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out", self.cert, "-days", "30", "-subj", f"/CN={name}")

    def issue(self, name, subject, names="", kind="ec", days="10"):
        key, request, cert, rules = (f"{self.folder}/{name}.{end}" for end in ("key", "csr", "pem", "ext"))
        pathlib.Path(rules).write_text(f"subjectAltName={names}\n" if names else "basicConstraints=CA:FALSE\n")
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["-newkey", "rsa:2048"]
        openssl("req", *curve, "-nodes", "-keyout", key, "-out", request, "-subj", subject)
        dates = ["-not_before", "20200101000000Z", "-not_after", "20200201000000Z"] if days == "old" else ["-days", days]
        if days == "old":
            database = f"{self.folder}/{name}.index"
            pathlib.Path(database).write_text("")
            pathlib.Path(f"{database}.conf").write_text(
                f"[ca]\ndefault_ca=d\n[d]\ndatabase={database}\nnew_certs_dir={self.folder}\nserial={database}.serial\npolicy=p\ndefault_md=sha256\n[p]\ncommonName=supplied\norganizationName=optional\n")
            pathlib.Path(f"{database}.serial").write_text("7001\n")
            openssl("ca", "-batch", "-config", f"{database}.conf", "-in", request, "-out", cert, "-notext", "-cert", self.cert, "-keyfile", self.key,
                    "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-extfile", rules)
        else:
            openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial", "-out", cert, *dates, "-extfile", rules)
        return cert, key


def tls(folder):
    authority, stranger = Certificates(folder), Certificates(folder, "stranger")
    names = "DNS:localhost,IP:127.0.0.1"
    server_cert = authority.issue("server", "/CN=central", names)
    rsa_cert = authority.issue("rsa", "/CN=central", names, kind="rsa")
    old_cert = authority.issue("old", "/CN=central", names, days="old")
    other_cert = authority.issue("other", "/CN=central", "DNS:csms.example.org")
    foreign_cert = stranger.issue("foreign", "/CN=central", names)
    charger_cert = authority.issue("charger", "/CN=SERIAL1/O=Operator")
    foreign_charger = stranger.issue("foreign-charger", "/CN=SERIAL1/O=Operator")
    old_charger = authority.issue("old-charger", "/CN=SERIAL1", days="old")
    key = "0011223344556677889900112233445566778899"

    def serving(cert, profile="2", *more):
        return Server("--profile", profile, "--cert", cert[0], "--key", cert[1], "--ca", authority.cert, "--keys", f"CP1={key}", *more)

    def client(port, *options, profile="2", ca=None, host="127.0.0.1"):
        return Program("ws-echo-client", f"wss://{host}:{port}/ocpp", "CP1", "--profile", profile, "--hex-key", key, "--ca", ca or authority.cert, *options)

    authorization = {"Authorization": "Basic " + base64.b64encode(b"CP1:" + bytes.fromhex(key)).decode()}

    def package_client(port, version=None, cert=None, host="127.0.0.1"):
        context = ssl.create_default_context(cafile=authority.cert)
        if version:
            context.minimum_version = context.maximum_version = version
        if cert:
            context.load_cert_chain(*cert)
        with connect(f"wss://{host}:{port}/ocpp/CP1", ssl=context, subprotocols=["ocpp1.6"], additional_headers=authorization, compression=None) as peer:
            for text in texts():
                peer.send(text)
                assert peer.recv(5) == text
            return peer.socket.version()

    for cert, kind in ((server_cert, "ECDSA"), (rsa_cert, "RSA")):
        with serving(cert) as server:
            attempt(f"TLS 1.2, {kind}: websockets client", lambda: package_client(server.port, ssl.TLSVersion.TLSv1_2) == "TLSv1.2")
            attempt(f"TLS 1.3, {kind}: websockets client", lambda: package_client(server.port, ssl.TLSVersion.TLSv1_3) == "TLSv1.3")
    with serving(server_cert) as server:

        def versions():
            for version in ("1.2", "1.3"):
                with client(server.port, "--tls", version) as ours:
                    assert f"TLSv{version}" in ours.wait("opened ocpp1.6")
            with client(server.port, host="localhost") as ours:
                ours.wait("opened ocpp1.6")

        attempt("TLS: our client and our server, 1.2 and 1.3, address and name", versions)

        def tls11():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("ALL:@SECLEVEL=0")
            try:
                with socket.create_connection(("127.0.0.1", server.port)) as sock:
                    context.wrap_socket(sock)
                return "TLS 1.1 was accepted"
            except (ssl.SSLError, ConnectionError):
                return None

        attempt("TLS 1.1 is refused", tls11)

        def suites():
            for suite in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"):
                context = ssl.create_default_context(cafile=authority.cert)
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                context.set_ciphers(suite)
                with socket.create_connection(("127.0.0.1", server.port)) as sock, context.wrap_socket(sock, server_hostname="localhost") as wrapped:
                    assert wrapped.cipher()[0] == suite
            context.set_ciphers("ECDHE-ECDSA-CHACHA20-POLY1305")
            try:
                with socket.create_connection(("127.0.0.1", server.port)) as sock:
                    context.wrap_socket(sock, server_hostname="localhost")
                return "a suite that is not in the list was accepted"
            except ssl.SSLError:
                return None

        attempt("TLS 1.2: the suites of the whitepaper and no other", suites)

        def plain_to_tls():
            with Program("ws-echo-client", f"ws://127.0.0.1:{server.port}/ocpp", "CP1") as ours:
                ours.wait("closed 1006")


        attempt("TLS: ws:// to a wss:// port", plain_to_tls)

        def wrong_key():
            with Program("ws-echo-client", f"wss://127.0.0.1:{server.port}/ocpp", "CP1", "--profile", "2", "--hex-key", "00", "--ca", authority.cert) as ours:
                ours.wait("closed 1006 401")

        attempt("profile 2: wrong key", wrong_key)

        def stranger_ca():
            with client(server.port, ca=stranger.cert) as ours:
                assert "not among the trusted ones" in ours.wait("closed 1015")

        attempt("TLS: unknown CA", stranger_ca)

        def silence():
            with socket.create_connection(("127.0.0.1", server.port)) as sock:
                sock.settimeout(5)
                sock.sendall(b"\x16\x03\x01\xff\xff" + os.urandom(300))
                sock.recv(100)
            with client(server.port) as ours:
                ours.wait("opened")

        attempt("TLS: rubbish leaves the server well", silence)
    for name, cert, says in [("out of date", old_cert, "is out of date since 2020-02-01"), ("wrong host", other_cert, "is for csms.example.org, not for 127.0.0.1"), ("another CA", foreign_cert, "not among the trusted ones")]:

        def wrong(cert=cert, says=says):
            with serving(cert) as server, client(server.port) as ours:
                assert says in ours.wait("closed 1015"), ours.lines

        attempt(f"TLS: certificate of the server, {name}", wrong)

    with serving(server_cert, "3") as server:
        own = lambda cert: ("--cert", cert[0], "--key", cert[1])  # noqa: E731

        def mutual():
            for version in ("1.2", "1.3"):
                with client(server.port, *own(charger_cert), "--tls", version, profile="3") as ours:
                    ours.wait("opened ocpp1.6")
            assert "SERIAL1" in server.wait("opened")
            package_client(server.port, cert=charger_cert)

        attempt("profile 3: certificates of both ends, CN known", mutual)
        for name, options, says in [("none", (), "wants a certificate of ours"), ("another CA", own(foreign_charger), "does not know the CA of our certificate"), ("out of date", own(old_charger), "our certificate is out of date")]:

            def shown(options=options, says=says):
                with client(server.port, *options, profile="3") as ours:
                    line = ours.wait("closed")
                    assert says in line, line

            attempt(f"profile 3: certificate of the client, {name}", shown)
    with Server() as server:

        def tls_to_plain():
            with client(server.port) as ours:
                assert "wss:// should be ws://" in ours.wait("closed 1015")

        attempt("TLS: wss:// to a ws:// port", tls_to_plain)

    def package_server():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*server_cert)
        context.load_verify_locations(authority.cert)
        context.verify_mode = ssl.CERT_REQUIRED

        def handler(peer):
            for text in texts():
                peer.send(text)
                assert peer.recv(5) == text

        with serve(handler, "127.0.0.1", 0, ssl=context, subprotocols=["ocpp1.6"]) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            port = server.socket.getsockname()[1]
            with client(port, "--cert", charger_cert[0], "--key", charger_cert[1], profile="3") as ours:
                assert "closed 1000 0 peer" in ours.wait("closed", 20)
            server.shutdown()

    attempt("profile 3: our client, websockets server", package_server)


def main():
    with Server() as server:
        frames(server.port)
        check("the server is alive", server.process.poll() is None)
    handshakes()
    lives()
    package()
    clients()
    with tempfile.TemporaryDirectory() as folder:
        tls(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
