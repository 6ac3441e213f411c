import CAN

/// An independent model of a frame on the wire for the tests: arrays of bits, no tables, written from the layout of the fields alone.
struct NaiveFrame {
    var crc: UInt32 = 0
    var stuffed = 0
    /// Bits with intermission at the nominal and at the data bit rate.
    var nominal = 0
    var data = 0
    /// SOF to the last bit of the CRC field as it is sent.
    var sent: [Bool] = []

    init(_ wide: CANWideFrame) {
        let frame = wide.frame
        if frame.isFD { fd(frame, wide.data) } else { classic(frame, wide.data) }
    }

    private static func digits(_ value: UInt32, _ count: Int) -> [Bool] {
        var result: [Bool] = []
        for place in 0..<count { result.insert(value / (1 << UInt32(place)) % 2 == 1, at: 0) }
        return result
    }

    /// Polynomial division as it is done on paper: the dividend with zeros behind it, the divisor written under each leading one.
    private static func remainder(_ bits: [Bool], divisor: [Bool], start: [Bool]) -> [Bool] {
        let width = divisor.count - 1
        var work = bits + Array(repeating: false, count: width)
        // A register that begins with `start` is a dividend whose first bits are inverted there.
        for (index, bit) in start.enumerated() where bit { work[index].toggle() }
        for place in 0..<bits.count where work[place] {
            for offset in 0...width where divisor[offset] { work[place + offset].toggle() }
        }
        return Array(work.suffix(width))
    }

    /// Inserts the opposite after five equal bits; returns the bits and the places of what was inserted.
    private static func stuff(_ bits: [Bool], skipsEnd: Bool) -> (bits: [Bool], places: [Int]) {
        var result: [Bool] = []
        var places: [Int] = []
        for (index, bit) in bits.enumerated() {
            result.append(bit)
            guard result.count >= 5, !(skipsEnd && index == bits.count - 1) else { continue }
            let tail = result.suffix(5)
            guard tail.allSatisfy({ $0 == bit }) else { continue }
            places.append(result.count)
            result.append(!bit)
        }
        return (result, places)
    }

    private static func number(_ bits: [Bool]) -> UInt32 { bits.reduce(0) { $0 * 2 + ($1 ? 1 : 0) } }

    private mutating func classic(_ frame: CANFrame, _ bytes: [UInt8]) {
        var stream = [false]
        if frame.isExtended {
            stream += Self.digits(frame.id >> 18, 11) + [true, true] + Self.digits(frame.id & 0x3FFFF, 18) + [frame.isRemote, false, false]
        } else {
            stream += Self.digits(frame.id, 11) + [frame.isRemote, false, false]
        }
        stream += Self.digits(UInt32(frame.lengthCode), 4)
        for byte in bytes { stream += Self.digits(UInt32(byte), 8) }
        let divisor = Self.digits(1 << 15 | 0x4599, 16)
        let check = Self.remainder(stream, divisor: divisor, start: [])
        crc = Self.number(check)
        let (result, places) = Self.stuff(stream + check, skipsEnd: false)
        sent = result
        stuffed = places.count
        nominal = result.count + 1 + 2 + 7 + 3
    }

    private mutating func fd(_ frame: CANFrame, _ bytes: [UInt8]) {
        let switches = frame.flags.contains(.bitRateSwitch)
        var stream = [false]
        if frame.isExtended {
            stream += Self.digits(frame.id >> 18, 11) + [true, true] + Self.digits(frame.id & 0x3FFFF, 18) + [false]
        } else {
            stream += Self.digits(frame.id, 11) + [false, false]
        }
        stream += [true, false, switches]
        let slow = stream.count
        stream += [frame.flags.contains(.errorStateIndicator)] + Self.digits(UInt32(frame.lengthCode), 4)
        for byte in bytes { stream += Self.digits(UInt32(byte), 8) }
        let (stuffedBits, places) = Self.stuff(stream, skipsEnd: true)
        stuffed = places.count
        var slowSent = 0
        var plain = 0
        while plain < slow {
            if !places.contains(slowSent) { plain += 1 }
            slowSent += 1
        }
        let gray: [[Bool]] = [
            [false, false, false], [false, false, true], [false, true, true], [false, true, false],
            [true, true, false], [true, true, true], [true, false, true], [true, false, false],
        ]
        var count = gray[stuffed % 8]
        count.append(count.filter { $0 }.count % 2 == 1)
        let width = bytes.count > 16 ? 21 : 17
        let divisor = Self.digits(width == 17 ? 1 << 17 | 0x1685B : 1 << 21 | 0x102899, width + 1)
        let check = Self.remainder(stuffedBits + count, divisor: divisor, start: [true])
        crc = Self.number(check)
        sent = stuffedBits
        for (index, bit) in (count + check).enumerated() {
            if index % 4 == 0 { sent.append(!sent[sent.count - 1]) }
            sent.append(bit)
        }
        let fast = sent.count - slowSent + 1
        nominal = slowSent + 12 + (switches ? 0 : fast)
        data = switches ? fast : 0
    }
}

/// A small generator of random frames with a seed that failing tests print.
struct FrameSource {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var x = state
        x = (x ^ x >> 33) &* 0xFF51_AFD7_ED55_8CCD
        return x ^ x >> 33
    }

    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    /// Any frame; runs of equal bits are likelier than chance.
    mutating func frame(isFD: Bool) -> CANWideFrame {
        let isExtended = next() & 1 == 0
        let id = UInt32(truncatingIfNeeded: next()) & (next() & 3 == 0 ? 0x1F00_F03F : 0x1FFF_FFFF)
        var data = CANData()
        for index in 0..<64 {
            let byte = UInt8(truncatingIfNeeded: next())
            data[index] = [byte, byte & 0xE1, byte | 0x1F, 0, 255][below(5)]
        }
        let code = UInt8(below(16))
        if isFD {
            let flags = CANFrameFlags(rawValue: UInt8(below(4)))
            let frame = CANFrame(fd: id, isExtended: isExtended, flags: flags, lengthCode: code, payload: data.firstEight)
            if frame.isWide {
                for index in frame.count..<64 where frame.count < 64 { data[index] = 0 }
            }
            return CANWideFrame(frame, wide: frame.isWide ? data : CANData())
        }
        return CANWideFrame(CANFrame(id: id, isExtended: isExtended, isRemote: below(8) == 0, lengthCode: code, payload: data.firstEight))
    }
}
