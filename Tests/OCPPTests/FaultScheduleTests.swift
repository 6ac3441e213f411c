import Foundation
import Testing

@testable import OCPP

/// What schedules from a seed on have found: the first failures with their seeds, and how often each thing happened.
private func faultSchedules(from seed: UInt64, count: Int, steps: Int = 30, restarts: Bool = false) -> (failures: [String], happened: [String: Int]) {
    var failures: [String] = []
    var happened: [String: Int] = [:]
    for offset in 0..<UInt64(count) {
        let schedule = FaultSchedule(seed: seed + offset, restarts: restarts)
        if let first = schedule.run(steps: steps).first { failures.append("seed \(seed + offset): \(first)") }
        for (name, value) in [
            ("kills", schedule.counts.kills), ("kills of the central system", schedule.counts.centralKills),
            ("half-open connections", schedule.counts.halfOpen), ("messages repeated", schedule.counts.repeated),
            ("transactions", schedule.counts.transactions),
        ] { happened[name, default: 0] += value }
        if failures.count >= 10 { break }
    }
    return (failures, happened)
}

/// How many schedules run; EVSIM_SCHEDULES asks for more.
private let scheduleCount = ProcessInfo.processInfo.environment["EVSIM_SCHEDULES"].flatMap { Int($0) } ?? 300

@Suite("Random faults")
struct FaultScheduleTests {
    @Test("No transaction is lost or doubled and the energy adds up, whatever is cut, killed and restarted")
    func schedules() {
        #expect(faultSchedules(from: 1, count: scheduleCount).failures == [])
    }

    @Test("Nor when the central system is killed and its connections stay half open")
    func restarts() {
        let (failures, happened) = faultSchedules(from: 1, count: scheduleCount, restarts: true)
        #expect(failures == [])
        for (name, count) in happened.sorted(by: { $0.key < $1.key }) {
            #expect(count > scheduleCount / 100, "\(name)")
            if scheduleCount > 300 { print("\(scheduleCount) schedules: \(count) \(name)") }
        }
    }
}
