import CAN
import CANLogs
import Quantities

/// Frames a second of readers and writers of logs in memory; Tests/Benchmarks/can-logs.sh has the ratio to python-can and log2asc.
enum CANLogBenchmark {
    static func run(repeats: Int = 5) -> [Measurement] {
        let count = 400_000
        var results: [Measurement] = []
        for (suffix, wideEvery, bar) in [("", 0, 1.0), (".fd", 4, 0.4)] {
            let records = frames(count, wideEvery: wideEvery)
            for (format, read, write) in [(CANLogFormat.candump, 5.0, 15.0), (.asc, 3.0, 8.0), (.pcap, 8.0, 15.0), (.pcapng, 5.0, 15.0)] {
                var log: [UInt8] = []
                var found = 0
                var converted = 0
                let times = leastTimes(
                    repeats: repeats,
                    [
                        { log = bytes(records, format) }, { written(records, format) }, { found = count == 0 ? 0 : frames(in: log, to: nil) },
                        { converted = frames(in: log, to: format == .asc ? .candump : .asc) },
                    ])
                let name = "can-logs.\(format.rawValue)\(suffix)"
                let millions = Double(count) / 1e6
                results += [
                    Measurement(name: name + ".all", value: found == count && converted == count ? 1 : 0, unit: "equal", bar: 1),
                    Measurement(name: name + ".write", value: millions / times[1], unit: "M frames/s", bar: write * bar),
                    Measurement(name: name + ".read", value: millions / times[2], unit: "M frames/s", bar: read * bar),
                    Measurement(name: name + ".convert", value: millions / times[3], unit: "M frames/s", bar: 2 * bar),
                ]
            }
        }
        return results
    }

    /// Classic frames of all lengths, and every so often an FD frame of 64 bytes.
    private static func frames(_ count: Int, wideEvery: Int) -> [CANLogRecord] {
        var random: UInt64 = 1
        return (0..<count).map { step in
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let id = UInt32(truncatingIfNeeded: random >> 20)
            var frame = CANWideFrame(CANFrame(id: id, isExtended: random & 0x100_0000 != 0, lengthCode: UInt8(random >> 40 & 7) + 1, payload: random))
            if wideEvery > 0, step % wideEvery == 0 {
                let data = CANData((0..<64).map { UInt8(truncatingIfNeeded: random >> UInt64($0 & 31)) })
                frame = CANWideFrame(CANFrame(fd: id, flags: .bitRateSwitch, lengthCode: 15, payload: 0), wide: data)
            }
            return CANLogRecord(instant: Instant(nanoseconds: 1_795_230_000_000_000_000 + Int64(step) * 137_000), direction: .received, frame: frame)
        }
    }

    private static func bytes(_ records: [CANLogRecord], _ format: CANLogFormat) -> [UInt8] {
        final class Collected { var bytes: [UInt8] = [] }
        let collected = Collected()
        guard let writer = format.writer(sink: { collected.bytes += $0 }) else { return [] }
        for record in records { writer.append(record) }
        writer.finish()
        return collected.bytes
    }

    private static func written(_ records: [CANLogRecord], _ format: CANLogFormat) {
        guard let writer = format.writer(sink: { _ in }) else { return }
        for record in records { writer.append(record) }
        writer.finish()
    }

    /// Reads a log, and writes it in another format if one is given.
    private static func frames(in log: [UInt8], to target: CANLogFormat?) -> Int {
        let writer = target.flatMap { $0.writer(sink: { _ in }) }
        var record = CANLogRecord.empty
        do {
            let reader = try CANLogReader(bytes: log)
            if let writer {
                while try reader.next(&record) { writer.append(record) }
                writer.finish()
            } else {
                while try reader.next(&record) {}
            }
            return Int(reader.records)
        } catch {
            return 0
        }
    }
}
