/// Something that a detector watches beside signals.
public enum StreamSource: Sendable, Equatable {
    /// All frames of a bus.
    case bus(Int)
    /// The frames of a declared name, by its number in the symbol table.
    case frame(Int)
    /// Messages of these nodes, of all connections when there are none; one action when it is given, calls and answers alike.
    case messages(nodes: [Int], action: Int?)
}

extension DetectorDeclaration {
    /// Whether it watches all frames of a bus.
    func watches(bus: Int) -> Bool {
        settings.contains { if case .stream(let sources) = $0 { sources.contains(.bus(bus)) } else { false } }
    }
}
