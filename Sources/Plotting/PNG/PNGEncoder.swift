import CZlib

/// Writes an opaque picture as a PNG file (ISO/IEC 15948): indexed with up to 256 colours, 24-bit RGB with more.
struct PNGEncoder {
    private var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// The file of a picture; pixels are 0xRRGGBB, rows from the top. The same pixels give the same bytes.
    static func encode(_ pixels: UnsafePointer<UInt32>, width: Int, height: Int, scale: Double) throws(PlotError) -> [UInt8] {
        var encoder = PNGEncoder()
        let palette = Palette(pixels, count: width * height)
        encoder.chunk("IHDR") { bytes in
            bytes.appendBigEndian(UInt32(width))
            bytes.appendBigEndian(UInt32(height))
            bytes.append(contentsOf: [8, palette == nil ? 2 : 3, 0, 0, 0])
        }
        encoder.chunk("sRGB") { $0.append(0) }
        // A point is 1/96 inch; pixels per metre = 96 / 0.0254 times the scale.
        let density = UInt32((scale * 96 / 0.0254).rounded())
        encoder.chunk("pHYs") { bytes in
            bytes.appendBigEndian(density)
            bytes.appendBigEndian(density)
            bytes.append(1)
        }
        if let palette {
            encoder.chunk("PLTE") { bytes in
                for color in palette.colors {
                    bytes.append(contentsOf: [UInt8(color >> 16 & 0xFF), UInt8(color >> 8 & 0xFF), UInt8(color & 0xFF)])
                }
            }
        }
        try encoder.data(pixels, width: width, height: height, palette: palette)
        encoder.chunk("IEND") { _ in }
        return encoder.bytes
    }

    /// Adds a chunk: length, type, content, check sum of type and content.
    private mutating func chunk(_ type: StaticString, _ content: (inout [UInt8]) -> Void) {
        let start = bytes.count
        bytes.appendBigEndian(0)
        type.withUTF8Buffer { bytes.append(contentsOf: $0) }
        content(&bytes)
        close(chunkAt: start)
    }

    private mutating func close(chunkAt start: Int) {
        let length = UInt32(bytes.count - start - 8)
        for index in 0..<4 { bytes[start + index] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * index)) }
        let check = bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress! + start + 4, uInt($0.count - start - 4)) }
        bytes.appendBigEndian(UInt32(check))
    }

    /// Adds the pixels, deflated a few rows at a time: each row behind the filter type "none", which suits flat drawings best.
    private mutating func data(_ pixels: UnsafePointer<UInt32>, width: Int, height: Int, palette: Palette?) throws(PlotError) {
        var stream = z_stream()
        // Level 4 and the default window: fixed, so that the bytes are.
        let opened = deflateInit2_(&stream, 4, Z_DEFLATED, 15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard opened == Z_OK else { throw .compressionFailed(code: opened) }
        defer { deflateEnd(&stream) }
        let start = bytes.count
        bytes.appendBigEndian(0)
        bytes.append(contentsOf: Array("IDAT".utf8))
        let rowBytes = 1 + width * (palette == nil ? 3 : 1)
        let rows = max(1, 65_536 / rowBytes)
        let outputSize = 65_536
        let input = UnsafeMutablePointer<UInt8>.allocate(capacity: rows * rowBytes + outputSize)
        defer { input.deallocate() }
        let output = input + rows * rowBytes
        var y = 0
        var last = PaletteMemory()
        var result = Z_OK
        repeat {
            let end = min(height, y + rows)
            var out = input
            while y < end {
                out[0] = 0
                out += 1
                let row = pixels + y * width
                if let palette {
                    for x in 0..<width { out[x] = palette.index(of: row[x], &last) }
                    out += width
                } else {
                    for x in 0..<width {
                        out[3 * x] = UInt8(truncatingIfNeeded: row[x] >> 16)
                        out[3 * x + 1] = UInt8(truncatingIfNeeded: row[x] >> 8)
                        out[3 * x + 2] = UInt8(truncatingIfNeeded: row[x])
                    }
                    out += 3 * width
                }
                y += 1
            }
            stream.next_in = input
            stream.avail_in = uInt(out - input)
            repeat {
                stream.next_out = output
                stream.avail_out = uInt(outputSize)
                result = deflate(&stream, y == height ? Z_FINISH : Z_NO_FLUSH)
                guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { throw .compressionFailed(code: result) }
                bytes.append(contentsOf: UnsafeBufferPointer(start: output, count: outputSize - Int(stream.avail_out)))
            } while stream.avail_out == 0
        } while result != Z_STREAM_END && y < height
        guard result == Z_STREAM_END else { throw .compressionFailed(code: result) }
        close(chunkAt: start)
    }
}

/// Brings the colours of a picture down to those of a palette, by moving rare shades at smooth edges to their nearest neighbours.
enum ColorReduction {
    /// The most colours that are worth reducing, and the farthest that a channel may move.
    private static let colorLimit = 1500
    private static let farthest = 14
    /// How many colours stay for being frequent.
    private static let frequent = 128

    /// Reduces the pixels to at most 256 colours, when no channel of any pixel moves far; otherwise leaves them.
    static func reduce(_ pixels: UnsafeMutablePointer<UInt32>, count: Int) {
        let slotCount = 4096
        let slots = UnsafeMutablePointer<UInt32>.allocate(capacity: 3 * slotCount)
        defer { slots.deallocate() }
        let (numbers, targets) = (slots + slotCount, slots + 2 * slotCount)
        slots.initialize(repeating: .max, count: slotCount)
        numbers.initialize(repeating: 0, count: 2 * slotCount)
        func slot(_ color: UInt32) -> Int {
            var slot = Int((color &* 0x9E37_79B1) >> 20)
            while slots[slot] != .max && slots[slot] != color { slot = (slot + 1) & (slotCount - 1) }
            return slot
        }
        var found: [(color: UInt32, slot: Int)] = []
        var index = 0
        while index < count {
            let color = pixels[index]
            let first = index
            repeat { index += 1 } while index < count && pixels[index] == color
            let place = slot(color)
            if slots[place] != color {
                if found.count == colorLimit { return }
                slots[place] = color
                found.append((color, place))
            }
            numbers[place] += UInt32(index - first)
        }
        guard found.count > 256 else { return }
        found.sort { numbers[$0.slot] != numbers[$1.slot] ? numbers[$0.slot] > numbers[$1.slot] : $0.color < $1.color }
        // The most frequent colours stay. Of the others, again and again the one farthest from all that stay, until the palette is full.
        var nearest = found.map { (color: $0.color, far: 256) }
        func keep(_ kept: Int) {
            let color = found[kept].color
            for index in found.indices where nearest[index].far > 0 {
                let far = distance(found[index].color, color)
                if far < nearest[index].far { nearest[index] = (color, far) }
            }
        }
        for order in 0..<frequent { keep(order) }
        for _ in frequent..<256 {
            var farthest = frequent
            for index in found.indices where nearest[index].far > nearest[farthest].far { farthest = index }
            keep(farthest)
        }
        for (index, entry) in found.enumerated() {
            if nearest[index].far > farthest { return }
            targets[entry.slot] = nearest[index].color
        }
        var last = UInt32.max, target: UInt32 = 0
        for index in 0..<count {
            if pixels[index] != last {
                last = pixels[index]
                target = targets[slot(last)]
            }
            pixels[index] = target
        }
    }

    /// The greatest difference in a channel.
    private static func distance(_ a: UInt32, _ b: UInt32) -> Int {
        func channel(_ shift: UInt32) -> Int { abs(Int(a >> shift & 0xFF) - Int(b >> shift & 0xFF)) }
        return max(channel(0), channel(8), channel(16))
    }
}

/// The colour asked for last, with its place in the palette.
struct PaletteMemory {
    var color: UInt32 = .max
    var index: UInt8 = 0
}

/// The colours of a picture in ascending order, when there are at most 256.
final class Palette {
    /// The colours, 0xRRGGBB.
    let colors: [UInt32]
    private let slots: UnsafeMutablePointer<UInt32>
    private let places: UnsafeMutablePointer<UInt8>
    private static let slotCount = 1024
    private static let empty = UInt32.max

    /// The palette of these pixels; `nil` when they have more colours.
    init?(_ pixels: UnsafePointer<UInt32>, count: Int) {
        slots = .allocate(capacity: Self.slotCount)
        slots.initialize(repeating: Self.empty, count: Self.slotCount)
        places = .allocate(capacity: Self.slotCount)
        places.initialize(repeating: 0, count: Self.slotCount)
        var found: [UInt32] = []
        var last = Self.empty
        for index in 0..<count where pixels[index] != last {
            last = pixels[index]
            let slot = Self.slot(of: last, slots)
            if slots[slot] != last {
                if found.count == 256 {
                    colors = []
                    return nil
                }
                slots[slot] = last
                found.append(last)
            }
        }
        found.sort()
        colors = found
        for (index, color) in found.enumerated() { places[Self.slot(of: color, slots)] = UInt8(index) }
    }

    deinit {
        slots.deallocate()
        places.deallocate()
    }

    private static func slot(of color: UInt32, _ slots: UnsafeMutablePointer<UInt32>) -> Int {
        var slot = Int((color &* 0x9E37_79B1) >> 22)
        while slots[slot] != empty && slots[slot] != color { slot = (slot + 1) & (slotCount - 1) }
        return slot
    }

    /// The place of a colour of the picture.
    @inline(__always)
    func index(of color: UInt32, _ memory: inout PaletteMemory) -> UInt8 {
        if memory.color == color { return memory.index }
        memory.color = color
        memory.index = places[Self.slot(of: color, slots)]
        return memory.index
    }
}

extension [UInt8] {
    /// Appends four bytes, the highest first.
    mutating func appendBigEndian(_ value: UInt32) {
        append(UInt8(truncatingIfNeeded: value >> 24))
        append(UInt8(truncatingIfNeeded: value >> 16))
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }
}

extension Canvas {
    /// The picture as the bytes of a PNG file.
    ///
    /// - Parameter reduced: whether rare shades may move a little so that 256 colours are enough: a file of a third of the size.
    public mutating func png(reduced: Bool = false) throws(PlotError) -> [UInt8] {
        if reduced { ColorReduction.reduce(pixels, count: pixelWidth * pixelHeight) }
        return try PNGEncoder.encode(pixels, width: pixelWidth, height: pixelHeight, scale: scale)
    }
}
