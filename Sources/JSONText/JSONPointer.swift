/// Finding the JSON pointer (RFC 6901) of a place in a text.
///
/// Parsers do not keep a path while all is well; when something is wrong, the text up to the fault is read once more.
public enum JSONPointer {
    /// One open array or object on the way to the place.
    private struct Level {
        var isObject: Bool
        var index = 0
        var key: Range<Int>?
    }

    /// The pointer of the value, or of the member if `offset` lies in a key, that holds the byte at `offset`.
    ///
    /// The text may be broken at and after `offset`. Nesting beyond 512 levels is not followed. O(n).
    public static func path(to offset: Int, in bytes: UnsafeRawBufferPointer) -> String {
        var levels: [Level] = []
        var place = 0
        var expectsKey = false
        scan: while place < bytes.count, place <= offset {
            switch bytes[place] {
            case 0x7B, 0x5B:
                guard place < offset, levels.count < 512 else { break scan }
                levels.append(Level(isObject: bytes[place] == 0x7B))
                expectsKey = bytes[place] == 0x7B
            case 0x7D, 0x5D:
                guard place < offset else { break scan }
                if !levels.isEmpty { levels.removeLast() }
                expectsKey = false
            case 0x2C:
                guard place < offset, let last = levels.indices.last else { break }
                levels[last].index += 1
                levels[last].key = nil
                expectsKey = levels[last].isObject
            case 0x22:
                let start = place + 1
                place = start
                while place < bytes.count, bytes[place] != 0x22 { place += bytes[place] == 0x5C ? 2 : 1 }
                if expectsKey, let last = levels.indices.last {
                    levels[last].key = start..<min(place, bytes.count)
                    expectsKey = false
                }
            default: break
            }
            place += 1
        }
        return levels.reduce(into: "") { path, level in
            if level.isObject {
                guard let key = level.key else { return }
                path += "/" + escaped(key, bytes)
            } else {
                path += "/\(level.index)"
            }
        }
    }

    private static func escaped(_ key: Range<Int>, _ bytes: UnsafeRawBufferPointer) -> String {
        let content = UnsafeRawBufferPointer(rebasing: bytes[key])
        let plain = decoded(content)
        var text = ""
        for scalar in plain.unicodeScalars {
            switch scalar {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// The key with its escapes decoded; as it stands if it is broken.
    private static func decoded(_ content: UnsafeRawBufferPointer) -> String {
        var writer = ByteWriter(capacity: content.count + 2)
        writer.append(0x22)
        writer.append(bytes: content)
        writer.append(0x22)
        return writer.withBytes { quoted in
            var reader = JSONReader(quoted)
            guard let token = try? reader.string(), reader.offset == quoted.count else { return String(decoding: content, as: UTF8.self) }
            return reader.text(token)
        }
    }
}
