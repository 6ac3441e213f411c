/// A real bus that a simulated one is attached to.
public enum BusAddress: Hashable, Sendable {
    /// An interface of SocketCAN: `socketcan:vcan0`.
    case socketCAN(interface: String)
    /// A bus of a socketcand server: `socketcand://HOST:PORT/BUS`.
    case socketcand(host: String, port: UInt16, bus: String)
    /// Others connect as to a socketcand server: `socketcand-server://HOST:PORT/BUS`, port 0 for a free one, `?beacon` to be found by others.
    case socketcandServer(host: String, port: UInt16, bus: String, sendsBeacon: Bool)
    /// Datagrams of python-can's `udp_multicast`: `udp-multicast:GROUP:PORT`, with `@INTERFACE` on that interface only.
    case multicast(group: String, port: UInt16, interface: String?)

    /// Port of socketcand servers.
    public static let socketcandPort: UInt16 = 29536
    /// Port of python-can's `udp_multicast`.
    public static let multicastPort: UInt16 = 43113
}

/// Why a text is no address of a bus.
public struct BusAddressError: Error, Hashable, Sendable {
    /// What is wrong, in words.
    public let text: String
    /// What to write instead.
    public let help: String
}

extension BusAddress {
    /// The address that a text means.
    public init(_ text: String) throws(BusAddressError) {
        if let rest = Self.rest(of: text, after: "socketcan:") {
            self = .socketCAN(interface: try Self.interface(rest, in: text))
        } else if let rest = Self.rest(of: text, after: "socketcand://") {
            let place = try Self.place(rest, in: text)
            guard place.port != 0 else { throw Self.wrong(text, "port 0 is for servers only", "socketcand://127.0.0.1:29536/can0") }
            guard place.query == nil else { throw Self.wrong(text, "'?\(place.query ?? "")' is for servers only", "socketcand://127.0.0.1:29536/can0") }
            self = .socketcand(host: place.host, port: place.port, bus: place.bus)
        } else if let rest = Self.rest(of: text, after: "socketcand-server://") {
            let place = try Self.place(rest, in: text)
            guard place.query == nil || place.query == "beacon" else {
                throw Self.wrong(text, "'?\(place.query ?? "")' is unknown", "socketcand-server://127.0.0.1:29536/can0?beacon")
            }
            self = .socketcandServer(host: place.host, port: place.port, bus: place.bus, sendsBeacon: place.query != nil)
        } else if let rest = Self.rest(of: text, after: "udp-multicast:") {
            self = try Self.multicast(rest, in: text)
        } else {
            throw BusAddressError(
                text: "'\(text)' is no address of a bus",
                help: "write 'socketcan:vcan0', 'socketcand://HOST:PORT/BUS', 'socketcand-server://127.0.0.1:0/BUS' or 'udp-multicast:239.74.163.2:43113'")
        }
    }

    /// The address as it is written.
    public var text: String {
        switch self {
        case .socketCAN(let interface): "socketcan:\(interface)"
        case .socketcand(let host, let port, let bus): "socketcand://\(Self.bracketed(host)):\(port)/\(bus)"
        case .socketcandServer(let host, let port, let bus, let beacon): "socketcand-server://\(Self.bracketed(host)):\(port)/\(bus)\(beacon ? "?beacon" : "")"
        case .multicast(let group, let port, let interface): "udp-multicast:\(Self.bracketed(group)):\(port)\(interface.map { "@\($0)" } ?? "")"
        }
    }

    /// Whether what is sent there stays on this machine, as far as the address alone tells; interfaces of SocketCAN have to be asked.
    public var isLocal: Bool {
        switch self {
        case .socketCAN: true
        case .socketcand(let host, _, _), .socketcandServer(let host, _, _, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
        case .multicast(_, _, let interface): interface == "lo"
        }
    }

    // MARK: Parts

    private static func rest(of text: String, after scheme: String) -> Substring? { text.hasPrefix(scheme) ? text.dropFirst(scheme.count) : nil }

    private static func wrong(_ text: String, _ what: String, _ example: String) -> BusAddressError {
        BusAddressError(text: "'\(text)': \(what)", help: "for example '\(example)'")
    }

    private static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    /// A name of an interface: 1 to 15 characters without spaces and slashes, as Linux has it.
    private static func interface(_ name: Substring, in text: String) throws(BusAddressError) -> String {
        guard (1...15).contains(name.utf8.count), name != ".", name != "..", name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x3A })
        else { throw wrong(text, "'\(name)' is no name of an interface", "socketcan:vcan0") }
        return String(name)
    }

    /// HOST, PORT, BUS and what stands behind a question mark.
    private static func place(_ rest: Substring, in text: String) throws(BusAddressError) -> (host: String, port: UInt16, bus: String, query: String?) {
        let example = text.hasPrefix("socketcand-server") ? "socketcand-server://127.0.0.1:0/can0" : "socketcand://127.0.0.1:29536/can0"
        guard let slash = rest.firstIndex(of: "/") else { throw wrong(text, "the name of the bus is missing", example) }
        var bus = rest[rest.index(after: slash)...]
        var query: String?
        if let mark = bus.firstIndex(of: "?") {
            query = String(bus[bus.index(after: mark)...])
            bus = bus[..<mark]
        }
        guard (1...15).contains(bus.utf8.count), bus.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/<>?".utf8.contains($0) }) else {
            throw wrong(text, bus.isEmpty ? "the name of the bus is missing" : "'\(bus)' is no name of a bus", example)
        }
        let (host, port) = try hostAndPort(rest[..<slash], standard: socketcandPort, in: text, example)
        return (host, port, String(bus), query)
    }

    /// `HOST:PORT`, `HOST`, `[IPv6]:PORT`.
    private static func hostAndPort(
        _ place: Substring, standard: UInt16, in text: String, _ example: String
    ) throws(BusAddressError) -> (host: String, port: UInt16) {
        var host = place
        var port = standard
        var rest: Substring = ""
        if place.hasPrefix("[") {
            guard let end = place.firstIndex(of: "]") else { throw wrong(text, "']' is missing", example) }
            host = place[place.index(after: place.startIndex)..<end]
            rest = place[place.index(after: end)...]
        } else if let colon = place.firstIndex(of: ":") {
            host = place[..<colon]
            rest = place[colon...]
        }
        if !rest.isEmpty {
            guard rest.hasPrefix(":"), rest.utf8.dropFirst().allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = UInt16(rest.dropFirst()) else {
                throw wrong(text, "'\(rest.hasPrefix(":") ? rest.dropFirst() : rest)' is no port", example)
            }
            port = number
        }
        guard (1...253).contains(host.utf8.count), host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/@<>".utf8.contains($0) }) else {
            throw wrong(text, "the host is missing", example)
        }
        return (String(host), port)
    }

    private static func multicast(_ rest: Substring, in text: String) throws(BusAddressError) -> BusAddress {
        let example = "udp-multicast:239.74.163.2:43113"
        var place = rest
        var name: String?
        if let at = rest.firstIndex(of: "@") {
            place = rest[..<at]
            name = try interface(rest[rest.index(after: at)...], in: text)
        }
        let (group, port) = try hostAndPort(place, standard: multicastPort, in: text, example)
        guard port != 0 else { throw wrong(text, "port 0 is for servers only", example) }
        let parts = group.split(separator: ".", omittingEmptySubsequences: false)
        let isFour = parts.count == 4 && parts.allSatisfy { UInt8($0) != nil } && parts.first.flatMap { UInt8($0) }.map { (224...239).contains($0) } == true
        let isSix = group.contains(":") && group.lowercased().hasPrefix("ff")
        guard isFour || isSix else { throw wrong(text, "'\(group)' is no group: 224.0.0.0 to 239.255.255.255, or IPv6 from ff00::", example) }
        return .multicast(group: group, port: port, interface: name)
    }
}
