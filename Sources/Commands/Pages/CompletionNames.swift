import Engine
import Glibc
import ScenarioLanguage
import YAMLTree

/// Names that only the files on the line know. Nothing here fails: what cannot be read has no names.
enum CompletionNames {
    /// The most directories that are looked at.
    private static let mostRuns = 500
    /// The most signals that are offered.
    private static let mostSignals = 2000

    /// The directories of runs below a directory, in byte order.
    static func runs(in directory: String) -> [CompletionAnswer.Candidate] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle), names.count < mostRuns {
            let name = withUnsafePointer(to: entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
            if !name.hasPrefix("."), FileWriting.exists("\(directory)/\(name)/report.json") { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { name in
            ("\(directory)/\(name)", FileWriting.exists("\(directory)/\(name)/INCOMPLETE") ? "incomplete" : "")
        }
    }

    /// The signals of a scenario file, or those that a run recorded; of a counted node all instances together as `cp.*.power`.
    static func signals(of path: String, _ console: Console) -> [CompletionAnswer.Candidate] {
        guard path != "-" else { return [] }
        if FileWriting.exists("\(path)/report.json") { return recorded(path, console) }
        guard let file = try? console.read(path), let scenario = ScenarioReader(registry: BuiltIns.registry).read(file).scenario else { return [] }
        return scenario.symbols.signals.compactMap { signal -> CompletionAnswer.Candidate? in
            guard let instance = signal.node else { return (signal.name, signal.unit) }
            let node = scenario.nodes[scenario.symbols.declarationOfNode[instance]]
            guard instance == node.firstInstance else { return nil }
            guard node.isCounted else { return (signal.name, signal.unit) }
            return ("\(node.name).*\(signal.name.dropFirst(scenario.symbols.nodes[instance].count))", signal.unit)
        }.prefix(mostSignals).map { $0 }
    }

    /// The signals in the first rows of `signals.csv`, each once.
    private static func recorded(_ directory: String, _ console: Console) -> [CompletionAnswer.Candidate] {
        guard let file = fopen("\(directory)/signals.csv", "r") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        var seen = Set<String>()
        var result: [CompletionAnswer.Candidate] = []
        for line in String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").dropFirst() where result.count < mostSignals {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            guard cells.count == 4, seen.insert(String(cells[1])).inserted else { continue }
            result.append((String(cells[1]), String(cells[3])))
        }
        return result
    }

    /// The parameters of a scenario as `name=`, explained by their values.
    static func parameters(of path: String, _ console: Console) -> [CompletionAnswer.Candidate] {
        guard let file = try? console.read(path) else { return [] }
        let entries = YAMLTree.parse(file).root?.entry("params")?.value.entries ?? []
        return entries.map { entry in
            let value = entry.value.text ?? entry.value.entry("default")?.value.text ?? ""
            let about = entry.value.entry("about")?.value.text
            return ("\(entry.name)=", [value, about ?? ""].filter { !$0.isEmpty }.joined(separator: " – "))
        }
    }
}
