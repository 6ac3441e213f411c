import Glibc
import JSONText
import ScenarioLanguage

/// The directory that a run leaves: complete, or marked incomplete.
enum RunDirectory {
    /// Stands in the directory while it is not complete.
    static let marker = "INCOMPLETE"
    /// The files of a run but its pictures; the report comes last.
    static let names = [
        "report.md", "signals.csv", "frames.log", "messages.jsonl", "capture.pcapng", "labels.csv", "frame-labels.csv", "alarms.csv", "report.json",
    ]

    /// Creates the directory and removes what an earlier run left in it; other files are not touched.
    static func prepare(_ path: String) throws(OutputError) {
        try makeDirectories(path)
        try write("This run has not come to its end. What is here is what was written so far.\n", to: "\(path)/\(marker)")
        for name in names { _ = unlink("\(path)/\(name)") }
        for number in 1... {
            guard unlink("\(path)/failing-\(number).yaml") == 0 else { break }
        }
        for name in pictures(in: "\(path)/plots") { _ = unlink("\(path)/plots/\(name)") }
    }

    /// Writes what is known only at the end; the marker goes last, and stays when the run is incomplete.
    static func write(_ report: RunReport, _ simulation: Simulation, _ judge: RunJudge, to path: String, drawsPlots: Bool, further: [String] = [])
        throws(OutputError) -> [String]
    {
        try simulation.recorder.finish()
        try write(report.labelRows(), to: "\(path)/labels.csv")
        try write(report.alarmRows(), to: "\(path)/alarms.csv")
        var files = ["report.json", "report.md"] + simulation.recorder.files + ["labels.csv", "alarms.csv"] + further
        if drawsPlots, !simulation.scenario.plots.isEmpty {
            try makeDirectories("\(path)/plots")
            for (number, plot) in simulation.scenario.plots.enumerated() {
                let name = "plots/\(pictureName(number, plot.title))"
                let picture = RunPictures.draw(plot, simulation, judge)
                try write(picture, to: "\(path)/\(name)")
                files.append(name)
            }
        } else {
            _ = rmdir("\(path)/plots")
        }
        try write(report.markdown(files: files), to: "\(path)/report.md")
        try write(report.document(files: files).text(.pretty) + "\n", to: "\(path)/report.json")
        if judge.verdict != .incomplete { _ = unlink("\(path)/\(marker)") }
        return files
    }

    /// `01-charging-current.png`: the number and the title in lower-case ASCII.
    static func pictureName(_ number: Int, _ title: String) -> String {
        var slug: [UInt8] = []
        for byte in asciiFolded(title).utf8 {
            switch byte {
            case 0x61...0x7A, 0x30...0x39: slug.append(byte)
            case 0x41...0x5A: slug.append(byte + 0x20)
            default: if !slug.isEmpty, slug.last != 0x2D { slug.append(0x2D) }
            }
        }
        while slug.last == 0x2D { slug.removeLast() }
        let text = String(decoding: slug.prefix(60), as: UTF8.self)
        return "\(number < 9 ? "0" : "")\(number + 1)\(text.isEmpty ? "" : "-")\(text).png"
    }

    /// The letters of Latin-1 and Turkish without their marks.
    private static func asciiFolded(_ text: String) -> String {
        let from = Array("ÀÁÂÃÄÅàáâãäåÇçÈÉÊËèéêëÌÍÎÏìíîïÑñÒÓÔÕÖØòóôõöøÙÚÛÜùúûüÝýÿĞğİıŞşŁłŠšŽžČčĆć")
        let to = Array("AAAAAAaaaaaaCcEEEEeeeeIIIIiiiiNnOOOOOOooooooUUUUuuuuYyyGgIiSsLlSsZzCcCc")
        return String(text.map { letter in from.firstIndex(of: letter).map { to[$0] } ?? letter })
    }

    // MARK: Files

    static func makeDirectories(_ path: String) throws(OutputError) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += made.isEmpty || made == "/" ? String(part) : "/\(part)"
            if mkdir(made, 0o755) != 0, errno != EEXIST { throw OutputError(path: made, reason: systemMessage(errno)) }
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw OutputError(path: path, reason: systemMessage(errno)) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw OutputError(path: path, reason: "it is not a directory") }
    }

    static func write(_ text: String, to path: String) throws(OutputError) {
        let file = try OutputFile(path: path)
        file.append(text)
        try file.finish()
    }

    static func write(_ bytes: [UInt8], to path: String) throws(OutputError) {
        let file = try OutputFile(path: path)
        bytes.withUnsafeBytes { file.append($0) }
        try file.finish()
    }

    /// Names of the pictures in a directory, sorted.
    static func pictures(in path: String) -> [String] {
        guard let handle = opendir(path) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let bytes = Array(name.utf8)
            if name.hasSuffix(".png"), bytes.count > 6, (0x30...0x39).contains(bytes[0]), (0x30...0x39).contains(bytes[1]) { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
