import CAN
import Foundation
import Testing

/// A frame of three columns: identifier, extended, remote.
private func frame(_ id: Substring, _ ext: Substring, _ rtr: Substring, code: UInt8 = 0, data: [UInt8] = []) throws -> CANFrame {
    CANFrame(id: try #require(UInt32(id, radix: 16)), isExtended: ext == "1", isRemote: rtr == "1", lengthCode: code, payload: payload(data))
}

@Suite("Bits of a frame")
struct FrameBitsTests {
    @Test("length, stuff bits and CRC-15 of every frame of the vectors are exact")
    func vectors() throws {
        let rows = try VectorFile.lines("frame-bits.csv").dropFirst()
        #expect(rows.count == 511)
        for row in rows {
            let cells = row.split(separator: ",", omittingEmptySubsequences: false)
            let frame = try frame(cells[0], cells[1], cells[2], code: try #require(UInt8(cells[7])), data: bytes(String(cells[3])))
            let bits = FrameBits(frame)
            #expect(bits.crc == UInt16(cells[4], radix: 16), "\(row)")
            #expect(bits.stuffed == Int(cells[5]), "\(row)")
            #expect(bits.total == Int(cells[6]), "\(row)")
            #expect(bits.data == 0)
            let sequence = BitSequence(CANWideFrame(frame))
            #expect(sequence.bits.count + FrameBits.intermission == bits.total)
            #expect(sequence.crc == UInt32(bits.crc))
        }
    }

    @Test("least and worst lengths are those of the vectors, classic and FD")
    func worst() throws {
        let rows = try VectorFile.lines("worst-case-bits.csv").dropFirst()
        #expect(rows.count == 50)
        for row in rows {
            let cells = row.split(separator: ",", omittingEmptySubsequences: false)
            let bytes = try #require(Int(cells[2]))
            let (isExtended, isFD) = (cells[0].hasSuffix("EFF"), cells[0].hasPrefix("FD"))
            let least = FrameBits.least(bytes: bytes, isExtended: isExtended, isFD: isFD)
            let worst = FrameBits.worst(bytes: bytes, isExtended: isExtended, isFD: isFD)
            #expect([least.nominal, least.data, worst.nominal, worst.data] == cells[3...6].compactMap { Int($0) }, "\(row)")
        }
    }

    @Test("arbitration of every pair of the vectors has their winner and losing bit")
    func arbitration() throws {
        let rows = try VectorFile.lines("arbitration.csv").dropFirst()
        #expect(rows.count == 500)
        for row in rows {
            let cells = row.split(separator: ",")
            let a = ArbitrationKey(try frame(cells[0], cells[1], cells[2]))
            let b = ArbitrationKey(try frame(cells[3], cells[4], cells[5]))
            #expect((a < b ? "a" : b < a ? "b" : "tie") == cells[6], "\(row)")
            #expect((a.losingBit(against: b) ?? -1) == Int(cells[7]), "\(row)")
        }
    }

    /// All 100 000 with an optimised build or EVSIM_LONG_TESTS=1; a debug build takes a part, as it is slow at bit arrays.
    private static var count: Int {
        var isOptimised = true
        assert(
            {
                isOptimised = false
                return true
            }())
        return isOptimised || ProcessInfo.processInfo.environment["EVSIM_LONG_TESTS"] == "1" ? 100_000 : 2_500
    }

    @Test("random frames have the length of an independent model, bit by bit", arguments: [false, true])
    func random(isFD: Bool) {
        let seed: UInt64 = isFD ? 20_261_122 : 20_261_121
        var source = FrameSource(seed: seed)
        for number in 0..<(isFD ? Self.count / 4 : Self.count) {
            let wide = source.frame(isFD: isFD)
            let naive = NaiveFrame(wide)
            let bits = FrameBits(wide)
            let sequence = BitSequence(wide)
            let agrees =
                bits.nominal == naive.nominal && bits.data == naive.data && bits.stuffed == naive.stuffed
                && (isFD || UInt32(bits.crc) == naive.crc) && sequence.crc == naive.crc && sequence.stuffed == naive.stuffed
                && sequence.bits.count + 3 == bits.total && sequence.bits.prefix(naive.sent.count).elementsEqual(naive.sent.map { $0 ? 1 : 0 })
                && sequence.dataPhase.count == bits.data
            #expect(agrees, "seed \(seed), frame \(number): \(wide.frame)")
            if !agrees { return }
        }
    }

    @Test("a receiver reads back what the sender sent", arguments: [false, true])
    func reading(isFD: Bool) {
        var source = FrameSource(seed: 7)
        for _ in 0..<300 {
            let wide = source.frame(isFD: isFD)
            let sequence = BitSequence(wide)
            #expect(BitSequence.read(sequence.bits) == .frame(wide, acknowledgeSlot: sequence.acknowledgeSlot))
        }
    }

    @Test("one inverted bit anywhere from SOF to the CRC delimiter is always noticed")
    func oneFlip() {
        var source = FrameSource(seed: 8)
        for isFD in [false, true] {
            for _ in 0..<12 {
                let wide = source.frame(isFD: isFD)
                let sequence = BitSequence(wide)
                for position in 0..<sequence.acknowledgeSlot {
                    guard case .error = sequence.reading(flipped: [position]) else {
                        Issue.record("bit \(position) of \(wide.frame)")
                        continue
                    }
                }
            }
        }
    }

    @Test("random bits never crash a receiver, and what it accepts is a frame that gives these bits")
    func noise() {
        var source = FrameSource(seed: 9)
        for _ in 0..<2_000 {
            let bits = (0..<source.below(200)).map { _ in UInt8(source.below(2)) }
            guard case .frame(let wide, _) = BitSequence.read(bits) else { continue }
            let sequence = BitSequence(wide)
            #expect(BitSequence.read(sequence.bits) == .frame(wide, acknowledgeSlot: sequence.acknowledgeSlot))
        }
    }

    @Test("a flip of DLC, CRC and delimiter shows as the rule that it breaks")
    func kinds() throws {
        let sequence = BitSequence(CANWideFrame(CANFrame(id: 0x555, data: [0xAA, 0x55])))
        // The CRC delimiter lies before the ACK slot.
        #expect(sequence.reading(flipped: [sequence.acknowledgeSlot - 1]) == .error(.form, at: sequence.acknowledgeSlot - 1))
        #expect(sequence.reading(flipped: [sequence.acknowledgeSlot + 1]) == .error(.form, at: sequence.acknowledgeSlot + 1))
        let byte = try #require(sequence.locations.firstIndex(of: .data))
        #expect(sequence.reading(flipped: [byte]) == .error(.crc, at: sequence.acknowledgeSlot))
        // 0x000 begins with 0 00000: after the fifth zero comes a one; when it is inverted, six zeros are seen at bit 5.
        #expect(BitSequence(CANWideFrame(CANFrame(id: 0, data: []))).reading(flipped: [5]) == .error(.stuff, at: 5))
    }

    @Test("stuff count is Gray code with even parity (ISO 11898-1)")
    func stuffCount() {
        // A frame of 0x2AA with FD format and alternating data has few stuff bits; its count lies behind the first fixed stuff bit.
        let wide = CANWideFrame(CANFrame(fd: 0x2AA, lengthCode: 1, payload: 0x55))
        let naive = NaiveFrame(wide)
        let sequence = BitSequence(wide)
        #expect(sequence.stuffed == naive.stuffed)
        #expect(FrameBits(wide).total == 17 + 5 + 8 + naive.stuffed + 4 + 17 + 6 + 1 + 12)
    }
}
