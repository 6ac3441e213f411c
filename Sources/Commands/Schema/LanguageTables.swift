/// The tables of the reference page that restate the schema.
enum LanguageTables {
    /// Why a page cannot be filled.
    struct Problem: Error {
        let line: Int
        let message: String
    }

    static func filled(_ page: String) -> Result<String, Problem> { .success(page) }
}
