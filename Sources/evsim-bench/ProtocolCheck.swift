import CAN
import CANProtocols
import Glibc
import Quantities

/// `evsim-bench can-protocols`: ISO-TP and J1939 behind lines of text, for outside judges.
///
/// The judge owns the clock. Each line of standard input is one event, and is answered by what came of it and a line `ok`:
///
///     isotp DATA FLOW FD TXDL PADDING BS STMIN LIMIT   a sender and a receiver: identifiers in hexadecimal, with `.AA` for an address byte,
///                                                      eight digits for 29 bits; FD 0 or 1; PADDING a byte or -
///     j1939 ADDRESS PRIORITY WINDOW PERREQUEST         a node; PRIORITY and PERREQUEST may be -
///     send HEX              (ISO-TP)                   send PGN PRIORITY DESTINATION HEX   (J1939)
///     frame ID HEX                                     a frame arrives
///     at NANOSECONDS                                   time goes on
///
/// Answers: `tx ID HEX`, `received HEX` or `received PGN SOURCE DESTINATION HEX`, `sent`, `failed TEXT`, `deadline NANOSECONDS`, `refused TEXT`.
final class ProtocolCheck {
    private var sender: ISOTPSender?
    private var receiver: ISOTPReceiver?
    private var node: J1939Transport?
    private var now = Instant.zero

    /// Answers lines until the input ends.
    static func run() {
        let check = ProtocolCheck()
        while let line = readLine() {
            check.handle(line.split(separator: " ").map(String.init))
            if let due = [check.sender?.deadline, check.receiver?.deadline, check.node?.deadline].compactMap({ $0 }).min() {
                print("deadline \(due.nanoseconds)")
            }
            print("ok")
            fflush(nil)
        }
    }

    private func handle(_ words: [String]) {
        switch words.first {
        case "isotp" where words.count == 9: openISOTP(words)
        case "j1939" where words.count == 5: openJ1939(words)
        case "send": send(words)
        case "frame" where words.count >= 2: receive(words[1], words.count > 2 ? words[2] : "")
        case "at" where words.count == 2:
            now = Instant(nanoseconds: Int64(words[1]) ?? now.nanoseconds)
            run(sender: { $0.advance(to: $1, into: &$2) }, receiver: { $0.advance(to: $1, into: &$2) }, node: { $0.advance(to: $1, into: &$2) })
        default: print("refused not understood: \(words.joined(separator: " "))")
        }
    }

    // MARK: Opening

    private func endpoint(_ text: String) -> ISOTPEndpoint {
        let parts = text.split(separator: ".")
        return ISOTPEndpoint(
            id: parts.first.flatMap { UInt32($0, radix: 16) } ?? 0, isExtended: parts.first?.count == 8,
            address: parts.count > 1 ? UInt8(parts[1], radix: 16) : nil)
    }

    private func openISOTP(_ words: [String]) {
        let padding = UInt8(words[5])
        let fd = words[3] == "1" ? ISOTPFormat(fd: Int(words[4]) ?? 8, padding: padding) : nil
        let format = fd ?? ISOTPFormat(padding: padding)
        sender = ISOTPSender(.init(data: endpoint(words[1]), flow: endpoint(words[2]), format: format))
        // The other way round: what the judge sends comes on the identifiers that our receiver answers from.
        var settings = ISOTPReceiver.Settings(data: endpoint(words[2]), flow: endpoint(words[1]), format: format)
        settings.blockSize = UInt8(words[6]) ?? 0
        settings.separation = UInt8(words[7]) ?? 0
        settings.limit = Int(words[8]) ?? 4095
        receiver = ISOTPReceiver(settings)
        node = nil
    }

    private func openJ1939(_ words: [String]) {
        var settings = J1939Transport.Settings()
        settings.priority = UInt8(words[2])
        settings.window = UInt8(words[3]) ?? 255
        settings.packetsPerRequest = UInt8(words[4])
        node = J1939Transport(address: UInt8(words[1], radix: 16) ?? 0, settings: settings)
        (sender, receiver) = (nil, nil)
    }

    // MARK: Events

    private func send(_ words: [String]) {
        if var sender, words.count == 2 {
            var outputs: [ISOTPSender.Output] = []
            do { try sender.send(Self.bytes(words[1]), at: now, into: &outputs) } catch { print("refused \(error)") }
            self.sender = sender
            settle(&outputs)
        } else if var node, words.count >= 4 {
            let identifier = J1939Identifier(
                priority: UInt8(words[2]) ?? 6, pgn: UInt32(words[1], radix: 16) ?? 0, source: node.address, destination: UInt8(words[3], radix: 16) ?? 255)
            var outputs: [J1939Transport.Output] = []
            do {
                _ = try node.send(J1939Message(identifier, data: Self.bytes(words.count > 4 ? words[4] : "")), at: now, into: &outputs)
            } catch {
                print("refused \(error)")
            }
            self.node = node
            settle(&outputs)
        } else {
            print("refused nothing is open")
        }
    }

    private func receive(_ id: String, _ data: String) {
        let bytes = Self.bytes(data)
        let identifier = UInt32(id, radix: 16) ?? 0
        var frame = CANWideFrame(CANFrame(id: identifier, isExtended: id.count == 8, data: bytes))
        if bytes.count > 8 {
            let wide = CANData(bytes)
            let code = CANFrame.lengthCode(holding: bytes.count)
            frame = CANWideFrame(CANFrame(fd: identifier, isExtended: id.count == 8, lengthCode: code, payload: wide.firstEight), wide: wide)
        }
        run(
            sender: { $0.receive(frame, at: $1, into: &$2) }, receiver: { $0.receive(frame, at: $1, into: &$2) },
            node: { $0.receive(frame.frame, at: $1, into: &$2) })
    }

    private func run(
        sender: (inout ISOTPSender, Instant, inout [ISOTPSender.Output]) -> Void,
        receiver: (inout ISOTPReceiver, Instant, inout [ISOTPReceiver.Output]) -> Void,
        node: (inout J1939Transport, Instant, inout [J1939Transport.Output]) -> Void
    ) {
        if var machine = self.sender {
            var outputs: [ISOTPSender.Output] = []
            sender(&machine, now, &outputs)
            self.sender = machine
            settle(&outputs)
        }
        if var machine = self.receiver {
            var outputs: [ISOTPReceiver.Output] = []
            receiver(&machine, now, &outputs)
            self.receiver = machine
            settle(&outputs)
        }
        if var machine = self.node {
            var outputs: [J1939Transport.Output] = []
            node(&machine, now, &outputs)
            self.node = machine
            settle(&outputs)
        }
    }

    // MARK: Answers

    private func settle(_ outputs: inout [ISOTPSender.Output]) {
        var index = 0
        while index < outputs.count {
            switch outputs[index] {
            case .transmit(let frame):
                put(frame)
                sender?.transmitted(at: now, into: &outputs)
            case .sent: print("sent")
            case .failed(let error): print("failed \(error)")
            }
            index += 1
        }
    }

    private func settle(_ outputs: inout [ISOTPReceiver.Output]) {
        var index = 0
        while index < outputs.count {
            switch outputs[index] {
            case .transmit(let frame):
                put(frame)
                receiver?.transmitted(at: now, into: &outputs)
            case .received(let message): print("received \(Self.hex(message))")
            case .failed(let error): print("failed \(error)")
            }
            index += 1
        }
    }

    private func settle(_ outputs: inout [J1939Transport.Output]) {
        var index = 0
        while index < outputs.count {
            switch outputs[index] {
            case .transmit(let frame, let token):
                put(CANWideFrame(frame))
                if token > 0 { node?.transmitted(token: token, at: now, into: &outputs) }
            case .received(let message):
                let identifier = message.identifier
                let addresses = "\(Self.hex([identifier.source])) \(Self.hex([identifier.destination]))"
                print("received \(String(identifier.pgn, radix: 16, uppercase: true)) \(addresses) \(Self.hex(message.data))")
            case .sent: print("sent")
            case .failed(let failure): print("failed \(failure.error)")
            }
            index += 1
        }
    }

    private func put(_ frame: CANWideFrame) {
        let digits = String(frame.frame.id, radix: 16, uppercase: true)
        let width = frame.frame.isExtended ? 8 : 3
        print("tx \(String(repeating: "0", count: max(0, width - digits.count)))\(digits) \(Self.hex(frame.data))")
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
