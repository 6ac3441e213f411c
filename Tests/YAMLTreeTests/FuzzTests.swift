import Testing

@testable import YAMLTree

@Suite("Random and mutated bytes")
struct FuzzTests {
    /// SplitMix64: small, seeded, the same on every machine.
    struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// Parses, walks and renders; returns what is wrong with the outcome.
    private func complaint(_ bytes: [UInt8]) -> String? {
        let (root, diagnostics) = YAMLTree.parse(SourceFile(path: "fuzz.yaml", bytes: bytes))
        if root == nil, diagnostics.isEmpty { return "refused without a reason" }
        if let odd = diagnostics.first(where: { DiagnosticCatalogue.entry($0.code) == nil || $0.code == "E0120" }) { return odd.message }
        let text = DiagnosticRenderer(color: false, explainHint: true).render(diagnostics)
        if text.unicodeScalars.contains(where: { $0 != "\n" && DisplayText.picture($0) != nil }) { return "a control character got out" }
        func outside(_ node: YAMLNode) -> Bool {
            let inside = node.span.column <= node.span.file.line(node.span.line).unicodeScalars.count + 1
            switch node.kind {
            case .scalar(let scalar): return !inside || node.span(offset: scalar.text.utf8.count / 2, length: 1).line != node.span.line
            case .sequence(let items): return !inside || items.contains(where: outside)
            case .mapping(let entries): return !inside || entries.contains { outside($0.key) || outside($0.value) }
            }
        }
        return root.map(outside) == true ? "a place outside of the file" : nil
    }

    private let seed: UInt64 = 20_260_101

    @Test("Random bytes never crash the reader, and are refused with a known code")
    func random() {
        var random = Random(state: seed)
        let alphabet = Array("[]{}:,-?&*!|>'\"%@`#\n\n  \tab1~<=.\\".utf8)
        for round in 0..<3000 {
            let count = Int.random(in: 0...60, using: &random)
            let isRaw = round % 4 == 0
            let bytes = (0..<count).map { _ in isRaw ? UInt8.random(in: 0...255, using: &random) : alphabet.randomElement(using: &random) ?? 0 }
            if let complaint = complaint(bytes) {
                Issue.record("seed \(seed), round \(round): \(complaint): \(bytes)")
                return
            }
        }
    }

    @Test("Mutated golden inputs never crash the reader")
    func mutated() throws {
        var random = Random(state: seed)
        let seeds = try Golden.names.map { try Golden.input($0).bytes }.filter { $0.count < 2000 }
        for round in 0..<1500 {
            var bytes = seeds.randomElement(using: &random) ?? []
            for _ in 0...Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 8)], at: place)
                default:
                    let other = seeds.randomElement(using: &random) ?? []
                    bytes.replaceSubrange(place..., with: other.suffix(Int.random(in: 0...40, using: &random)))
                }
            }
            if let complaint = complaint(bytes) {
                Issue.record("seed \(seed), round \(round): \(complaint): \(bytes)")
                return
            }
        }
    }
}
