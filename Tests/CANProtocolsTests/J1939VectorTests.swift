import CAN
import CANProtocols
import Foundation
import Quantities
import Testing

/// The 8 transfers that were captured from the Linux kernel.
struct J1939VectorTests {
    struct Transfer: Decodable {
        var length: Int
        var pgn: String
        var source: UInt8
        var destination: UInt8
        var priority: UInt8
        var pdu: String
        var frames: [[String]]

        var message: J1939Message {
            J1939Message(
                J1939Identifier(priority: priority, pgn: UInt32(pgn, radix: 16) ?? 0, source: source, destination: destination), data: bytes(pdu))
        }
        func frame(_ index: Int) -> CANFrame {
            CANFrame(id: UInt32(frames[index][0], radix: 16) ?? 0, isExtended: true, data: bytes(frames[index][1]))
        }
    }

    private static func transfers() throws -> [Transfer] {
        struct File: Decodable { var cases: [Transfer] }
        return try JSONDecoder().decode(File.self, from: Data(contentsOf: Vectors.url("j1939-tp.json"))).cases
    }

    @Test("Two nodes exchange what the Linux kernel exchanged, byte for byte, BAM at 50 ms")
    func both() throws {
        let transfers = try Self.transfers()
        #expect(transfers.count == 8)
        for transfer in transfers {
            var sender = J1939Transport(address: transfer.source)
            var receiver = J1939Transport(address: transfer.destination == 255 ? 0x33 : transfer.destination)
            var now = Instant.zero
            var toSend: [J1939Transport.Output] = []
            var toReceive: [J1939Transport.Output] = []
            let handle = try sender.send(transfer.message, at: now, into: &toSend)
            var log: [CANFrame] = []
            var received: [J1939Message] = []
            var sent: [Int] = []
            while true {
                if !toSend.isEmpty {
                    switch toSend.removeFirst() {
                    case .transmit(let frame, let token):
                        log.append(frame)
                        sender.transmitted(token: token, at: now, into: &toSend)
                        receiver.receive(frame, at: now, into: &toReceive)
                    case .sent(let handle): sent.append(handle)
                    case let output: Issue.record("\(output)")
                    }
                } else if !toReceive.isEmpty {
                    switch toReceive.removeFirst() {
                    case .transmit(let frame, let token):
                        log.append(frame)
                        receiver.transmitted(token: token, at: now, into: &toReceive)
                        sender.receive(frame, at: now, into: &toSend)
                    case .received(let message): received.append(message)
                    case let output: Issue.record("\(output)")
                    }
                } else if let deadline = sender.deadline {
                    now = deadline
                    sender.advance(to: now, into: &toSend)
                } else {
                    break
                }
            }
            #expect(log == transfer.frames.indices.map { transfer.frame($0) }, "length \(transfer.length)")
            #expect(received == [transfer.message])
            #expect(sent == [handle])
            #expect(sender.isIdle && receiver.isIdle)
            let isBroadcast = transfer.destination == 255
            #expect(now == (isBroadcast ? ms(Int64(transfer.frames.count - 1) * 50) : .zero))
        }
    }
}
