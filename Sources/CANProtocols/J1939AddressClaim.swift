import CAN
import Quantities

/// One controller application's claim to an address (SAE J1939-81): claims, defends, moves on or says that it has none.
///
/// A pure state machine: it is told what happens and when, and appends what is to be done; between calls the host waits until
/// ``deadline`` and then calls ``advance(to:into:)``. What is random in the standard, the delay of "cannot claim", is taken from the NAME.
public struct J1939AddressClaim: Sendable {
    /// What is to be done, or has come out.
    public enum Output: Hashable, Sendable {
        /// Put a frame on the bus.
        case transmit(CANFrame)
        /// The address is ours and may be used.
        case claimed(UInt8)
        /// A stronger NAME took the address; another is claimed next, or none.
        case lost(UInt8)
        /// No address can be had.
        case cannotClaim
    }

    private enum State {
        case idle, claiming, claimed
        /// "Cannot claim" is due at the deadline, or has been said.
        case without
    }

    /// The parameter group of address claims.
    public static let group: UInt32 = 0xEE00
    /// How long a claim stands before the address may be used.
    public static let contention = Duration.milliseconds(250)

    /// Our NAME.
    public let name: J1939Name
    /// Our address, while it is claimed or being claimed; `nil` without one.
    public private(set) var address: UInt8?
    /// When ``advance(to:into:)`` is due; `nil` when nothing is awaited.
    public private(set) var deadline: Instant?
    private var state = State.idle
    private var names = [J1939Name?](repeating: nil, count: 254)

    /// An application that has not claimed yet.
    public init(name: J1939Name) { self.name = name }

    /// Whether the address may be used for other messages.
    public var isClaimed: Bool { if case .claimed = state { true } else { false } }

    /// Claims an address, 0 to 253; anything above is taken as 253.
    public mutating func start(_ preferred: UInt8, at now: Instant, into outputs: inout [Output]) {
        claim(min(preferred, 253), at: now, into: &outputs)
    }

    /// A frame arrived; claims and requests for them count, all else is let go by.
    public mutating func receive(_ frame: CANFrame, at now: Instant, into outputs: inout [Output]) {
        guard let identifier = J1939Identifier(frame) else { return }
        if identifier.pgn == Self.group, let other = J1939Name(data: frame.data) {
            contend(with: other, for: identifier.source, at: now, into: &outputs)
        } else if J1939Message(identifier, data: frame.data).requestedGroup == Self.group {
            guard identifier.destination == J1939Identifier.global || identifier.destination == address else { return }
            switch state {
            case .idle: return
            case .claiming, .claimed: if let address { outputs.append(.transmit(frameOfClaim(address))) }
            case .without: deadline = now + delay
            }
        }
    }

    /// Time has come to `now`.
    public mutating func advance(to now: Instant, into outputs: inout [Output]) {
        guard let due = deadline, due <= now else { return }
        deadline = nil
        switch state {
        case .idle, .claimed: return
        case .claiming:
            state = .claimed
            if let address { outputs.append(.claimed(address)) }
        case .without: outputs.append(.transmit(frameOfClaim(J1939Identifier.null)))
        }
    }

    // MARK: Contention

    private mutating func contend(with other: J1939Name, for source: UInt8, at now: Instant, into outputs: inout [Output]) {
        for index in names.indices where names[index] == other { names[index] = nil }
        guard source < 254 else { return }
        guard source == address else { return names[Int(source)] = other }
        if name < other { return outputs.append(.transmit(frameOfClaim(source))) }
        // The other NAME is stronger, or somebody has ours: both would defend for ever, so we give way.
        names[Int(source)] = other
        outputs.append(.lost(source))
        if name.isArbitraryAddressCapable, name != other, let free = (128...247).first(where: { names[$0] == nil }) {
            claim(UInt8(free), at: now, into: &outputs)
        } else {
            state = .without
            address = nil
            deadline = now + delay
            outputs.append(.cannotClaim)
        }
    }

    private mutating func claim(_ address: UInt8, at now: Instant, into outputs: inout [Output]) {
        self.address = address
        outputs.append(.transmit(frameOfClaim(address)))
        // Addresses that are assigned may be used at once, the others only when nobody objects (J1939-81 §4.4.2).
        if address < 128 || address > 247 {
            state = .claimed
            deadline = nil
            outputs.append(.claimed(address))
        } else {
            state = .claiming
            deadline = now + Self.contention
        }
    }

    private func frameOfClaim(_ source: UInt8) -> CANFrame {
        J1939Identifier(pgn: Self.group, source: source, destination: J1939Identifier.global).frame(name.data)
    }

    /// 0 to 153 ms in steps of 0.6 ms, from the bytes of the NAME.
    private var delay: Duration { Duration(nanoseconds: Int64(name.data.reduce(0, &+)) * 600_000) }
}
