public import Quantities

/// What the name of a file of a public benchmark says: how many rows are for learning, and where the anomaly is.
public struct DataName: Sendable, Equatable {
    /// Rows that are free of anomalies.
    public var learnRows: Int
    /// First and last row of the anomaly, from 1; `nil` when the name does not say it.
    public var anomaly: ClosedRange<Int>?

    /// `004_UCR_Anomaly_2500_5400_5600.txt` of the UCR archive, `003_NAB_id_3_WebService_tr_1362_1st_1462.csv` of TSB-AD; `nil` for other names.
    public init?(path: String) {
        var name = path.split(separator: "/").last ?? ""
        if name.lowercased().hasSuffix(".gz") { name = name.dropLast(3) }
        if let dot = name.lastIndex(of: ".") { name = name[..<dot] }
        let words = name.split(separator: "_")
        if let place = words.firstIndex(of: "tr"), place + 2 < words.count, words[place + 2] == "1st", let rows = Int(words[place + 1]), rows > 0 {
            learnRows = rows
            return
        }
        let numbers = words.suffix(3).compactMap { Int($0) }
        guard words.count > 3, words.contains(where: { $0.uppercased() == "UCR" }), numbers.count == 3, numbers[0] > 0, numbers[0] < numbers[1],
            numbers[1] <= numbers[2]
        else { return nil }
        learnRows = numbers[0]
        anomaly = numbers[1]...numbers[2]
    }
}

extension LabelTable {
    /// One label by the numbers of its rows, from 1, in a file without times.
    public init(rows: ClosedRange<Int>, period: Duration) {
        isRelative = true
        let start = Int64(rows.lowerBound - 1).multipliedReportingOverflow(by: period.nanoseconds).partialValue
        let end = Int64(rows.upperBound).multipliedReportingOverflow(by: period.nanoseconds).partialValue
        intervals = [Interval(start: start, end: end, evidence: nil, kind: "ANOMALY", target: "")]
    }
}

extension OutsideFile {
    /// How long after its first row the row behind so many others is played; `nil` when the file has no more rows. Reads up to there.
    public func age(behind rows: Int) throws(TableError) -> Duration? {
        let reader = try open(labels: nil)
        var isTable = false
        if case .table = content { isTable = true }
        guard let first = try reader.next() else { return nil }
        var last: Int64 = 0
        for _ in 0..<rows {
            guard let time = try reader.next() else { return nil }
            let (age, overflow) = time.subtractingReportingOverflow(first)
            guard !overflow, age < 1 << 61 else { throw TableError(message: "the times of two rows lie too far apart") }
            // As the rows are played: late ones with the one before, those of a table one after the other.
            last = max(age, isTable ? last + 1 : last)
        }
        return Duration(nanoseconds: last)
    }

    /// The number of its rows. Reads all of it.
    public func rowCount() throws(TableError) -> Int {
        let reader = try open(labels: nil)
        var count = 0
        while try reader.next() != nil { count += 1 }
        return count
    }
}
