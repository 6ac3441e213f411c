/// Checks the bytes of a file before any parsing: encoding, control characters and ambiguous line breaks.
enum ByteCheck {
    /// The first thing in the bytes that no YAML file of ours may hold, or nil. Complexity: O(bytes).
    static func firstProblem(in file: SourceFile) -> Diagnostic? {
        if let name = wideEncoding(file.bytes) {
            return Diagnostic(
                "E0108", "\(Diagnostic.quoted(file.path, limit: 200)) is encoded in \(name), not in UTF-8", at: nil, help: "save the file as UTF-8")
        }
        return file.bytes.withUnsafeBufferPointer { bytes in
            guard let offset = firstSuspect(bytes, from: file.markLength) else { return nil }
            let span = span(ofByte: offset, in: bytes, file: file)
            guard let (scalar, _) = UTF8Scan.scalar(bytes, at: offset) else {
                return Diagnostic(
                    "E0107", "byte 0x\(hex(UInt32(bytes[offset]), 2)) is not valid UTF-8 here", at: span, label: "this byte",
                    help: "save the file as UTF-8")
            }
            let name = "U+\(hex(scalar, 4))"
            if LineBreakLike.contains(scalar) {
                return Diagnostic(
                    "E0110", "\(name) is a line break for some programs and none for others", at: span, label: "remove it",
                    notes: ["text after it could look like a comment to you and like a key to a parser"])
            }
            let help = scalar == 0 ? "the file may be binary" : nil
            return Diagnostic("E0109", "control character \(name) is not allowed", at: span, label: "remove it", help: help)
        }
    }

    /// Line breaks of YAML 1.1 that are none in YAML 1.2 and in editors.
    private enum LineBreakLike {
        static func contains(_ scalar: UInt32) -> Bool { scalar == 0x85 || scalar == 0x2028 || scalar == 0x2029 }
    }

    /// The name of an encoding with more than one byte a unit, judged by a byte order mark or by NULs in the first two units.
    private static func wideEncoding(_ bytes: [UInt8]) -> String? {
        let head = Array(bytes.prefix(4))
        if head == [0xFF, 0xFE, 0, 0] || head == [0, 0, 0xFE, 0xFF] { return "UTF-32" }
        if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) { return "UTF-16" }
        guard head.count == 4 else { return nil }
        if head[0] == 0, head[1] == 0, head[2] == 0, head[3] != 0 { return "UTF-32" }
        if head[0] != 0, head[1] == 0, head[2] == 0, head[3] == 0 { return "UTF-32" }
        if head[0] != 0, head[1] == 0, head[2] != 0, head[3] == 0 { return "UTF-16" }
        if head[0] == 0, head[1] != 0, head[2] == 0, head[3] != 0 { return "UTF-16" }
        return nil
    }

    /// The offset of the first byte that begins something refused, or nil.
    private static func firstSuspect(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var i = start
        while i < bytes.count {
            let byte = bytes[i]
            if byte >= 0x20, byte < 0x7F || byte == 0x0A {
                i += 1
            } else if byte < 0x80 {
                guard byte == 0x0A || byte == 0x0D || byte == 0x09 else { return i }
                i += 1
            } else {
                guard let (scalar, length) = UTF8Scan.scalar(bytes, at: i), isAllowed(scalar) else { return i }
                i += length
            }
        }
        return nil
    }

    /// Whether a code point from U+0080 on may stand in a file; bidirectional text is allowed, invisible marks are not.
    private static func isAllowed(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x80...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: false
        case 0x202A...0x202E, 0x2066...0x2069: false
        default: true
        }
    }

    /// The place of the code point that begins at a byte; everything before it is valid.
    private static func span(ofByte offset: Int, in bytes: UnsafeBufferPointer<UInt8>, file: SourceFile) -> Span {
        var line = 1
        var start = file.markLength
        while let next = LineBreaks.nextLine(in: bytes, from: start), next <= offset {
            start = next
            line += 1
        }
        let before = bytes[start..<offset].reduce(into: 0) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } }
        return Span(file: file, line: line, column: before + 1, length: 1)
    }

    /// Upper-case hexadecimal digits, padded with zeros.
    private static func hex(_ value: UInt32, _ digits: Int) -> String {
        let text = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

/// Strict decoding of UTF-8, as in the Unicode standard, table 3-7.
enum UTF8Scan {
    /// The code point that begins at `offset` and its length in bytes; nil when the bytes are not UTF-8.
    static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> (UInt32, Int)? {
        let first = bytes[offset]
        let length: Int
        switch first {
        case 0..<0x80: return (UInt32(first), 1)
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return nil
        }
        guard offset + length <= bytes.count else { return nil }
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for i in 1..<length {
            let byte = bytes[offset + i]
            guard byte & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        if length == 3, value < 0x800 || (0xD800...0xDFFF).contains(value) { return nil }
        if length == 4, value < 0x10000 || value > 0x10FFFF { return nil }
        return (value, length)
    }
}
