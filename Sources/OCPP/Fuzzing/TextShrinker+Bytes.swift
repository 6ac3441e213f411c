extension TextShrinker {
    /// The bytes with as many of them zero as still fail: all at once, or one after the other.
    public mutating func zeros(in bytes: [UInt8], fails: ([UInt8]) -> Bool) -> [UInt8] {
        var bytes = bytes
        guard bytes.contains(where: { $0 != 0 }) else { return bytes }
        let none = [UInt8](repeating: 0, count: bytes.count)
        if asks(none, fails) { return none }
        for place in bytes.indices where bytes[place] != 0 {
            var trial = bytes
            trial[place] = 0
            if trial != none, asks(trial, fails) { bytes = trial }
        }
        return bytes
    }
}
