extension ConfigurationStore {
    /// The items of a text with commas between, without the blanks around them; empty ones are left out.
    static func items(_ text: String) -> [Substring] {
        text.split(separator: ",").compactMap { item in
            var item = item
            while item.first == " " { item.removeFirst() }
            while item.last == " " { item.removeLast() }
            return item.isEmpty ? nil : item
        }
    }

    /// The bytes of 32 to 40 hexadecimal digits, `nil` for any other text.
    static func hexadecimal(_ text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { byte -> UInt8? in
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x41...0x46: byte - 0x37
            case 0x61...0x66: byte - 0x57
            default: nil
            }
        }
        guard digits.count == text.utf8.count, 32...40 ~= digits.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// The value that a text stands for, `nil` if it does not fit the key.
    func parse(_ text: String, _ definition: ConfigurationDefinition) -> Value? {
        switch definition.kind {
        case .bool:
            switch text.lowercased() {
            case "true": return .bool(true)
            case "false": return .bool(false)
            default: return nil
            }
        case .integer(let range):
            guard !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int(text), range.contains(number) else { return nil }
            return .integer(number)
        case .measurands(let limit):
            guard let specs = MeasurandSpec.list(text), specs.count <= self[optionalInt: limit] ?? .max,
                specs.allSatisfy({ measurable.contains($0.measurand) })
            else { return nil }
            return .list(specs.map(\.text))
        case .phaseRotations(let limit):
            let items = Self.items(text).compactMap(rotation)
            guard items.count == Self.items(text).count, items.count <= self[optionalInt: limit] ?? .max else { return nil }
            return .list(items)
        case .words(let allowed):
            var words: [String] = []
            for item in Self.items(text) {
                guard let word = allowed.first(where: { $0.lowercased() == item.lowercased() }) else { return nil }
                if !words.contains(word) { words.append(word) }
            }
            return .list(words)
        case .text(let length): return text.unicodeScalars.count <= length ? .text(text) : nil
        case .password:
            if Self.hexadecimal(text) != nil { return .text(text) }
            return allowsPlainPassword && 16...40 ~= text.unicodeScalars.count && text.utf8.allSatisfy { 0x20..<0x7F ~= $0 } ? .text(text) : nil
        }
    }

    /// `RST`, `1.RST` and the like in the standard's spelling.
    private func rotation(_ text: Substring) -> String? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let names = ["NotApplicable", "Unknown", "RST", "RTS", "SRT", "STR", "TRS", "TSR"]
        guard 1...2 ~= parts.count, let last = parts.last, let name = names.first(where: { $0.lowercased() == last.lowercased() }) else { return nil }
        guard parts.count == 2 else { return name }
        guard let connector = Int(parts[0]), 0...self[int: .numberOfConnectors] ~= connector else { return nil }
        return "\(connector).\(name)"
    }

    /// What a value of this key looks like, for people.
    static func expected(_ definition: ConfigurationDefinition) -> String {
        switch definition.kind {
        case .bool: "true or false"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .measurands: "measurands of the standard with commas between, such as Energy.Active.Import.Register,Current.Import.L1"
        case .phaseRotations: "phase rotations with commas between, such as 0.RST,1.RTS"
        case .words(let words): "some of \(words.joined(separator: ", ")) with commas between"
        case .text(let length): "a text of at most \(length) characters"
        case .password: "32 to 40 hexadecimal digits, such as 0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"
        }
    }
}
