/// Finds the bytes of values in a JSON text, so that a text can be changed and all other bytes stay as they are.
public enum JSONPlaces {
    /// The bytes of the value at a JSON pointer, given as its parts without escapes; `nil` when there is none or the text is broken before it. O(n).
    public static func value(at parts: [String], in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        var reader = JSONReader(bytes)
        return try? find(&reader, parts[...])
    }

    /// The parts of a JSON pointer (RFC 6901); `nil` when it does not begin with a slash.
    public static func parts(of pointer: String) -> [String]? {
        guard pointer.utf8.first == 0x2F else { return pointer.isEmpty ? [] : nil }
        return pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { part in
            guard part.contains("~") else { return String(part) }
            var text = ""
            var isEscape = false
            for letter in part {
                if isEscape {
                    text.append(letter == "1" ? "/" : letter == "0" ? "~" : letter)
                    isEscape = false
                } else if letter == "~" {
                    isEscape = true
                } else {
                    text.append(letter)
                }
            }
            return text
        }
    }

    private static func find(_ reader: inout JSONReader, _ parts: ArraySlice<String>) throws(JSONError) -> Range<Int>? {
        guard let first = parts.first else { return try reader.skipValue() }
        switch try reader.peek() {
        case .object:
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if reader.text(key) == first { return try find(&reader, parts.dropFirst()) }
                try reader.skipValue()
            }
        case .array:
            guard let wanted = Int(first), wanted >= 0 else { return nil }
            try reader.beginArray()
            var index = 0
            while try reader.nextElement() {
                if index == wanted { return try find(&reader, parts.dropFirst()) }
                try reader.skipValue()
                index += 1
            }
        default: break
        }
        return nil
    }

    /// The bytes of the first value under a key, in the order of the text, at any depth; `nil` when there is none. O(n).
    public static func first(named name: String, in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        all(in: bytes, most: 1) { key, _ in key == name }.first
    }

    /// The bytes of all values that stand under a key, at any depth, that `isWanted`; it is told the key and the bytes of the object that the key is of.
    ///
    /// Inside of a value that is wanted nothing more is looked for. O(n · depth).
    public static func all(in bytes: UnsafeRawBufferPointer, most: Int = .max, _ isWanted: (_ key: String, _ object: Range<Int>) -> Bool) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var reader = JSONReader(bytes)
        try? search(&reader, &found, most, isWanted)
        return found
    }

    private static func search(
        _ reader: inout JSONReader, _ found: inout [Range<Int>], _ most: Int, _ isWanted: (String, Range<Int>) -> Bool
    ) throws(JSONError) {
        switch try reader.peek() {
        case .object:
            var ahead = reader
            let object = try ahead.skipValue()
            try reader.beginObject()
            while let key = try reader.nextKey() {
                guard found.count < most else { return }
                if isWanted(reader.text(key), object) {
                    found.append(try reader.skipValue())
                } else {
                    try search(&reader, &found, most, isWanted)
                }
            }
        case .array:
            try reader.beginArray()
            while try reader.nextElement() {
                guard found.count < most else { return }
                try search(&reader, &found, most, isWanted)
            }
        default: try reader.skipValue()
        }
    }
}
