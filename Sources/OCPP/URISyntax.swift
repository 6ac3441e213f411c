/// The syntax of RFC 3986 for an absolute URI with an optional fragment: what the fields of type `uri` must be.
enum URISyntax {
    /// True if the bytes are a URI: a scheme, then what the grammar of RFC 3986 appendix A allows behind it. O(n).
    static func isURI(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = bytes.first, isLetter(first) else { return false }
        var place = 1
        while place < bytes.count, isLetter(bytes[place]) || isDigit(bytes[place]) || [0x2B, 0x2D, 0x2E].contains(bytes[place]) { place += 1 }
        guard place < bytes.count, bytes[place] == 0x3A else { return false }
        place += 1
        let end = bytes[place...].firstIndex { $0 == 0x3F || $0 == 0x23 } ?? bytes.count
        guard isHierarchy(bytes, place, end) else { return false }
        place = end
        if place < bytes.count, bytes[place] == 0x3F {
            let stop = bytes[(place + 1)...].firstIndex(of: 0x23) ?? bytes.count
            guard isMade(of: .query, bytes, place + 1, stop) else { return false }
            place = stop
        }
        return place == bytes.count || isMade(of: .query, bytes, place + 1, bytes.count)
    }

    /// What a part of a URI may be made of.
    private enum Part {
        case path, query, userinfo, registeredName

        func allows(_ byte: UInt8) -> Bool {
            // Unreserved characters and sub-delimiters go everywhere.
            switch byte {
            case 0x2D, 0x2E, 0x5F, 0x7E, 0x21, 0x24, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x3B, 0x3D: true
            case 0x3A: self != .registeredName
            case 0x40, 0x2F: self == .path || self == .query
            case 0x3F: self == .query
            default: isLetter(byte) || isDigit(byte)
            }
        }
    }

    private static func isHierarchy(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        guard end - start >= 2, bytes[start] == 0x2F, bytes[start + 1] == 0x2F else {
            return isMade(of: .path, bytes, start, end)
        }
        let slash = bytes[(start + 2)..<end].firstIndex(of: 0x2F) ?? end
        return isAuthority(bytes, start + 2, slash) && isMade(of: .path, bytes, slash, end)
    }

    private static func isAuthority(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        var host = start
        if let at = bytes[start..<end].firstIndex(of: 0x40) {
            guard isMade(of: .userinfo, bytes, start, at) else { return false }
            host = at + 1
        }
        var port = end
        if host < end, bytes[host] == 0x5B {
            guard let close = bytes[host..<end].firstIndex(of: 0x5D), isLiteral(bytes, host + 1, close) else { return false }
            port = close + 1
        } else {
            port = bytes[host..<end].firstIndex(of: 0x3A) ?? end
            guard isMade(of: .registeredName, bytes, host, port) else { return false }
        }
        guard port < end else { return true }
        return bytes[port] == 0x3A && bytes[(port + 1)..<end].allSatisfy(isDigit)
    }

    /// An address in brackets: IPv6, or a later version that says which it is.
    private static func isLiteral(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        guard start < end else { return false }
        if bytes[start] == 0x76 || bytes[start] == 0x56 {
            guard let point = bytes[start..<end].firstIndex(of: 0x2E), point > start + 1, point + 1 < end else { return false }
            guard bytes[(start + 1)..<point].allSatisfy(isHexadecimal) else { return false }
            return !bytes[(point + 1)..<end].contains(0x25) && isMade(of: .userinfo, bytes, point + 1, end)
        }
        return isIPv6(bytes, start, end)
    }

    private static func isIPv6(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        var (place, groups) = (start, 0)
        var hasGap = false
        if end - start >= 2, bytes[start] == 0x3A {
            guard bytes[start + 1] == 0x3A else { return false }
            hasGap = true
            place = start + 2
            if place == end { return true }
        }
        while true {
            let stop = bytes[place..<end].firstIndex(of: 0x3A) ?? end
            if bytes[place..<stop].contains(0x2E) {
                groups += 2
                return stop == end && isIPv4(bytes, place, end) && (hasGap ? groups < 8 : groups == 8)
            }
            guard 1...4 ~= stop - place, bytes[place..<stop].allSatisfy(isHexadecimal) else { return false }
            groups += 1
            if stop == end { return hasGap ? groups < 8 : groups == 8 }
            place = stop + 1
            guard place < end else { return false }
            if bytes[place] == 0x3A {
                guard !hasGap else { return false }
                hasGap = true
                place += 1
                if place == end { return groups < 8 }
            }
        }
    }

    private static func isIPv4(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        let parts = bytes[start..<end].split(separator: 0x2E, omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                1...3 ~= part.count && part.allSatisfy(isDigit) && (part.count == 1 || part.first != 0x30)
                    && part.reduce(0) { $0 * 10 + Int($1) - 0x30 } < 256
            }
    }

    private static func isMade(of part: Part, _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        var place = start
        while place < end {
            if bytes[place] == 0x25 {
                guard place + 2 < end, isHexadecimal(bytes[place + 1]), isHexadecimal(bytes[place + 2]) else { return false }
                place += 3
            } else {
                guard part.allows(bytes[place]) else { return false }
                place += 1
            }
        }
        return true
    }

    private static func isLetter(_ byte: UInt8) -> Bool { 0x61...0x7A ~= byte | 0x20 }
    private static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }
    private static func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || 0x61...0x66 ~= byte | 0x20 }
}
