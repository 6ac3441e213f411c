import Engine
import Quantities
import ScenarioLanguage

/// Something that `evsim describe` knows by its name.
enum Subject {
    case kind(KindManifest)
    case detector(DetectorManifest)
    case attack(AttackManifest)
    case message(MessageManifest)
    case function(FormulaFunction.Info)
    case unit(Unit)
    case section(Section)
    case plugin(PluginPage)

    /// Everything of that name; a section also answers to its first word.
    static func named(_ name: String) -> [Subject] {
        let registry = BuiltIns.registry
        var found: [Subject] = registry.kinds.filter { $0.name == name }.map { .kind($0) }
        found += registry.detectors.filter { $0.name == name }.map { .detector($0) }
        found += BuiltInAttacks.all.filter { $0.name == name }.map { .attack($0) }
        found += registry.messages.filter { $0.name == name }.map { .message($0) }
        found += FormulaFunction.table.filter { $0.name == name }.map { .function($0) }
        if let unit = Unit.named(name) { found.append(.unit(unit)) }
        found += (ScenarioSchema.all + PluginSchema.all).filter { self.name($0) == name || firstWord($0) == name }.map { .section($0) }
        for item in PluginShelf.items {
            if item.address == name || item.plugin.name == name { found.append(.plugin(PluginShelf.page(item))) }
            for entry in item.plugin.entries where (entry.name == name && item.plugin.name != name) || "\(item.plugin.name)/\(entry.name)" == name {
                found.append(.plugin(PluginShelf.page(item, only: entry.name)))
            }
        }
        return found
    }

    /// Every name with one line about it.
    static var all: [(name: String, about: String)] {
        let registry = BuiltIns.registry
        var all = registry.kinds.map { ($0.name, $0.about) }
        all += registry.detectors.map { ($0.name, $0.about) }
        all += BuiltInAttacks.all.map { ($0.name, $0.about) }
        all += registry.messages.map { ($0.name, $0.about) }
        all += FormulaFunction.table.map { ($0.name, $0.about) }
        all += Unit.all.map { ($0.symbol, "unit of \($0.dimension.name)") }
        all += (ScenarioSchema.all + PluginSchema.all).map { (name($0), $0.about) }
        for item in PluginShelf.items {
            all.append((item.address, item.plugin.about))
            all += item.plugin.entries.filter { $0.name != item.plugin.name }.map { ($0.name, $0.about) }
        }
        return all
    }

    /// The name of a section; the file itself is called `file`.
    static func name(_ section: Section) -> String { section.path.isEmpty ? "file" : section.path }

    private static func firstWord(_ section: Section) -> String { String(section.path.prefix { $0 != "." && $0 != "[" }) }

    /// A unit in base units: `1 kW = 1000 W`, `1 s = 1000 ms`.
    static func factor(_ unit: Unit) -> String {
        let base = unit.dimension.baseUnit
        if unit.numerator == 1, unit.denominator == 1 { return unit.symbol == base ? "base unit" : "1 \(unit.symbol) = 1 \(base)" }
        func with(_ number: Int64, _ symbol: String) -> String { symbol.isEmpty ? "\(number)" : "\(number) \(symbol)" }
        return unit.denominator == 1
            ? "\(with(1, unit.symbol)) = \(with(unit.numerator, base))" : "\(with(unit.numerator, base)) = \(with(unit.denominator, unit.symbol))"
    }
}
