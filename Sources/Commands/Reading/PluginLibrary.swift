import Engine
import Glibc
import ScenarioLanguage
import YAMLTree

/// Finds the plugins that come with evsim.
enum PluginLibrary {
    /// The folder `plugins`: what EVSIM_PLUGINS says, beside the sources that the command was built from, or below the prefix that it is installed in.
    static let folder: String? = {
        if let named = getenv("EVSIM_PLUGINS") {
            let path = String(cString: named)
            return path.isEmpty ? nil : path
        }
        guard let program = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(program) }
        var place = parent(String(cString: program))
        let installed = parent(place) + "/share/evsim/plugins"
        if isLibrary(installed) { return installed }
        // In a build directory: .build/x86_64-…/release/evsim.
        for _ in 0..<6 {
            if isLibrary(place + "/plugins") { return place + "/plugins" }
            place = parent(place)
        }
        return nil
    }()

    /// Plugins for a file that is run.
    static func source(for file: String) -> PluginFolders { PluginFolders(running: file, library: folder) }

    /// A reader of files that finds their plugins.
    static func reader(for file: String) -> ScenarioReader { ScenarioReader(registry: BuiltIns.registry, plugins: source(for: file)) }

    /// The folder is known by a plugin that always is there, so that no other folder of that name is taken for it.
    private static func isLibrary(_ path: String) -> Bool { access(path + "/dual-gun-cabinet.yaml", R_OK) == 0 }

    private static func parent(_ path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: 0x2F), slash > path.startIndex else { return "" }
        return String(path[..<slash])
    }
}

/// Reads plugin files for the commands that take them besides scenarios.
enum PluginReading {
    /// What a plugin file offers and what was found in it; `nil` when the file is no plugin, or cannot be read.
    static func read(_ path: String, _ console: Console) -> (plugin: PluginDescription?, findings: [Diagnostic], failure: ExitCode)? {
        guard path != "-", let file = try? console.read(path), let root = YAMLTree.parse(file).root, root.entry("plugin") != nil, root.entry("scenario") == nil
        else { return nil }
        let result = PluginLibrary.reader(for: path).readPlugin(file)
        return (result.plugin, result.diagnostics, .invalidFile)
    }
}
