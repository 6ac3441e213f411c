import Glibc
import YAMLTree

/// Finds scenario files below a directory.
enum ScenarioFinder {
    /// A scenario file that was found.
    struct Found {
        let path: String
        let name: String
        let about: String
    }

    /// Directories deeper than this are left out.
    private static let deepest = 8
    /// No more files than this are looked at.
    private static let most = 10_000

    /// The files `*.yaml` and `*.yml` that say `scenario:`, in byte order; `nil` when the directory cannot be read.
    static func scenarios(below directory: String) -> [Found]? {
        var paths: [String] = []
        guard collect(directory, 0, &paths) else { return nil }
        return paths.compactMap { path in
            guard let file = try? SourceFile.read(path: path), let root = YAMLTree.parse(file).root, let name = root.entry("scenario")?.value.text else {
                return nil
            }
            return Found(path: path, name: name, about: root.entry("about")?.value.text ?? "")
        }
    }

    private static func collect(_ directory: String, _ depth: Int, _ paths: inout [String]) -> Bool {
        guard let names = entries(of: directory) else { return false }
        for name in names where !name.hasPrefix(".") && paths.count < most {
            let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
            var status = stat()
            // Links are not followed, so that no circle is walked.
            guard lstat(path, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: if depth < deepest { _ = collect(path, depth + 1, &paths) }
            case S_IFREG: if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { paths.append(path) }
            default: break
            }
        }
        return true
    }

    private static func entries(of directory: String) -> [String]? {
        guard let handle = opendir(directory) else { return nil }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafePointer(to: entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } })
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
