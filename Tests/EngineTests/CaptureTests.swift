import CAN
import Foundation
import Quantities
import Testing

@testable import Engine

/// The packet capture of a run, read back block by block and byte by byte.
@Suite("packet capture")
struct CaptureTests {
    /// A packet of a capture.
    struct Packet {
        let interface: UInt32
        let time: UInt64
        let bytes: [UInt8]
        let comment: String?

        private func word(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[at + $1]) } }
        var source: UInt32 { word(26) }
        var sequence: UInt32 { word(38) }
        var acknowledged: UInt32 { word(42) }
        var port: Int { Int(bytes[34]) << 8 | Int(bytes[35]) }
        var flags: UInt8 { bytes[47] }
        var data: ArraySlice<UInt8> { bytes[(34 + Int(bytes[46] >> 4) * 4)...] }
        var isFromCentralSystem: Bool { port == 80 }

        /// Whether both Internet checksums are right.
        var isSound: Bool {
            func sum(_ part: ArraySlice<UInt8>) -> Int {
                var total = 0
                for (index, byte) in part.enumerated() { total += index % 2 == 0 ? Int(byte) << 8 : Int(byte) }
                return total
            }
            func folded(_ value: Int) -> Int {
                var value = value
                while value > 0xFFFF { value = value & 0xFFFF + value >> 16 }
                return value
            }
            let segment = bytes[34...]
            return folded(sum(bytes[14..<34])) == 0xFFFF && folded(sum(segment) + sum(bytes[26..<34]) + 6 + segment.count) == 0xFFFF
                && Int(bytes[16]) << 8 | Int(bytes[17]) == bytes.count - 14
        }
    }

    /// Interfaces and packets of a file.
    struct Capture {
        var interfaces: [Int] = []
        var packets: [Packet] = []

        init(_ file: [UInt8]) throws {
            func number(_ at: Int, _ count: Int) -> Int { (0..<count).reduce(0) { $0 | Int(file[at + $1]) << ($1 * 8) } }
            var place = 0
            while place < file.count {
                let type = number(place, 4), length = number(place + 4, 4)
                try #require(length % 4 == 0 && length >= 12 && place + length <= file.count && number(place + length - 4, 4) == length)
                if type == 1 { interfaces.append(number(place + 8, 2)) }
                if type == 6 {
                    let size = number(place + 20, 4), options = place + 28 + (size + 3) / 4 * 4
                    var comment: String?
                    if options < place + length - 4, number(options, 2) == 1 {
                        comment = String(decoding: file[(options + 4)..<(options + 4 + number(options + 2, 2))], as: UTF8.self)
                    }
                    packets.append(
                        Packet(
                            interface: UInt32(number(place + 8, 4)), time: UInt64(number(place + 12, 4)) << 32 | UInt64(number(place + 16, 4)),
                            bytes: Array(file[(place + 28)..<(place + 28 + size)]), comment: comment))
                }
                place += length
            }
        }
    }

    /// What a writer leaves after some calls.
    private func capture(_ body: (CaptureWriter) -> Void) throws -> Capture {
        let directory = try ScratchDirectory()
        let file = try OutputFile(path: "\(directory.path)/a.pcapng")
        let writer = CaptureWriter(file, epoch: 946_684_800, nodes: ["csms", "cp 1/ä"], buses: ["can0", "can1"])
        writer.join(0, chargePoint: 1, centralSystem: 0, identity: "cp 1/ä")
        body(writer)
        try file.finish()
        return try Capture([UInt8](directory.bytes("a.pcapng")))
    }

    private func send(_ writer: CaptureWriter, up: Bool, _ text: String, label: String? = nil, at seconds: Int64 = 1) {
        Array(text.utf8).withUnsafeBytes { writer.message(0, up: up, $0, label: label, at: .zero + .seconds(seconds)) }
    }

    /// Bytes of each direction, in the order of their sequence numbers; every packet must follow the one before.
    private func streams(_ packets: [Packet]) throws -> (up: [UInt8], down: [UInt8]) {
        var data: [Bool: [UInt8]] = [true: [], false: []]
        var next: [Bool: UInt32] = [:]
        for packet in packets {
            let up = !packet.isFromCentralSystem
            #expect(packet.isSound)
            if let next = next[up] { #expect(packet.sequence == next) }
            if packet.flags & 0x10 != 0, let other = next[!up] { #expect(packet.acknowledged == other) }
            next[up] = packet.sequence &+ UInt32(packet.data.count) &+ (packet.flags & 3 != 0 ? 1 : 0)
            data[up, default: []] += packet.data
        }
        return (data[true] ?? [], data[false] ?? [])
    }

    /// Opcode and payload of the WebSocket frames behind the head of HTTP.
    private func frames(_ bytes: [UInt8]) throws -> [(opcode: UInt8, isMasked: Bool, payload: [UInt8])] {
        let end = try #require(bytes.indices.dropLast(3).first { Array(bytes[$0..<($0 + 4)]) == [13, 10, 13, 10] })
        var place = end + 4
        var frames: [(UInt8, Bool, [UInt8])] = []
        while place < bytes.count {
            let opcode = bytes[place] & 15, isMasked = bytes[place + 1] & 0x80 != 0
            #expect(bytes[place] & 0xF0 == 0x80)
            var count = Int(bytes[place + 1] & 0x7F)
            place += 2
            if count >= 126 {
                let width = count == 126 ? 2 : 8
                count = bytes[place..<(place + width)].reduce(0) { $0 << 8 | Int($1) }
                place += width
            }
            let mask = isMasked ? Array(bytes[place..<(place + 4)]) : [0, 0, 0, 0]
            if isMasked { place += 4 }
            frames.append((opcode, isMasked, bytes[place..<(place + count)].enumerated().map { $1 ^ mask[$0 % 4] }))
            place += count
        }
        return frames
    }

    @Test("the answer to a WebSocket key is that of RFC 6455")
    func handshake() {
        let answer = String(decoding: WebSocketHandshake.accepted(key: Array("the sample nonce".utf8)), as: UTF8.self)
        #expect(answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(SHA1.digest(Array("abc".utf8)).map { String(format: "%02x", $0) }.joined() == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(["", "f", "fo", "foo", "foob"].map { WebSocketHandshake.base64(Array($0.utf8)) } == ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="])
        #expect(WebSocketHandshake.percentEncoded("cp 1/ä.b~") == "cp%201%2F%C3%A4.b~")
    }

    @Test("messages of any length come out as they went in, over connections whose numbers fit")
    func messages() throws {
        let texts = ["[2,\"1\",\"Heartbeat\",{}]"] + [0, 125, 126, 1452, 1460, 65_535, 65_536, 200_000].map { String(repeating: "ä.", count: $0 / 3 + 1) }
        let capture = try capture { writer in
            for (index, text) in texts.enumerated() { send(writer, up: index % 3 != 1, text, label: index == 0 ? "A, b" : nil) }
        }
        #expect(capture.interfaces == [1, 227, 227])
        let (up, down) = try streams(capture.packets)
        #expect(String(decoding: up.prefix(60), as: UTF8.self).hasPrefix("GET /ocpp/cp%201%2F%C3%A4 HTTP/1.1\r\nHost: "))
        #expect(String(decoding: down.prefix(40), as: UTF8.self).hasPrefix("HTTP/1.1 101 "))
        let sent = try frames(up), received = try frames(down)
        #expect(sent.allSatisfy { $0.isMasked && $0.opcode == 1 } && received.allSatisfy { !$0.isMasked && $0.opcode == 1 })
        #expect(sent.map { String(decoding: $0.payload, as: UTF8.self) } == texts.enumerated().filter { $0.offset % 3 != 1 }.map(\.element))
        #expect(received.map { String(decoding: $0.payload, as: UTF8.self) } == texts.enumerated().filter { $0.offset % 3 == 1 }.map(\.element))
        #expect(capture.packets.compactMap(\.comment) == ["label=A, b"])
        #expect(capture.packets.allSatisfy { $0.bytes.count <= 1514 && $0.time == 946_684_801_000_000_000 })
    }

    @Test("a connection ends in order, by a reset, or in silence, and the next one has another port")
    func ends() throws {
        for (ending, last) in [(CaptureWriter.Ending.handshake(code: 1001), UInt8(0x10)), (.reset, 0x14), (.silence, 0x18)] {
            let capture = try capture { writer in
                writer.opened(0, at: .zero + .seconds(1))
                writer.opened(0, at: .zero + .seconds(1))
                send(writer, up: true, "[2]")
                writer.closed(0, ending, up: true, at: .zero + .seconds(2))
                writer.closed(0, ending, up: true, at: .zero + .seconds(2))
            }
            let (up, down) = try streams(capture.packets)
            #expect(capture.packets.last?.flags == last)
            guard case .handshake = ending else { continue }
            #expect(try frames(up).last.map { $0.payload == [3, 233] && $0.opcode == 8 } == true)
            #expect(try frames(down).last.map { $0.payload == [3, 233] && $0.opcode == 8 } == true)
            #expect(capture.packets.count { $0.flags & 1 != 0 } == 2)
        }
        let twice = try capture { writer in
            send(writer, up: true, "[2]")
            writer.closed(0, .silence, up: true, at: .zero)
            writer.refused(0, status: 503, at: .zero)
            send(writer, up: true, "[2]")
        }
        #expect(Set(twice.packets.map(\.port)) == [80, 49_152, 49_153, 49_154])
        #expect(twice.packets.contains { String(decoding: $0.data, as: UTF8.self).hasPrefix("HTTP/1.1 503 Service Unavailable\r\n") })
    }

    @Test("frames of buses have the form of SocketCAN")
    func buses() throws {
        let capture = try capture { writer in
            writer.frame(CANWideFrame(CANFrame(id: 0x123, data: [1, 2, 3])), bus: 1, at: .zero)
            writer.frame(CANWideFrame(CANFrame(id: 0x1234567, isExtended: true, lengthCode: 12, payload: 0x0807_0605_0403_0201)), bus: 0, at: .zero)
            writer.frame(CANWideFrame(CANFrame(id: 5, isRemote: true, lengthCode: 4, payload: 0)), bus: 0, at: .zero)
            writer.frame(CANWideFrame(CANFrame(id: 5, data: [])), bus: 7, at: .zero)
        }
        #expect(capture.packets.map(\.interface) == [2, 1, 1])
        #expect(capture.packets[0].bytes == [0, 0, 1, 0x23, 3, 0, 0, 0, 1, 2, 3])
        #expect(capture.packets[1].bytes == [0x81, 0x23, 0x45, 0x67, 8, 0, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8])
        #expect(capture.packets[2].bytes == [0x40, 0, 0, 5, 4, 0, 0, 0])
    }

    @Test("a run writes each message of messages.jsonl, with its label, twice the same")
    func run() throws {
        let text =
            head("20s", record: "[messages, capture]") + onBus() + """
                steps:
                  - {send: SetChargingProfile, to: cp1, with: {limit: 60 A}}
                  - {send: RemoteStartTransaction, to: cp1, label: START}
                expect: [=count(can0.limit) == 1]

                """
        let run = try Recorded(text)
        let capture = try Capture([UInt8](run.directory.bytes("capture.pcapng")))
        #expect(capture.interfaces == [1, 227])
        let network = capture.packets.filter { $0.interface == 0 }
        let (up, down) = try streams(network)
        let messages = try run.messages()
        for (bytes, direction) in [(up, "cp-to-csms"), (down, "csms-to-cp")] {
            let raw = messages.filter { $0["direction"] as? String == direction }.compactMap { $0["raw"] as? String }
            #expect(try frames(bytes).map { String(decoding: $0.payload, as: UTF8.self) } == raw)
        }
        let labels = messages.compactMap { ($0["meta"] as? [String: Any])?["label"] as? String }
        #expect(!labels.isEmpty && network.compactMap(\.comment) == labels.map { "label=\($0)" })
        #expect(capture.packets.contains { $0.interface == 1 })
        #expect(zip(capture.packets, capture.packets.dropFirst()).allSatisfy { $0.time <= $1.time })
        #expect(try Recorded(text).directory.bytes("capture.pcapng") == run.directory.bytes("capture.pcapng"))
    }
}
