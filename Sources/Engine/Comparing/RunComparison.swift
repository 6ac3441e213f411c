public import Quantities

/// What two runs have in common, and where they first part.
///
/// The files of both runs are read side by side in pieces, so that runs of any size are compared in little memory.
public struct RunComparison: Sendable {
    /// One of the two runs.
    public enum Side: String, Sendable {
        case a, b

        /// The other one.
        var other: Side { self == .a ? .b : .a }
    }

    /// What is known of one run as a whole.
    public struct Run: Sendable {
        /// Its directory, or the name that stands for it.
        public var path: String
        /// pass, fail or incomplete; empty without a report.
        public var verdict: String
        /// Fingerprint; empty without a report.
        public var fingerprint: String
        /// Whether it did not come to its end.
        public var isIncomplete: Bool
    }

    /// Something that has another value in each run; `nil` where it is not there.
    public struct Change: Sendable, Equatable {
        /// What it is: `seed`, `precision of busy`.
        public var name: String
        /// Its value in A.
        public var a: String?
        /// Its value in B.
        public var b: String?
    }

    /// An expectation that was judged in another way.
    public struct JudgementChange: Sendable, Equatable {
        /// What was found, and whether it holds.
        public struct Judgement: Sendable, Equatable {
            public var value: String
            public var isFulfilled: Bool
        }

        /// The formula.
        public var that: String
        /// In A; `nil` where A does not expect it.
        public var a: Judgement?
        /// In B; `nil` where B does not expect it.
        public var b: Judgement?
    }

    /// What became of one file.
    public struct ComparedFile: Sendable, Equatable {
        /// How it compares.
        public enum State: Sendable, Equatable {
            /// Byte for byte the same.
            case same
            /// It has differing content.
            case differs
            /// Only one run has it.
            case only(Side)
            /// Not compared, and why.
            case skipped(String)
        }

        /// Its name in the directory.
        public var name: String
        /// How it compares.
        public var state: State
    }

    /// Both runs.
    public var a: Run
    public var b: Run
    /// What the person should know about the comparison.
    public var warnings: [String] = []
    /// What differs in how the runs were started: it explains the rest.
    public var conditions: [Change] = []
    /// Every file of either run.
    public var files: [ComparedFile] = []
    /// The first differing event of each file that differs, in the order of simulated time.
    public var differences: [EventDifference] = []
    /// Verdict, fingerprint, length and number of events.
    public var results: [Change] = []
    /// Expectations that were judged in another way.
    public var expectations: [JudgementChange] = []
    /// Scores of detectors.
    public var detectors: [Change] = []
    /// Labels by kind.
    public var labels: [Change] = []
    /// Frames and messages.
    public var counts: [Change] = []

    /// The first differing event of all files.
    public var first: EventDifference? { differences.first }

    /// Whether nothing that happened differs: every event that both recorded, every score and the fingerprint.
    public var isSame: Bool { differences.isEmpty && results.isEmpty && expectations.isEmpty && detectors.isEmpty && labels.isEmpty && counts.isEmpty }

    /// Whether every file of the runs is the same byte for byte.
    public var isIdentical: Bool { isSame && conditions.isEmpty && files.allSatisfy { $0.state == .same } }
}

/// The first place where a file of one run differs from that of the other.
public struct EventDifference: Sendable, Equatable {
    /// What kind of difference it is.
    public enum Kind: String, Sendable {
        /// The same event with another value.
        case value
        /// Events that only A has.
        case onlyInA = "only-in-a"
        /// Events that only B has.
        case onlyInB = "only-in-b"
        /// The same event at another time.
        case time
        /// Another event.
        case event
    }

    /// One line of a file.
    public struct Line: Sendable, Equatable {
        /// Its number, from 1.
        public var number: Int
        /// Its text; cut where it is very long.
        public var text: String
        /// Simulated time, where it has one.
        public var time: Duration?
        /// Whether it is part of the difference.
        public var isDifferent: Bool
    }

    /// Name of the file.
    public var file: String
    /// Simulated time of the first differing event; `nil` where the line has none.
    public var time: Duration?
    /// What kind.
    public var kind: Kind
    /// What it is about: `charger.current`, `cp1 CALL Heartbeat`, `can0 300`.
    public var subject: String
    /// The fields that differ, when it is the same event with another value.
    public var fields: [RunComparison.Change] = []
    /// Time of the event in each run, when it comes at another time.
    public var times: (a: Duration, b: Duration)?
    /// How many events are in one run only; `nil` when the end of them was not found.
    public var count: Int?
    /// The run whose file ends here, if one does.
    public var ended: RunComparison.Side?
    /// Whether that file ends in the middle of a line.
    public var isCutOff = false
    /// Lines around the difference in A.
    public var a: [Line] = []
    /// Lines around the difference in B.
    public var b: [Line] = []

    public static func == (one: EventDifference, other: EventDifference) -> Bool {
        one.file == other.file && one.time == other.time && one.kind == other.kind && one.subject == other.subject && one.fields == other.fields
            && one.a == other.a && one.b == other.b
    }
}
