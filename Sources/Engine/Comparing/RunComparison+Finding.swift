import JSONText
import Quantities

/// Why two runs could not be compared.
public typealias ComparisonError = OutputError

extension RunComparison {
    /// Compares what two runs left in their directories.
    ///
    /// - Parameters:
    ///   - names: what the runs are called for people; without it, their directories.
    public init(_ directoryA: String, _ directoryB: String, names: (a: String, b: String)? = nil) throws(ComparisonError) {
        let one = try ComparedReport(directory: directoryA, name: names?.a ?? directoryA)
        let two = try ComparedReport(directory: directoryB, name: names?.b ?? directoryB)
        a = one.run
        b = two.run
        warnings = [one.warning, two.warning].compactMap { $0 }
        if one.document != nil, two.document != nil { compareReports(one, two) }
        try compareFiles(directoryA, directoryB, one, two)
    }

    private mutating func compareReports(_ one: ComparedReport, _ two: ComparedReport) {
        func changes(_ list: (ComparedReport) -> [(name: String, value: String)]) -> [Change] {
            ComparedReport.changes(list(one).map { ($0.name, $0.value) }, list(two).map { ($0.name, $0.value) }).map { Change(name: $0.name, a: $0.a, b: $0.b) }
        }
        conditions = changes(\.conditions)
        results = changes(\.results)
        expectations = ComparedReport.changes(one.expectations.map { ($0.name, $0.judgement) }, two.expectations.map { ($0.name, $0.judgement) }).map {
            JudgementChange(that: $0.name, a: $0.a, b: $0.b)
        }
        detectors = changes(\.detectors)
        labels = changes(\.labels)
        counts = changes(\.counts)
    }

    private mutating func compareFiles(_ directoryA: String, _ directoryB: String, _ one: ComparedReport, _ two: ComparedReport) throws(OutputError) {
        let start = (a: one.text("start"), b: two.text("start"))
        let clockA = try EventClock(start: start.a, firstMessage: RunComparison.firstMessage(directoryA))
        let clockB = try EventClock(start: start.b, firstMessage: RunComparison.firstMessage(directoryB))
        var found: [EventDifference] = []
        for file in EventFile.allCases {
            let left = try ComparableFile(path: "\(directoryA)/\(file.rawValue)")
            let right = try ComparableFile(path: "\(directoryB)/\(file.rawValue)")
            guard let left, let right else {
                if left != nil || right != nil { files.append(ComparedFile(name: file.rawValue, state: .only(left != nil ? .a : .b))) }
                continue
            }
            if file == .frames || file == .messages, let one = start.a, let two = start.b, one != two {
                files.append(ComparedFile(name: file.rawValue, state: .skipped("its lines carry dates, and the runs start at different ones")))
                continue
            }
            let difference = try DifferenceFinder(file: file, a: left, b: right, clockA: clockA, clockB: clockB).find()
            files.append(ComparedFile(name: file.rawValue, state: difference == nil ? .same : .differs))
            if let difference { found.append(difference) }
        }
        // A stable sort: at one instant, the order of the files.
        differences = found.enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }.map(\.element)
        try compareOthers(directoryA, directoryB, one.files + two.files)
    }

    /// Compares reports and pictures as bytes.
    private mutating func compareOthers(_ directoryA: String, _ directoryB: String, _ names: [String]) throws(OutputError) {
        for name in names where EventFile(rawValue: name) == nil && !files.contains(where: { $0.name == name }) && files.count < 1000 {
            let left = try ComparableFile(path: "\(directoryA)/\(name)")
            let right = try ComparableFile(path: "\(directoryB)/\(name)")
            guard let left, let right else {
                if left != nil || right != nil { files.append(ComparedFile(name: name, state: .only(left != nil ? .a : .b))) }
                continue
            }
            files.append(ComparedFile(name: name, state: try ComparableFile.parting(left, right) == nil ? .same : .differs))
        }
    }

    private static func firstMessage(_ directory: String) throws(OutputError) -> [UInt8]? {
        try ComparableFile(path: "\(directory)/\(EventFile.messages.rawValue)")?.lines(from: 0, number: 1, most: 1).first.map { Array($0.bytes) }
    }
}

extension EventDifference {
    /// Where it stands among the differences of all files; a line without time comes last.
    fileprivate var order: Int64 { time?.nanoseconds ?? .max }
}
