import CAN
import CANProtocols
import Foundation
import Quantities
import Testing

/// The 44 transfers that were captured from the Linux kernel.
struct ISOTPVectorTests {
    struct Transfer: Decodable {
        var length: Int
        var tx_id: String
        var rx_id: String
        var ext: Bool
        var address_tx: UInt8?
        var address_rx: UInt8?
        var fd: Bool
        var brs: Bool
        var tx_dl: Int
        var padding: UInt8?
        var block_size: UInt8
        var st_min: UInt8
        var pdu: String
        var frames: [[String]]

        var data: ISOTPEndpoint { ISOTPEndpoint(id: UInt32(tx_id, radix: 16) ?? 0, isExtended: ext, address: address_tx) }
        var flow: ISOTPEndpoint { ISOTPEndpoint(id: UInt32(rx_id, radix: 16) ?? 0, isExtended: ext, address: address_rx) }
        var format: ISOTPFormat? { fd ? ISOTPFormat(fd: tx_dl, bitRateSwitch: brs, padding: padding) : ISOTPFormat(padding: padding) }

        func frame(_ index: Int) -> CANWideFrame {
            let data = bytes(frames[index][1])
            let endpoint = frames[index][0] == "tx" ? self.data : flow
            guard fd else { return CANWideFrame(CANFrame(id: endpoint.id, isExtended: ext, data: data)) }
            let wide = CANData(data)
            let flags: CANFrameFlags = brs ? [.bitRateSwitch] : []
            let code = CANFrame.lengthCode(holding: data.count)
            return CANWideFrame(CANFrame(fd: endpoint.id, isExtended: ext, flags: flags, lengthCode: code, payload: wide.firstEight), wide: wide)
        }
    }

    private static func transfers() throws -> [Transfer] {
        struct File: Decodable { var cases: [Transfer] }
        return try JSONDecoder().decode(File.self, from: Data(contentsOf: Vectors.url("isotp.json"))).cases
    }

    @Test("The sender sends what the Linux kernel sent, byte for byte, at the same flow controls")
    func sender() throws {
        let transfers = try Self.transfers()
        #expect(transfers.count == 44)
        for transfer in transfers {
            var sender = ISOTPSender(.init(data: transfer.data, flow: transfer.flow, format: try #require(transfer.format)))
            var outputs: [ISOTPSender.Output] = []
            var now = Instant.zero
            var index = 0
            try sender.send(bytes(transfer.pdu), at: now, into: &outputs)
            while index < transfer.frames.count {
                if transfer.frames[index][0] == "rx" {
                    sender.receive(transfer.frame(index), at: now, into: &outputs)
                    index += 1
                    continue
                }
                if outputs.isEmpty, let deadline = sender.deadline {
                    now = deadline
                    sender.advance(to: now, into: &outputs)
                }
                guard case .transmit(let frame)? = outputs.first else {
                    Issue.record("length \(transfer.length): \(outputs) where frame \(index) is due")
                    break
                }
                outputs.removeFirst()
                #expect(frame == transfer.frame(index), "length \(transfer.length), frame \(index): \(hex(frame.data))")
                index += 1
                sender.transmitted(at: now, into: &outputs)
            }
            #expect(outputs == [.sent], "length \(transfer.length)")
            #expect(sender.isIdle && sender.deadline == nil)
            #expect(now.seconds <= Double(transfer.length) * 0.005)
        }
    }

    @Test("The receiver answers what the Linux kernel answered, and puts the message together")
    func receiver() throws {
        for transfer in try Self.transfers() {
            var settings = ISOTPReceiver.Settings(data: transfer.data, flow: transfer.flow, format: try #require(transfer.format))
            settings.blockSize = transfer.block_size
            settings.separation = transfer.st_min
            var receiver = ISOTPReceiver(settings)
            var outputs: [ISOTPReceiver.Output] = []
            for index in transfer.frames.indices {
                if transfer.frames[index][0] == "rx" {
                    #expect(outputs == [.transmit(transfer.frame(index))], "length \(transfer.length), frame \(index)")
                    outputs = []
                    receiver.transmitted(at: .zero, into: &outputs)
                } else {
                    #expect(outputs.isEmpty)
                    receiver.receive(transfer.frame(index), at: .zero, into: &outputs)
                }
            }
            #expect(outputs == [.received(bytes(transfer.pdu))], "length \(transfer.length)")
            #expect(receiver.isIdle && receiver.deadline == nil)
        }
    }
}
