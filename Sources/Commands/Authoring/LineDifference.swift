import YAMLTree

/// What differs between two texts, line by line, as `diff -u` shows it.
enum LineDifference {
    private enum Edit {
        case keep(Int, Int)
        case remove(Int)
        case add(Int)
    }

    /// A unified difference with three lines around each change, at most `most` lines of it.
    static func text(_ before: [UInt8], _ after: [UInt8], name: String, most: Int) -> String {
        let old = lines(before)
        let new = lines(after)
        var result = hunks(old, new)
        if result.isEmpty { result = ["@@ line ends or a byte order mark @@"] }
        if result.count > most { result = result[..<most] + ["… \(result.count - most) more lines"] }
        return (["--- \(name)", "+++ \(name), formatted"] + result).map { $0 + "\n" }.joined()
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        var parts = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        return parts.map { DisplayText.visible(String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self)) }
    }

    private static func hunks(_ old: [String], _ new: [String]) -> [String] {
        let edits = edits(old, new)
        let around = 3
        var shown = [Bool](repeating: false, count: edits.count)
        for (index, edit) in edits.enumerated() {
            if case .keep = edit { continue }
            for place in max(0, index - around)...min(edits.count - 1, index + around) { shown[place] = true }
        }
        var result: [String] = []
        var index = 0
        var place = (old: 1, new: 1)
        while index < edits.count {
            guard shown[index] else {
                place = (place.old + 1, place.new + 1)
                index += 1
                continue
            }
            let start = place
            var body: [String] = []
            while index < edits.count, shown[index] {
                switch edits[index] {
                case .keep(let line, _):
                    body.append(" \(old[line])")
                    place = (place.old + 1, place.new + 1)
                case .remove(let line):
                    body.append("-\(old[line])")
                    place.old += 1
                case .add(let line):
                    body.append("+\(new[line])")
                    place.new += 1
                }
                index += 1
            }
            result.append("@@ -\(start.old),\(place.old - start.old) +\(start.new),\(place.new - start.new) @@")
            result += body
        }
        return result
    }

    /// The shortest way from one text to the other (Myers 1986, doi:10.1007/BF01840446); texts that differ in very much are replaced as a whole.
    private static func edits(_ old: [String], _ new: [String]) -> [Edit] {
        var head = 0
        while head < old.count, head < new.count, old[head] == new[head] { head += 1 }
        var tail = 0
        while tail < old.count - head, tail < new.count - head, old[old.count - 1 - tail] == new[new.count - 1 - tail] { tail += 1 }
        let a = Array(old[head..<(old.count - tail)])
        let b = Array(new[head..<(new.count - tail)])
        let start = (0..<head).map { Edit.keep($0, $0) }
        let end = (0..<tail).map { Edit.keep(old.count - tail + $0, new.count - tail + $0) }
        let inner: [Edit] = path(a, b).map { edit in
            switch edit {
            case .keep(let x, let y): .keep(x + head, y + head)
            case .remove(let x): .remove(x + head)
            case .add(let y): .add(y + head)
            }
        }
        return start + inner + end
    }

    private static func path(_ a: [String], _ b: [String]) -> [Edit] {
        let most = min(a.count + b.count, 400)
        var reach = [Int](repeating: 0, count: 2 * most + 3)
        var history: [[Int]] = []
        for cost in 0...most {
            history.append(reach)
            for diagonal in stride(from: -cost, through: cost, by: 2) {
                let isDown = diagonal == -cost || diagonal != cost && reach[most + diagonal] < reach[most + diagonal + 2]
                var x = isDown ? reach[most + diagonal + 2] : reach[most + diagonal] + 1
                var y = x - diagonal
                while x < a.count, y < b.count, a[x] == b[y] { (x, y) = (x + 1, y + 1) }
                reach[most + diagonal + 1] = x
                if x >= a.count, y >= b.count { return backwards(history, a.count, b.count, most) }
            }
        }
        return a.indices.map { .remove($0) } + b.indices.map { .add($0) }
    }

    private static func backwards(_ history: [[Int]], _ width: Int, _ height: Int, _ most: Int) -> [Edit] {
        var result: [Edit] = []
        var (x, y) = (width, height)
        for cost in stride(from: history.count - 1, through: 0, by: -1) {
            let reach = history[cost]
            let diagonal = x - y
            let isDown = diagonal == -cost || diagonal != cost && reach[most + diagonal] < reach[most + diagonal + 2]
            let from = isDown ? diagonal + 1 : diagonal - 1
            let startX = cost == 0 ? 0 : reach[most + from + 1]
            let startY = cost == 0 ? 0 : startX - from
            while x > startX, y > startY {
                (x, y) = (x - 1, y - 1)
                result.append(.keep(x, y))
            }
            guard cost > 0 else { break }
            if isDown {
                y -= 1
                result.append(.add(y))
            } else {
                x -= 1
                result.append(.remove(x))
            }
        }
        return result.reversed()
    }
}
