"""Judges ISO-TP and J1939 against other implementations: PyPI can-isotp and can-j1939.

    can_protocol_judge.py BENCH [TRANSFERS]

BENCH is evsim-bench; both sides run in one virtual time that this script owns, so nothing waits and every run is the same.
Each way, each protocol: TRANSFERS random transfers (500 when not given) of random lengths, block sizes, windows and forms.
The last line is 'N passed, M failed'.
"""

import logging
import random
import subprocess
import sys
import types


class Clock:
    """Stands in for the module 'time' in the two libraries."""

    nanoseconds = 0

    def perf_counter_ns(self):
        return self.nanoseconds

    def perf_counter(self):
        return self.nanoseconds / 1e9

    def time(self):
        return self.nanoseconds / 1e9

    def sleep(self, seconds):
        self.nanoseconds += int(seconds * 1e9)


clock = Clock()

import isotp.tools  # noqa: E402
import isotp.protocol  # noqa: E402
import j1939.j1939_21  # noqa: E402
from isotp.can_message import CanMessage  # noqa: E402

isotp.tools.time = clock
isotp.protocol.time = clock
j1939.j1939_21.time = clock
logging.disable(logging.CRITICAL)

BENCH = sys.argv[1]
TRANSFERS = int(sys.argv[2]) if len(sys.argv) > 2 else 500
passed = 0
failures = []


def verdict(is_right, text):
    global passed
    if is_right:
        passed += 1
    else:
        failures.append(text)
        if len(failures) <= 10:
            print("FAILED:", text)


class Bench:
    """evsim-bench can-protocols: one line in, what came of it out."""

    def __init__(self):
        self.process = subprocess.Popen([BENCH, "can-protocols"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.deadline = None

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answers = []
        self.deadline = None
        while True:
            answer = self.process.stdout.readline()
            if answer == "":
                raise SystemExit("0 passed, 1 failed: evsim-bench ended at '%s'" % line)
            answer = answer.strip()
            if answer == "ok":
                return answers
            if answer.startswith("deadline "):
                self.deadline = int(answer.split()[1])
            else:
                answers.append(answer)


bench = Bench()


# --- ISO-TP


def isotp_transfer(seed):
    """One message each way; says whether both arrived exactly."""
    rng = random.Random(seed)
    fd = rng.random() < 0.5
    tx_dl = rng.choice([8, 12, 16, 20, 24, 32, 48, 64]) if fd else 8
    padding = rng.choice([None, 0x00, 0xCC, 0x55])
    block, st_min = rng.choice([0, 0, 1, 3, 8, 255]), rng.choice([0, 0, 1, 5, 0xF1, 0xF5])
    peer_block, peer_st = rng.choice([0, 1, 4, 16]), rng.choice([0, 2, 0xF9])
    extended, is29 = rng.random() < 0.3, rng.random() < 0.3
    ours, theirs = (0x18DA00F1, 0x18DAF100) if is29 else (0x123, 0x321)
    digits = 8 if is29 else 3
    if extended:
        mode = isotp.AddressingMode.Extended_29bits if is29 else isotp.AddressingMode.Extended_11bits
        # Their address byte on what they send (target = us, AA) and ours on what we send (BB).
        address = isotp.Address(mode, txid=theirs, rxid=ours, target_address=0xAA, source_address=0xBB)
        suffix = (".BB", ".AA")
    else:
        mode = isotp.AddressingMode.Normal_29bits if is29 else isotp.AddressingMode.Normal_11bits
        address = isotp.Address(mode, txid=theirs, rxid=ours)
        suffix = ("", "")
    to_peer, from_peer, errors = [], [], []
    parameters = {
        "stmin": peer_st, "blocksize": peer_block, "tx_data_length": tx_dl, "can_fd": fd, "tx_padding": padding,
        "max_frame_size": 70_000, "blocking_send": False,
    }
    peer = isotp.TransportLayerLogic(
        rxfn=lambda timeout=0: to_peer.pop(0) if to_peer else None, txfn=from_peer.append, address=address,
        params=parameters, error_handler=errors.append)
    bench.say("isotp %0*X%s %0*X%s %d %d %s %d %d 70000" % (
        digits, ours, suffix[0], digits, theirs, suffix[1], fd, tx_dl, "-" if padding is None else padding, block, st_min))
    length = rng.choice([rng.randint(1, 80), rng.randint(1, 600), rng.randint(4090, 4100) if rng.random() < 0.3 else 7])
    message, answer = rng.randbytes(length), rng.randbytes(rng.randint(1, 300))
    ours_received, ours_failed, sent = [], [], []

    def take(answers):
        for text in answers:
            words = text.split()
            if words[0] == "tx":
                data = bytes.fromhex(words[2]) if len(words) > 2 else b""
                to_peer.append(CanMessage(int(words[1], 16), len(data), data, extended_id=is29, is_fd=fd))
            elif words[0] == "received":
                ours_received.append(bytes.fromhex(words[1]))
            elif words[0] == "sent":
                sent.append(1)
            else:
                ours_failed.append(text)

    def exchange(until):
        for _ in range(20_000):
            peer.process(rx_timeout=0)
            if from_peer:
                frames = from_peer[:]
                from_peer.clear()
                for frame in frames:
                    take(bench.say("frame %0*X %s" % (digits, frame.arbitration_id, bytes(frame.data).hex().upper())))
            elif not to_peer:
                if until():
                    return
                step = clock.nanoseconds + 100_000
                if bench.deadline is not None and bench.deadline <= step:
                    step = max(clock.nanoseconds, bench.deadline)
                clock.nanoseconds = step
                take(bench.say("at %d" % clock.nanoseconds))

    # can-isotp takes 4096 bytes and more with the long form of the first frame, as we do.
    take(bench.say("send " + message.hex().upper()))
    exchange(lambda: peer.available() or ours_failed or errors)
    got = peer.recv()
    text = "isotp seed %d fd %s tx_dl %d padding %s bs %d st %d length %d" % (seed, fd, tx_dl, padding, peer_block, peer_st, length)
    verdict(got == message and sent == [1] and not errors and not ours_failed, "%s to can-isotp: %s %s" % (text, errors, ours_failed))
    peer.send(answer)
    exchange(lambda: ours_received or ours_failed or errors)
    verdict(ours_received == [answer] and not errors and not ours_failed, "%s from can-isotp: %s %s" % (text, errors, ours_failed))


# --- J1939


def j1939_transfer(seed):
    rng = random.Random(seed)
    window, ours_window = rng.choice([1, 2, 5, 16, 255]), rng.choice([1, 2, 5, 16, 255])
    per_request = rng.choice(["-", "255", "3"])
    priority = rng.choice(["-", "7"])
    to_bench, peer_received = [], []

    def acceptable(destination):
        return destination == 0x56

    layer = j1939.j1939_21.J1939_21(
        lambda identifier, extended, data, fd_format=False: to_bench.append((identifier, bytes(data))), lambda: None,
        lambda priority, pgn, source, destination, timestamp, data: peer_received.append((pgn, source, destination, bytes(data))),
        window, None, None, acceptable)
    layer.add_ca(types.SimpleNamespace(message_acceptable=acceptable, _device_address_preferred=0x56, device_address=0x56))
    bench.say("j1939 F4 %s %d %s" % (priority, ours_window, per_request))
    ours_received, ours_failed, sent = [], [], []

    def take(answers):
        for text in answers:
            words = text.split()
            if words[0] == "tx":
                layer.notify(int(words[1], 16), bytearray.fromhex(words[2] if len(words) > 2 else ""), clock.time())
            elif words[0] == "received":
                ours_received.append((int(words[1], 16), int(words[2], 16), int(words[3], 16), bytes.fromhex(words[4] if len(words) > 4 else "")))
            elif words[0] == "sent":
                sent.append(1)
            else:
                ours_failed.append(text)

    def exchange(until):
        for _ in range(5_000):
            wakeup = layer.async_job_thread(clock.time())
            if to_bench:
                identifier, data = to_bench.pop(0)
                take(bench.say("frame %08X %s" % (identifier, data.hex().upper())))
            elif until():
                return
            else:
                dues = [int(wakeup * 1e9) + 1_000] + ([bench.deadline] if bench.deadline is not None else [])
                clock.nanoseconds = max(clock.nanoseconds, min(dues))
                take(bench.say("at %d" % clock.nanoseconds))

    length = rng.choice([rng.randint(0, 8), rng.randint(9, 60), rng.randint(9, 300), rng.choice([1784, 1785])])
    message = rng.randbytes(length)
    is_broadcast = rng.random() < 0.3
    destination = 0xFF if is_broadcast else 0x56
    group = 0xFECA if is_broadcast else 0x0200
    text = "j1939 seed %d length %d to %02X window %d %s" % (seed, length, destination, window, per_request)
    take(bench.say("send %X 6 %02X %s" % (group, destination, message.hex().upper())))
    exchange(lambda: peer_received and sent or ours_failed)
    verdict(peer_received == [(group, 0xF4, destination, message)] and sent == [1] and not ours_failed, "%s to can-j1939: %s" % (text, ours_failed))
    take(bench.say("at %d" % clock.nanoseconds))
    peer_received.clear()
    answer = rng.randbytes(rng.choice([rng.randint(0, 8), rng.randint(9, 300), 1785]))
    layer.send_pgn(0, group >> 8, group & 0xFF if is_broadcast else 0xF4, 6, 0x56, bytearray(answer) if len(answer) <= 8 else list(answer), 0, None)
    exchange(lambda: (ours_received or ours_failed) and not layer._snd_buffer)
    wanted = (group, 0x56, 0xFF if is_broadcast else 0xF4, answer)
    verdict(ours_received == [wanted] and not ours_failed, "%s from can-j1939, %d bytes: %s" % (text, len(answer), ours_failed))


for number in range(TRANSFERS):
    isotp_transfer(number)
for number in range(TRANSFERS):
    j1939_transfer(10_000 + number)
print("%d transfers each way with can-isotp, %d with can-j1939, in %.0f s of virtual time" % (TRANSFERS, TRANSFERS, clock.time()))
print("%d passed, %d failed" % (passed, len(failures)))
sys.exit(1 if failures else 0)
