/// What both ends agreed on for permessage-deflate (RFC 7692 section 7.1), and how they come to it.
public struct DeflateAgreement: Equatable, Sendable {
    /// The server forgets its window after each message.
    public var serverResets = false
    /// The client forgets its window after each message.
    public var clientResets = false
    /// The server's window, 8 to 15 bits.
    public var serverBits = 15
    /// The client's window, 8 to 15 bits.
    public var clientBits = 15
    /// Messages that are shorter go without compression.
    public var leastBytes = 64

    /// Full windows that are kept from message to message.
    public init() {}

    /// What a client offers.
    public static func offer(resets: Bool) -> String {
        "permessage-deflate; client_max_window_bits" + (resets ? "; server_no_context_takeover; client_no_context_takeover" : "")
    }

    /// The server's choice among the offers of a request; `nil` when none fits.
    public static func choose(from offers: [String], resets: Bool) -> DeflateAgreement? {
        for offer in offers {
            guard let parameters = parameters(of: offer), var agreement = read(parameters, isOffer: true) else { continue }
            if resets { (agreement.serverResets, agreement.clientResets) = (true, true) }
            return agreement
        }
        return nil
    }

    /// The agreement of a server's answer; `nil` when it is not one that was offered.
    public static func confirmed(_ answer: String) -> DeflateAgreement? {
        parameters(of: answer).flatMap { read($0, isOffer: false) }
    }

    /// The server's answer.
    public func answer(clientBitsOffered: Bool) -> String {
        var text = "permessage-deflate"
        if serverResets { text += "; server_no_context_takeover" }
        if clientResets { text += "; client_no_context_takeover" }
        if serverBits < 15 { text += "; server_max_window_bits=\(serverBits)" }
        if clientBits < 15, clientBitsOffered { text += "; client_max_window_bits=\(clientBits)" }
        return text
    }

    private static func parameters(of text: String) -> [(name: String, value: String?)]? {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { HTTPHead.trimmed($0.utf8) }
        guard parts.first == "permessage-deflate" else { return nil }
        return parts.dropFirst().map { part in
            let halves = part.split(separator: "=", maxSplits: 1).map { HTTPHead.trimmed($0.utf8) }
            var value = halves.count > 1 ? halves[1] : nil
            if let quoted = value, quoted.utf8.count >= 2, quoted.hasPrefix("\""), quoted.hasSuffix("\"") { value = String(quoted.dropFirst().dropLast()) }
            return (halves.first ?? "", value)
        }
    }

    private static func read(_ parameters: [(name: String, value: String?)], isOffer: Bool) -> DeflateAgreement? {
        var agreement = DeflateAgreement()
        var seen: [String] = []
        for (name, value) in parameters {
            guard !seen.contains(name) else { return nil }
            seen.append(name)
            switch (name, value) {
            case ("server_no_context_takeover", nil): agreement.serverResets = true
            case ("client_no_context_takeover", nil): agreement.clientResets = true
            case ("client_max_window_bits", nil) where isOffer: break
            case ("server_max_window_bits", let value?), ("client_max_window_bits", let value?):
                guard let bits = Int(value), (8...15).contains(bits), value == String(bits) else { return nil }
                // zlib has no window of 8 bits for what it writes: such an offer is declined.
                if name.hasPrefix("server") {
                    guard bits > 8 || !isOffer else { return nil }
                    agreement.serverBits = bits
                } else {
                    agreement.clientBits = bits
                }
            default: return nil
            }
        }
        return agreement
    }
}
