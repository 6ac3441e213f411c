import YAMLTree

extension ScenarioBuilder {
    /// Reads the streams that a detector watches: a name or a list of names.
    func readStream(_ node: YAMLNode, _ what: String, frames: Bool, messages: Bool) -> SettingValue? {
        var sources: [StreamSource] = []
        for item in node.items ?? [node] {
            guard let written = reading.text(item, what) else { return nil }
            let name = scope.enclosure != nil && written.hasPrefix("=") ? String(written.dropFirst()).trimmed : written
            if frames, let source = frameSource(item, name) {
                sources.append(source)
            } else if messages, let source = messageSource(name) {
                sources.append(source)
            } else {
                if !isGivenNothing(item) { reportUnknownStream(item, name, what, frames: frames, messages: messages) }
                return nil
            }
        }
        guard !sources.isEmpty else {
            reading.error(.outOfRange, node.span, "\(what) needs at least one stream")
            return nil
        }
        return .stream(sources)
    }

    func readSignals(_ node: YAMLNode, _ what: String, mixed: Bool) -> SettingValue? {
        var result: [Int] = []
        for item in node.items ?? [node] {
            if let name = item.text, let set = scope.signalSet(name) {
                scope.mention(signals: set)
                result += set
            } else if let index = signal(item, what) {
                result.append(index)
            } else {
                return nil
            }
        }
        guard let first = result.first else { return .signals([]) }
        if !mixed, let other = result.first(where: { scope.table.signals[$0].dimension != scope.table.signals[first].dimension }) {
            reading.error(
                .mixedDimensions, node.span,
                "\(what) has \(reading.article(scope.table.signals[first].dimension.name)) and \(reading.article(scope.table.signals[other].dimension.name))")
            return nil
        }
        return .signals(result)
    }

    private func frameSource(_ node: YAMLNode, _ name: String) -> StreamSource? {
        if let bus = busName(node, scope.enclosure).flatMap({ busIndex($0) }) { return .bus(bus) }
        guard let full = scope.absolute(name), let frame = scope.table.frame(full) else { return nil }
        reading.markUsed("stream \(scope.table.frameStream(frame))")
        return .frame(frame)
    }

    /// `ocpp`, `ocpp.ACTION`, `NODES.ocpp` or `NODES.ocpp.ACTION`.
    private func messageSource(_ name: String) -> StreamSource? {
        guard let full = scope.absolute(name) else { return nil }
        var parts = full.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let place = parts.lastIndex(of: "ocpp"), place >= parts.count - 2 else { return nil }
        var action: Int?
        if place == parts.count - 2 {
            guard let known = scope.table.actions.firstIndex(of: parts[place + 1]) else { return nil }
            action = known
        }
        parts.removeSubrange(place...)
        guard !parts.isEmpty else { return .messages(nodes: [], action: action) }
        guard let nodes = scope.table.nodeSet(parts.joined(separator: ".")) else { return nil }
        scope.mention(nodes)
        return .messages(nodes: nodes, action: action)
    }

    private func reportUnknownStream(_ node: YAMLNode, _ name: String, _ what: String, frames: Bool, messages: Bool) {
        if reading.isBroken(name) { return }
        let table = scope.table
        var known: [String] = []
        if frames { known += scope.busNames + table.frames.map(\.name) }
        if messages { known += ["ocpp"] + table.nodes.map { "\($0).ocpp" } + table.actions.map { "ocpp.\($0)" } }
        let kind = frames && messages ? "stream of frames or messages" : frames ? "stream of frames" : "stream of messages"
        if table.signal(name) != nil {
            reading.error(
                .unknownStream, node.span, "\(what) takes a \(kind), and \(Diagnostic.quoted(name)) is a signal",
                label: frames && messages
                    ? "a bus, a frame, or messages such as 'cp1.ocpp'" : frames ? "a bus such as 'can0', or a frame of one" : "for example 'ocpp' or 'cp1.ocpp'"
            )
            return
        }
        let example = frames ? (scope.busNames.first.map { "for example '\($0)'" } ?? "the file has no buses") : "for example 'ocpp' or 'cp1.ocpp'"
        reading.error(
            .unknownStream, node.span, "there is no \(kind) \(Diagnostic.quoted(name))", label: reading.suggestion(name, known) ?? example)
    }

    /// Reads a formula of temporal logic.
    func readTemporal(_ node: YAMLNode, _ what: String) -> TemporalReading? {
        guard let text = reading.text(node, what) else { return nil }
        do {
            return try TemporalFormulaReader.read(text, scope: scope)
        } catch {
            let related = error.notes.map { (node.span(offset: $0.offset, length: max($0.length, 1)), $0.label) }
            reading.add(
                Diagnostic(
                    error.code, error.message, at: node.span(offset: min(error.offset, max(text.utf8.count - 1, 0)), length: max(error.length, 1)),
                    label: error.help, related: related))
            return nil
        }
    }

    /// Says where the settings of a detector do not fit together, as far as they are known when the file is read.
    func checkDetector(_ declaration: DetectorDeclaration, _ manifest: DetectorManifest, _ body: YAMLNode) {
        guard let check = manifest.check, declaration.settings.count == manifest.settings.count, let problem = check(declaration.settings, scope.table) else {
            return
        }
        var node = body
        for name in problem.path {
            if let inner = node[name] {
                node = inner
            } else if let index = Int(name), let items = node.items, items.indices.contains(index) {
                node = items[index]
            } else {
                break
            }
        }
        let span = node.span == body.span ? declaration.span : node.span
        reading.error(.badDetector, span, "the detector '\(declaration.name)': \(problem.text)")
    }
}
