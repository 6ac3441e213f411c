// The entry point of libFuzzer for the YAML reader; yaml.sh compiles it together with the sources of YAMLTree.

/// Parses the bytes, walks the tree and writes every finding in all three forms; anything but returning is a bug.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzYAML(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: data == nil ? 0 : count))
    let file = SourceFile(path: "fuzz.yaml", bytes: bytes)
    let (root, diagnostics) = YAMLTree.parse(file)
    precondition(root != nil || !diagnostics.isEmpty, "refused without a reason")
    precondition(diagnostics.count <= YAMLTree.Limits.standard.diagnostics + 1, "too many findings")
    var nodes = 0
    if let root { walk(root, depth: 0, &nodes) }
    precondition(nodes <= YAMLTree.Limits.standard.nodes, "too many nodes")
    for diagnostic in diagnostics {
        precondition(DiagnosticCatalogue.entry(diagnostic.code) != nil, "code without explanation")
        precondition(diagnostic.code != "E0120", "the parser said something that is not translated")
    }
    let text = DiagnosticRenderer(color: false, explainHint: true).render(diagnostics) + DiagnosticRenderer.json(diagnostics)
    precondition(!text.unicodeScalars.contains { $0 != "\n" && DisplayText.picture($0) != nil }, "a control character got out")
    return 0
}

/// Visits each node and asks for the place of parts of its text.
private func walk(_ node: YAMLNode, depth: Int, _ nodes: inout Int) {
    precondition(depth <= YAMLTree.Limits.standard.depth, "too deep")
    nodes += 1
    precondition(!node.span.file.line(node.span.line).isEmpty || node.isNull, "a place without text")
    switch node.kind {
    case .scalar(let scalar):
        precondition(node.span(offset: 0, length: scalar.text.utf8.count).line == node.span.line)
        _ = node.span(offset: scalar.text.utf8.count / 2, length: 1)
    case .sequence(let items):
        for item in items { walk(item, depth: depth + 1, &nodes) }
    case .mapping(let entries):
        for entry in entries {
            walk(entry.key, depth: depth + 1, &nodes)
            walk(entry.value, depth: depth + 1, &nodes)
        }
    }
}
