import Glibc
public import YAMLTree

/// Where the files come from that `uses` names.
public protocol PluginSource: Sendable {
    /// The file behind an entry of `uses`; throws why it cannot be had.
    ///
    /// - Parameters:
    ///   - address: the entry as it is written.
    ///   - file: the file that has the entry.
    func plugin(_ address: String, usedBy file: SourceFile) throws(PluginRefusal) -> SourceFile
    /// The path of a file that a run reads, such as a log; throws why it cannot be had.
    ///
    /// - Parameters:
    ///   - address: the path as it is written, relative to the file that has it.
    ///   - file: the file that has it.
    func path(_ address: String, usedBy file: SourceFile) throws(PluginRefusal) -> String
    /// A data file beside the files that are read, such as a DBC file.
    ///
    /// - Parameters:
    ///   - address: path relative to the file that names it.
    ///   - file: the file that names it.
    ///   - limit: the most bytes.
    func file(_ address: String, usedBy file: SourceFile, limit: Int) throws(PluginRefusal) -> SourceFile
    /// Addresses of the plugins that come with evsim, for suggestions.
    var shipped: [String] { get }
}

extension PluginSource {
    public func path(_ address: String, usedBy file: SourceFile) throws(PluginRefusal) -> String { throw PluginRefusal("files cannot be read here") }
    /// No data files.
    public func file(_ address: String, usedBy file: SourceFile, limit: Int) throws(PluginRefusal) -> SourceFile {
        throw PluginRefusal("other files cannot be used here")
    }
}

/// Why a plugin file cannot be had.
public struct PluginRefusal: Error, Sendable {
    /// What is wrong, in one sentence without a full stop.
    public let message: String
    /// What to do.
    public let help: String?

    /// A reason.
    public init(_ message: String, help: String? = nil) {
        self.message = message
        self.help = help
    }
}

/// A source that has no plugins: for texts that stand in no folder.
public struct NoPlugins: PluginSource {
    /// The source.
    public init() {}
    public func plugin(_ address: String, usedBy file: SourceFile) throws(PluginRefusal) -> SourceFile {
        throw PluginRefusal("plugins cannot be used here")
    }
    public var shipped: [String] { [] }
}

/// Plugins in the folder of the file that is run, and those that come with evsim.
///
/// Nothing outside these two folders is ever read, whatever `..` and links say.
public struct PluginFolders: PluginSource {
    private let root: String
    private let library: String?

    /// The two folders.
    ///
    /// - Parameters:
    ///   - root: folder of the file that is run.
    ///   - library: folder `plugins` that comes with evsim; `nil` when there is none.
    public init(root: String, library: String?) {
        self.root = root
        self.library = library
    }

    /// The folders for a file that is run.
    public init(running file: String, library: String?) {
        self.init(root: file == "-" || file.utf8.first == 0x3C ? "." : PluginFolders.folder(of: file), library: library)
    }

    /// Name in front of the addresses of shipped plugins.
    private static let prefix = "evsim/"

    public func plugin(_ address: String, usedBy file: SourceFile) throws(PluginRefusal) -> SourceFile {
        guard !address.isEmpty, address.utf8.count <= 1000, !address.utf8.contains(0) else { throw PluginRefusal("this is no path of a plugin") }
        guard !address.hasPrefix("/"), !address.hasPrefix("~") else {
            throw PluginRefusal("a plugin is named by a path relative to this file", help: "absolute paths would not travel with the file")
        }
        if address.hasPrefix(Self.prefix) {
            guard let library else { throw PluginRefusal("the plugins that come with evsim are not installed", help: "see 'evsim doctor'") }
            let name = String(address.dropFirst(Self.prefix.count))
            return try readPlugin("\(library)/\(name.hasSuffix(".yaml") ? name : name + ".yaml")", address)
        }
        return try readPlugin(place(of: address, file), address)
    }

    public func file(_ address: String, usedBy file: SourceFile, limit: Int) throws(PluginRefusal) -> SourceFile {
        try read(path(address, usedBy: file), limit: limit)
    }

    public func path(_ address: String, usedBy file: SourceFile) throws(PluginRefusal) -> String {
        guard !address.isEmpty, address.utf8.count <= 1000, !address.utf8.contains(0) else { throw PluginRefusal("this is no path of a file") }
        guard !address.hasPrefix("/"), !address.hasPrefix("~") else {
            throw PluginRefusal("a file is named by a path relative to this one", help: "absolute paths would not travel with the file")
        }
        let path = place(of: address, file)
        guard PluginFolders.real(path) != nil else {
            throw PluginRefusal(errno == ENOENT ? "there is no file \(Diagnostic.quoted(address))" : "the file \(Diagnostic.quoted(address)) cannot be read")
        }
        try check(path, address, "file")
        guard access(path, R_OK) == 0 else { throw PluginRefusal("the file \(Diagnostic.quoted(address)) cannot be read") }
        return path
    }

    /// The path of an address, which counts from the file that has it.
    private func place(of address: String, _ file: SourceFile) -> String {
        let isInput = file.path.utf8.first == 0x3C
        return PluginFolders.normal(isInput ? address : "\(PluginFolders.folder(of: file.path))/\(address)")
    }

    private func read(_ path: String, limit: Int = SourceFile.sizeLimit) throws(PluginRefusal) -> SourceFile {
        do {
            return try SourceFile.read(path: path, limit: limit)
        } catch {
            throw PluginRefusal(error.diagnostic.message, help: error.diagnostic.help)
        }
    }

    private func readPlugin(_ path: String, _ address: String) throws(PluginRefusal) -> SourceFile {
        guard PluginFolders.real(path) != nil else {
            let reason = errno == ENOENT ? "there is no plugin \(Diagnostic.quoted(address))" : "the plugin \(Diagnostic.quoted(address)) cannot be read"
            let near = Suggestion.nearest(address, among: shipped).map { "did you mean '\($0)'?" }
            throw PluginRefusal(reason, help: near ?? (PluginFolders.real(path + ".yaml") != nil ? "write '\(address).yaml'" : nil))
        }
        try check(path, address, "plugin")
        return try read(path)
    }

    /// Refuses what lies outside the two folders, and what is no regular file.
    private func check(_ path: String, _ address: String, _ what: String) throws(PluginRefusal) {
        guard let real = PluginFolders.real(path) else { throw PluginRefusal("the \(what) \(Diagnostic.quoted(address)) cannot be read") }
        let isInside = [root, library].contains { folder in
            guard let folder, let real_ = PluginFolders.real(folder) else { return false }
            return real.hasPrefix(real_ == "/" ? "/" : real_ + "/")
        }
        guard isInside else {
            throw PluginRefusal(
                "the \(what) \(Diagnostic.quoted(address)) lies outside the folder of the file that is run",
                help: what == "plugin" ? "move it into the folder, or use one that comes with evsim" : "move it into the folder")
        }
        var status = stat()
        guard lstat(real, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw PluginRefusal("\(Diagnostic.quoted(address)) is no file") }
    }

    /// Addresses of all shipped plugins, sorted.
    public var shipped: [String] {
        guard let library else { return [] }
        var found: [String] = []
        collect(library, "", 0, &found)
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func collect(_ folder: String, _ name: String, _ depth: Int, _ found: inout [String]) {
        guard depth < 4, found.count < 1000, let handle = opendir(folder) else { return }
        defer { closedir(handle) }
        while let entry = readdir(handle) {
            let item = withUnsafePointer(to: entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
            guard !item.hasPrefix(".") else { continue }
            var status = stat()
            guard lstat("\(folder)/\(item)", &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                collect("\(folder)/\(item)", name + item + "/", depth + 1, &found)
            } else if item.hasSuffix(".yaml") {
                found.append(Self.prefix + name + item.dropLast(5))
            }
        }
    }

    // MARK: Paths

    /// The folder of a path: `a/b.yaml` lies in `a`, `b.yaml` in `.`.
    static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: 0x2F) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A path without `.` and, where they cancel out, `..`.
    static func normal(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            if part == "." { continue }
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }

    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
