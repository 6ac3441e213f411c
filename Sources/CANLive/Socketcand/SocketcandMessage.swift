import CAN

/// A message of socketcand's protocol: words between `<` and `>` (github.com/linux-can/socketcand, doc/protocol.md).
public enum SocketcandMessage: Hashable, Sendable {
    /// `< hi >`: the server greets.
    case hi
    /// `< ok >`
    case ok
    /// `< echo >`
    case echo
    /// `< open BUS >`
    case open(String)
    /// `< rawmode >`
    case rawMode
    /// `< bcmmode >`
    case bcmMode
    /// `< controlmode >`
    case controlMode
    /// `< statistics MILLISECONDS >`
    case statistics(UInt32)
    /// `< send ID LENGTH B B … >`
    case send(CANFrame)
    /// `< frame ID SECONDS.MICROSECONDS DATA >`; nanoseconds since 1970.
    case frame(CANFrame, nanoseconds: Int64)
    /// `< error CLASS SECONDS.MICROSECONDS >`: an error report of the bus.
    case errorReport(CANFrame, nanoseconds: Int64)
    /// `< error WORDS >`: something was not understood.
    case error(String)
    /// `< subscribe SECONDS MICROSECONDS ID >`; the shortest time between two frames.
    case subscribe(CANFrame, nanoseconds: UInt64)
    /// `< unsubscribe ID >`
    case unsubscribe(CANFrame)
    /// Anything else, with what is wrong with it.
    case wrong(String)
}

extension SocketcandMessage {
    /// The longest message that is read.
    public static let longest = 1024

    /// The message between `<` and `>`, both left out.
    public init(_ body: UnsafeRawBufferPointer) {
        var words = SocketcandWords(body)
        guard let command = words.next() else {
            self = .wrong("an empty message")
            return
        }
        switch command.count {
        case 5 where command.equals("frame"): self = Self.frame(&words)
        case 4 where command.equals("send"): self = Self.send(&words)
        case 2 where command.equals("hi"): self = words.end(.hi)
        case 2 where command.equals("ok"): self = words.end(.ok)
        case 4 where command.equals("echo"): self = words.end(.echo)
        case 4 where command.equals("open"): self = words.next().map { words.end(.open($0.text)) } ?? .wrong("'open' needs the name of a bus")
        case 7 where command.equals("rawmode"): self = words.end(.rawMode)
        case 7 where command.equals("bcmmode"): self = words.end(.bcmMode)
        case 11 where command.equals("controlmode"): self = words.end(.controlMode)
        case 10 where command.equals("statistics"):
            self =
                words.next().flatMap { $0.decimal }.flatMap { UInt32(exactly: $0) }.map { words.end(.statistics($0)) }
                ?? .wrong("'statistics' needs milliseconds")
        case 5 where command.equals("error"): self = Self.error(words)
        case 9 where command.equals("subscribe"): self = Self.subscribe(&words)
        case 11 where command.equals("unsubscribe"):
            self = words.identifier().map { words.end(.unsubscribe($0)) } ?? .wrong("'unsubscribe' needs an identifier of 3 or 8 hexadecimal digits")
        default: self = .wrong("'\(command.text)' is not known here")
        }
    }

    private static func frame(_ words: inout SocketcandWords) -> SocketcandMessage {
        guard let head = words.identifier(), let time = words.time() else { return .wrong("'frame' without identifier and time") }
        var payload: UInt64 = 0
        var count: UInt8 = 0
        while let word = words.next() {
            // Data stand unspaced; who puts spaces between the bytes is understood too.
            var index = 0
            while index < word.count {
                guard count < 8, index + 1 < word.count, let high = word.digit(index), let low = word.digit(index + 1) else {
                    return .wrong("'frame' with data that are no 0 to 8 bytes")
                }
                payload |= UInt64(high << 4 | low) << UInt64(count * 8)
                count += 1
                index += 2
            }
        }
        return .frame(CANFrame(id: head.id, isExtended: head.isExtended, lengthCode: count, payload: payload), nanoseconds: time)
    }

    private static func send(_ words: inout SocketcandWords) -> SocketcandMessage {
        guard let head = words.identifier() else { return .wrong("'send' needs an identifier of 3 hexadecimal digits, or 8 for the extended format") }
        guard let length = words.next().flatMap({ $0.decimal }), length <= 8 else { return .wrong("'send' needs a length from 0 to 8") }
        var payload: UInt64 = 0
        var count: UInt64 = 0
        while let word = words.next() {
            guard let byte = word.hexadecimal(most: 2), count < length else { return .wrong("'send' with a length of \(length) and other data") }
            payload |= UInt64(byte) << (count * 8)
            count += 1
        }
        guard count == length else { return .wrong("'send' with a length of \(length) and \(count) bytes (remote frames are no part of this protocol)") }
        return .send(CANFrame(id: head.id, isExtended: head.isExtended, lengthCode: UInt8(length), payload: payload))
    }

    private static func error(_ words: SocketcandWords) -> SocketcandMessage {
        var reading = words
        if let code = reading.next()?.hexadecimal(most: 8), let time = reading.time(), reading.next() == nil {
            return .errorReport(CANFrame(id: code & 0x1FFF_FFFF, isError: true, lengthCode: 8, payload: 0), nanoseconds: time)
        }
        return .error(words.rest)
    }

    private static func subscribe(_ words: inout SocketcandWords) -> SocketcandMessage {
        guard let seconds = words.next().flatMap({ $0.decimal }), let micros = words.next().flatMap({ $0.decimal }), seconds <= 1_000_000, micros < 1_000_000,
            let head = words.identifier()
        else { return .wrong("'subscribe' needs seconds, microseconds and an identifier") }
        return words.end(.subscribe(head, nanoseconds: seconds * 1_000_000_000 + micros * 1000))
    }
}

/// The words of a message, split at spaces.
struct SocketcandWords {
    /// One word.
    struct Word {
        let bytes: UnsafeRawBufferPointer

        var count: Int { bytes.count }
        /// As text; what is not printable becomes a question mark.
        var text: String { String(decoding: bytes.prefix(64).map { $0 > 0x20 && $0 < 0x7F ? $0 : 0x3F }, as: UTF8.self) }

        @inline(__always)
        func equals(_ word: StaticString) -> Bool {
            guard word.utf8CodeUnitCount == bytes.count else { return false }
            for index in 0..<bytes.count where bytes[index] != word.utf8Start[index] { return false }
            return true
        }

        /// The value of the hexadecimal digit at a position.
        @inline(__always)
        func digit(_ index: Int) -> UInt32? {
            let byte = UInt32(bytes[index])
            if byte &- 0x30 < 10 { return byte &- 0x30 }
            let letter = byte | 0x20
            return letter &- 0x61 < 6 ? letter &- 0x57 : nil
        }

        /// 1 to `most` hexadecimal digits.
        @inline(__always)
        func hexadecimal(most: Int) -> UInt32? {
            guard (1...most).contains(bytes.count) else { return nil }
            var value: UInt32 = 0
            for index in 0..<bytes.count {
                guard let digit = digit(index) else { return nil }
                value = value << 4 | digit
            }
            return value
        }

        /// 1 to 18 decimal digits.
        @inline(__always)
        var decimal: UInt64? {
            guard (1...18).contains(bytes.count) else { return nil }
            var value: UInt64 = 0
            for byte in bytes {
                guard byte &- 0x30 < 10 else { return nil }
                value = value &* 10 &+ UInt64(byte &- 0x30)
            }
            return value
        }
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next word.
    @inline(__always)
    mutating func next() -> Word? {
        while position < bytes.count, bytes[position] <= 0x20 { position &+= 1 }
        guard position < bytes.count else { return nil }
        let start = position
        while position < bytes.count, bytes[position] > 0x20 { position &+= 1 }
        return Word(bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<position]))
    }

    /// A message that has nothing more.
    mutating func end(_ message: SocketcandMessage) -> SocketcandMessage {
        guard let more = next() else { return message }
        return .wrong("'\(more.text)' is too much")
    }

    /// All that is left, as text.
    var rest: String {
        String(decoding: bytes[position...].prefix(200).map { $0 >= 0x20 && $0 < 0x7F ? $0 : 0x3F }, as: UTF8.self)
            .split(separator: " ").joined(separator: " ")
    }

    /// An identifier: up to 3 digits of the base format, 8 of the extended one. In a frame without data.
    @inline(__always)
    mutating func identifier() -> CANFrame? {
        guard let word = next(), let value = word.hexadecimal(most: 8) else { return nil }
        if word.count == 8, value <= 0x1FFF_FFFF { return CANFrame(id: value, isExtended: true, lengthCode: 0, payload: 0) }
        return word.count <= 3 && value <= 0x7FF ? CANFrame(id: value, lengthCode: 0, payload: 0) : nil
    }

    /// `SECONDS.MICROSECONDS` as nanoseconds.
    @inline(__always)
    mutating func time() -> Int64? {
        guard let word = next(), let point = word.bytes.firstIndex(of: 0x2E), let seconds = Word(bytes: part(word, 0, point)).decimal,
            word.count - point - 1 == 6, let micros = Word(bytes: part(word, point + 1, word.count)).decimal, seconds < 1 << 33
        else { return nil }
        return Int64(seconds) * 1_000_000_000 + Int64(micros) * 1000
    }

    private func part(_ word: Word, _ from: Int, _ to: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: word.bytes[from..<to]) }
}
