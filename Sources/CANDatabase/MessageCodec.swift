public import CAN

/// A message ready to be packed and unpacked, with its multiplexing resolved.
public struct MessageCodec: Sendable {
    /// One signal of a frame with its value.
    public struct Reading: Hashable, Sendable {
        /// Index of the signal in the message.
        public let signal: Int
        /// The number on the wire.
        public let raw: SignalNumber
        /// The value with factor and offset.
        public let value: SignalNumber
    }

    /// What is packed into a signal.
    public enum Input: Hashable, Sendable {
        case number(SignalNumber)
        case label(String)
    }

    /// The message.
    public let message: Message
    /// Codecs of the signals by their index in the message; `nil` for one that has no place in a frame.
    public let signals: [SignalCodec?]
    /// Whether some signals are there only with certain multiplexer values.
    public let isMultiplexed: Bool
    /// Index of the multiplexer of each signal: -1 for none, -2 for one that can never be there.
    let parents: [Int]
    /// Signals in an order in which each multiplexer stands before what it decides.
    let order: [Int]
    /// The codecs where every signal has one and none is multiplexed: the fast path.
    private let plain: ContiguousArray<SignalCodec>
    private let neededBytes: Int
    private let labelTables: [[Int128: String]]

    /// A codec of a message.
    public init(_ message: Message) {
        self.message = message
        signals = message.signals.map { try? SignalCodec($0) }
        (parents, order) = Self.resolve(message)
        isMultiplexed = parents.contains { $0 != -1 }
        let all = signals.compactMap { $0 }
        plain = !isMultiplexed && all.count == signals.count ? ContiguousArray(all) : []
        labelTables = message.signals.map { Dictionary($0.labels.map { ($0.raw, $0.text) }) { first, _ in first } }
        neededBytes = Int(all.map { $0.field.byteCount }.max() ?? 0)
    }

    /// Index of the multiplexer of each signal: -1 for a signal that is always there, -2 for one that never is.
    public static func multiplexers(of message: Message) -> [Int] { resolve(message).parents }

    /// The most multiplexers above a signal.
    static let maximumDepth = 32

    /// The multiplexer of each signal, and the signals with multiplexers first; loops have no multiplexer that can be reached.
    static func resolve(_ message: Message) -> (parents: [Int], order: [Int]) {
        var byName: [String: Int] = [:]
        for (index, signal) in message.signals.enumerated() where byName[signal.name] == nil { byName[signal.name] = index }
        let only = message.signals.firstIndex { $0.isMultiplexer && $0.multiplexing == nil }
        var parents = message.signals.map { signal -> Int in
            guard let multiplexing = signal.multiplexing else { return -1 }
            return multiplexing.multiplexer.map { byName[$0] ?? -2 } ?? only ?? -2
        }
        var order: [Int] = []
        var children: [Int: [Int]] = [:]
        for (index, parent) in parents.enumerated() {
            if parent == -1 { order.append(index) } else if parent >= 0 { children[parent, default: []].append(index) }
        }
        // Level by level; what lies deeper than any file needs is taken as never there.
        var level = order[...]
        var depth = 0
        while !level.isEmpty, depth < maximumDepth {
            let start = order.count
            for index in level { order += children[index] ?? [] }
            level = order[start...]
            depth += 1
        }
        if order.count < parents.count {
            var isReached = [Bool](repeating: false, count: parents.count)
            for index in order { isReached[index] = true }
            for index in parents.indices where !isReached[index] { parents[index] = -2 }
        }
        return (parents, order)
    }

    // MARK: Unpacking

    /// Writes the values of all signals, in the order of the message; a signal that is not in the frame becomes `nan`.
    ///
    /// The buffer has at least `message.signals.count` elements. Nothing is allocated.
    public func decode(_ frame: CANFrame, into values: UnsafeMutableBufferPointer<Double>) {
        guard !plain.isEmpty, frame.count >= neededBytes, !frame.isWide else {
            return decode(CANWideFrame(frame), into: values)
        }
        precondition(values.count >= plain.count, "the buffer is too small")
        let payload = frame.payload
        plain.withUnsafeBufferPointer { signals in
            for index in signals.indices { values[index] = signals[index].value(of: signals[index].field.raw(in: payload)) }
        }
    }

    /// Writes the values of all signals of a frame of up to 64 bytes.
    public func decode(_ frame: CANWideFrame, into values: UnsafeMutableBufferPointer<Double>) {
        precondition(values.count >= signals.count, "the buffer is too small")
        let data = frame.allData
        let count = frame.frame.count
        for index in signals.indices {
            if let signal = signals[index], isPresent(index, in: data, count: count) {
                values[index] = signal.value(of: signal.field.raw(in: data))
            } else {
                values[index] = .nan
            }
        }
    }

    /// The signals that are in a frame, with exact values.
    public func readings(_ frame: CANWideFrame) -> [Reading] {
        let data = frame.allData
        let count = frame.frame.count
        var readings: [Reading] = []
        readings.reserveCapacity(signals.count)
        for index in signals.indices {
            guard let signal = signals[index], isPresent(index, in: data, count: count) else { continue }
            let raw = signal.field.raw(in: data)
            readings.append(Reading(signal: index, raw: signal.rawNumber(of: raw), value: signal.number(of: raw)))
        }
        return readings
    }

    /// Whether a signal is in a frame: its bytes are there, and the multiplexers above it say so.
    public func isPresent(_ index: Int, in data: CANData, count: Int) -> Bool {
        guard let signal = signals[index], Int(signal.field.byteCount) <= count else { return false }
        var index = index
        while parents[index] != -1 {
            let parent = parents[index]
            guard parent >= 0, let codec = signals[parent], Int(codec.field.byteCount) <= count else { return false }
            let selector = codec.field.raw(in: data)
            guard let ranges = message.signals[index].multiplexing?.ranges, ranges.contains(where: { $0.contains(selector) }) else { return false }
            index = parent
        }
        return true
    }

    /// The text of a raw number of a signal.
    public func label(_ signal: Int, _ raw: SignalNumber) -> String? {
        guard case .whole(let raw) = raw else { return nil }
        return labelTables[signal][raw]
    }

    // MARK: Packing

    /// Packs values into a frame's data.
    ///
    /// - Parameters:
    ///   - inputs: values by the name of their signal.
    ///   - policy: what happens to values that do not fit.
    ///   - checksLimits: whether the limits of the file count, or only the bits.
    ///   - needsAll: whether every signal that is in the frame must be given, and every multiplexer value must have signals; else raw 0 is packed.
    public func encode(
        _ inputs: [(name: String, value: Input)], range policy: RangePolicy = .error, checksLimits: Bool = true, needsAll: Bool = false
    ) throws(CodecError) -> CANData {
        var given = [Input?](repeating: nil, count: signals.count)
        for (name, value) in inputs {
            guard let index = message.signals.firstIndex(where: { $0.name == name }) else { throw .unknownSignal(name) }
            given[index] = value
        }
        var data = CANData()
        var isActive = [Bool](repeating: false, count: signals.count)
        for index in order {
            guard let codec = signals[index] else { continue }
            let parent = parents[index]
            if parent >= 0 {
                let selector = signals[parent]?.field.raw(in: data) ?? 0
                guard isActive[parent], message.signals[index].multiplexing?.ranges.contains(where: { $0.contains(selector) }) == true else { continue }
            }
            isActive[index] = true
            guard let input = given[index] else {
                if needsAll { throw .missing(message.signals[index].name) }
                continue
            }
            codec.field.setRaw(try raw(input, index, codec, policy, checksLimits), in: &data)
        }
        for index in signals.indices where given[index] != nil && !isActive[index] { throw .inactive(message.signals[index].name) }
        if needsAll { try checkSelectors(data, isActive) }
        return data
    }

    private func raw(_ input: Input, _ index: Int, _ codec: SignalCodec, _ policy: RangePolicy, _ checksLimits: Bool) throws(CodecError) -> UInt64 {
        let signal = message.signals[index]
        switch input {
        case .number(let number):
            guard let raw = codec.raw(of: number, range: policy, checksLimits: checksLimits) else { throw .range(signal.name, number) }
            return raw
        case .label(let text):
            guard let label = signal.labels.first(where: { $0.text == text }) else { throw .unknownLabel(signal.name, text) }
            return UInt64(truncatingIfNeeded: label.raw) & codec.field.allOnes
        }
    }

    /// A multiplexer value that no signal belongs to is refused.
    private func checkSelectors(_ data: CANData, _ isActive: [Bool]) throws(CodecError) {
        var decides = Set<Int>()
        var found = Set<Int>()
        for index in parents.indices where parents[index] >= 0 {
            decides.insert(parents[index])
            if isActive[index] { found.insert(parents[index]) }
        }
        for parent in order where decides.contains(parent) && isActive[parent] && !found.contains(parent) {
            throw .selector(message.signals[parent].name, signals[parent]?.field.raw(in: data) ?? 0)
        }
    }
}

extension CANWideFrame {
    /// The data bytes, whether the frame is wide or not.
    var allData: CANData {
        if frame.isWide { return wide }
        var data = CANData()
        data.firstEight = frame.payload
        return data
    }
}
