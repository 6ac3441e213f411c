import OCPP
import Quantities
import Testing

@testable import Detection

struct FlowTests {
    private func flows(_ events: [MessageEvent]) -> [FlowFeatures] {
        var flows: [FlowFeatures] = []
        let table = FlowTable(destination: "csms") { flows.append($0) }
        for event in events { table.take(event) }
        table.finish()
        return flows
    }

    private func value(_ flow: FlowFeatures, _ column: String) -> Double? {
        FlowFeatures.columns.firstIndex(of: column).flatMap { Double(flow.values(epoch: testEpoch)[$0]) }
    }

    @Test("a flow counts what its columns say")
    func counts() throws {
        var script = MessageScript()
        script.add("cp1", up: true, .opened)
        script.boot("cp1")
        for number in 1...5 {
            script.wait(9.9)
            script.heartbeat("cp1")
            script.meter("cp1", Double(100 * number * number), power: nil, id: nil)
        }
        script.authorize("cp1", "A", "Blocked")
        script.profile("cp1", 16)
        script.profile("cp1", 32)
        script.call("cp1", .reset, #"{"type":"Hard"}"#, answer: #"{"status":"Accepted"}"#)
        let flow = try #require(flows(script.events).first)
        let wanted: [(String, Double)] = [
            ("total_flow_packets", 30), ("total_fw_packets", 15), ("total_bw_packets", 15), ("flow_total_ocpp16_heartbeat_packets", 5),
            ("flow_total_ocpp16_resetHard_packets", 1), ("flow_total_ocpp16_resetSoft_packets", 0), ("flow_total_ocpp16_authorize_not_accepted_packets", 1),
            ("flow_total_ocpp16_setchargingprofile_packets", 2), ("flow_avg_ocpp16_setchargingprofile_limit", 24),
            ("flow_max_ocpp16_setchargingprofile_limit", 32), ("flow_total_ocpp16_metervalues", 5), ("flow_max_ocpp16_metervalues_wh_diff", 900),
            ("flow_min_ocpp16_metervalues_wh_diff", 300), ("flow_avg_ocpp16_metervalues_wh_diff", 600), ("flow_start_timestamp", 1_767_225_600e6),
            ("flow_total_http_get_packets", 1),
        ]
        for (column, number) in wanted { #expect(value(flow, column) == number, "\(column)") }
        #expect(FlowFeatures.columns.count == 55)
        #expect(flow.line(label: "a,\"b").split(separator: ",", omittingEmptySubsequences: false).count == 56)
        #expect(FlowFeatures.header.hasPrefix("flow_id,src_ip") && FlowFeatures.header.hasSuffix(",label"))
    }

    @Test("flows are cut at a silence, at their greatest length, and where a connection is opened anew")
    func cuts() {
        var script = MessageScript()
        script.boot("cp1")
        script.wait(130)
        script.heartbeat("cp1")
        script.wait(10)
        script.add("cp1", up: true, .opened)
        for _ in 0..<80 {
            script.wait(60)
            script.heartbeat("cp1")
        }
        #expect(flows(script.events).map { $0.forward } == [1, 1, 59, 21])
    }

    @Test("flows of fleets in order are normal, those of attacks are of their class")
    func verdicts() {
        let benign = flows(BenignFleetTests.events)
        let wrong = benign.filter { FlowRules.judge($0).score >= 1 }
        #expect(wrong.isEmpty && benign.count > 20, "\(wrong.first.map { FlowRules.judge($0).verdict.rawValue } ?? "")")
        func verdict(_ body: (inout MessageScript) -> Void) -> FlowRules.Verdict? {
            var script = MessageScript()
            for _ in 0..<20 {
                body(&script)
                script.wait(2)
            }
            return flows(script.events).first.map { FlowRules.judge($0).verdict }
        }
        #expect(verdict { $0.heartbeat("cp1") } == .heartbeatFlood)
        #expect(verdict { $0.authorize("cp1", "X", "Invalid") } == .refusedTags)
        #expect(verdict { $0.profile("cp1", 0) } == .falseProfile)
        #expect(verdict { $0.call("cp1", .unlockConnector, #"{"connectorId":1}"#, answer: #"{"status":"Unlocked"}"#) } == .unauthorisedAccess)
        #expect(verdict { $0.meter("cp1", 1, power: nil, id: nil) } == .normal)
    }
}
