/// An sRGB colour with alpha, eight bits a channel, not premultiplied.
public struct Color: Equatable, Hashable, Sendable {
    /// Red, 0…255, sRGB encoded.
    public var red: UInt8
    /// Green, 0…255, sRGB encoded.
    public var green: UInt8
    /// Blue, 0…255, sRGB encoded.
    public var blue: UInt8
    /// Opacity: 0 is invisible, 255 covers what lies below.
    public var alpha: UInt8

    /// A colour from its four channels.
    public init(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8 = 255) {
        self.red = red
        self.green = green
        self.blue = blue
        self.alpha = alpha
    }

    /// An opaque colour from a number such as `0x0072B2`.
    public init(_ rgb: UInt32) {
        self.init(red: UInt8(truncatingIfNeeded: rgb >> 16), green: UInt8(truncatingIfNeeded: rgb >> 8), blue: UInt8(truncatingIfNeeded: rgb))
    }

    /// A colour from `#RGB`, `#RRGGBB` or `#RRGGBBAA`; `nil` for any other text.
    public init?(hex text: String) {
        var digits: [UInt8] = []
        for (index, byte) in text.utf8.enumerated() {
            if index == 0, byte == UInt8(ascii: "#") { continue }
            guard digits.count < 8 else { return nil }
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits.append(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digits.append(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digits.append(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        guard text.utf8.first == UInt8(ascii: "#") else { return nil }
        switch digits.count {
        case 3: self.init(red: digits[0] * 17, green: digits[1] * 17, blue: digits[2] * 17)
        case 6, 8:
            self.init(
                red: digits[0] * 16 + digits[1], green: digits[2] * 16 + digits[3], blue: digits[4] * 16 + digits[5],
                alpha: digits.count == 8 ? digits[6] * 16 + digits[7] : 255)
        default: return nil
        }
    }

    /// The same colour with another opacity, 0…1.
    public func opacity(_ fraction: Double) -> Color {
        var copy = self
        copy.alpha = UInt8(max(0, min(255, (fraction.isNaN ? 0 : fraction) * 255 + 0.5)))
        return copy
    }

    /// This colour mixed with another: 0 is this one, 1 the other.
    public func mixed(with other: Color, _ fraction: Double) -> Color {
        let part = max(0, min(1, fraction.isNaN ? 0 : fraction))
        func mix(_ first: UInt8, _ second: UInt8) -> UInt8 { UInt8(Double(first) * (1 - part) + Double(second) * part + 0.5) }
        return Color(
            red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue), alpha: mix(alpha, other.alpha))
    }

    /// Red, green and blue as one number, red highest.
    var packed: UInt32 { UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue) }
}
