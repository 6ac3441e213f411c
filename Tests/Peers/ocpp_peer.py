"""What the judge of live runs works with: counting, evsim as a process, and both ends of OCPP 1.6 on the package `ocpp`."""
import asyncio
import csv
import json
import logging
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
from datetime import datetime, timezone

from ocpp.v16 import ChargePoint, call_result
from websockets.exceptions import ConnectionClosed

logging.disable(logging.CRITICAL)
tally = {True: 0, False: 0}


def check(name, holds, detail=""):
    tally[bool(holds)] += 1
    if not holds:
        print(f"FAILED: {name} {detail}", flush=True)
    return bool(holds)


def equal(name, got, wanted):
    return check(name, got == wanted, f"got {got!r}, wanted {wanted!r}")


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def free_port():
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


class Live:
    """One run of evsim, and what it leaves."""

    def __init__(self, evsim, text, *options, realtime=True, waits=True):
        self.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(self.folder.name)
        self.output = root / "out"
        (root / "scenario.yaml").write_text(text, encoding="utf-8")
        command = [evsim, "run", str(root / "scenario.yaml"), "-o", str(self.output), "--no-plots", *options]
        if realtime:
            command += ["--realtime", "--ready-file", str(root / "ready.json")]
        self.errors = open(root / "errors", "w+", encoding="utf-8")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.errors, stderr=subprocess.STDOUT)
        self.ports = {}
        end = time.monotonic() + 10
        while realtime and waits and self.process.poll() is None and time.monotonic() < end:
            if (root / "ready.json").exists():
                ready = json.loads((root / "ready.json").read_text(encoding="utf-8"))
                self.ports = {row["node"]: row["port"] for row in ready["listening"]}
                break
            time.sleep(0.01)

    def said(self):
        self.errors.seek(0)
        return self.errors.read().strip()

    async def end(self, seconds=40):
        """The exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return self.process.poll()

    def interrupt(self):
        os.kill(self.process.pid, signal.SIGINT)

    def report(self):
        return json.loads((self.output / "report.json").read_text(encoding="utf-8"))

    def messages(self):
        with open(self.output / "messages.jsonl", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def signals(self):
        with open(self.output / "signals.csv", encoding="utf-8", newline="") as lines:
            return list(csv.reader(lines))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.errors.close()
        self.folder.cleanup()


class End(ChargePoint):
    """An end of a connection that checks with the package, and keeps what came and went as it was on the wire."""

    def __init__(self, identity, socket_, log=None):
        super().__init__(identity, socket_, response_timeout=10)
        self.log = [] if log is None else log
        self.reader = None
        self.gone = asyncio.Event()
        self.tasks = []
        for name in dir(self):
            if name.startswith("on_"):
                self.answer(name[3:], getattr(self, name))

    def answer(self, action, body):
        """Calls of an action are answered by a function of their payload that gives the fields of the answer."""

        def handler(**_):
            return getattr(call_result, action)(**body(self.present))

        self.route_map[action] = {"_on_action": handler, "_skip_schema_validation": False}

    async def route_message(self, raw):
        message = json.loads(raw)
        self.log.append(("in", message))
        if message[0] == 2:
            self.present = message[3]
        await super().route_message(raw)

    async def _send(self, message):
        self.log.append(("out", json.loads(message)))
        await super()._send(message)

    def begin(self):
        async def read():
            try:
                await self.start()
            except (ConnectionClosed, OSError):
                pass
            finally:
                self.gone.set()

        self.reader = asyncio.ensure_future(read())
        return self

    def later(self, work, after=0.02):
        """Something that follows an answer."""

        async def wait():
            await asyncio.sleep(after)
            try:
                await work
            except ConnectionClosed:
                pass

        task = asyncio.ensure_future(wait())
        self.tasks.append(task)
        return task

    async def ask(self, payload, **options):
        return await self.call(payload, suppress=False, **options)

    # What came.

    def calls(self, action=None):
        """Payloads of the calls that came."""
        return [message[3] for way, message in self.log if way == "in" and message[0] == 2 and action in (None, message[2])]

    def actions(self):
        return [message[2] for way, message in self.log if way == "in" and message[0] == 2]

    def refused(self):
        """What the package refused."""
        return [message for way, message in self.log if way == "out" and message[0] == 4]

    async def until(self, holds, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if holds():
                return True
            await asyncio.sleep(0.01)
        return False

    async def until_call(self, action, count=1, seconds=10, **fields):
        def seen():
            wanted = [c for c in self.calls(action) if all(c.get(key) == value for key, value in fields.items())]
            return len(wanted) >= count

        return await self.until(seen, seconds)


async def outcome(work):
    """The code of the error that a call came back with, or its result."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001
        return getattr(error, "code", type(error).__name__)
