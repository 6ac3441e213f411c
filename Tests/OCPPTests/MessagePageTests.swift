import Foundation
import Testing

@testable import OCPP

@Suite("Page about messages")
struct MessagePageTests {
    private static func page(from file: String = #filePath) throws -> String {
        let root = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("docs/ocpp.md"), encoding: .utf8)
    }

    @Test("docs/ocpp.md has a row for every rule of the catalogue, with its code, and for every rule of message order")
    func rows() throws {
        let rows = try Self.page().split(separator: "\n").filter { $0.hasPrefix("| ") }
        for rule in Violation.Rule.allCases {
            let code = Violation(rule: rule, pointer: "", value: "", expected: "").code.name
            #expect(rows.count { $0.contains("| `\(rule)` | \(code) |") } == 1, "\(rule) and \(code)")
        }
        for rule in MessageOrderFinding.Rule.allCases {
            #expect(rows.count { $0.hasPrefix("| `\(rule.rawValue)` |") } == 1, "\(rule.rawValue)")
        }
    }
}
