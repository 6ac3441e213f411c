import Engine
import ScenarioLanguage
import Synchronization
import YAMLTree

/// The plugins that come with evsim, as `list` and `describe` show them.
enum PluginShelf {
    /// A plugin with the address that `uses` takes.
    struct Item {
        let address: String
        let plugin: PluginDescription
    }

    /// Every shipped plugin that can be read, in the order of their addresses.
    static let items: [Item] = {
        let source = PluginFolders(root: ".", library: PluginLibrary.folder)
        let nowhere = SourceFile(path: "<list>", bytes: [])
        return source.shipped.compactMap { address in
            guard let file = try? source.plugin(address, usedBy: nowhere) else { return nil }
            return PluginLibrary.reader(for: file.path).readPlugin(file, tries: false).plugin.map { Item(address: address, plugin: $0) }
        }
    }()

    /// The page of a shipped plugin, or of one thing that it defines, with the signals of its kinds.
    static func page(_ item: Item, only: String? = nil) -> PluginPage {
        if let known = tried.withLock({ $0[item.address] }) { return PluginPage(address: item.address, plugin: known, only: only) }
        let whole = PluginLibrary.reader(for: item.plugin.file.path).readPlugin(item.plugin.file).plugin ?? item.plugin
        tried.withLock { $0[item.address] = whole }
        return PluginPage(address: item.address, plugin: whole, only: only)
    }

    /// Plugins whose definitions were tried, which takes a while.
    private static let tried = Mutex<[String: PluginDescription]>([:])

    /// What shipped plugins define in a section, with the address of each.
    static func entries(_ section: String) -> [(address: String, entry: PluginDescription.Entry)] {
        items.flatMap { item in item.plugin.entries.filter { $0.section == section }.map { (item.address, $0) } }
    }

    /// Rows for `evsim list`: name, explanation, and where it comes from.
    static func rows(_ section: String) -> [[(String, String)]] {
        entries(section).map { [("name", $0.entry.name), ("about", "\($0.entry.about)\($0.entry.about.isEmpty ? "" : " ")(uses: [\($0.address)])")] }
    }
}
