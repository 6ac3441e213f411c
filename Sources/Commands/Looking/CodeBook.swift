import Engine
import ScenarioLanguage
import YAMLTree

/// The pages of all codes that diagnostics carry, in the order of the codes.
enum CodeBook {
    /// All pages.
    static var entries: [DiagnosticCatalogue.Entry] {
        let formulas = FormulaErrorCatalogue.all.map { DiagnosticCatalogue.Entry($0.code, $0.title, $0.explanation) }
        let temporal = TemporalErrorCatalogue.all.map { DiagnosticCatalogue.Entry($0.code, $0.title, $0.explanation) }
        let files = DiagnosticCatalogue.entries + LanguageCatalogue.entries + Formatter.catalogue + DatabaseCatalogue.entries
        let all = files + formulas + temporal + RunCode.catalogue
        return all.sorted { $0.code.utf8.lexicographicallyPrecedes($1.code.utf8) }
    }

    /// The page of a code, upper or lower case.
    static func entry(_ code: String) -> DiagnosticCatalogue.Entry? {
        let wanted = code.uppercased()
        return entries.first { $0.code == wanted }
    }
}
