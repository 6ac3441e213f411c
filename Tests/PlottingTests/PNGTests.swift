import Foundation
import Testing

@testable import Plotting

@Suite("PNG files") struct PNGTests {
    @Test("A file has the chunks of the standard in order, with right check sums and the pixels that were painted")
    func structure() throws {
        var canvas = try Canvas(width: 30, height: 20, scale: 2, background: white)
        canvas.fill(Path(ellipseAt: Point(15, 10), radiusX: 9, radiusY: 7), Color(0x0B6BB8))
        let picture = PictureReader(try canvas.png())
        #expect(picture.faults.isEmpty)
        #expect(picture.chunks == ["IHDR", "sRGB", "pHYs", "PLTE", "IDAT", "IEND"])
        #expect(picture.width == 60 && picture.height == 40 && picture.colorType == 3 && picture.pixelsPerMetre == 7559)
        for y in 0..<40 { for x in 0..<60 { #expect(picture.pixels[y * 60 + x] == canvas[x, y].packed) } }
    }

    @Test("A picture of 256 colours is indexed, one of more is not, and both keep every pixel")
    func colors() throws {
        for count in [1, 256, 257, 1000] {
            var canvas = try Canvas(width: 50, height: 20, background: white)
            for index in 0..<1000 {
                let color = Color(UInt32(index % count) * 4099)
                canvas.fill(Rectangle(x: Double(index % 50), y: Double(index / 50), width: 1, height: 1), color)
            }
            let picture = PictureReader(try canvas.png())
            #expect(picture.faults.isEmpty && picture.colorType == (count <= 256 ? 3 : 2))
            #expect((0..<1000).allSatisfy { picture.pixels[$0] == UInt32($0 % count) * 4099 })
        }
    }

    @Test("Reducing colours moves no channel far, and leaves a picture alone that would suffer")
    func reduction() throws {
        func gradient(_ step: UInt32) throws -> (before: [Color], after: PictureReader) {
            var canvas = try Canvas(width: 40, height: 10, background: white)
            for index in 0..<400 {
                canvas.fill(Rectangle(x: Double(index % 40), y: Double(index / 40), width: 1, height: 1), Color(UInt32(index) &* step))
            }
            let before = (0..<400).map { canvas[$0 % 40, $0 / 40] }
            return (before, PictureReader(try canvas.png(reduced: true)))
        }
        let soft = try gradient(1)
        #expect(soft.after.colorType == 3)
        for (color, pixel) in zip(soft.before, soft.after.pixels) {
            let now = Color(pixel)
            #expect(abs(Int(color.blue) - Int(now.blue)) <= 14 && abs(Int(color.green) - Int(now.green)) <= 14)
        }
        let hard = try gradient(2_654_435_761)
        #expect(hard.after.colorType == 2 && hard.after.pixels == hard.before.map(\.packed))
    }

    @Test("The same chart gives the same bytes each time")
    func deterministic() throws {
        let chart = GoldenTests.small()
        #expect(try chart.render() == chart.render())
    }

    @Test("pngcheck finds no fault")
    func pngcheck() throws {
        try check("pngcheck", ["/usr/bin/pngcheck", "/usr/local/bin/pngcheck"], arguments: ["-q"])
    }

    @Test("Pillow opens the file and sees its size")
    func pillow() throws {
        let program =
            "import sys\ntry:\n    from PIL import Image\nexcept ImportError:\n    sys.exit(77)\ni = Image.open(sys.argv[1]); i.load(); assert i.size == (300, 180)"
        try check("Pillow", [ProcessInfo.processInfo.environment["EVSIM_PYTHON"] ?? "/usr/bin/python3", "/usr/bin/python3"], arguments: ["-c", program])
    }

    /// Runs a tool on a picture, when it is there; exit code 77 says that it is not.
    private func check(_ name: String, _ places: [String], arguments: [String]) throws {
        guard let tool = places.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            print("SKIPPED: \(name) is not installed")
            return
        }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("evsim-\(name)-\(UUID().uuidString).png")
        try Data(GoldenTests.small().render()).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments = arguments + [file.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if process.terminationStatus == 77 {
            print("SKIPPED: \(name) is not installed")
            return
        }
        #expect(process.terminationStatus == 0, "\(text)")
    }
}
