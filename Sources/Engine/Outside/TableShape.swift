/// What the first rows of a table tell of it beyond the names of its columns.
enum TableShape {
    /// Names of columns that say which rows are anomalous, or what made the values: never signals to look at.
    static let truthColumns = [
        "label", "is_anomaly", "anomaly", "attack", "class", "flag", "is_attack", "changepoint", "is_changepoint", "anomaly_label", "attack_type",
        "attack_label", "subclass", "sub_class", "specific_class", "outlier", "is_outlier",
    ]
    /// The parts that Yahoo's series A3 and A4 were made of.
    private static let yahooParts = ["trend", "noise", "seasonality1", "seasonality2", "seasonality3"]
    /// Columns that name the kind of what a flag marks.
    static let kindColumns = ["subclass", "sub_class", "specific_class", "attack_type", "attack_name", "attack_label", "category"]

    /// Places of columns that tell the truth.
    static func truths(_ table: TableReader, _ settings: OutsideSettings) -> Set<Int> {
        let names = table.header.map { $0.lowercased() }
        let isYahoo = names.contains("changepoint") && names.contains("value")
        guard settings.labelColumn != "" else { return [] }
        return Set(names.indices.filter { truthColumns.contains(names[$0]) || isYahoo && yahooParts.contains(names[$0]) })
    }

    /// Whether a column only says when or in which order rows came: another time, or an index.
    static func isOrder(_ name: String, hasTime: Bool) -> Bool {
        let lower = name.lowercased()
        return lower.isEmpty || lower == "index" || lower.hasPrefix("unnamed: ") || hasTime && lower.contains("timestamp")
    }

    /// Gives names to the columns of a table that begins with numbers: `time` for dates and for numbers in even steps, `value` for a single column.
    static func name(_ table: TableReader, path: String, called name: String) throws(TableError) {
        let first = table.header
        guard !first.isEmpty, first.indices.allSatisfy({ isValue(first[$0], mayBeDate: $0 == 0) }) else { return }
        // 0, 1, 2 … are names, as pandas gives them.
        if first.count > 1, first.indices.allSatisfy({ first[$0] == "\($0)" }) { return }
        var names = first.indices.map { "column\($0 + 1)" }
        var values = first.indices.dropFirst(0)
        if first.count > 1, try beginsWithTime(path, first) {
            names[0] = "time"
            values = first.indices.dropFirst()
        }
        // Files `.out` of TSB-UAD are value and flag.
        if name.lowercased().hasSuffix(".out"), values.count > 1, let last = values.popLast() { names[last] = "label" }
        if values.count == 1, let only = values.first { names[only] = "value" }
        table.nameColumns(names)
    }

    private static func isValue(_ text: String, mayBeDate: Bool) -> Bool {
        Double(text) != nil || mayBeDate && TableTime.nanoseconds(ofDate: text) != nil
    }

    /// Whether the first column are dates, or numbers that rise in even steps.
    private static func beginsWithTime(_ path: String, _ first: [String]) throws(TableError) -> Bool {
        if TableTime.nanoseconds(ofDate: first[0]) != nil { return true }
        guard var last = Double(first[0]) else { return false }
        let table = try TableReader(path: path)
        var steps: [Double] = []
        while steps.count < 200, try table.next() {
            guard let value = table.number(0), value > last else { return false }
            steps.append(value - last)
            last = value
        }
        guard steps.count >= 3 else { return false }
        let middle = steps.sorted()[steps.count / 2]
        return steps.count { ($0 - middle).magnitude <= 0.01 * middle } * 3 >= steps.count * 2
    }
}
