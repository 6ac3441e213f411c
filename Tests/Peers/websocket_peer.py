"""What the WebSocket judge works with: counting, the programs under test, and ends of a connection that may break every rule."""
import base64
import hashlib
import os
import pathlib
import random
import socket
import struct
import subprocess
import sys
import threading
import time

BENCH = str(pathlib.Path(sys.argv[1]).resolve())
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
tally = {True: 0, False: 0}
random.seed(16)


def check(name, holds, detail=""):
    tally[bool(holds)] += 1
    if not holds:
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


def texts():
    yield from ["", "x", "é" * 63, "😀" * 40000, "x" * 300000]
    for _ in range(60):
        yield "".join(random.choices("abc é€😀\"\\", k=random.randrange(3000)))
