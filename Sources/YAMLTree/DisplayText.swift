/// How text from a file is shown on a terminal: harmless characters only, and with a known width.
public enum DisplayText {
    /// The text with control, invisible and direction-changing characters replaced by visible ones.
    ///
    /// C0 controls and DEL become the pictures U+2400 to U+2421, a tab four spaces, everything else `<U+XXXX>`, so that a
    /// hostile file or file name cannot command the terminal or reorder what is shown.
    public static func visible(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { picture($0) != nil }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if let picture = picture(scalar) { result += picture } else { result.unicodeScalars.append(scalar) }
        }
        return result
    }

    /// The columns that a text takes on a terminal, once it is visible.
    public static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    /// The columns of one code point as ``visible(_:)`` shows it: 0 for combining, 2 for wide East Asian and emoji, else 1.
    static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value >= 0x20, scalar.value < 0x7F { return 1 }
        if let picture = picture(scalar) { return picture.unicodeScalars.count }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x1160...0x11FF, 0xFE00...0xFE0F, 0xE0100...0xE01EF: return 0
        // Unicode Standard Annex 11, East Asian Width W and F, in coarse ranges; emoji as terminals draw them.
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18AFF, 0x1B000...0x1B2FF,
            0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F7E0...0x1F7EB, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }

    /// What stands for a character that must not reach a terminal; nil for all others.
    static func picture(_ scalar: Unicode.Scalar) -> String? {
        switch scalar.value {
        case 0x09: return "    "
        case 0x00..<0x20: return String(Unicode.Scalar(0x2400 + scalar.value).map(Character.init) ?? "\u{FFFD}")
        case 0x7F: return "\u{2421}"
        case 0x20..<0x7F: return nil
        default: break
        }
        switch scalar.value {
        case 0x80...0x9F, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F:
            let hex = String(scalar.value, radix: 16, uppercase: true)
            return "<U+" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex + ">"
        default: return nil
        }
    }
}
