import OCPP
import Quantities

@testable import Detection

/// A fleet that is in order, with everything that happens to honest charge points: outages with a queue, reboots, retries, clocks that are set, summer
/// time, cars that follow the sun, tags that are refused, commands of an operator.
///
/// Each charge point is written down on its own; the seed decides what happens.
struct BenignFleet {
    let count: Int
    let hours: Double
    var random: SplitMix

    init(seed: UInt64, count: Int, hours: Double) {
        random = SplitMix(state: seed)
        self.count = count
        self.hours = hours
    }

    private func draw(_ range: ClosedRange<Double>, _ random: inout SplitMix) -> Double { Double.random(in: range, using: &random) }

    /// The events in the order of time.
    func events() -> [MessageEvent] {
        var all: [MessageEvent] = []
        var random = random
        for number in 0..<count { all += chargePoint(number, &random) }
        return all.enumerated().sorted { $0.element.instant == $1.element.instant ? $0.offset < $1.offset : $0.element.instant < $1.element.instant }
            .map(\.element)
    }

    private func chargePoint(_ number: Int, _ random: inout SplitMix) -> [MessageEvent] {
        let name = "cp\(number)"
        let hasEvents = number % 3 != 0
        let interval = [60, 300, 900][number % 3]
        let end = hours * 3600
        var script = MessageScript()
        var transaction = number * 100_000
        var register = draw(0...5e6, &random)
        var beat = 0.0
        func open(_ script: inout MessageScript) { if hasEvents { script.add(name, up: true, .opened) } }
        func drop(_ script: inout MessageScript) { if hasEvents { script.add(name, up: true, .broken) } }
        script.wait(draw(0...600, &random))
        open(&script)
        if number % 7 == 0 {
            for _ in 0..<3 {
                script.boot(name, status: "Pending", interval: 30)
                script.wait(31)
            }
        }
        script.boot(name, interval: interval)
        for connector in 0...2 { script.status(name, "Available", connector: connector) }
        // The operator's settings after the registration.
        for key in ["MeterValueSampleInterval", "WebSocketPingInterval", "HeartbeatInterval", "ClockAlignedDataInterval", "MeterValuesSampledData"] {
            script.call(
                name, .changeConfiguration, #"{"key":"\#(key)","value":"\#(key == "HeartbeatInterval" ? "\(interval)" : "60")"}"#,
                answer: #"{"status":"Accepted"}"#)
        }
        script.call(name, .triggerMessage, #"{"requestedMessage":"StatusNotification"}"#, answer: #"{"status":"Accepted"}"#)
        for connector in 0...2 { script.status(name, "Available", connector: connector) }

        func idle(_ seconds: Double, _ script: inout MessageScript) {
            let until = script.now + seconds
            while script.now < until {
                if script.now >= beat {
                    script.heartbeat(name)
                    beat = script.now + Double(interval)
                }
                script.wait(min(max(beat - script.now, 1), max(until - script.now, 0.5)))
            }
        }

        func session(_ script: inout MessageScript) {
            let tag = number % 5 == 0 ? "FLEET-CARD" : "CAR\(number)-\(Int.random(in: 0...3, using: &random))"
            if Double.random(in: 0...1, using: &random) < 0.1 {
                for _ in 0..<2 {
                    script.authorize(name, "WRONG\(number)", "Invalid")
                    script.wait(15)
                }
            }
            let isRemote = Double.random(in: 0...1, using: &random) < 0.3
            if isRemote {
                script.call(name, .remoteStartTransaction, #"{"connectorId":1,"idTag":"\#(tag)"}"#, answer: #"{"status":"Accepted"}"#)
            } else {
                script.authorize(name, tag)
            }
            script.status(name, "Preparing")
            script.wait(draw(3...40, &random))
            transaction += 1
            if Double.random(in: 0...1, using: &random) < 0.1 {
                // A central system that is busy: the charge point tries again.
                let begun = script.now
                for attempt in 1...3 {
                    script.error(
                        name, .startTransaction,
                        #"{"connectorId":1,"idTag":"\#(tag)","meterStart":\#(Int(register)),"timestamp":"\#(stamp(begun))"}"#, code: "InternalError")
                    script.wait(Double(60 * attempt))
                }
                script.start(name, tag, Int(register), id: transaction, at: begun)
            } else {
                script.start(name, tag, Int(register), id: transaction)
            }
            script.status(name, "Charging")
            let followsSun = number % 4 == 1
            var power = draw(3000...22_000, &random)
            let minutes = Int.random(in: 10...90, using: &random)
            let outage = Double.random(in: 0...1, using: &random) < 0.25 ? Int.random(in: 2...8, using: &random) : -1
            var queue: [(time: Double, register: Double, power: Double)] = []
            var isCut = false
            for minute in 1...minutes {
                let before = power
                if followsSun, !isCut {
                    for half in 0..<2 {
                        script.wait(half == 0 ? 0 : 29.8)
                        script.profile(name, (draw(6...16, &random) * 10).rounded() / 10)
                    }
                    power = draw(4000...11_000, &random)
                    script.wait(29.8)
                } else {
                    script.wait(59.7)
                    if minute > minutes - 10 { power *= 0.93 }
                }
                register += (before + power) / 2 / 60
                if minute == outage {
                    drop(&script)
                    isCut = true
                }
                if isCut {
                    queue.append((script.now, register, power))
                } else {
                    script.meter(name, register, power: power.rounded(), id: transaction, offset: script.now > end / 2 ? 2 : 1)
                }
                if isCut, minute == outage + 5 {
                    reconnect(&script, &queue)
                    isCut = false
                }
            }
            if isCut { reconnect(&script, &queue) }
            if isRemote { script.call(name, .remoteStopTransaction, #"{"transactionId":\#(transaction)}"#, answer: #"{"status":"Accepted"}"#) }
            let stopped = script.now
            script.stop(name, Int(register), id: transaction, at: stopped)
            if Double.random(in: 0...1, using: &random) < 0.1 {
                // The answer was lost with the connection.
                drop(&script)
                script.wait(40)
                open(&script)
                script.stop(name, Int(register), id: transaction, at: stopped)
            }
            script.status(name, "Finishing")
            script.wait(draw(5...300, &random))
            script.status(name, "Available")
        }

        func reconnect(_ script: inout MessageScript, _ queue: inout [(time: Double, register: Double, power: Double)]) {
            open(&script)
            script.status(name, "Charging")
            for item in queue { script.meter(name, item.register, power: item.power.rounded(), id: transaction, at: item.time) }
            queue = []
        }

        while script.now < end {
            idle(draw(60...5400, &random), &script)
            session(&script)
            if Double.random(in: 0...1, using: &random) < 0.15 {
                script.call(name, .reset, #"{"type":"Soft"}"#, answer: #"{"status":"Accepted"}"#)
                script.wait(2)
                drop(&script)
                script.wait(draw(20...90, &random))
                script.forgetIDs(name)
                open(&script)
                script.boot(name, interval: interval)
                for connector in 0...2 { script.status(name, "Available", connector: connector) }
                beat = script.now + Double(interval)
            }
        }
        return script.events.filter { $0.instant.seconds < end }
    }
}
