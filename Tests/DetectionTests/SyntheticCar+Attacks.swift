extension SyntheticCar {
    /// Legitimate frames with those of an attack among them, in the order of their release.
    static func attacked(
        _ legitimate: [CarFrame], _ car: SyntheticCar, _ attack: Attack, _ learn: Double, _ seconds: Double, _ intensity: Double,
        _ random: inout CarRandom
    ) -> [CarFrame] {
        var extra: [CarFrame] = []
        var base = legitimate
        // Bursts of 4 s every 8 s.
        func isOn(_ time: Double) -> Bool { time >= learn && (time - learn).truncatingRemainder(dividingBy: 8) < 4 }
        func at(_ time: Double, _ frame: CarFrame) {
            var copy = frame
            copy.time = Int64(time * 1e9)
            copy.isAttack = true
            extra.append(copy)
        }
        let periodic = car.messages.filter { if case .event = $0.sending { false } else { true } }
        let victim = periodic[random.below(periodic.count)]
        var time = learn
        switch attack {
        case .identifierFuzzing:
            while time < seconds {
                time += 0.001 + 0.02 * random.unit() / intensity
                guard isOn(time) else { continue }
                let isExtended = (legitimate.first?.identifier ?? 0) & 0x8000_0000 != 0
                let identifier = isExtended ? 0x8000_0000 | UInt32(random.below(1 << 29)) : UInt32(random.below(0x7F0))
                at(time, CarFrame(time: 0, identifier: identifier, data: random.next(), length: 8))
            }
        case .lowestIdentifier:
            guard let lowest = legitimate.min(by: { $0.identifier < $1.identifier }) else { break }
            while time < seconds {
                time += 0.0006 / intensity
                if isOn(time) { at(time, lowest) }
            }
        case .sequenceReplay, .orderedReplay:
            while time < seconds {
                time += 0.1 + 0.8 * random.unit() / intensity
                guard isOn(time) else { continue }
                let count = 3 + random.below(8)
                let newest = legitimate.partitioningIndex { $0.time >= Int64((time - 1) * 1e9) }
                let start = random.below(max(newest - count, 1))
                guard start + count <= legitimate.count else { continue }
                var when = time
                for index in start..<start + count {
                    at(when, legitimate[index])
                    let gap = Double(legitimate[index + 1 < legitimate.count ? index + 1 : index].time - legitimate[index].time) / 1e9
                    when += attack == .orderedReplay ? gap : 0.0005
                }
            }
        case .singleReplay:
            while time < seconds {
                time += 0.2 + 0.6 * random.unit() / intensity
                guard isOn(time) else { continue }
                let own = legitimate.filter { $0.identifier == victim.identifier && $0.time < Int64((time - 1) * 1e9) }
                if !own.isEmpty { at(time, own[random.below(own.count)]) }
            }
        case .payloadFuzzing:
            while time < seconds {
                time += 0.05 + 0.3 * random.unit() / intensity
                if isOn(time) {
                    at(time, CarFrame(time: 0, identifier: victim.identifier, data: random.next(), length: UInt8(victim.bytes.count)))
                }
            }
        case .floodOfOne:
            let copy = legitimate.last { $0.identifier == victim.identifier && $0.time < Int64(learn * 1e9) }
            while time < seconds {
                time += 0.004
                if isOn(time), var copy {
                    copy.data ^= 0x10
                    at(time, copy)
                }
            }
        case .fuzzingInPlace:
            for index in base.indices where base[index].identifier == victim.identifier && isOn(Double(base[index].time) / 1e9) {
                guard random.chance(0.2) else { continue }
                base[index].data = random.next()
                base[index].isAttack = true
            }
        case .suspension: base.removeAll { $0.identifier == victim.identifier && isOn(Double($0.time) / 1e9) }
        case .masquerade:
            for index in base.indices where base[index].identifier == victim.identifier && isOn(Double(base[index].time) / 1e9) {
                base[index].data ^= 0x00FF_0000_3C00
                base[index].isAttack = true
            }
        }
        let mask = { (length: UInt8) in length >= 8 ? UInt64.max : (1 << UInt64(length * 8)) - 1 }
        return (base + extra).sorted { $0.time < $1.time }.map { frame in
            var frame = frame
            frame.data &= mask(frame.length)
            return frame
        }
    }
}

extension Array where Element == CarFrame {
    /// The first index whose element meets the condition, in an array that is sorted by it.
    func partitioningIndex(_ belongs: (CarFrame) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
