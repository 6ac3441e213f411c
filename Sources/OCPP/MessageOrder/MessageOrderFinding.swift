import Quantities

/// A message that breaks the order of OCPP 1.6.
public struct MessageOrderFinding: Hashable, Sendable, CustomStringConvertible {
    /// The groups of rules.
    public enum Rule: String, CaseIterable, Hashable, Sendable {
        /// What may be sent before, during and after the registration by BootNotification.
        case registration
        /// One outstanding call for each side, ids used once, answers only to calls.
        case framing
        /// Transactions begin, are metered and end once, on connectors that are free, with registers and times that do not go back.
        case transaction
        /// No energy for an id tag that the central system has refused.
        case authorization
        /// Remote starts and stops: confirmation first, only of transactions that run.
        case remote
        /// A soft reset ends transactions first.
        case reset
        /// A running transaction puts a change to Inoperative off.
        case availability
        /// A triggered message comes after the confirmation of its trigger.
        case trigger
        /// Profiles of transactions need a transaction; the limit of the whole charge point stands on connector 0.
        case smartCharging = "smart-charging"
        /// A reserved connector is for its tag.
        case reservation
        /// After an outage: queued messages once, in order, and not too soon; of states only the present one.
        case offline
        /// The changes of a connector's status that OCPP 1.6 section 4.9 allows.
        case statusTransition = "status-transition"
        /// The order of the states of a firmware update.
        case firmware
        /// The order of the states of an upload of diagnostics or logs.
        case diagnostics
        /// A charge point is heard at least once in its heartbeat interval.
        case heartbeat
    }

    public var rule: Rule
    /// What is wrong, in words.
    public var reason: String
    /// The number of the message or event, counted from 0, that breaks the rule.
    public var index: Int

    public init(_ rule: Rule, _ reason: String, index: Int) {
        self.rule = rule
        self.reason = reason
        self.index = index
    }

    public var description: String { "\(index): \(rule.rawValue): \(reason)" }
}

/// What a checker of message order knows of a charge point before the first message.
public struct MessageOrderSettings: Sendable {
    /// Unix seconds of simulated time 0, to compare the timestamps of messages with the time of the run.
    public var epoch: Int64
    /// How long a call may be unanswered before the next one of its side may go out.
    public var callTimeout: Duration
    /// True if the first message is the first since power on; false if the checker joins later and cannot know what was before.
    public var knowsHistory: Bool
    /// The configuration key of this name, `nil` while it is unknown; observed changes are followed.
    public var authorizeRemoteTxRequests: Bool?
    public var maxEnergyOnInvalidId: Int?
    public var transactionMessageAttempts: Int?
    /// Seconds.
    public var transactionMessageRetryInterval: Int?

    public init(epoch: Int64 = 0, callTimeout: Duration = .seconds(30), knowsHistory: Bool = true) {
        self.epoch = epoch
        self.callTimeout = callTimeout
        self.knowsHistory = knowsHistory
    }

    /// Takes over the value of a configuration key.
    public mutating func set(key: String, to value: String) {
        switch key.lowercased() {
        case "authorizeremotetxrequests": authorizeRemoteTxRequests = value.lowercased() == "true"
        case "maxenergyoninvalidid": maxEnergyOnInvalidId = Int(value)
        case "transactionmessageattempts": transactionMessageAttempts = Int(value)
        case "transactionmessageretryinterval": transactionMessageRetryInterval = Int(value)
        default: break
        }
    }
}

/// What happens to a connection besides its messages.
public enum ConnectionEvent: Hashable, Sendable {
    case lost
    case restored
    /// The charge point has lost its power or was reset; the connection, if any, is gone.
    case reboot
    /// The charge point has begun a transaction that it cannot report yet.
    case transactionStartedOffline
    /// A call of this end counts as unanswered from now on.
    case callTimedOut(OCPPRole, MessageID)
}
