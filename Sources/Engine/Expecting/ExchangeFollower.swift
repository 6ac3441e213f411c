import JSONText
import Quantities
import ScenarioLanguage

/// Follows one exchange through a run: each message is the one that is awaited, or one that must not come, or none of both.
///
/// Matching is greedy: the first message that fits an element is taken for it, and no other reading is tried.
struct ExchangeFollower {
    let expectation: MessageExpectation
    /// Elements that must come, with those that must not come before each; the last entry has only such.
    private let stages: [Stage]
    /// The stage that is awaited.
    private(set) var stage = 0
    /// Messages that the stage has had.
    private var count = 0
    /// When the last message was taken; `nil` before the first.
    private var since: Instant?
    private var kept: [JSONValue?]
    /// What broke the exchange for good.
    private(set) var failure: Failure?
    /// The message that came nearest to the one that is awaited.
    private var nearest: (instant: Instant, differences: [String])?
    /// When a message that fits the awaited element came before its turn.
    private var early: [Instant?]
    /// Whether a message of the action that must never come has passed.
    private(set) var wasExercised = false

    private struct Stage {
        var element: ExchangeElement?
        /// Number of the element in the file, from 1.
        var number: Int
        var barriers: [ExchangeElement] = []
    }

    /// What went wrong, in words, with the instants to tell.
    enum Failure {
        /// A message that must not come.
        case forbidden(ExchangeElement, Instant, text: String)
        /// The awaited message at the wrong time.
        case wrongTime(Duration, Instant)
        /// Another message of an action of a strict exchange.
        case stranger(Instant, text: String)
    }

    init(_ expectation: MessageExpectation) {
        self.expectation = expectation
        var stages: [Stage] = []
        var barriers: [ExchangeElement] = []
        for (index, element) in expectation.elements.enumerated() {
            if element.isNever {
                barriers.append(element)
            } else {
                stages.append(Stage(element: element, number: index + 1, barriers: barriers))
                barriers = []
            }
        }
        stages.append(Stage(element: nil, number: expectation.elements.count + 1, barriers: barriers))
        self.stages = stages
        kept = Array(repeating: nil, count: expectation.kept.count)
        early = Array(repeating: nil, count: stages.count)
    }

    /// Number of elements that must come.
    private var awaited: Int { stages.count - 1 }
    private var awaitedMessages: Int { stages.reduce(0) { $0 + ($1.element?.times ?? 0) } }
    private var cameMessages: Int { stages.prefix(stage).reduce(count) { $0 + ($1.element?.times ?? 0) } }
    /// Whether everything has come, and nothing that must not.
    var isFulfilled: Bool { failure == nil && stage == awaited }

    /// A message of an action that the expectation names.
    mutating func saw(_ message: SeenMessage, elapsed: (Instant?) -> Duration) {
        guard failure == nil else { return }
        let match = FieldMatch(kept: kept)
        if let element = stages[stage].element, message.isLike(element.pattern) {
            let differences = message.differences(element.pattern, match)
            if differences.isEmpty { return take(message, element, elapsed(since)) }
            note(message, differences)
        } else if let element = stages[stage].element, message.answersOtherwise(element.pattern) {
            note(message, [message.words])
        }
        for barrier in stages[stage].barriers where message.isLike(barrier.pattern) {
            wasExercised = true
            guard message.differences(barrier.pattern, match).isEmpty else { continue }
            failure = .forbidden(barrier, message.instant, text: message.words)
            return
        }
        if expectation.isStrict, stage > 0 || count > 0, stage < awaited, isNamed(message) {
            failure = .stranger(message.instant, text: message.words)
            return
        }
        for index in stages.indices.dropFirst(stage + 1) where early[index] == nil {
            guard let pattern = stages[index].element?.pattern, message.isLike(pattern), message.differences(pattern, match).isEmpty else { continue }
            early[index] = message.instant
        }
    }

    private mutating func take(_ message: SeenMessage, _ element: ExchangeElement, _ elapsed: Duration) {
        if let after = element.after, elapsed < after {
            failure = .wrongTime(elapsed, message.instant)
            return
        }
        if let within = element.within, elapsed > within {
            failure = .wrongTime(elapsed, message.instant)
            return
        }
        for keep in element.keeps {
            var value: JSONValue? = message.payload
            for part in keep.path { value = value?[part] ?? value?[0]?[part] }
            kept[keep.name] = value
        }
        since = message.instant
        nearest = nil
        count += 1
        if count == element.times {
            stage += 1
            count = 0
        }
    }

    private func isNamed(_ message: SeenMessage) -> Bool {
        stages.contains { $0.element.map { message.isLike($0.pattern) } ?? false }
    }

    private mutating func note(_ message: SeenMessage, _ differences: [String]) {
        if let nearest, nearest.differences.count <= differences.count { return }
        nearest = (message.instant, differences)
    }

    // MARK: Words

    /// What was found, for tables: `2 of 5 messages`.
    func found(time: (Instant) -> String) -> String {
        if expectation.isNever {
            guard case .forbidden(_, let instant, _)? = failure else { return "none" }
            return "one at \(time(instant))"
        }
        return isFulfilled ? FieldMatch.messages(awaitedMessages) : "\(cameMessages) of \(FieldMatch.messages(awaitedMessages))"
    }

    /// A sentence about what is wrong.
    func sentence(time: (Instant) -> String) -> String {
        guard !isFulfilled || expectation.isNever else {
            return "the exchange came as expected: \(FieldMatch.messages(awaitedMessages)), the last at \(since.map(time) ?? "")"
        }
        let line = expectation.span.line
        if expectation.isNever {
            guard case .forbidden(let element, let instant, let text)? = failure else {
                let pattern = expectation.elements[0].pattern
                return "no \(pattern.with == nil ? "" : "such ")\(pattern.words) came"
            }
            return "\(element.pattern.words) came at \(time(instant)): \(text), wanted never, line \(line)"
        }
        switch failure {
        case .forbidden(let element, let instant, let text)?:
            return "\(element.pattern.words) came at \(time(instant)): \(text), wanted none \(gap(time)), line \(element.span.line)"
        case .stranger(let instant, let text)?:
            let element = stages[stage].element
            return "\(text) came at \(time(instant)) \(gap(time)), wanted strictly \(element?.pattern.words ?? ""), line \(element?.span.line ?? line)"
        case .wrongTime(let elapsed, let instant)?:
            guard let element = stages[stage].element else { return "" }
            let bounds = [element.after.map { "at least \($0.secondsText) s" }, element.within.map { "at most \($0.secondsText) s" }].compactMap { $0 }
            return "\(element.pattern.words) came at \(time(instant)), \(elapsed.secondsText) s after \(since == nil ? "the start" : "the message before"), "
                + "wanted \(bounds.joined(separator: " and ")), line \(element.span.line)"
        case nil:
            guard let element = stages[stage].element else { return "" }
            let turn = element.times > 1 ? " (\(count) of \(element.times) came)" : ""
            let awaits = "\(element.pattern.words)\(turn) did not come"
            return "\(awaits) after \(since.map { "the message at \(time($0))" } ?? "the start")\(instead(time)), line \(element.span.line)"
        }
    }

    /// What came in place of the awaited message.
    private func instead(_ time: (Instant) -> String) -> String {
        if let nearest { return "; nearest at \(time(nearest.instant)): \(nearest.differences.joined(separator: ", "))" }
        return early[stage].map { "; it came at \(time($0)), too early" } ?? "; nothing like it came"
    }

    /// Where in the exchange something came that must not.
    private func gap(_ time: (Instant) -> String) -> String {
        since.map { "after the message at \(time($0))" } ?? "before the first message"
    }
}

/// A message on its way, as expectations look at it.
struct SeenMessage {
    let verb: MessagePattern.Verb
    /// Number of the action in the catalogue.
    let action: Int
    let name: String
    /// Node instances.
    let from: Int
    let to: Int
    let instant: Instant
    /// The payload; of an error an object of its code.
    let payload: JSONValue
    /// Code of an error.
    let code: String?

    /// Whether kind, action and both ends are those of a pattern.
    func isLike(_ pattern: MessagePattern) -> Bool { pattern.verb == verb && concerns(pattern) }

    /// Whether it answers the same call, well instead of badly or badly instead of well.
    func answersOtherwise(_ pattern: MessagePattern) -> Bool { pattern.verb != verb && pattern.verb != .call && verb != .call && concerns(pattern) }

    private func concerns(_ pattern: MessagePattern) -> Bool {
        pattern.number == action && pattern.from?.contains(from) ?? true && pattern.to?.contains(to) ?? true
    }

    /// How the content differs from that of a pattern, in words.
    func differences(_ pattern: MessagePattern, _ match: FieldMatch) -> [String] {
        if let wanted = pattern.code, wanted != code { return ["the code was \(code ?? "none"), wanted \(wanted)"] }
        return pattern.with.map { match.differences(payload, $0).map(\.text) } ?? []
    }

    /// The message in a few words.
    var words: String {
        switch verb {
        case .call: "\(name) \(FieldMatch.short(payload.text()))"
        case .result: "the answer \(FieldMatch.short(payload.text())) to \(name)"
        case .error: "the error \(code ?? "") for \(name)"
        }
    }
}
