/// Judges whole flows, by their features alone: the rules of `ocpp-ids` where only counts are left.
///
/// A rule fires on what no charge point does: more heartbeats than the shortest interval in use allows, more refusals than a car has cards, profiles that
/// come faster than any controller needs them, commands one after the other. Every limit is a rate with a least number.
public enum FlowRules {
    /// What a flow is taken for.
    public enum Verdict: String, CaseIterable, Sendable {
        case normal
        /// Heartbeats too often.
        case heartbeatFlood = "dos_flooding_heartbeat"
        /// Resets, unlocking or remote starts one after the other.
        case unauthorisedAccess = "unauthorized_access"
        /// Charging profiles too often, or with limits that no charge point has.
        case falseProfile = "fdi_chargingprofile"
        /// Tags that are refused again and again.
        case refusedTags = "doc_idtag"
    }

    /// The score and the class of a flow by its columns; a score of at least 1 is anomalous.
    ///
    /// - Parameter column: the number in a column of `FlowFeatures.columns`; 0 for one that is not there.
    public static func judge(_ column: (String) -> Double) -> (score: Double, verdict: Verdict) {
        let minutes = max(0, column("flow_duration")) / 60e6
        /// A count against a number that is in order anyway, and one for each minute.
        func score(_ name: String, _ least: Double, perMinute: Double) -> Double {
            let count = column(name)
            guard count.isFinite else { return 0 }
            let limit = least + perMinute * min(minutes, 1e6)
            return Score.settled(hit: count > limit, raw: count / limit)
        }
        let flood = score("flow_total_ocpp16_heartbeat_packets", 4, perMinute: 12)
        let refused = score("flow_total_ocpp16_authorize_not_accepted_packets", 3, perMinute: 0.5)
        var profiles = score("flow_total_ocpp16_setchargingprofile_packets", 6, perMinute: 6)
        let greatest = column("flow_max_ocpp16_setchargingprofile_limit")
        if greatest > 1_500_000 { profiles = max(profiles, Score.settled(hit: true, raw: greatest / 1_500_000)) }
        if column("flow_min_ocpp16_setchargingprofile_limit") < 0 { profiles = max(profiles, 1) }
        let access =
            [
                score("flow_total_ocpp16_resetHard_packets", 2, perMinute: 0.2), score("flow_total_ocpp16_resetSoft_packets", 2, perMinute: 0.2),
                score("flow_total_ocpp16_unlockconnector_packets", 3, perMinute: 0.3),
                score("flow_total_ocpp16_remotestarttransaction_packets", 4, perMinute: 2),
            ].max() ?? 0
        let all: [(Double, Verdict)] = [(flood, .heartbeatFlood), (refused, .refusedTags), (profiles, .falseProfile), (access, .unauthorisedAccess)]
        var best = (score: 0.0, verdict: Verdict.normal)
        for (score, verdict) in all where score > best.score { best = (score, score >= 1 ? verdict : .normal) }
        return best
    }

    /// The score and the class of a flow that was made of messages.
    public static func judge(_ flow: FlowFeatures) -> (score: Double, verdict: Verdict) {
        let values = flow.values()
        return judge { name in FlowFeatures.columns.firstIndex(of: name).flatMap { Double(values[$0]) } ?? 0 }
    }
}
