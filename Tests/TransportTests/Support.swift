import Foundation
import Testing
import Transport

/// What a codec said, with bytes of its own.
enum Said: Equatable {
    case text([UInt8]), binary([UInt8]), ping([UInt8]), pong([UInt8]), close(UInt16, [UInt8]), failed(UInt16)

    init(_ event: WebSocketEvent) {
        switch event {
        case .text(let bytes): self = .text([UInt8](bytes))
        case .binary(let bytes): self = .binary([UInt8](bytes))
        case .ping(let bytes): self = .ping([UInt8](bytes))
        case .pong(let bytes): self = .pong([UInt8](bytes))
        case .close(let code, let reason): self = .close(code.rawValue, [UInt8](reason))
        case .failed(let violation): self = .failed(violation.code.rawValue)
        }
    }
}

/// Feeds bytes in pieces of the sizes that `next` gives.
func feed(_ codec: inout WebSocketCodec, _ bytes: [UInt8], next: () -> Int = { .max }) -> [Said] {
    var said: [Said] = []
    var at = 0
    while at < bytes.count {
        let end = at + min(bytes.count - at, next())
        var piece = Array(bytes[at..<end])
        piece.withUnsafeMutableBytes { buffer in
            var input = buffer
            while let event = codec.decode(&input) { said.append(Said(event)) }
            #expect(input.isEmpty)
        }
        at = end
    }
    return said
}

func frame(_ first: UInt8, _ payload: [UInt8], masked: Bool = true) -> [UInt8] {
    var queue = ByteQueue()
    var codec = WebSocketCodec(role: .client, keys: MaskKeys(seed: UInt64(payload.count)))
    payload.withUnsafeBytes { codec.encodeFrame(first: first, $0, masked: masked, into: &queue) }
    return [UInt8](queue.bytes)
}

func encoded(_ codec: inout WebSocketCodec, _ text: [UInt8]) -> [UInt8] {
    var queue = ByteQueue()
    text.withUnsafeBytes { codec.encode(text: $0, into: &queue) }
    return [UInt8](queue.bytes)
}

/// A small generator with a seed that a failing test can print.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

func vector(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Vectors").appendingPathComponent(name))
}

func bytes(hex: String) -> [UInt8] { BasicCredentials.bytes(hex: hex) ?? [] }
