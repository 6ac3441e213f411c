import JSONText

/// Makes failing input as small as it can be while it still fails.
///
/// Lists are cut down by delta debugging (A. Zeller and R. Hildebrandt, "Simplifying and isolating failure-inducing input", doi:10.1109/32.988498);
/// JSON texts lose members and elements, then their values become plainer; other texts are cut down byte by byte.
public struct TextShrinker {
    /// How many more times it may ask.
    public private(set) var budget: Int

    /// A shrinker that asks at most so many times.
    public init(budget: Int) { self.budget = budget }

    mutating func asks<Value>(_ value: Value, _ fails: (Value) -> Bool) -> Bool {
        guard budget > 0 else { return false }
        budget -= 1
        return fails(value)
    }

    /// The fewest elements of a list that still fail, in their order; no single one of them can be left out.
    public mutating func list<Element>(_ elements: [Element], fails: ([Element]) -> Bool) -> [Element] {
        var rest = elements
        var parts = 2
        while rest.count > 1, budget > 0 {
            let size = max(1, (rest.count + parts - 1) / parts)
            var isSmaller = false
            for start in stride(from: 0, to: rest.count, by: size) {
                let chunk = Array(rest[start..<min(rest.count, start + size)])
                if chunk.count < rest.count, parts == 2 || size > 1, asks(chunk, fails) {
                    (rest, parts, isSmaller) = (chunk, 2, true)
                    break
                }
                let others = Array(rest[..<start] + rest[min(rest.count, start + size)...])
                if !others.isEmpty, asks(others, fails) {
                    (rest, parts, isSmaller) = (others, max(2, parts - 1), true)
                    break
                }
            }
            if isSmaller { continue }
            if size == 1 { break }
            parts = min(rest.count, parts * 2)
        }
        return rest
    }

    /// The smallest text that still fails.
    public mutating func text(_ bytes: [UInt8], fails: ([UInt8]) -> Bool) -> [UInt8] {
        guard var value = try? JSONValue(parsing: String(decoding: bytes, as: UTF8.self)), asks(Array(value.text().utf8), fails) else {
            return list(bytes, fails: fails)
        }
        var isSmaller = true
        while isSmaller, budget > 0 {
            isSmaller = false
            for place in value.places.reversed() {
                guard let old = value.at(place) else { continue }
                var isPlainer = false
                for candidate in Self.plainer(old, isRoot: place.isEmpty) {
                    var trial = value
                    if let candidate { trial.put(candidate, at: place) } else { trial.remove(at: place) }
                    guard trial.text().utf8.count < value.text().utf8.count, asks(Array(trial.text().utf8), fails) else { continue }
                    value = trial
                    isPlainer = true
                    break
                }
                if !isPlainer, case .string(let text) = old, let shorter = shorter(text, { value.with(.string($0), at: place) }, fails) {
                    value.put(.string(shorter), at: place)
                    isPlainer = true
                }
                isSmaller = isSmaller || isPlainer
            }
        }
        return Array(value.text().utf8)
    }

    /// The shortest beginning of a text that still fails, as far as halving finds it; `nil` when none is shorter.
    private mutating func shorter(_ text: String, _ whole: (String) -> JSONValue, _ fails: ([UInt8]) -> Bool) -> String? {
        let scalars = Array(text.unicodeScalars)
        func beginning(_ count: Int) -> String { String(String.UnicodeScalarView(scalars.prefix(count))) }
        // Nothing of it is known to fail, or all of it.
        var (right, failing) = (-1, scalars.count)
        while failing - right > 1, budget > 0 {
            let middle = right < 0 ? 0 : (right + failing) / 2
            if asks(Array(whole(beginning(middle)).text().utf8), fails) { failing = middle } else { right = middle }
        }
        return failing < scalars.count ? beginning(failing) : nil
    }

    /// What could stand in place of a value, the plainest first; `nil` is nothing at all.
    private static func plainer(_ value: JSONValue, isRoot: Bool) -> [JSONValue?] {
        var list: [JSONValue?] = isRoot ? [] : [nil]
        switch value {
        case .number, .double, .integer: list += [0, 1]
        case .array(let elements): if !isRoot { list += [.array([])] + elements.map { Optional($0) } }
        case .object: if !isRoot { list.append(.object([])) }
        case .string, .bool, .null: break
        }
        return list
    }
}

extension JSONValue {
    /// Every value inside by the numbers of its members and elements, outer ones first.
    fileprivate var places: [[Int]] {
        var list: [[Int]] = [[]]
        let inner: [JSONValue]
        switch self {
        case .array(let elements): inner = elements
        case .object(let members): inner = members.map(\.value)
        default: inner = []
        }
        for (index, value) in inner.enumerated() { list += value.places.map { [index] + $0 } }
        return list
    }

    fileprivate func at(_ place: [Int]) -> JSONValue? {
        guard let first = place.first else { return self }
        switch self {
        case .array(let elements): return elements.indices.contains(first) ? elements[first].at(Array(place.dropFirst())) : nil
        case .object(let members): return members.indices.contains(first) ? members[first].value.at(Array(place.dropFirst())) : nil
        default: return nil
        }
    }

    fileprivate func with(_ value: JSONValue, at place: [Int]) -> JSONValue {
        var changed = self
        changed.put(value, at: place)
        return changed
    }

    fileprivate mutating func put(_ value: JSONValue, at place: [Int]) { change(place) { _ in value } }

    fileprivate mutating func remove(at place: [Int]) { change(place) { _ in nil } }

    private mutating func change(_ place: [Int], _ body: (JSONValue) -> JSONValue?) {
        guard let first = place.first else {
            self = body(self) ?? .null
            return
        }
        let rest = Array(place.dropFirst())
        switch self {
        case .array(var elements):
            if rest.isEmpty {
                if let value = body(elements[first]) { elements[first] = value } else { elements.remove(at: first) }
            } else {
                elements[first].change(rest, body)
            }
            self = .array(elements)
        case .object(var members):
            if rest.isEmpty {
                if let value = body(members[first].value) { members[first].value = value } else { members.remove(at: first) }
            } else {
                members[first].value.change(rest, body)
            }
            self = .object(members)
        default: break
        }
    }
}
