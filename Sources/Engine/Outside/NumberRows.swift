import Glibc
import Quantities

/// Rows of a file with nothing but numbers between blanks and line ends, as the UCR archive of anomalies has them; each number is a row.
final class NumberRows: OutsideRows {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var place = 0
    private var count = 0
    private var word: [UInt8] = []
    private var value = 0.0
    private var row: Int64 = 0
    private var line = 1
    private let period: Int64
    private var flags: RowFlags
    private(set) var flag: String?
    private(set) var problems = RowProblems()
    var joinsFlags: Bool { false }
    let time = TableTime.seconds

    /// Whether a file begins with a line of many numbers, or with numbers that stand alone on their lines.
    static func begins(_ head: [UInt8]) -> Bool {
        let lines = String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard let first = lines.first else { return false }
        let words = first.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard words.count > 64 || words.count == 1 && lines.count > 1 else { return false }
        // The last word may be cut off where the look ends.
        return words.count == 1 ? lines.prefix(50).dropLast(lines.count < 50 ? 1 : 0).allSatisfy(isNumber) : words.dropLast().allSatisfy(isNumber)
    }

    private static func isNumber(_ text: Substring) -> Bool { Double(text.drop { $0 == " " }.split(separator: " ").first ?? "") != nil }

    init(path: String, period: Duration, flags: [String?]?) throws(TableError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TableError(message: "cannot be read: \(systemMessage(errno))", isUnreadable: true) }
        self.period = max(period.nanoseconds, 1)
        self.flags = RowFlags(column: nil, list: flags)
    }

    deinit { close(descriptor) }

    func next() throws(TableError) -> Int64? {
        while try nextWord() {
            let text = String(decoding: word, as: UTF8.self)
            row += 1
            flag = flags.next(nil)
            guard let number = Double(text) else {
                try problems.note("'\(text.prefix(40))' is no number", line: line)
                continue
            }
            problems.right()
            value = number
            return (row - 1).multipliedReportingOverflow(by: period).partialValue
        }
        try problems.end()
        return nil
    }

    private func nextWord() throws(TableError) -> Bool {
        word.removeAll(keepingCapacity: true)
        while true {
            if place == count {
                repeat { count = read(descriptor, &buffer, buffer.count) } while count < 0 && errno == EINTR
                guard count >= 0 else { throw TableError(message: "cannot be read: \(systemMessage(errno))", isUnreadable: true) }
                place = 0
                guard count > 0 else { return !word.isEmpty }
            }
            let byte = buffer[place]
            place += 1
            if byte > 0x20 {
                guard word.count < 400 else { throw TableError(message: "a word is longer than 400 bytes", line: line) }
                word.append(byte)
            } else {
                // A line end behind a word belongs to the line of the word.
                if !word.isEmpty {
                    if byte == 0x0A { place -= 1 }
                    return true
                }
                if byte == 0x0A { line += 1 }
            }
        }
    }

    func emit(_ node: OutsideNode) { node.publish(column: "data.value", place: 0, value) }
}
