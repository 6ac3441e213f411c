import OCPP
public import Quantities
import JSONText

/// The features of one flow: all messages of one connection in a span of time, as the columns of the public data set of OCPP 1.6 attacks.
///
/// The names are those of the data set (arXiv 2502.01569, doi 10.21227/v1f0-9t13), with its spelling. What only packets of TCP can tell is 0 where
/// there are none, as in virtual time; each message counts as one packet.
public struct FlowFeatures: Sendable {
    /// The names of the columns, in the order of the data set.
    public static let columns: [String] = [
        "flow_id", "src_ip", "dst_ip", "src_port", "dst_port", "total_flow_packets", "total_fw_packets", "total_bw_packets", "flow_duration",
        "flow_down_up_ratio", "flow_total_SYN_flag", "flow_total_RST_flag", "flow_total_PSH_flag", "flow_total_ACK_flag", "flow_total_URG_flag",
        "flow_total_CWE_flag", "flow_total_ECE_flag", "flow_total_FIN_flag", "flow_start_timestamp", "flow_end_timestamp",
        "flow_total_http_get_packets", "flow_total_http_2xx_packets", "flow_total_http_4xx_packets", "flow_total_http_5xx_packets",
        "flow_websocket_packts_per_second", "fw_websocket_packts_per_second", "bw_websocket_packts_per_second", "flow_websocket_bytes_per_second",
        "fw_websocket_bytes_per_second", "bw_websocket_bytes_per_second", "flow_total_websocket_ping_packets", "flow_total_websocket_pong_packets",
        "flow_total_websocket_close_packets", "flow_total_websocket_data_messages", "flow_total_ocpp16_heartbeat_packets",
        "flow_total_ocpp16_resetHard_packets", "flow_total_ocpp16_resetSoft_packets", "flow_total_ocpp16_unlockconnector_packets",
        "flow_total_ocpp16_starttransaction_packets", "flow_total_ocpp16_remotestarttransaction_packets",
        "flow_total_ocpp16_authorize_not_accepted_packets", "flow_total_ocpp16_setchargingprofile_packets",
        "flow_avg_ocpp16_setchargingprofile_limit", "flow_max_ocpp16_setchargingprofile_limit", "flow_min_ocpp16_setchargingprofile_limit",
        "flow_avg_ocpp16_setchargingprofile_minchargingrate", "flow_min_ocpp16_setchargingprofile_minchargingrate",
        "flow_max_ocpp16_setchargingprofile_minchargingrate", "flow_total_ocpp16_metervalues", "flow_min_ocpp16_metervalues_soc",
        "flow_max_ocpp16_metervalues_soc", "flow_avg_ocpp16_metervalues_wh_diff", "flow_max_ocpp16_metervalues_wh_diff",
        "flow_min_ocpp16_metervalues_wh_diff", "label",
    ]

    /// The least, greatest and mean of some values; 0 without any.
    struct Span: Sendable {
        var count = 0
        var sum = 0.0
        var least = 0.0
        var greatest = 0.0

        mutating func add(_ value: Double) {
            guard value.isFinite else { return }
            least = count == 0 ? value : min(least, value)
            greatest = count == 0 ? value : max(greatest, value)
            sum += value
            count += 1
        }
        var mean: Double { count == 0 ? 0 : sum / Double(count) }
    }

    /// The name of the charge point.
    public var identity: String
    /// The address of the charge point and the name of the other end.
    public var source: String
    public var destination: String
    /// The first and the last message.
    public internal(set) var start: Instant
    public internal(set) var end: Instant
    /// Messages of the charge point and of the central system, and their bytes.
    public internal(set) var forward = 0
    public internal(set) var backward = 0
    var forwardBytes = 0
    var backwardBytes = 0
    var opens = 0
    var closes = 0
    var breaks = 0
    var heartbeats = 0
    var hardResets = 0
    var softResets = 0
    var unlocks = 0
    var starts = 0
    var remoteStarts = 0
    var refusals = 0
    var profiles = 0
    var limits = Span()
    var rates = Span()
    var meterValues = 0
    var charge = Span()
    var differences = Span()
    private var lastRegister: Double?

    /// A flow that begins.
    public init(identity: String, source: String = "", destination: String = "", start: Instant) {
        self.identity = identity
        self.source = source
        self.destination = destination
        self.start = start
        end = start
    }

    /// Takes an event of the flow.
    ///
    /// - Parameters:
    ///   - event: a message in its typed form, or a change of the connection.
    ///   - bytes: the length of the text; 0 where it is not known.
    public mutating func take(_ event: MessageEvent, bytes: Int = 0) {
        if event.instant > end { end = event.instant }
        switch event.content {
        case .opened: opens += 1
        case .closed: closes += 1
        case .broken: breaks += 1
        case .malformed: count(event.isUp, bytes)
        case .message(let message, let action):
            count(event.isUp, bytes)
            switch message {
            case .call(_, let payload): call(payload, payload.action ?? action)
            case .result(_, let payload): result(payload)
            case .error, .frame: break
            }
        }
    }

    private mutating func count(_ isUp: Bool, _ bytes: Int) {
        if isUp {
            forward += 1
            forwardBytes += bytes
        } else {
            backward += 1
            backwardBytes += bytes
        }
    }

    private mutating func call(_ payload: OCPPPayload, _ action: OCPPAction?) {
        switch action {
        case .heartbeat?: heartbeats += 1
        case .unlockConnector?: unlocks += 1
        case .startTransaction?: starts += 1
        case .remoteStartTransaction?: remoteStarts += 1
        case .reset?:
            let isHard: Bool = if case .object(_, let text) = payload { (try? JSONValue(parsing: text))?["type"]?.string == "Hard" } else { false }
            if isHard { hardResets += 1 } else { softResets += 1 }
        case .setChargingProfile?:
            profiles += 1
            guard case .setChargingProfile(let set) = payload else { return }
            for period in set.profile.schedule.periods { limits.add(Double(period.limitTenths) / 10) }
            if let rate = set.profile.schedule.minChargingRateTenths { rates.add(Double(rate) / 10) }
        case .meterValues?:
            meterValues += 1
            guard case .meterValues(let values) = payload else { return }
            for value in [values.value] + values.further {
                let reading = MeterReading(value)
                if !reading.register.isNaN {
                    if let lastRegister { differences.add(reading.register - lastRegister) }
                    lastRegister = reading.register
                }
                if let sample = value[.soc], let number = sample.double { charge.add(number) }
            }
        default: break
        }
    }

    private mutating func result(_ payload: OCPPPayload) {
        if case .authorizeResult(let info) = payload, info.status != .accepted { refusals += 1 }
    }

    // MARK: Rows

    /// Seconds from the first to the last message.
    public var seconds: Double { Double(age(of: start.nanoseconds, at: end.nanoseconds)) / 1e9 }

    /// The values in the order of `columns`; times in µs since the epoch.
    ///
    /// - Parameters:
    ///   - epoch: Unix seconds of the start of the run.
    ///   - label: what goes to the last column, for example `normal`.
    public func values(epoch: Int64 = 0, label: String = "") -> [String] {
        func rate(_ count: Int) -> String { seconds > 0 ? FlowFeatures.text(Double(count) / seconds) : "0" }
        func time(_ instant: Instant) -> String { FlowFeatures.text(Double(epoch) * 1e6 + Double(instant.nanoseconds / 1000)) }
        let ratio = forward > 0 ? Double(backward) / Double(forward) : 0
        let total = forward + backward
        let head: [String] = [
            "\(identity)-\(start.nanoseconds / 1000)", source, destination, "0", "0", "\(total)", "\(forward)", "\(backward)",
            FlowFeatures.text(seconds * 1e6), FlowFeatures.text(ratio), "\(2 * opens)", "\(breaks)", "\(total)", "\(total)", "0", "0", "0", "\(2 * closes)",
            time(start), time(end), "\(opens)", "\(opens)", "0", "0",
        ]
        let rates: [String] = [
            rate(total), rate(forward), rate(backward), rate(forwardBytes + backwardBytes), rate(forwardBytes), rate(backwardBytes), "0", "0", "\(closes)",
            "\(total)",
        ]
        let actions: [String] = [
            "\(heartbeats)", "\(hardResets)", "\(softResets)", "\(unlocks)", "\(starts)", "\(remoteStarts)", "\(refusals)", "\(profiles)",
        ]
        let spans: [Double] = [
            limits.mean, limits.greatest, limits.least, self.rates.mean, self.rates.least, self.rates.greatest, Double(meterValues), charge.least,
            charge.greatest, differences.mean, differences.greatest, differences.least,
        ]
        return head + rates + actions + spans.map(FlowFeatures.text) + [label]
    }

    private static func text(_ value: Double) -> String { value == value.rounded() && value.magnitude < 1e18 ? String(Int64(value)) : String(value) }

    /// The names of the columns as a line of CSV.
    public static var header: String { columns.joined(separator: ",") }

    /// The flow as a line of CSV.
    public func line(epoch: Int64 = 0, label: String = "") -> String {
        values(epoch: epoch, label: label).map { value in
            value.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
                ? "\"" + value.replacing("\"") + "\"" : value
        }.joined(separator: ",")
    }
}

extension String {
    /// The text with every quotation mark doubled.
    fileprivate func replacing(_ mark: Character) -> String { reduce(into: "") { $0 += $1 == mark ? "\(mark)\(mark)" : "\($1)" } }
}
