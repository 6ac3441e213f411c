/// Finds the word that was probably meant.
public enum Suggestion {
    /// The candidate nearest to `word`, or nil when none is near enough.
    ///
    /// The distance is that of Damerau and Levenshtein (optimal string alignment: insertion, deletion, substitution and
    /// transposition of neighbours, each 1) in code points; at most max(1, length / 4) is near. Among equally near
    /// candidates the first in byte order wins, whatever their order in `candidates`. The word itself is no suggestion.
    /// Words over 64 code points get none.
    public static func nearest(_ word: String, among candidates: [String]) -> String? {
        let letters = Array(word.unicodeScalars.prefix(65))
        guard !letters.isEmpty, letters.count <= 64 else { return nil }
        var limit = max(1, letters.count / 4)
        var best: String?
        for candidate in candidates {
            let other = Array(candidate.unicodeScalars.prefix(letters.count + limit + 1))
            guard !other.isEmpty, abs(other.count - letters.count) <= limit, other != letters else { continue }
            // Replacing the only letter of a word is no typing error but another word.
            guard max(letters.count, other.count) > 1 else { continue }
            let distance = distance(letters, other)
            guard distance <= limit else { continue }
            if let present = best, distance == limit, !candidate.utf8.lexicographicallyPrecedes(present.utf8) { continue }
            limit = distance
            best = candidate
        }
        return best
    }

    /// The distance of two words. Complexity: O(a.count * b.count).
    static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        var row = last
        for i in 0..<a.count {
            row[0] = i + 1
            for j in 0..<b.count {
                let substitution = last[j] + (a[i] == b[j] ? 0 : 1)
                row[j + 1] = min(substitution, last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
                }
            }
            (beforeLast, last, row) = (last, row, beforeLast)
        }
        return last[b.count]
    }
}
