import Glibc
import OCPP
import Quantities
import Transport

/// `evsim-bench ocpp-charge-points --url U --count N --seconds S`: charge points that boot and then send Heartbeats, one outstanding each.
///
/// Every answer is read against the catalogue; anything but the result of the call that waits counts as an error. `--talking T` lets only the first T send,
/// `--machines` makes each a whole charge point that boots and stays idle, `--wait` says `ready` and begins at the first line of the standard input,
/// `--hold` keeps the connections until its end. One line of JSON says what was measured.
final class LoadChargePoints: MeterSource {
    private struct Point {
        let id: ConnectionID
        var session = FramingSession()
        var sentAt: UInt64 = 0
    }

    private let options: EchoPrograms.Options
    private let loop: EventLoop
    private let clock = LoadClock()
    private var decoder = MessageDecoder(role: .chargePoint)
    private var points: [Point] = []
    /// Whole charge points, as long as the list of connections; empty without `--machines`.
    private var machines: [ChargePointMachine] = []
    private var outputs: [ChargePointOutput] = []
    private var booted = 0
    private var errors = 0
    private var latencies = LatencyBuckets()
    private var isMeasuring = false
    private var end = UInt64.max

    init(_ options: EchoPrograms.Options) throws(TransportError) {
        LoadPrograms.allowConnections()
        self.options = options
        loop = try EventLoop(seed: 7)
    }

    func reading(connector: Int, at instant: Instant) -> MeterReading { MeterReading(voltageV: 230) }

    func run() throws -> Int32 {
        let count = max(1, options.number("count", 1))
        let url = try WebSocketURL(options["url"] ?? "")
        let residentBefore = WebSocketBenchmark.residentBytes("self")
        points.reserveCapacity(count)
        guard try connect(url, count) else {
            EchoPrograms.say("error the charge points could not boot")
            return 1
        }
        let resident = WebSocketBenchmark.residentBytes("self")
        if options["wait"] != nil {
            EchoPrograms.say("ready")
            guard readLine() != nil else { return 0 }
        }
        let seconds = options["seconds"].flatMap { Double($0) } ?? 3
        let used = processorTime()
        let begin = EventLoop.now()
        talk(min(count, options.number("talking", count)), until: begin + UInt64(max(0, min(seconds, 86_400)) * 1e9))
        let passed = Double(EventLoop.now() - begin) * 1e-9
        let microseconds = (processorTime() - used) / Double(max(1, latencies.count)) * 1e6
        let figures: [(String, Double)] = [
            ("round_trips", Double(latencies.count)), ("round_trips_per_s", Double(latencies.count) / max(passed, 1e-9)),
            ("p50_us", latencies.quantile(0.5)), ("p99_us", latencies.quantile(0.99)), ("cpu_us_per_round_trip", microseconds),
            ("bytes_per_charge_point", Double(resident - residentBefore) / Double(count)), ("errors", Double(errors)),
        ]
        EchoPrograms.say("{" + figures.map { "\"\($0.0)\":\(Measurement.decimal($0.1))" }.joined(separator: ",") + "}")
        if options["hold"] != nil { while readLine() != nil {} }
        return errors == 0 ? 0 : 1
    }

    // MARK: Connecting

    /// Opens all connections and boots; false when one fails.
    private func connect(_ url: WebSocketURL, _ count: Int) throws(TransportError) -> Bool {
        let deadline = EventLoop.now() + 60_000_000_000
        let prefix = options["prefix"] ?? "CP"
        var lost = 0
        while booted < count {
            // Not more at once than a listener's queue takes.
            while points.count < count, points.count - booted < 200 {
                let identity = "\(prefix)\(points.count)"
                if options["machines"] != nil { machines.append(ChargePointMachine(ChargePointSettings(identity: identity), epoch: clock.epoch)) }
                points.append(Point(id: try OCPPClient(url: url, identity: identity).connect(loop)))
            }
            guard let event = loop.next(until: deadline), lost == 0 else { return false }
            if case .closed = event { lost += 1 }
            handle(event)
        }
        // What a whole charge point says after its boot is answered before anything is measured.
        let settled = EventLoop.now() + (machines.isEmpty ? 0 : 1_000_000_000)
        while let event = loop.next(until: settled) { handle(event) }
        return errors == 0
    }

    /// The place of a connection: those of a loop are numbered from 1.
    private func place(_ id: ConnectionID) -> Int? {
        let place = Int(id.serial) - 1
        return points.indices.contains(place) && points[place].id == id ? place : nil
    }

    private func handle(_ event: TransportEvent) {
        switch event {
        case .opened(let id, _):
            guard let place = place(id) else { return }
            guard machines.isEmpty else {
                machines[place].start(at: clock.now, meter: self, into: &outputs)
                machines[place].connected(at: clock.now, into: &outputs)
                return perform(place)
            }
            call(.bootNotification(BootNotification(vendor: "evsim", model: "load")), place)
        case .text(let id, let bytes):
            guard let place = place(id) else { return }
            if machines.isEmpty { return answered(bytes, place) }
            let wasAccepted = machines[place].registration == .accepted
            machines[place].receive(bytes: Array(bytes), at: clock.now, meter: self, into: &outputs)
            if !wasAccepted, machines[place].registration == .accepted { booted += 1 }
            perform(place)
        case .closed: errors += 1
        default: break
        }
    }

    /// Sends what a whole charge point wants sent; its timers are those of an idle one, which never run out here.
    private func perform(_ place: Int) {
        for output in outputs {
            switch output {
            case .send(let message): LoadPrograms.send(message, to: points[place].id, loop)
            case .violation: errors += 1
            default: break
            }
        }
        outputs.removeAll(keepingCapacity: true)
    }

    // MARK: Talking

    private func talk(_ talking: Int, until end: UInt64) {
        guard EventLoop.now() < end, machines.isEmpty else { return }
        isMeasuring = true
        self.end = end
        for place in 0..<talking { call(.empty(.heartbeat), place) }
        var looks = 0
        while let event = loop.next(until: end) {
            handle(event)
            looks += 1
            // A busy loop hands out events without looking at its deadline.
            if looks & 255 == 0, EventLoop.now() >= end { break }
        }
        isMeasuring = false
    }

    private func call(_ payload: OCPPPayload, _ place: Int) {
        guard case .send(let message) = points[place].session.submit(payload, token: 0, at: clock.now) else { return errors += 1 }
        points[place].sentAt = EventLoop.now()
        LoadPrograms.send(message, to: points[place].id, loop)
    }

    /// Checks an answer, and makes the next call.
    private func answered(_ bytes: UnsafeRawBufferPointer, _ place: Int) {
        let pending = points[place].session.pending
        let decoded = decoder.decode(bytes) { id in id == pending.map { .number($0.id) } ? pending?.action.map { .known($0) } : nil }
        guard case .message(.result(let id, let payload)) = decoded, points[place].session.end(id) != nil else { return errors += 1 }
        switch payload {
        case .heartbeatResult:
            if isMeasuring { latencies.add(EventLoop.now() - points[place].sentAt) }
        case .bootNotificationResult(let result):
            if result.status == .accepted { booted += 1 } else { errors += 1 }
        default: errors += 1
        }
        if isMeasuring { call(.empty(.heartbeat), place) }
    }
}

/// Times in buckets of 1/32 of their magnitude: constant memory.
struct LatencyBuckets {
    private var buckets = [Int](repeating: 0, count: 64 * 32)
    private(set) var count = 0

    mutating func add(_ nanoseconds: UInt64) {
        buckets[Self.bucket(nanoseconds)] += 1
        count += 1
    }

    private static func bucket(_ nanoseconds: UInt64) -> Int {
        guard nanoseconds >= 32 else { return Int(nanoseconds) }
        let exponent = 63 - nanoseconds.leadingZeroBitCount
        return (exponent - 4) * 32 + Int(nanoseconds >> UInt64(exponent - 5)) - 32
    }

    /// The time in µs below which this share lies.
    func quantile(_ share: Double) -> Double {
        var left = Int((Double(count) * share).rounded(.up))
        for (bucket, number) in buckets.enumerated() where number > 0 {
            left -= number
            guard left <= 0 else { continue }
            let value = bucket < 32 ? Double(bucket) : Double(32 + bucket % 32) * Double(UInt64(1) << UInt64(bucket / 32 - 1))
            return value / 1000
        }
        return 0
    }
}
