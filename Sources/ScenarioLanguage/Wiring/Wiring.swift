public import Quantities

/// What is connected to what in a scenario: the one model behind `describe FILE` and `graph FILE`.
///
/// It follows from the types of the settings in the kinds' manifests alone: a setting that takes a node is an edge, one that takes a bus
/// makes its node a member of the bus, one that takes signals is a watch of a detector.
public struct Wiring: Sendable {
    /// What an edge stands for.
    public enum Relation: String, Sendable, CaseIterable {
        /// A charge point speaks OCPP to its central system.
        case ocpp
        /// A vehicle is plugged in at a charge point.
        case plugged
        /// Arriving vehicles take charge points.
        case arrivals
        /// A meter measures what flows to a load.
        case feeds
        /// Any other setting that names a node.
        case wired
    }

    /// One entry of `nodes`.
    public struct Node: Sendable {
        /// Name in the file.
        public let name: String
        /// Name of the kind.
        public let kind: String
        /// What it can be to others.
        public let roles: [SettingType.Role]
        /// Number of instances.
        public let count: Int
        /// Whether instances are `name.1`, `name.2`, ….
        public let isCounted: Bool
        /// The composite node that it is a part of: `cab` of `cab.left`.
        public let group: String?
        /// The name without that of its group: `left` of `cab.left`.
        public let ownName: String
    }

    /// A setting of one node that names others.
    public struct Edge: Sendable {
        /// What it stands for.
        public let relation: Relation
        /// The node with the setting.
        public let from: Int
        /// The node that it names.
        public let to: Int
        /// The setting.
        public let setting: String
        /// The instances that it names: `cp1`, `cp.*`.
        public let target: String
        /// The properties of the network between the two; `nil` where messages arrive at once.
        public var link: Link?
    }

    /// The network of an edge.
    public struct Link: Sendable, Hashable {
        /// Name in the file.
        public let name: String
        /// Time that a message takes, each way.
        public let latency: Duration
        /// Greatest random addition.
        public let jitter: Duration
        /// Whether it holds for some of the instances only.
        public let isPartial: Bool
    }

    /// One entry of `buses`, or a bus that nodes named.
    public struct Bus: Sendable {
        /// Name.
        public let name: String
        /// Bits per second.
        public let bitrate: Double
        /// The composite node whose private bus it is.
        public let group: String?
        /// Nodes on the bus, in the order of the file.
        public let members: [Int]
        /// Frames.
        public let frames: [Frame]
    }

    /// One frame of a bus with who sends and reads it.
    public struct Frame: Sendable {
        /// The declaration.
        public let declaration: FrameDeclaration
        /// Nodes that send it.
        public let senders: [Int]
        /// Nodes that act on it.
        public let readers: [Int]
        /// The sender or senders by name; empty when nobody sends it.
        public let from: String
    }

    /// A signal that a detector looks at.
    public struct Watch: Sendable {
        /// Where a signal is published.
        public enum Place: Sendable, Hashable {
            /// By a node.
            case node(Int)
            /// In a frame of a bus.
            case frame(bus: Int, frame: Int)
            /// All frames of a bus.
            case bus(Int)
        }

        /// Full name; of a counted node all instances together: `cp.*.power`.
        public let signal: String
        /// The name without that of the node or the bus.
        public let ownName: String
        /// Where it is.
        public let place: Place
    }

    /// One entry of `detectors`.
    public struct Detector: Sendable {
        /// Name.
        public let name: String
        /// Name of the kind.
        public let kind: String
        /// `low`, `medium`, `high` or `critical`.
        public let severity: String
        /// The signals that it looks at.
        public let watches: [Watch]
        /// The detectors that it joins.
        public let parts: [Int]
    }

    /// Name of the scenario.
    public let scenario: String
    /// What it shows.
    public let about: String
    /// Nodes in the order of the file.
    public let nodes: [Node]
    /// Edges in the order of their nodes and settings.
    public let edges: [Edge]
    /// Buses.
    public let buses: [Bus]
    /// Detectors.
    public let detectors: [Detector]
}

extension Wiring.Node {
    /// The instances in words: `cp1`, `cp × 200`.
    public var title: String { isCounted ? "\(name) × \(count)" : name }
    /// As ``title`` without the name of the group.
    public var ownTitle: String { isCounted ? "\(ownName) × \(count)" : ownName }
}

extension Wiring.Link {
    /// `100 ms`, `100 ms + up to 400 ms`, `20 ms for some`.
    public var text: String {
        let base = Quantity(latency.seconds, .time).text
        let times = jitter > .zero ? "\(base) + up to \(Quantity(jitter.seconds, .time).text)" : base
        return isPartial ? "\(times) for some" : times
    }
}

extension FrameDeclaration {
    /// The identifier as logs write it: `0x210`, `0x18FF50E5`.
    public var identifier: String {
        let digits = String(id, radix: 16, uppercase: true)
        return "0x" + String(repeating: "0", count: max(0, (isExtended ? 8 : 3) - digits.count)) + digits
    }

    /// `every 1 s`, `on an event`.
    public var period: String { every.map { "every \(Quantity($0.seconds, .time).text)" } ?? "on an event" }
}
