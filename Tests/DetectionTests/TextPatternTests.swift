import Foundation
import Testing

@testable import Detection

struct TextPatternTests {
    private func matches(_ pattern: String, _ text: String) throws -> Bool {
        let pattern = try TextPattern(pattern)
        var text = text
        return text.withUTF8 { pattern.matches(UnsafeRawBufferPointer($0)) }
    }

    @Test("patterns match like those of Foundation's regular expressions")
    func peers() throws {
        let patterns = [
            "a", "^a", "a$", "^a$", "ab*c", "a+b?", "(ab|cd)+", "[a-c]x", "[^a-c]x", "a{2}", "a{2,}b", "^(a{1,3}b){2}$", "\\d+\\.\\d*", "^\\w+\\s\\w+$", ".*",
            "^$", "a|b|$", "(a|b)*c", "\\[x\\]", "x.y", "(?:ab)?c$", "[]a]b", "[a-]z", "^[^/]+$",
        ]
        var random = SplitMix(state: 11)
        for pattern in patterns {
            let peer = try NSRegularExpression(pattern: pattern == "[]a]b" ? "[\\]a]b" : pattern)
            for _ in 0..<60 {
                let text = String((0..<Int.random(in: 0...8, using: &random)).map { _ in "aabbcdxyz.1/]- _[".randomElement(using: &random) ?? "a" })
                let expected = peer.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
                #expect(try matches(pattern, text) == expected, "\(pattern) in '\(text)'")
            }
        }
    }

    @Test("no pattern is slow")
    func speed() throws {
        let text = String(repeating: "a", count: 5000)
        #expect(try !matches("(a*)*b", text))
        #expect(try !matches("(a|a)*b$", text))
        #expect(try !matches("(x+x+)+y", String(repeating: "x", count: 3000)))
        #expect(try matches("(a?){30}a{30}$", text))
    }

    @Test("what is no pattern is refused with a reason")
    func wrong() {
        for pattern in [
            "(", ")", "a)", "[a", "a**", "*a", "a{2", "a{3,2}", "a{1000}", "\\", "\\q", "[z-a]", "(((a{100}){100}){100})", String(repeating: "(", count: 90),
        ] {
            #expect(throws: TextPattern.Problem.self, "\(pattern)") { try TextPattern(pattern) }
        }
    }

    @Test("addresses are in their ranges")
    func addresses() throws {
        func holds(_ range: String, _ text: String) throws -> Bool {
            let range = try #require(AddressRange(range))
            var text = text
            return text.withUTF8 { range.contains(UnsafeRawBufferPointer($0)) }
        }
        #expect(try holds("10.0.0.0/8", "10.200.3.4"))
        #expect(try !holds("10.0.0.0/9", "10.200.3.4"))
        #expect(try holds("10.1.2.3", "10.1.2.3:8080"))
        #expect(try holds("2001:db8::/32", "[2001:db8::1]:443"))
        #expect(try !holds("2001:db8::/32", "2001:db9::1"))
        #expect(try holds("0.0.0.0/0", "ftp://u:p@1.2.3.4/x"))
        #expect(try !holds("0.0.0.0/0", "example.org"))
        for text in ["10.0.0.0/33", "10.0.0", "256.1.1.1", "a::b::c", "1.2.3.4/", ":::", "12345::"] { #expect(AddressRange(text) == nil, "\(text)") }
    }
}
