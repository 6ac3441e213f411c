/// The kinds of log files that are read, and all but BLF written.
public enum CANLogFormat: String, CaseIterable, Sendable {
    /// Lines of `candump -l` and `-L`; read also as candump shows them on a console.
    case candump
    /// Vector's text form.
    case asc
    /// libpcap with link type 227 (SocketCAN); read also with 113 and 276 (cooked).
    case pcap
    /// The block form of Wireshark, with the same link types, interfaces by name, and nanoseconds.
    case pcapng
    /// Vector's binary form.
    case blf

    /// Whether it can be written.
    public var isWritable: Bool { self != .blf }

    /// The usual ending of a file's name, without the dot.
    public var fileExtension: String {
        switch self {
        case .candump: "log"
        case .asc, .pcap, .pcapng, .blf: rawValue
        }
    }

    /// The format that a file's name stands for: `x.log` and `x.candump` are candump, `x.cap` is pcap.
    public init?(path: String) {
        guard let dot = path.lastIndex(of: ".") else { return nil }
        switch path[path.index(after: dot)...].lowercased() {
        case "log", "candump": self = .candump
        case "asc": self = .asc
        case "pcap", "cap": self = .pcap
        case "pcapng", "ntar": self = .pcapng
        case "blf": self = .blf
        default: return nil
        }
    }

    /// The format of a file that begins with these bytes; binary forms by their first four, text by its first line that says something.
    public static func detect(_ bytes: UnsafeRawBufferPointer) -> CANLogFormat? {
        if bytes.count >= 4 {
            switch UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)) {
            case 0xA1B2_C3D4, 0xD4C3_B2A1, 0xA1B2_3C4D, 0x4D3C_B2A1: return .pcap
            case 0x0A0D_0D0A: return .pcapng
            case 0x4C4F_4747: return .blf
            default: break
            }
        }
        var rest = bytes.prefix(1 << 16)
        for _ in 0..<200 {
            let line = rest.prefix { $0 != 0x0A }
            rest = rest.dropFirst(line.count + 1)
            let words = line.prefix(200).split(maxSplits: 6) { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }.prefix(6)
            guard let first = words.first, let letter = first.first else {
                if rest.isEmpty { break }
                continue
            }
            if letter == UInt8(ascii: "(") { return .candump }
            let word = String(decoding: first, as: UTF8.self).lowercased()
            if ["date", "base", "begin", "internal", "no", "//", "previous"].contains(word) { return .asc }
            // `can0 123 [2] D2 04` of a console; `0.1 1 123 Rx d 2 …` of a part of an ASC file.
            if words.contains(where: { $0.first == UInt8(ascii: "[") }) { return .candump }
            if words.contains(where: { $0.elementsEqual("Rx".utf8) || $0.elementsEqual("Tx".utf8) }) { return .asc }
        }
        return nil
    }
}
