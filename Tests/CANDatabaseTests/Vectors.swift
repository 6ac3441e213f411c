import Foundation

/// Files that the tests of this target read.
enum Vectors {
    static func url(_ name: String, file: String = #filePath) -> URL {
        URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Vectors/\(name)")
    }
}
