import CAN
import ScenarioLanguage

/// Counters and checksums of a frame.
extension FrameRuntime {
    /// Gives the counters of a frame the next value, and its checksums the right one.
    ///
    /// - Parameter isWanted: which fields; the others keep their bits.
    func compute(in data: inout CANData, _ isWanted: (_ field: Int) -> Bool) {
        for (index, computed) in computed where computed == .counter && isWanted(index) {
            fields[index].layout.place.setRaw(counter & Self.mask(declaration.fields[index].bits), in: &data)
        }
        counter &+= 1
        checksums(in: &data, count: blank.count, isWanted)
    }

    /// Gives the counters of a frame the value behind the one that they have.
    func advance(in data: inout CANData, _ isWanted: (_ field: Int) -> Bool = { _ in true }) {
        for (index, computed) in computed where computed == .counter && isWanted(index) {
            let place = fields[index].layout.place
            place.setRaw((place.raw(in: data) &+ 1) & Self.mask(declaration.fields[index].bits), in: &data)
        }
    }

    /// Gives the checksums of a frame the right value for its other bytes.
    func checksums(in data: inout CANData, count: Int, _ isWanted: (_ field: Int) -> Bool = { _ in true }) {
        for (index, computed) in computed where computed != .counter && isWanted(index) {
            let first = declaration.fields[index].startBit / 8
            let own = first..<(first + (computed.bits ?? 8) / 8)
            guard own.upperBound <= count else { continue }
            let bytes = (0..<count).lazy.filter { !own.contains($0) }.map { [data] in data[$0] }
            fields[index].layout.place.setRaw(computed.sum(of: bytes), in: &data)
        }
    }

    private static func mask(_ bits: Int) -> UInt64 { bits >= 64 ? .max : (1 << UInt64(bits)) - 1 }
}
