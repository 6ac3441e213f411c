public import Quantities

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
