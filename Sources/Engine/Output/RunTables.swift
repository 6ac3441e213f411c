import Glibc
import Plotting

/// What `signals.csv` and `alarms.csv` of a run say about some signals.
struct RunTables {
    private(set) var samples: [String: [Sample]] = [:]
    private(set) var alarms: [(start: Double, end: Double?, detector: String, severity: String)] = []

    /// Reads the tables of a directory; signals that are not asked for are skipped.
    init(_ directory: String, signals: [String]) throws(RunFailure) {
        for signal in signals { samples[signal] = [] }
        try RunTables.lines("\(directory)/signals.csv") { fields in
            guard fields.count >= 3, let time = Double(fields[0]), let value = Double(fields[2]) else { return }
            samples[fields[1]]?.append(Sample(time: time, value: value))
        }
        try RunTables.lines("\(directory)/alarms.csv") { fields in
            guard fields.count >= 4, let start = Double(fields[0]) else { return }
            alarms.append((start, Double(fields[1]), fields[2], fields[3]))
        }
    }

    /// Calls `body` with the fields of each line but the first.
    private static func lines(_ path: String, _ body: ([String]) -> Void) throws(RunFailure) {
        guard let file = fopen(path, "r") else {
            throw RunFailure(
                code: .cannotWrite, message: "\(path) cannot be read: \(systemMessage(errno)); a run keeps its signals with 'record: [signals]'", span: nil,
                time: nil)
        }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        var isFirst = true
        while true {
            let count = getline(&line, &capacity, file)
            guard count > 0, let line else { return }
            if isFirst {
                isFirst = false
                continue
            }
            let text = String(decoding: UnsafeRawBufferPointer(start: line, count: count), as: UTF8.self)
            body(text.split(whereSeparator: { $0 == "," || $0 == "\n" }, omittingEmpty: false))
        }
    }

    /// The bytes of a file of at most 64 MiB; `nil` when it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < 64 << 20 {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return bytes
    }
}

extension String {
    fileprivate func split(whereSeparator isSeparator: (Character) -> Bool, omittingEmpty: Bool) -> [String] {
        split(omittingEmptySubsequences: omittingEmpty, whereSeparator: isSeparator).map(String.init)
    }
}
