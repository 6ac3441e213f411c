import Quantities

/// A part of a signature: fields with what they must be, as in a selection of Sigma; several alternatives are a list.
struct Selection: Equatable {
    struct Clause: Equatable {
        var path: FieldPath
        var test: FieldTest?
        /// Values that no occurrence of the field may have.
        var excluded: FieldTest?
        var mustExist: Bool?
    }

    let alternatives: [[Clause]]

    /// Whether the event is selected.
    func holds(_ view: MessageView) -> Bool { alternatives.contains { clauses in clauses.allSatisfy { Selection.holds($0, view) } } }

    private static func holds(_ clause: Clause, _ view: MessageView) -> Bool {
        var isThere = false
        var isHit = false
        var isExcluded = false
        clause.path.visit(view) { value in
            isThere = true
            if let excluded = clause.excluded, excluded.holds(value) {
                isExcluded = true
                return false
            }
            if !isHit, clause.test?.holds(value) ?? true { isHit = true }
            return !isHit || clause.excluded != nil
        }
        if let mustExist = clause.mustExist, mustExist != isThere { return false }
        if clause.mustExist == false { return true }
        return isThere && isHit && !isExcluded
    }

    /// A selection out of its nested setting.
    init(_ tree: DetectorTree, path: [String]) throws(DetectionError) {
        var alternatives: [[Clause]] = []
        switch tree {
        case .entries: alternatives = [try Selection.clauses(tree, path)]
        case .list(let items):
            guard !items.isEmpty else { throw .badEntry(path: path, problem: "is an empty list") }
            for (place, item) in items.enumerated() { alternatives.append(try Selection.clauses(item, path + [String(place)])) }
        default: throw .badEntry(path: path, problem: "must be a mapping of fields, for example {action: Reset, type: Hard}")
        }
        self.alternatives = alternatives
    }

    private static func clauses(_ tree: DetectorTree, _ path: [String]) throws(DetectionError) -> [Clause] {
        guard case .entries(let entries) = tree, !entries.isEmpty else {
            throw .badEntry(path: path, problem: "must be a mapping of fields, for example {action: Reset, type: Hard}")
        }
        var clauses: [Clause] = []
        for (name, value) in entries {
            let place = path + [name]
            guard let field = FieldPath(name) else { throw .badEntry(path: place, problem: "is no name of a field and no JSON pointer") }
            var clause = Clause(path: field)
            if case .entries(let operators) = value {
                var tests: [FieldTest] = []
                for (name, value) in operators { try add(name, value, place + [name], &tests, &clause) }
                clause.test = tests.count == 1 ? tests[0] : (tests.isEmpty ? nil : .all(tests))
            } else {
                clause.test = try equality(value, place)
            }
            clauses.append(clause)
        }
        return clauses
    }

    private static func add(
        _ name: String, _ value: DetectorTree, _ path: [String], _ tests: inout [FieldTest], _ clause: inout Clause
    ) throws(DetectionError) {
        switch name {
        case "==", "in": tests.append(try equality(value, path))
        case "!=", "not-in": clause.excluded = try equality(value, path)
        case "<": tests.append(.less(try number(value, path), orEqual: false))
        case "<=": tests.append(.less(try number(value, path), orEqual: true))
        case ">": tests.append(.greater(try number(value, path), orEqual: false))
        case ">=": tests.append(.greater(try number(value, path), orEqual: true))
        case "contains": tests.append(try texts(value, path) { .contains($0) })
        case "startswith": tests.append(try texts(value, path) { .starts($0) })
        case "endswith": tests.append(try texts(value, path) { .ends($0) })
        case "cidr":
            tests.append(
                try each(value, path) { (text, path) throws(DetectionError) in
                    guard let range = AddressRange(text) else { throw .badEntry(path: path, problem: "is no range of addresses such as 10.0.0.0/8") }
                    return .network(range)
                })
        case "regex":
            tests.append(
                try each(value, path) { (text, path) throws(DetectionError) in
                    do throws(TextPattern.Problem) {
                        return .pattern(try TextPattern(text))
                    } catch {
                        throw .badEntry(path: path, problem: "is no regular expression that is understood: it \(error.text)")
                    }
                })
        case "exists":
            guard case .flag(let flag) = value else { throw .badEntry(path: path, problem: "must be true or false") }
            clause.mustExist = flag
        default:
            throw .badEntry(
                path: path, problem: "is no operator; there are ==, !=, <, <=, >, >=, in, not-in, contains, startswith, endswith, cidr, regex, exists")
        }
    }

    private static func equality(_ value: DetectorTree, _ path: [String]) throws(DetectionError) -> FieldTest {
        switch value {
        case .text(let text): return .equals(Array(text.utf8))
        case .number(let number, _): return .equalsNumber(number)
        case .duration(let duration): return .equalsNumber(duration.seconds)
        case .flag(let flag): return .isFlag(flag)
        case .list(let items):
            var tests: [FieldTest] = []
            for (place, item) in items.enumerated() { tests.append(try equality(item, path + [String(place)])) }
            return .any(tests)
        case .entries: throw .badEntry(path: path, problem: "must be a value or a list of values")
        }
    }

    private static func number(_ value: DetectorTree, _ path: [String]) throws(DetectionError) -> Double {
        switch value {
        case .number(let number, _): return number
        case .duration(let duration): return duration.seconds
        case .text(let text): if let number = Double(text), number.isFinite { return number }
        default: break
        }
        throw .badEntry(path: path, problem: "must be a number")
    }

    private static func texts(_ value: DetectorTree, _ path: [String], _ make: ([UInt8]) -> FieldTest) throws(DetectionError) -> FieldTest {
        try each(value, path) { text, _ in make(Array(text.utf8)) }
    }

    private static func each(
        _ value: DetectorTree, _ path: [String], _ make: (String, [String]) throws(DetectionError) -> FieldTest
    ) throws(DetectionError) -> FieldTest {
        switch value {
        case .text(let text): return try make(text, path)
        case .number(let number, _): return try make(number == number.rounded() && number.magnitude < 1e15 ? String(Int(number)) : String(number), path)
        case .list(let items):
            var tests: [FieldTest] = []
            for (place, item) in items.enumerated() { tests.append(try each(item, path + [String(place)], make)) }
            return .any(tests)
        default: throw .badEntry(path: path, problem: "must be a text or a list of texts")
        }
    }
}

/// A formula over the names of selections: `a and not (b or 1 of c*)`.
struct SelectionCondition: Equatable {
    private indirect enum Node: Equatable {
        case selection(Int)
        case not(Node)
        case and(Node, Node)
        case or(Node, Node)
        case atLeast(Int, [Int])
    }

    private let root: Node

    func holds(_ selections: [Selection], _ view: MessageView) -> Bool { SelectionCondition.evaluate(root, selections, view) }

    private static func evaluate(_ node: Node, _ selections: [Selection], _ view: MessageView) -> Bool {
        switch node {
        case .selection(let place): return selections[place].holds(view)
        case .not(let a): return !evaluate(a, selections, view)
        case .and(let a, let b): return evaluate(a, selections, view) && evaluate(b, selections, view)
        case .or(let a, let b): return evaluate(a, selections, view) || evaluate(b, selections, view)
        case .atLeast(let least, let places):
            var count = 0
            for place in places where selections[place].holds(view) {
                count += 1
                if count >= least { return true }
            }
            return count >= least
        }
    }

    /// A condition out of its text.
    init(_ text: String, names: [String], path: [String]) throws(DetectionError) {
        var words: [String] = []
        var word = ""
        for character in text {
            if character == "(" || character == ")" || character == " " || character == "\t" || character == "\n" {
                if !word.isEmpty { words.append(word) }
                word = ""
                if character == "(" || character == ")" { words.append(String(character)) }
            } else {
                word.append(character)
            }
        }
        if !word.isEmpty { words.append(word) }
        guard words.count <= 400 else { throw .badEntry(path: path, problem: "is too long") }
        var parser = Parser(words: words, names: names, path: path)
        root = try parser.either(depth: 0)
        guard parser.place == words.count else { throw .badEntry(path: path, problem: "goes on after its end, at '\(words[parser.place])'") }
    }

    private struct Parser {
        let words: [String]
        let names: [String]
        let path: [String]
        var place = 0

        private var word: String { place < words.count ? words[place] : "" }

        mutating func either(depth: Int) throws(DetectionError) -> Node {
            guard depth < 32 else { throw .badEntry(path: path, problem: "has too many parentheses") }
            var node = try both(depth)
            while word == "or" {
                place += 1
                node = .or(node, try both(depth))
            }
            return node
        }

        private mutating func both(_ depth: Int) throws(DetectionError) -> Node {
            var node = try one(depth)
            while word == "and" {
                place += 1
                node = .and(node, try one(depth))
            }
            return node
        }

        private mutating func one(_ depth: Int) throws(DetectionError) -> Node {
            var isNegative = false
            while word == "not" {
                place += 1
                isNegative.toggle()
            }
            let node = try atom(depth)
            return isNegative ? .not(node) : node
        }

        private mutating func atom(_ depth: Int) throws(DetectionError) -> Node {
            let first = word
            guard !first.isEmpty else { throw .badEntry(path: path, problem: "ends where the name of a selection must stand") }
            place += 1
            if first == "(" {
                let node = try either(depth: depth + 1)
                guard word == ")" else { throw .badEntry(path: path, problem: "has a '(' without its ')'") }
                place += 1
                return node
            }
            if word == "of", !names.contains(first) {
                place += 1
                let group = word
                place += 1
                let places = group == "them" ? Array(names.indices) : names.indices.filter { Parser.fits(names[$0], group) }
                guard !places.isEmpty else { throw .badEntry(path: path, problem: "means no selection with '\(group)'") }
                if first == "all" { return .atLeast(places.count, places) }
                guard let least = Int(first), (1...places.count).contains(least) else {
                    throw .badEntry(path: path, problem: "must say '1 of …' or 'all of …' before 'of'")
                }
                return .atLeast(least, places)
            }
            guard let place = names.firstIndex(of: first) else {
                throw .badEntry(path: path, problem: "names '\(first)', and the selections are \(names.joined(separator: ", "))")
            }
            return .selection(place)
        }

        private static func fits(_ name: String, _ pattern: String) -> Bool {
            pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
        }
    }
}
