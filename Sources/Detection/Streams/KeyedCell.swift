/// What a detector keeps for one identifier, or for one kind of message of one sender.
///
/// A cell is a value in a table with a bound: it goes when its key was not used for the longest time and another one needs the place.
protocol KeyedCell {
    /// The settings that all cells of a detector share.
    associatedtype Plan: Sendable

    /// Whether keys that come after the time to learn get no state, so that forged ones push nothing out.
    static var isClosed: Bool { get }
    /// The score of such a key.
    static var strangerScore: Double? { get }

    /// A key that was never seen, whose first item comes now.
    init(_ plan: Plan, width: Int)
    /// An item of the key. `isLearning`: the time to learn is not over, so the score does not count.
    mutating func take(_ time: Int64, _ data: UnsafeRawBufferPointer, _ plan: Plan, isLearning: Bool) -> Double?
    /// Times that were kept mean nothing any more; what was learnt stays.
    mutating func resync()
    /// When the key wants `expire` called although nothing comes; `.max` for never.
    func due(_ plan: Plan) -> Int64
    /// The time of `due` has come.
    mutating func expire(_ time: Int64, _ plan: Plan) -> Double?
    /// Writes the state.
    func save(_ writer: inout StateWriter)
    /// Reads what `save` wrote.
    init(_ reader: inout StateReader, _ plan: Plan) throws(DetectionError)
}

extension KeyedCell {
    static var isClosed: Bool { false }
    static var strangerScore: Double? { nil }
    mutating func resync() {}
    func due(_ plan: Plan) -> Int64 { .max }
    mutating func expire(_ time: Int64, _ plan: Plan) -> Double? { nil }
}

/// What items of a stream are told apart by: `track`.
enum StreamTrack: String, CaseIterable {
    /// Each identifier, or each action of each charge point and direction.
    case each
    /// Nothing: one state for all.
    case all
    /// The name of the charge point.
    case identity
    /// The connection.
    case connection
    /// The address of the charge point.
    case address

    static let setting = DetectorSetting(
        "track", .oneOf(allCases.map(\.rawValue)), default: .word("each"),
        about:
            "What has a state of its own: each identifier or each action of a charge point, all together, or each identity, connection or address; frames know each and all.",
        source: "'track' of Suricata")
    static let groups = DetectorSetting(
        "max_groups", .count(1...65536), default: .count(4096), about: "The greatest number of states; the one that was used longest ago goes first.")

    init(_ settings: DetectorSettings) { self = settings.word("track").flatMap(StreamTrack.init) ?? .each }
}
