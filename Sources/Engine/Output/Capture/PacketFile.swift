import Glibc

/// Writes a pcapng file (draft-ietf-opsawg-pcapng): one section, little-endian, instants in nanoseconds.
struct PacketFile {
    /// Kinds of links that packets come from (tcpdump.org/linktypes).
    enum LinkType: UInt16 {
        case ethernet = 1
        case socketCAN = 227
    }

    private let file: OutputFile
    private var body: [UInt8] = []
    private var interfaces: UInt32 = 0

    private enum Block {
        static let section: UInt32 = 0x0A0D_0D0A
        static let interface: UInt32 = 1
        static let names: UInt32 = 4
        static let packet: UInt32 = 6
    }

    /// Begins a file; `program` names who wrote it.
    init(_ file: OutputFile, program: String) {
        self.file = file
        body.append(little: UInt32(0x1A2B_3C4D))
        body.append(little: UInt16(1))
        body.append(little: UInt16(0))
        body.append(little: UInt64.max)
        option(4, Array(program.utf8))
        endOptions()
        write(Block.section)
    }

    /// Declares an interface and returns its number; all of them come before the first packet.
    mutating func interface(_ type: LinkType, name: String, about: String) -> UInt32 {
        body.append(little: type.rawValue)
        body.append(little: UInt16(0))
        body.append(little: UInt32(0))
        option(2, Array(name.utf8))
        option(3, Array(about.utf8))
        option(9, [9])
        endOptions()
        write(Block.interface)
        interfaces += 1
        return interfaces - 1
    }

    /// Gives IPv4 addresses names.
    mutating func names(_ entries: [(address: UInt32, name: String)]) {
        for (address, name) in entries {
            var value: [UInt8] = []
            value.append(big: address)
            value += Array(name.utf8)
            value.append(0)
            option(1, value)
        }
        endOptions()
        write(Block.names)
    }

    /// Writes one packet.
    mutating func packet(_ interface: UInt32, at nanoseconds: UInt64, _ bytes: [UInt8], comment: String? = nil) {
        body.append(little: interface)
        body.append(little: UInt32(truncatingIfNeeded: nanoseconds >> 32))
        body.append(little: UInt32(truncatingIfNeeded: nanoseconds))
        body.append(little: UInt32(bytes.count))
        body.append(little: UInt32(bytes.count))
        body += bytes
        pad()
        if let comment {
            option(1, Array(comment.utf8))
            endOptions()
        }
        write(Block.packet)
    }

    // MARK: Parts of blocks

    private mutating func option(_ code: UInt16, _ value: [UInt8]) {
        let value = value.prefix(0xFFFF)
        body.append(little: code)
        body.append(little: UInt16(value.count))
        body += value
        pad()
    }

    private mutating func endOptions() { body.append(little: UInt32(0)) }

    private mutating func pad() {
        while body.count % 4 != 0 { body.append(0) }
    }

    private mutating func write(_ type: UInt32) {
        let length = UInt32(body.count + 12)
        var head: [UInt8] = []
        head.append(little: type)
        head.append(little: length)
        head.withUnsafeBytes { file.append($0) }
        body.append(little: length)
        body.withUnsafeBytes { file.append($0) }
        body.removeAll(keepingCapacity: true)
    }
}

extension [UInt8] {
    /// Appends a number, lowest byte first.
    mutating func append(little value: some FixedWidthInteger) { Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) } }

    /// Appends a number, highest byte first.
    mutating func append(big value: some FixedWidthInteger) { Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) } }
}
