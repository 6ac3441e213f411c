/// A regular expression that is matched in linear time: no pattern and no text makes it slow.
///
/// Literals, `.`, classes `[a-z]` and `[^…]`, `\d \w \s` and their opposites, groups, `|`, `* + ? {m,n}`, and the anchors `^` and `$`. It works on
/// bytes, and `.` is any byte but a line end. Complexity: O(length of the text × states), with at most 2000 states.
///
/// The states of a Thompson automaton are advanced side by side (Thompson 1968, doi 10.1145/363347.363387).
struct TextPattern: Equatable {
    private enum Node: Equatable {
        case byte(UInt64, UInt64, UInt64, UInt64)
        case split(Int, Int)
        case start(Int)
        case end(Int)
        case match
    }

    /// What is wrong with a pattern.
    struct Problem: Error, Equatable {
        var text: String
    }

    private var nodes: [Node] = []
    /// Where the byte nodes go on.
    private var next: [Int] = []
    private var first = 0
    private static let greatestSize = 2000

    /// A pattern out of its text.
    init(_ text: String) throws(Problem) {
        guard text.utf8.count <= 500 else { throw Problem(text: "is longer than 500 bytes") }
        var parser = Parser(bytes: Array(text.utf8))
        let tree = try parser.alternatives(depth: 0)
        guard parser.isAtEnd else { throw Problem(text: "has a ')' without its '('") }
        let match = try add(.match, 0)
        first = try build(tree, match)
    }

    /// Whether the pattern occurs anywhere in the text.
    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        let words = (nodes.count + 63) / 64
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * words) { marks in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: 3 * nodes.count + 8) { lists in
                marks.update(repeating: 0)
                return run(text, words, marks, lists)
            }
        }
    }

    private func run(
        _ text: UnsafeRawBufferPointer, _ words: Int, _ marks: UnsafeMutableBufferPointer<UInt64>, _ lists: UnsafeMutableBufferPointer<Int32>
    ) -> Bool {
        var (current, other) = (0, 1)
        var counts = (0, 0)
        let stack = 2 * nodes.count
        for place in 0...text.count {
            // The pattern may begin at every place.
            if enter(first, place, text.count, words, marks, lists, current, &counts.0, stack) { return true }
            guard place < text.count else { return false }
            let byte = text[place]
            counts.1 = 0
            for word in other * words..<(other + 1) * words { marks[word] = 0 }
            for index in 0..<counts.0 {
                let node = Int(lists[current * nodes.count + index])
                guard case .byte(let a, let b, let c, let d) = nodes[node] else { continue }
                let set = byte < 128 ? (byte < 64 ? a : b) : (byte < 192 ? c : d)
                guard set & 1 << UInt64(byte & 63) != 0 else { continue }
                if enter(next[node], place + 1, text.count, words, marks, lists, other, &counts.1, stack) { return true }
            }
            swap(&current, &other)
            counts.0 = counts.1
        }
        return false
    }

    /// Adds a node and all that follows it without a byte to a list; true if the match is among them.
    private func enter(
        _ node: Int, _ place: Int, _ length: Int, _ words: Int, _ marks: UnsafeMutableBufferPointer<UInt64>,
        _ lists: UnsafeMutableBufferPointer<Int32>, _ list: Int, _ count: inout Int, _ stack: Int
    ) -> Bool {
        var depth = 0
        func push(_ node: Int) {
            let (word, bit) = (list * words + node / 64, UInt64(1) << UInt64(node % 64))
            guard marks[word] & bit == 0 else { return }
            marks[word] |= bit
            lists[stack + depth] = Int32(node)
            depth += 1
        }
        push(node)
        while depth > 0 {
            depth -= 1
            let node = Int(lists[stack + depth])
            switch nodes[node] {
            case .byte:
                lists[list * nodes.count + count] = Int32(node)
                count += 1
            case .split(let a, let b):
                push(b)
                push(a)
            case .start(let then): if place == 0 { push(then) }
            case .end(let then): if place == length { push(then) }
            case .match: return true
            }
        }
        return false
    }

    // MARK: Building

    private mutating func add(_ node: Node, _ then: Int) throws(Problem) -> Int {
        guard nodes.count < TextPattern.greatestSize else { throw Problem(text: "is too large") }
        nodes.append(node)
        next.append(then)
        return nodes.count - 1
    }

    private mutating func build(_ tree: Tree, _ then: Int) throws(Problem) -> Int {
        switch tree {
        case .empty: return then
        case .set(let set): return try add(.byte(set.0, set.1, set.2, set.3), then)
        case .start: return try add(.start(then), then)
        case .end: return try add(.end(then), then)
        case .sequence(let parts):
            var then = then
            for part in parts.reversed() { then = try build(part, then) }
            return then
        case .either(let a, let b):
            let one = try build(a, then)
            return try add(.split(one, build(b, then)), then)
        case .repeated(let part, let least, let most):
            var then = then
            if let most {
                for _ in least..<max(least, most) { then = try add(.split(build(part, then), then), then) }
            } else {
                let loop = try add(.split(then, then), then)
                nodes[loop] = .split(try build(part, loop), then)
                then = loop
            }
            for _ in 0..<least { then = try build(part, then) }
            return then
        }
    }

    private indirect enum Tree {
        case empty
        case set((UInt64, UInt64, UInt64, UInt64))
        case start
        case end
        case sequence([Tree])
        case either(Tree, Tree)
        case repeated(Tree, least: Int, most: Int?)
    }

    private struct Parser {
        let bytes: [UInt8]
        var place = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { place == bytes.count }
        private var byte: UInt8? { place < bytes.count ? bytes[place] : nil }

        mutating func alternatives(depth: Int) throws(Problem) -> Tree {
            guard depth < 32 else { throw Problem(text: "has too many groups in groups") }
            var tree = try sequence(depth: depth)
            while byte == UInt8(ascii: "|") {
                place += 1
                tree = .either(tree, try sequence(depth: depth))
            }
            return tree
        }

        private mutating func sequence(depth: Int) throws(Problem) -> Tree {
            var parts: [Tree] = []
            while let byte, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") { parts.append(try repetition(try atom(depth: depth))) }
            return parts.isEmpty ? .empty : .sequence(parts)
        }

        private mutating func repetition(_ atom: Tree) throws(Problem) -> Tree {
            var tree = atom
            var isRepeated = false
            while let byte {
                let (least, most): (Int, Int?)
                switch byte {
                case UInt8(ascii: "*"): (least, most) = (0, nil)
                case UInt8(ascii: "+"): (least, most) = (1, nil)
                case UInt8(ascii: "?"): (least, most) = (0, 1)
                case UInt8(ascii: "{"):
                    guard let bounds = try braces() else { return tree }
                    (least, most) = bounds
                    place -= 1
                default: return tree
                }
                place += 1
                guard !isRepeated else { throw Problem(text: "repeats a repetition") }
                isRepeated = true
                tree = .repeated(tree, least: least, most: most)
            }
            return tree
        }

        /// `{2}`, `{2,}` or `{2,5}`.
        private mutating func braces() throws(Problem) -> (Int, Int?)? {
            guard let end = bytes[place...].firstIndex(of: UInt8(ascii: "}")) else { throw Problem(text: "has a '{' without its '}'") }
            let parts = bytes[place + 1..<end].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            let numbers = parts.map { Int(String(decoding: $0, as: UTF8.self)) }
            guard (1...2).contains(parts.count), let least = numbers[0], (0...100).contains(least) else {
                throw Problem(text: "has braces that are not like {2}, {2,} or {2,5}, with numbers up to 100")
            }
            place = end + 1
            if parts.count == 1 { return (least, least) }
            if parts[1].isEmpty { return (least, nil) }
            guard let most = numbers[1], least <= most, most <= 100 else { throw Problem(text: "has braces with a wrong upper number") }
            return (least, most)
        }

        private mutating func atom(depth: Int) throws(Problem) -> Tree {
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "("):
                if place + 1 < bytes.count, bytes[place] == UInt8(ascii: "?"), bytes[place + 1] == UInt8(ascii: ":") { place += 2 }
                let tree = try alternatives(depth: depth + 1)
                guard self.byte == UInt8(ascii: ")") else { throw Problem(text: "has a '(' without its ')'") }
                place += 1
                return tree
            case UInt8(ascii: "["): return .set(try bracket())
            case UInt8(ascii: "."):
                var set = Parser.none
                for byte in UInt8.min...UInt8.max where byte != 0x0A && byte != 0x0D { Parser.put(byte, &set) }
                return .set(set)
            case UInt8(ascii: "^"): return .start
            case UInt8(ascii: "$"): return .end
            case UInt8(ascii: "\\"): return .set(try escape())
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"): throw Problem(text: "repeats nothing")
            default: return .set(Parser.only(byte))
            }
        }

        private static let none: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        private static func put(_ byte: UInt8, _ set: inout (UInt64, UInt64, UInt64, UInt64)) {
            let bit = UInt64(1) << UInt64(byte & 63)
            switch byte >> 6 {
            case 0: set.0 |= bit
            case 1: set.1 |= bit
            case 2: set.2 |= bit
            default: set.3 |= bit
            }
        }
        private static func only(_ byte: UInt8) -> (UInt64, UInt64, UInt64, UInt64) {
            var set = none
            put(byte, &set)
            return set
        }

        private mutating func escape() throws(Problem) -> (UInt64, UInt64, UInt64, UInt64) {
            guard let byte else { throw Problem(text: "ends in a backslash") }
            place += 1
            var set = Parser.none
            func fill(_ test: (UInt8) -> Bool) { for byte in UInt8.min...UInt8.max where test(byte) { Parser.put(byte, &set) } }
            func isWord(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte || byte == 0x5F }
            func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
            switch byte {
            case UInt8(ascii: "d"): fill { 0x30...0x39 ~= $0 }
            case UInt8(ascii: "D"): fill { !(0x30...0x39 ~= $0) }
            case UInt8(ascii: "w"): fill(isWord)
            case UInt8(ascii: "W"): fill { !isWord($0) }
            case UInt8(ascii: "s"): fill(isSpace)
            case UInt8(ascii: "S"): fill { !isSpace($0) }
            case UInt8(ascii: "t"): Parser.put(0x09, &set)
            case UInt8(ascii: "n"): Parser.put(0x0A, &set)
            case UInt8(ascii: "r"): Parser.put(0x0D, &set)
            default:
                guard !isWord(byte) else { throw Problem(text: "has an escape that is not known: \\\(Character(Unicode.Scalar(byte)))") }
                Parser.put(byte, &set)
            }
            return set
        }

        private mutating func bracket() throws(Problem) -> (UInt64, UInt64, UInt64, UInt64) {
            var set = Parser.none
            let isNegative = byte == UInt8(ascii: "^")
            if isNegative { place += 1 }
            var isFirst = true
            while true {
                guard let byte else { throw Problem(text: "has a '[' without its ']'") }
                place += 1
                if byte == UInt8(ascii: "]"), !isFirst { break }
                isFirst = false
                if byte == UInt8(ascii: "\\") {
                    let escaped = try escape()
                    set = (set.0 | escaped.0, set.1 | escaped.1, set.2 | escaped.2, set.3 | escaped.3)
                    continue
                }
                var last = byte
                if self.byte == UInt8(ascii: "-"), place + 1 < bytes.count, bytes[place + 1] != UInt8(ascii: "]") {
                    last = bytes[place + 1]
                    place += 2
                    guard last >= byte else { throw Problem(text: "has a range that runs backwards") }
                }
                for byte in byte...last { Parser.put(byte, &set) }
            }
            return isNegative ? (~set.0, ~set.1, ~set.2, ~set.3) : set
        }
    }
}
