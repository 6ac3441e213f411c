public import Quantities
public import YAMLTree

/// One entry of `links`.
public struct LinkDeclaration: Sendable {
    /// Name.
    public var name: String
    /// One end: node instances.
    public var between: ([Int], [Int])
    /// Time that a message takes, each way.
    public var latency = TimeValue.constant(.zero)
    /// Greatest random addition to the latency, drawn per message.
    public var jitter = Duration.zero
    /// Bits per second, each way; `nil` = no limit.
    public var bandwidth: Double?
    /// What goes wrong, in the order of the file.
    public var faults: [LinkFault] = []
    /// The name's place.
    public var span: Span
}

extension LinkDeclaration {
    /// The latency if it is the same for every message.
    public var fixedLatency: Duration? { if case .constant(let time) = latency { time } else { nil } }

    /// What the network does in a few words: `latency 50 ms, loss 1%`.
    public var summary: String {
        var parts: [String] = []
        switch latency {
        case .constant(let time): parts.append("latency \(Quantity(time.seconds, .time).text)")
        case .formula(let formula): parts.append("latency \(formula.source)")
        }
        parts.append("jitter \(Quantity(jitter.seconds, .time).text)")
        if let bandwidth { parts.append("bandwidth \(Quantity(bandwidth, .dataRate).text)") }
        return (parts + faults.map(\.summary)).joined(separator: ", ")
    }
}

extension LinkFault {
    /// What happens in a few words.
    public var summary: String {
        func share(_ value: Double) -> String { "\(Quantity(value * 100, .none).text)%" }
        let what =
            switch effect {
            case .loss(let value): "loss \(share(value))"
            case .duplicate(let value): "duplicate \(share(value))"
            case .reorder(let value): "reorder \(share(value))"
            case .delay: "delay"
            case .disconnect(let rate, _, _): "disconnect \(Quantity(rate, .frequency).text)"
            }
        return actions.isEmpty ? what : "\(what) of \(actions.joined(separator: " "))"
    }
}

/// Something that goes wrong on a link, and for which messages.
public struct LinkFault: Sendable {
    /// What happens.
    public enum Effect: Sendable {
        /// A share of messages never arrives.
        case loss(Double)
        /// A share of messages arrives twice.
        case duplicate(Double)
        /// A share of messages is overtaken by later ones.
        case reorder(Double)
        /// A share of messages takes longer.
        case delay(TimeValue, chance: Double)
        /// The connection is lost so often per second, and no new one gets through for a time.
        case disconnect(rate: Double, for: TimeValue, isSilent: Bool)
    }

    /// What happens.
    public var effect: Effect
    /// Whether messages to the central system, and to the charge point, are meant.
    public var meets: (up: Bool, down: Bool) = (true, true)
    /// Whether calls, and their answers, are meant.
    public var only: (calls: Bool, answers: Bool) = (true, true)
    /// Official names of the actions; all when there are none.
    public var actions: [String] = []
    /// First instant of the fault, since the start of the run.
    public var from = Duration.zero
    /// End of the fault; `nil` = that of the run.
    public var until: Duration?
    /// What must hold.
    public var condition: Formula?
}
