"""Car-like CAN traffic with attacks, written without a look at the generator of the unit tests, as an outside judge of the preset can-ids.

Frames are tuples (time in s, identifier, bytes, flag). A car has fast and slow periodic identifiers with their own clocks and jitter, identifiers that
events send, mixed ones, ones that appear late, a burst at ignition, counters, checksums, signals that follow a drive, constants and gaps of the log.
"""
import random


class Signal:
    """A value in some bits that follows the drive, wanders, steps, or stays."""

    def __init__(self, rng, start, width):
        self.start, self.width = start, width
        self.kind = rng.choice(["speed", "speed", "walk", "walk", "slow", "mode", "constant", "constant", "noise", "switch"])
        self.gain = rng.uniform(0.2, 0.9) * (2**width - 1)
        self.offset = rng.uniform(0, 0.1) * 2**width
        self.value = rng.uniform(0.1, 0.6) * 2**width
        self.step = rng.uniform(0.002, 0.02) * 2**width
        self.hold = 0.0
        self.noise = rng.choice([0, 0, 0.5, 1.5])

    def sample(self, rng, t, speed):
        top = 2**self.width - 1
        if self.kind == "speed":
            value = self.offset + self.gain * speed + rng.gauss(0, self.noise)
        elif self.kind == "walk":
            self.value = min(max(self.value + rng.gauss(0, self.step), 0), top)
            value = self.value
        elif self.kind == "slow":
            self.value = min(self.value + self.step * 0.002, top)
            value = self.value
        elif self.kind == "noise":
            value = self.offset + top * 0.2 + rng.gauss(0, max(top * 0.01, 0.6))
        elif self.kind in ("mode", "switch"):
            if t >= self.hold:
                if self.hold > 0:
                    self.value = rng.choice([0, 1, 2, 3]) * 2 ** max(self.width - 2, 0) if self.kind == "mode" else (top if self.value < top / 2 else 0)
                self.hold = t + rng.expovariate(1 / (15 if self.kind == "mode" else 7))
            value = self.value
        else:
            value = self.value
        return int(min(max(value, 0), top))


class Message:
    """An identifier with its layout and its timing."""

    def __init__(self, rng, identifier):
        self.id = identifier
        self.length = rng.choice([8, 8, 8, 8, 8, 7, 6, 5, 4, 2, 1])
        self.mode = rng.choices(["periodic", "event", "mixed"], [0.86, 0.07, 0.07])[0]
        self.period = rng.choice([0.01, 0.01, 0.02, 0.02, 0.02, 0.05, 0.1, 0.1, 0.1, 0.2, 0.5, 1.0]) * rng.uniform(0.9995, 1.0005)
        self.jitter = rng.choice([0.001, 0.005, 0.01, 0.02, 0.05])
        self.relative = rng.random() < 0.4
        self.late = rng.uniform(20, 60) if rng.random() < 0.04 else 0
        self.phase = rng.uniform(0, self.period)
        bits = self.length * 8
        self.counter = rng.random() < 0.35 and self.length >= 4
        self.checksum = self.counter and rng.random() < 0.6
        self.signals, at = [], 0
        limit = bits - (16 if self.checksum else 8 if self.counter else 0)
        while at < limit:
            width = min(rng.choice([1, 2, 4, 8, 8, 12, 16, 16]), limit - at)
            if rng.random() < 0.8:
                self.signals.append(Signal(rng, at, width))
            at += width
        self.count = 0
        self.fixed = rng.getrandbits(bits) & 0 if rng.random() < 0.5 else 0
        self.motorola = rng.random() < 0.6

    def payload(self, rng, t, speed):
        word = self.fixed
        bits = self.length * 8
        for signal in self.signals:
            value = signal.sample(rng, t, speed)
            word |= value << (bits - signal.start - signal.width if self.motorola else signal.start)
        data = bytearray(word.to_bytes(self.length, "big" if self.motorola else "little"))
        if self.counter:
            place = self.length - 2 if self.checksum else self.length - 1
            data[place] = data[place] & 0xF0 | self.count & 15
        if self.checksum:
            total = self.id & 0xFF
            for byte in data[:-1]:
                total = (total * 31 + byte) & 0xFF
            data[-1] = total
        self.count += 1
        return bytes(data)


def drive(rng, seconds):
    """Speed between 0 and 1, each 10 ms."""
    speed, goal, result = 0.0, 0.0, []
    for step in range(int(seconds * 100) + 200):
        if step % 500 == 0:
            goal = rng.choice([0, 0, 0.2, 0.3, 0.5, 0.7, 0.9]) if step > 300 else 0
        speed += max(min(goal - speed, 0.002), -0.004)
        result.append(max(speed, 0))
    return result


def car(seed, seconds=120.0, resolution=1e-6, gaps=False, most=2000):
    """Messages of a car and its clean frames."""
    rng = random.Random(seed * 7919 + 1)
    count = rng.randint(40, 110)
    ids = sorted(rng.sample(range(0x050, 0x7F0), count))
    messages = [Message(rng, identifier) for identifier in ids]
    # Low identifiers are the fast ones, as a rule.
    speeds = drive(rng, seconds)
    load = sum(1 / m.period for m in messages if m.mode != "event")
    scale = max(1.0, load / most)
    frames = []
    for m in messages:
        m.period *= 1 if scale < 1.01 else rng.choice([1, 2, 2]) if scale < 2 else max(2, round(scale))
        t = m.phase + m.late
        base = t
        while t < seconds:
            speed = speeds[int(t * 100)]
            if m.mode == "event":
                burst = rng.choice([1, 1, 1, 3])
                for k in range(burst):
                    frames.append([t + k * 0.02, m.id, m.payload(rng, t, speed), 0])
                t += rng.expovariate(1 / 5.0)
                continue
            frames.append([t, m.id, m.payload(rng, t, speed), 0])
            if m.mode == "mixed" and rng.random() < 0.02:
                frames.append([t + m.period * rng.uniform(0.1, 0.9), m.id, m.payload(rng, t, speed), 0])
            if m.relative:
                t += m.period * (1 + abs(rng.gauss(0, m.jitter)))
            else:
                base += m.period
                t = base + m.period * rng.gauss(0, m.jitter)
        # Ignition: some units send all they have at once.
        if rng.random() < 0.15:
            for k in range(rng.randint(2, 5)):
                frames.append([0.01 + k * 0.004, m.id, m.payload(rng, 0, 0), 0])
    frames = on_wire(frames)
    if gaps:
        frames = [f for f in frames if not 40 < f[0] < 42.5 and not 90 < f[0] < 93]
        for f in frames:
            if f[0] > 90:
                f[0] += 3600
    for f in frames:
        f[0] = round(f[0] / resolution) * resolution
    return messages, frames, speeds


def on_wire(frames):
    """Frames one after the other, the lowest waiting identifier first, at 500 kbit/s."""
    import heapq

    frames.sort(key=lambda f: f[0])
    waiting, result, now, place = [], [], 0.0, 0
    while place < len(frames) or waiting:
        if not waiting:
            now = max(now, frames[place][0])
        while place < len(frames) and frames[place][0] <= now:
            heapq.heappush(waiting, (frames[place][1], place))
            place += 1
        _, index = heapq.heappop(waiting)
        frame = frames[index]
        now = max(now, frame[0]) + (47 + 9 * len(frame[2])) / 500e3
        frame[0] = now
        result.append(frame)
    return result


ATTACKS = ["dos", "fuzzy", "spoof", "flam", "masquerade", "suspension", "replay"]


def attacked(kind, messages, frames, seed, start=80.0, end=120.0):
    """The frames with an attack that is on for 5 s in 10."""
    rng = random.Random(f"{seed} {kind}")
    frames = [list(f) for f in frames]
    periodic = [m for m in messages if m.mode == "periodic" and m.period <= 0.11 and not m.late]
    changing = [m for m in periodic if any(s.kind in ("speed", "walk", "noise") for s in m.signals)] or periodic
    victim = rng.choice(changing)
    on = lambda t: start <= t < end and (t - start) % 10 < 5
    times = [start + k * 10 for k in range(int((end - start) / 10))]
    own = [f for f in frames if f[1] == victim.id]
    if kind == "dos":
        extra = [[t + k * 0.0003, 0, bytes(8), 1] for t in times for k in range(int(5 / 0.0003))]
        return merged(frames, extra), victim
    if kind == "fuzzy":
        extra = []
        for t in times:
            for k in range(int(5 / 0.0005)):
                extra.append([t + k * 0.0005, rng.randrange(0x800), bytes(rng.randrange(256) for _ in range(8)), 1])
        return merged(frames, extra), victim
    if kind == "spoof":
        sample = bytearray(rng.choice(own)[2])
        for k in range(min(3, len(sample))):
            sample[k] = rng.randrange(256)
        extra = [[t + k * 0.001, victim.id, bytes(sample), 1] for t in times for k in range(5000)]
        return merged(frames, extra), victim
    if kind == "flam":
        sample = bytearray(rng.choice(own)[2])
        sample[rng.randrange(min(4, len(sample)))] = rng.randrange(256)
        extra = [[f[0] + 0.0004, victim.id, bytes(sample), 1] for f in own if on(f[0])]
        return merged(frames, extra), victim
    if kind == "masquerade":
        signal = max((s for s in victim.signals if s.kind in ("speed", "walk", "noise", "constant")), key=lambda s: s.width, default=victim.signals[0])
        bits = victim.length * 8
        shift = bits - signal.start - signal.width if victim.motorola else signal.start
        for f in frames:
            if f[1] == victim.id and on(f[0]):
                order = "big" if victim.motorola else "little"
                word = int.from_bytes(f[2], order)
                top = (1 << signal.width) - 1
                value = (word >> shift & top) + int(0.6 * top) & top
                f[2] = (word & ~(top << shift) | value << shift).to_bytes(victim.length, order)
                f[3] = 1
        return frames, victim
    if kind == "suspension":
        return [f for f in frames if not (f[1] == victim.id and on(f[0]))], victim
    if kind == "replay":
        extra = []
        for t in times:
            begin = rng.uniform(5, start - 10)
            extra += [[f[0] - begin + t, f[1], f[2], 1] for f in frames if begin <= f[0] < begin + 5]
        return merged(frames, extra), victim
    raise ValueError(kind)


def merged(frames, extra):
    """Injected frames take part in the arbitration; those that find no room are dropped."""
    result = on_wire([list(f) for f in frames] + [list(f) for f in extra])
    return [f for f in result if f[0] < frames[-1][0] + 1]
