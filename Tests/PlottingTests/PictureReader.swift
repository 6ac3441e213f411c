import CZlib

@testable import Plotting

/// A PNG file taken apart: only what our own writer makes.
struct PictureReader {
    var width = 0
    var height = 0
    var colorType: UInt8 = 0
    var chunks: [String] = []
    var pixels: [UInt32] = []
    var pixelsPerMetre: UInt32 = 0
    /// Why the file is not sound; empty when it is.
    var faults: [String] = []

    init(_ bytes: [UInt8]) {
        guard bytes.count > 33, Array(bytes[0..<8]) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] else {
            faults.append("signature")
            return
        }
        func number(_ at: Int) -> UInt32 { bytes[at..<(at + 4)].reduce(0) { $0 << 8 | UInt32($1) } }
        var at = 8
        var data: [UInt8] = []
        var palette: [UInt32] = []
        while at + 12 <= bytes.count {
            let length = Int(number(at))
            guard at + 12 + length <= bytes.count else {
                faults.append("length")
                return
            }
            let type = String(decoding: bytes[(at + 4)..<(at + 8)], as: UTF8.self)
            chunks.append(type)
            if Self.checkSum(bytes[(at + 4)..<(at + 8 + length)]) != number(at + 8 + length) { faults.append("check sum of \(type)") }
            let content = Array(bytes[(at + 8)..<(at + 8 + length)])
            switch type {
            case "IHDR": (width, height, colorType) = (Int(number(at + 8)), Int(number(at + 12)), content[9])
            case "pHYs": pixelsPerMetre = number(at + 8)
            case "PLTE":
                for index in 0..<(length / 3) {
                    palette.append(UInt32(content[3 * index]) << 16 | UInt32(content[3 * index + 1]) << 8 | UInt32(content[3 * index + 2]))
                }
            case "IDAT": data += content
            default: break
            }
            at += 12 + length
        }
        let row = 1 + width * (colorType == 3 ? 1 : 3)
        var raw = [UInt8](repeating: 0, count: row * height)
        var size = uLongf(raw.count)
        guard uncompress(&raw, &size, data, uLong(data.count)) == Z_OK, Int(size) == row * height else {
            faults.append("data")
            return
        }
        pixels.reserveCapacity(width * height)
        for y in 0..<height {
            if raw[y * row] != 0 { faults.append("filter") }
            for x in 0..<width {
                let place = y * row + 1
                if colorType == 3 {
                    let index = Int(raw[place + x])
                    pixels.append(index < palette.count ? palette[index] : .max)
                } else {
                    pixels.append(UInt32(raw[place + 3 * x]) << 16 | UInt32(raw[place + 3 * x + 1]) << 8 | UInt32(raw[place + 3 * x + 2]))
                }
            }
        }
    }

    /// The CRC-32 of the PNG standard, bit by bit.
    static func checkSum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
}

/// How much of each pixel is covered, after something black was painted on white; 0…255.
func ink(_ canvas: borrowing Canvas) -> [[Int]] {
    (0..<canvas.pixelHeight).map { y in (0..<canvas.pixelWidth).map { x in 255 - Int(canvas[x, y].red) } }
}

/// The area that is covered, in pixels.
func area(_ canvas: borrowing Canvas) -> Double { Double(ink(canvas).joined().reduce(0, +)) / 255 }

let black = Color(0x000000)
let white = Color(0xFFFFFF)
