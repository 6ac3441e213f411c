import Glibc
import JSONText

/// `report.json` of a run that is compared.
struct ComparedReport {
    let path: String
    /// The document; `nil` for a run that did not come to its end and left none.
    let document: JSONValue?
    let isIncomplete: Bool
    /// What is wrong with the report of an incomplete run.
    let warning: String?

    /// Reads the report of a directory.
    init(directory: String, name: String) throws(OutputError) {
        path = name
        var status = stat()
        guard stat(directory, &status) == 0 else {
            throw OutputError(path: name, reason: errno == ENOENT ? "there is no such directory" : systemMessage(errno))
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw OutputError(path: name, reason: "it is not a directory") }
        let isMarked = access("\(directory)/\(RunDirectory.marker)", F_OK) == 0
        let limit = 64 << 20
        let bytes = try ComparableFile(path: "\(directory)/report.json")?.whole(limit: limit)
        if let bytes, let document = try? JSONValue(parsing: bytes), document.members != nil {
            self.document = document
            isIncomplete = isMarked || document["verdict"]?.string == "incomplete"
            warning = isIncomplete ? "\(name) did not come to its end; it is compared as far as it goes" : nil
            return
        }
        guard isMarked else {
            throw OutputError(path: name, reason: bytes == nil ? "it holds no report.json; name the directory of a run" : "its report.json cannot be read")
        }
        document = nil
        isIncomplete = true
        warning = "\(name) did not come to its end and has no report; only its files are compared"
    }

    var run: RunComparison.Run {
        RunComparison.Run(path: path, verdict: text("verdict") ?? "", fingerprint: text("fingerprint") ?? "", isIncomplete: isIncomplete)
    }

    /// A member as text.
    func text(_ key: String) -> String? { ComparedReport.text(document?[key]) }

    static func text(_ value: JSONValue?) -> String? {
        switch value {
        case nil, .null?: nil
        case .string(let text)?: text
        case let value?: value.text(.compact)
        }
    }

    /// What the run was started with.
    var conditions: [(name: String, value: String)] {
        var list: [(name: String, value: String)] = []
        for (key, name) in [("scenario", "scenario"), ("seed", "seed"), ("start", "start"), ("evsim", "evsim")] {
            if let value = text(key) { list.append((name, value)) }
        }
        for member in document?["params"]?.members ?? [] { list.append(("--set \(member.key)", ComparedReport.text(member.value) ?? "")) }
        for (index, source) in (document?["sources"]?.array ?? []).enumerated() {
            // The name may differ: what is in the file decides.
            list.append(("sha256 of \(index == 0 ? "the scenario" : source["file"]?.string ?? "file \(index + 1)")", source["sha256"]?.string ?? ""))
        }
        return list
    }

    var results: [(name: String, value: String)] {
        [("verdict", "verdict"), ("fingerprint", "fingerprint"), ("simulated_s", "simulated seconds"), ("events", "events")].compactMap { key, name in
            text(key).map { (name, $0) }
        } + (document?["failure"].map { [("failure", ComparedReport.text($0["message"]) ?? "")] } ?? [])
    }

    /// Every score of every detector.
    var detectors: [(name: String, value: String)] {
        var list: [(name: String, value: String)] = []
        for detector in document?["detectors"]?.array ?? [] {
            let name = detector["name"]?.string ?? "?"
            for (key, title) in [
                ("alarms", "alarms"), ("first_s", "first alarm, s"), ("precision", "precision"), ("recall", "recall"), ("f1", "F1"), ("missed", "missed"),
                ("false_alarms", "false alarms"), ("false_alarms_per_hour", "false alarms per hour"),
            ] {
                if let value = ComparedReport.text(detector[key]) { list.append(("\(name): \(title)", value)) }
            }
            for member in detector["latency_s"]?.members ?? [] {
                if let value = ComparedReport.text(member.value) { list.append(("\(name): latency \(member.key), s", value)) }
            }
        }
        return list
    }

    /// Labels by kind.
    var labels: [(name: String, value: String)] {
        var order: [String] = []
        var counts: [String: Int] = [:]
        for label in document?["labels"]?.array ?? [] {
            let kind = label["kind"]?.string ?? "?"
            if counts[kind] == nil { order.append(kind) }
            counts[kind, default: 0] += 1
        }
        return order.map { ($0, String(counts[$0] ?? 0)) }
    }

    /// Frames of each bus and messages of each action.
    var counts: [(name: String, value: String)] {
        var list: [(name: String, value: String)] = []
        for bus in document?["buses"]?.array ?? [] {
            let name = bus["name"]?.string ?? "?"
            for key in ["frames", "bytes"] { if let value = ComparedReport.text(bus[key]) { list.append(("\(name): \(key)", value)) } }
        }
        for row in document?["messages"]?.array ?? [] {
            let name = "\(row["action"]?.string ?? "?") \(row["direction"]?.string ?? "?")"
            for key in ["calls", "answers", "errors", "unanswered"] {
                if let value = ComparedReport.text(row[key]), key == "calls" || value != "0" { list.append(("\(name): \(key)", value)) }
            }
        }
        return list
    }

    var expectations: [(name: String, judgement: RunComparison.JudgementChange.Judgement)] {
        (document?["expect"]?.array ?? []).map { entry in
            (entry["that"]?.string ?? "?", .init(value: entry["value"]?.string ?? "?", isFulfilled: entry["ok"]?.bool ?? false))
        }
    }

    /// Names of the files that it left; names that lead out of the directory are left out.
    var files: [String] {
        (document?["files"]?.array ?? []).compactMap(\.string).filter { !$0.hasPrefix("/") && !$0.split(separator: "/").contains("..") && !$0.isEmpty }
    }

    /// Pairs of values of the same name that differ, those of A in their order, then those that only B has.
    static func changes<Value: Equatable>(_ a: [(String, Value)], _ b: [(String, Value)]) -> [(name: String, a: Value?, b: Value?)] {
        // A name that comes twice means its next one.
        let left = numbered(a)
        let right = numbered(b)
        var values: [String: Value] = [:]
        for (key, _, value) in right { values[key] = value }
        var names: [String: Bool] = [:]
        var list: [(name: String, a: Value?, b: Value?)] = []
        for (key, name, value) in left {
            names[key] = true
            if values[key] != value { list.append((name, value, values[key])) }
        }
        for (key, name, value) in right where names[key] == nil { list.append((name, nil, value)) }
        return list
    }

    private static func numbered<Value>(_ list: [(String, Value)]) -> [(key: String, name: String, value: Value)] {
        var seen: [String: Int] = [:]
        return list.map { name, value in
            seen[name, default: 0] += 1
            return ("\(seen[name] ?? 0) \(name)", name, value)
        }
    }
}

extension ComparableFile {
    /// The whole file, at most so many bytes.
    fileprivate func whole(limit: Int) throws(OutputError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let piece = try self.bytes(at: Int64(bytes.count), count: 1 << 18)
            bytes += piece
            if piece.count < 1 << 18 { break }
        }
        return bytes
    }
}
