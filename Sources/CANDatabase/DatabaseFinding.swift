/// What can be wrong or doubtful in a database file, with a stable code.
public enum DatabaseCode: String, Hashable, Sendable, CaseIterable {
    // The reader
    case syntax = "E0901"
    case unknownStatement = "E0902"
    case badNumber = "E0903"
    case unterminatedText = "E0904"
    case tooLarge = "E0905"
    case wrongValueType = "E0907"
    // Lint: what makes a message undecodable or ambiguous
    case idTwice = "E0921"
    case messageNameTwice = "E0922"
    case signalNameTwice = "E0923"
    case outsideFrame = "E0924"
    case overlap = "E0925"
    case badWidth = "E0926"
    case zeroFactor = "E0927"
    case badIdentifier = "E0928"
    case badLength = "E0929"
    case noMultiplexer = "E0930"
    case multiplexerLoop = "E0931"
    case floatWidth = "E0932"
    case nodeTwice = "E0933"
    // Lint: what is doubtful
    case unknownObject = "W0940"
    case unknownNode = "W0941"
    case minimumAboveMaximum = "W0942"
    case rangeBeyondBits = "W0943"
    case labelBeyondBits = "W0944"
    case labelTwice = "W0945"
    case unusedNode = "W0946"
    case longName = "W0947"
    case notFD = "W0948"
    case unusedMultiplexer = "W0949"
    case multiplexBeyondBits = "W0950"
    case uncheckedOverlaps = "W0952"
    case missingExtendedFlag = "W0953"

    /// Whether the file is refused because of it.
    public var isError: Bool { rawValue.utf8.first == UInt8(ascii: "E") }
}

/// One finding about a database file.
public struct DatabaseFinding: Hashable, Sendable, Error {
    /// What it is.
    public var code: DatabaseCode
    /// Where.
    public var place: DatabasePlace
    /// What is wrong, in one sentence without a full stop.
    public var message: String
    /// What to do; empty when there is nothing to add.
    public var help: String
    /// A second place, such as the other one of two equal names, and what is there.
    public var related: DatabasePlace?

    /// A finding.
    public init(_ code: DatabaseCode, _ place: DatabasePlace, _ message: String, help: String = "", related: DatabasePlace? = nil) {
        self.code = code
        self.place = place
        self.message = message
        self.help = help
        self.related = related
    }
}
