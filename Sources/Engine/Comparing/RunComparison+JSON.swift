public import JSONText
import Quantities

extension RunComparison {
    /// The comparison for programs; at most `limit` changes of each kind.
    public func document(limit: Int = 1000) -> JSONValue {
        RunComparison.object([
            ("same", .bool(isSame)), ("identical", .bool(isIdentical)), ("a", RunComparison.run(a)), ("b", RunComparison.run(b)),
            ("warnings", .array(warnings.map { .string($0) })), ("conditions", changes(conditions, limit)),
            ("first", first.map { $0.document(withLines: true) } ?? .null),
            ("differences", .array(differences.map { $0.document(withLines: false) })), ("files", .array(files.map(RunComparison.file))),
            ("results", changes(results, limit)), ("expectations", .array(expectations.prefix(limit).map(RunComparison.judgement))),
            ("detectors", changes(detectors, limit)),
            ("labels", changes(labels, limit)), ("counts", changes(counts, limit)),
        ])
    }

    fileprivate static func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(members.map { JSONValue.Member($0.0, $0.1) }) }

    fileprivate static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    fileprivate static func change(_ change: Change) -> JSONValue { object([("name", .string(change.name)), ("a", text(change.a)), ("b", text(change.b))]) }

    private func changes(_ list: [Change], _ limit: Int) -> JSONValue { .array(list.prefix(limit).map(RunComparison.change)) }

    private static func run(_ run: Run) -> JSONValue {
        object([
            ("path", .string(run.path)), ("verdict", .string(run.verdict)), ("fingerprint", .string(run.fingerprint)), ("incomplete", .bool(run.isIncomplete)),
        ])
    }

    private static func file(_ file: ComparedFile) -> JSONValue {
        var members: [(String, JSONValue)] = [("name", .string(file.name))]
        switch file.state {
        case .same: members.append(("state", "same"))
        case .differs: members.append(("state", "differs"))
        case .only(let side): members.append(("state", .string("only-in-\(side.rawValue)")))
        case .skipped(let why): members += [("state", "not-compared"), ("why", .string(why))]
        }
        return object(members)
    }

    private static func judgement(_ change: JudgementChange) -> JSONValue {
        func side(_ judgement: JudgementChange.Judgement?) -> JSONValue {
            judgement.map { object([("value", .string($0.value)), ("ok", .bool($0.isFulfilled))]) } ?? .null
        }
        return object([("that", .string(change.that)), ("a", side(change.a)), ("b", side(change.b))])
    }
}

extension EventDifference {
    /// The difference for programs.
    func document(withLines: Bool) -> JSONValue {
        func seconds(_ time: Duration?) -> JSONValue { time.map { .number($0.secondsText) } ?? .null }
        var members: [(String, JSONValue)] = [
            ("file", .string(file)), ("t_s", seconds(time)), ("kind", .string(kind.rawValue)), ("subject", .string(subject)),
            ("fields", .array(fields.map(RunComparison.change))),
        ]
        if let times { members.append(("times_s", RunComparison.object([("a", seconds(times.a)), ("b", seconds(times.b))]))) }
        if let count { members.append(("count", .integer(Int64(count)))) }
        if let ended { members += [("ended", .string(ended.rawValue)), ("cut_off", .bool(isCutOff))] }
        guard withLines else { return RunComparison.object(members) }
        func lines(_ list: [Line]) -> JSONValue {
            .array(
                list.map { line in
                    RunComparison.object([
                        ("line", .integer(Int64(line.number))), ("t_s", seconds(line.time)), ("text", .string(line.text)), ("differs", .bool(line.isDifferent)),
                    ])
                })
        }
        members += [("a", lines(a)), ("b", lines(b))]
        return RunComparison.object(members)
    }
}
