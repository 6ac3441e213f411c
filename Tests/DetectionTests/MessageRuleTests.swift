import OCPP
import Quantities
import Testing

@testable import Detection

struct MessageRuleTests {
    private func script(_ body: (inout MessageScript) -> Void) -> [MessageEvent] {
        var script = MessageScript()
        script.boot("cp1")
        script.status("cp1", "Available", connector: 0)
        script.status("cp1", "Available")
        script.wait(10)
        body(&script)
        return script.sorted
    }

    private func fires(_ kind: String, _ settings: [String: DetectorSettingValue] = [:], _ body: (inout MessageScript) -> Void) throws -> Bool {
        !alarms(try messageDetector(kind, settings), script(body)).isEmpty
    }

    @Test("a duplicate has the id of another message of its connection, and ids begin anew after a boot and a reconnection")
    func duplicate() throws {
        #expect(
            try fires("duplicate") {
                $0.call("cp1", .heartbeat, id: 4)
                $0.call("cp1", .heartbeat, id: 4)
            })
        #expect(
            try !fires("duplicate") {
                $0.add("cp1", up: true, .broken)
                $0.add("cp1", up: true, .opened)
                $0.call("cp1", .heartbeat, id: 3)
            })
        #expect(
            try !fires("duplicate") {
                $0.forgetIDs("cp1")
                $0.boot("cp1")
            })
        #expect(try !fires("duplicate", ["window": .duration(.seconds(5))]) { $0.call("cp1", .heartbeat, id: 3) })
        #expect(
            try fires("duplicate", ["key": .texts(["charge_point", "action", "idTag"]), "window": .duration(.seconds(60))]) { script in
                script.authorize("cp1", "A")
                script.authorize("cp1", "B")
                script.authorize("cp1", "A")
            })
    }

    @Test("an answered message of a transaction that comes again is a replay; a retry is none")
    func replay() throws {
        func session(_ script: inout MessageScript) {
            script.start("cp1", "A", 100, id: 1, at: 10)
            script.wait(60)
            script.meter("cp1", 200, power: nil, id: 1, at: 70)
            script.wait(60)
            script.stop("cp1", 300, id: 1, at: 130)
        }
        #expect(try !fires("replay", [:], session))
        #expect(
            try fires("replay") { script in
                session(&script)
                script.wait(600)
                script.start("cp1", "A", 100, id: 2, at: 10)
            })
        #expect(
            try !fires("replay") { script in
                session(&script)
                script.wait(20)
                script.stop("cp1", 300, id: 1, at: 130)
            })
        #expect(
            try fires("replay") { script in
                session(&script)
                for _ in 0..<2 {
                    script.wait(20)
                    script.stop("cp1", 300, id: 1, at: 130)
                }
            })
        #expect(
            try !fires("replay") { script in
                for _ in 0..<5 {
                    script.error("cp1", .startTransaction, #"{"connectorId":1,"idTag":"A","meterStart":0,"timestamp":"\#(stamp(10))"}"#, code: "InternalError")
                    script.wait(60)
                }
            })
    }

    @Test("the order of OCPP 1.6 is that of the checker, with its group of rules in the blame")
    func order() throws {
        let events = script { $0.status("cp1", "Finishing") }
        let found = alarms(try messageDetector("state-machine"), events)
        #expect(found.count == 1 && found[0].blame.hasPrefix("status-transition"))
        #expect(alarms(try messageDetector("state-machine", ["ignore": .texts(["status-transition"])]), events).isEmpty)
        #expect(try fires("state-machine") { $0.stop("cp1", 5, id: 9) })
        #expect(try !fires("state-machine", ["history": .word("unknown")]) { $0.stop("cp1", 5, id: 9) })
    }

    @Test("a table of states is followed for each group, and an illegal event does what on_illegal says")
    func table() throws {
        let table = DetectorTree.map([
            "idle": .map(["StartTransaction": .text("busy")]), "busy": .map(["StopTransaction": .text("idle"), "MeterValues": .text("busy")]),
        ])
        func count(_ onIllegal: String) throws -> Int {
            let settings: [String: DetectorSettingValue] = ["of": .word("table"), "table": .tree(table), "on_illegal": .word(onIllegal)]
            let events = script { script in
                script.start("cp1", "A", 0, id: 1)
                script.start("cp1", "A", 0, id: 2)
                script.meter("cp1", 1, power: nil, id: 1)
                script.stop("cp1", 1, id: 1)
                script.stop("cp1", 1, id: 1)
                script.meter("cp1", 1, power: nil, id: 1)
                script.meter("cp1", 1, power: nil, id: 1)
                script.meter("cp2", 1, power: nil, id: 1)
            }
            return alarms(try messageDetector("state-machine", settings), events).count
        }
        #expect(try count("stay") == 5)
        #expect(try count("follow") == 4)
        #expect(try count("reset") == 7)
    }

    @Test("a signature selects by fields at any depth, by pointers, operators, filters and conditions")
    func signature() throws {
        func hits(_ selection: DetectorTree, filter: DetectorTree? = nil) throws -> Int {
            var settings: [String: DetectorSettingValue] = ["selection": .tree(selection)]
            if let filter { settings["filter"] = .tree(filter) }
            let events = script { script in
                script.call("cp1", .getDiagnostics, #"{"location":"ftp://198.51.100.66/x"}"#, answer: "{}")
                script.profile("cp1", 40)
                script.meter("cp1", 1234, power: 5, id: 1)
                script.authorize("cp1", "A", "Blocked")
            }
            return alarms(try messageDetector("signature", settings), events).count
        }
        let plain = Dimension.none
        #expect(try hits(.map(["action": .text("GetDiagnostics"), "type": .text("call")])) == 1)
        #expect(try hits(.map(["limit": .map([">": .number(32, plain)])])) == 1)
        #expect(try hits(.map(["limit": .map([">": .number(40, plain)])])) == 0)
        #expect(try hits(.map(["limit": .map([">=": .number(40, plain), "<": .number(41, plain)])])) == 1)
        #expect(try hits(.map(["/csChargingProfiles/chargingSchedule/chargingSchedulePeriod/0/limit": .number(40, plain)])) == 1)
        #expect(try hits(.map(["/csChargingProfiles/chargingSchedule/chargingSchedulePeriod/1/limit": .number(40, plain)])) == 0)
        #expect(try hits(.map(["value": .map([">": .number(1000, plain)])])) == 1)
        #expect(try hits(.map(["location": .map(["cidr": .text("198.51.100.0/24")])])) == 1)
        #expect(try hits(.map(["location": .map(["cidr": .text("198.51.101.0/24")])])) == 0)
        #expect(try hits(.map(["location": .map(["regex": .text("^ftps?://[0-9.]+/")])])) == 1)
        #expect(try hits(.map(["location": .map(["startswith": .list([.text("https:"), .text("ftp:")])])])) == 1)
        #expect(try hits(.map(["location": .map(["endswith": .text("/x"), "contains": .text("51")])])) == 1)
        #expect(try hits(.map(["location": .map(["exists": .flag(true)])])) == 1)
        #expect(try hits(.map(["status": .map(["not-in": .list([.text("Accepted"), .text("Available")])])])) == 1)
        #expect(try hits(.map(["call.idTag": .text("A"), "status": .text("Blocked")])) == 1)
        #expect(try hits(.list([.map(["action": .text("Authorize"), "type": .text("call")]), .map(["limit": .number(40, plain)])])) == 2)
        #expect(try hits(.map(["action": .text("GetDiagnostics"), "type": .text("call")]), filter: .map(["location": .map(["contains": .text("198")])])) == 0)
    }

    @Test("conditions join selections as their words say")
    func condition() throws {
        let selections = DetectorTree.map([
            "up": .map(["direction": .text("up")]), "call": .map(["type": .text("call")]), "c_beat": .map(["action": .text("Heartbeat")]),
            "c_boot": .map(["action": .text("BootNotification")]),
        ])
        func hits(_ condition: String) throws -> Int {
            let detector = try messageDetector("signature", ["selections": .tree(selections), "condition": .word(condition)])
            return alarms(detector, script { $0.heartbeat("cp1") }).count
        }
        #expect(try hits("up and call and c_beat") == 1)
        #expect(try hits("up and not (c_beat or c_boot)") == 2)
        #expect(try hits("1 of c_*") == 4)
        #expect(try hits("all of them") == 0)
        #expect(try hits("call and 1 of c_*") == 2)
        #expect(throws: DetectionError.self) { try hits("up and") }
        #expect(throws: DetectionError.self) { try hits("up or nobody") }
        #expect(throws: DetectionError.self) { try hits("(up") }
    }

    @Test("clocks that jump are found, clocks that are set are not")
    func clock() throws {
        #expect(try fires("clock") { $0.status("cp1", "Preparing", at: $0.now + 7200) })
        #expect(try fires("clock") { $0.status("cp1", "Preparing", at: $0.now - 7200) })
        #expect(try !fires("clock") { $0.status("cp1", "Preparing", at: $0.now + 60) })
        #expect(
            try fires("clock") {
                $0.call("cp1", .heartbeat, answer: #"{"currentTime":"\#(stamp($0.now + 3600))"}"#)
            })
        // A clock of its own that is set to the right time.
        #expect(
            try !fires("clock") {
                $0.status("cp2", "Available", at: $0.now - 1e6)
                $0.wait(60)
                $0.status("cp2", "Preparing", at: $0.now - 1e6)
                $0.wait(60)
                $0.status("cp2", "Charging", at: $0.now)
            })
        // What was kept during an outage.
        #expect(
            try !fires("clock") {
                $0.wait(7200)
                $0.start("cp1", "A", 0, id: 1, at: 1000)
                $0.meter("cp1", 1, power: nil, id: 1, at: 2000)
                $0.stop("cp1", 2, id: 1, at: 3000)
            })
        // The time of a place with an offset.
        #expect(
            try !fires("clock") {
                $0.meter("cp1", 1, power: nil, id: nil, offset: 1)
                $0.wait(10)
                $0.meter("cp1", 1, power: nil, id: nil, offset: 2)
            })
    }

    @Test("a second connection under a name is found, a reconnection is not")
    func identity() throws {
        func open(_ script: inout MessageScript, _ connection: Int, _ address: String) {
            script.connections["cp1"] = connection
            script.add("cp1", up: true, .opened, address: address)
        }
        #expect(
            try !fires("identity") {
                for _ in 0..<5 {
                    $0.add("cp1", up: true, .broken)
                    $0.wait(30)
                    $0.add("cp1", up: true, .opened)
                    $0.heartbeat("cp1")
                }
            })
        #expect(
            try fires("identity") {
                $0.heartbeat("cp1")
                $0.wait(5)
                open(&$0, 99, "10.0.0.66:1234")
            })
        // Without addresses, two that speak in turn.
        #expect(
            try fires("identity") {
                $0.heartbeat("cp1")
                $0.wait(300)
                let first = $0.connections["cp1"]
                open(&$0, 99, "")
                $0.heartbeat("cp1")
                $0.connections["cp1"] = first
                $0.heartbeat("cp1")
            })
        #expect(
            try fires("identity") {
                for _ in 0..<30 {
                    $0.add("cp1", up: true, .closed)
                    $0.wait(5)
                    $0.add("cp1", up: true, .opened)
                }
            })
    }

    @Test("transactions that do not add up are found")
    func transactions() throws {
        func session(_ script: inout MessageScript, factor: Double = 1, power: Double = 6000, from: Int = 1000) {
            script.start("cp1", "A", from, id: 1)
            script.status("cp1", "Charging")
            for minute in 1...30 {
                script.wait(59.8)
                script.meter("cp1", Double(from) + factor * power / 60 * Double(minute), power: power, id: 1)
            }
            script.stop("cp1", from + Int(factor * power / 2), id: 1)
            script.status("cp1", "Finishing")
            script.status("cp1", "Available")
        }
        for kind in ["transactions", "meter-fraud", "ocpp-ids"] {
            #expect(try !fires(kind) { session(&$0) }, "\(kind)")
            #expect(try fires(kind) { session(&$0, factor: 0.7) }, "\(kind)")
            #expect(try fires(kind) { session(&$0, factor: 1.3) }, "\(kind)")
            #expect(
                try fires(kind) { script in
                    session(&script)
                    script.start("cp1", "A", 500, id: 2)
                }, "\(kind)")
            for (register, most, expected) in [(36_900.0, 500_000.0, true), (1100, 500_000, false), (1100, 22_000, false), (2400, 22_000, true)] {
                #expect(
                    try fires(kind, ["p_max": .number(most)]) { script in
                        script.start("cp1", "A", 0, id: 1)
                        script.wait(180)
                        script.meter("cp1", register, power: nil, id: 1)
                    } == expected, "\(kind) \(register)")
            }
            #expect(
                try fires(kind) { script in
                    for minute in 0..<5 {
                        script.wait(60)
                        script.meter("cp1", Double(100 * minute), power: 6000, id: nil)
                    }
                }, "\(kind)")
            #expect(
                try fires(kind) { script in
                    script.status("cp1", "Preparing")
                    script.status("cp1", "Charging")
                    script.wait(120)
                    script.heartbeat("cp1")
                }, "\(kind)")
        }
        #expect(
            try fires("transactions") { script in
                script.start("cp1", "A", 0, id: 7)
                script.boot("cp2")
                script.stop("cp2", 0, id: 7)
            })
        // A tag of one car at two places.
        #expect(
            try fires("transactions") { script in
                for number in 1...5 {
                    script.start("cp1", "CAR", 10 * number, id: number)
                    script.wait(600)
                    script.stop("cp1", 10 * number + 5, id: number)
                    script.wait(600)
                }
                script.start("cp1", "CAR", 100, id: 10)
                script.wait(60)
                script.start("cp2", "CAR", 0, id: 11)
            })
        // A card of a fleet from the start.
        #expect(try !fires("transactions") { script in for number in 1...5 { script.start("cp\(number)", "FLEET", 0, id: number) } })
        let map = DetectorTree.map(["cp1": .map(["x": .text("0 km")]), "cp2": .map(["x": .text("100 km")])])
        for (pause, expected) in [(600.0, true), (7200.0, false)] {
            #expect(
                try fires("transactions", ["positions": .tree(map)]) { script in
                    script.start("cp1", "CAR", 0, id: 1)
                    script.stop("cp1", 10, id: 1)
                    script.wait(pause)
                    script.start("cp2", "CAR", 0, id: 3)
                } == expected)
        }
    }

    @Test("commands are judged by what was before")
    func commands() throws {
        func change(_ script: inout MessageScript, _ key: String, _ value: String) {
            script.call("cp1", .changeConfiguration, #"{"key":"\#(key)","value":"\#(value)"}"#, answer: #"{"status":"Accepted"}"#)
        }
        #expect(try fires("commands") { change(&$0, "HeartbeatInterval", "86400") })
        #expect(try !fires("commands") { change(&$0, "HeartbeatInterval", "600") })
        #expect(try fires("commands") { change(&$0, "StopTransactionOnInvalidId", "false") })
        #expect(try fires("commands") { change(&$0, "BackendURL", "wss://evil.example/") })
        #expect(try !fires("commands") { change(&$0, "WebSocketPingInterval", "60") })
        func update(_ script: inout MessageScript, _ location: String) {
            script.call("cp1", .updateFirmware, #"{"location":"\#(location)","retrieveDate":"\#(stamp(script.now))"}"#)
        }
        #expect(try !fires("commands") { for number in 1...3 { update(&$0, "https://fw.operator.example/\(number).bin") } })
        #expect(
            try fires("commands") {
                update(&$0, "https://fw.operator.example/1.bin")
                update(&$0, "https://fw.operator.example.evil/1.bin")
            })
        #expect(try fires("commands", ["hosts": .texts(["operator.example"])]) { update(&$0, "https://notoperator.example/1.bin") })
        #expect(try !fires("commands", ["hosts": .texts(["operator.example"])]) { update(&$0, "https://fw.operator.example:444/1.bin") })
        #expect(try fires("commands") { $0.boot("cp1", version: "6.66") })
        #expect(
            try !fires("commands") {
                update(&$0, "https://a.example/1.bin")
                $0.boot("cp1", version: "2.0")
            })
        #expect(try fires("commands") { $0.boot("cp1", status: "Pending") })
        #expect(
            try fires("commands") {
                $0.start("cp1", "A", 0, id: 1)
                $0.call("cp1", .unlockConnector, #"{"connectorId":1}"#, answer: #"{"status":"Unlocked"}"#)
            })
        #expect(try !fires("commands") { $0.call("cp1", .unlockConnector, #"{"connectorId":1}"#, answer: #"{"status":"Unlocked"}"#) })
        #expect(try fires("commands") { $0.profile("cp1", -5) })
        #expect(try fires("commands") { $0.profile("cp1", 2000) })
        // A car that follows the sun, with a limit each 30 s.
        #expect(
            try !fires("ocpp-ids") {
                for step in 0..<200 {
                    $0.profile("cp1", step % 3 == 0 ? 6 : 16)
                    $0.wait(29.9)
                }
            })
        #expect(
            try fires("commands") {
                for step in 0..<6 {
                    $0.profile("cp1", step % 2 == 0 ? 0 : 100)
                    $0.wait(9.9)
                }
            })
    }

    @Test("floods are measured by the interval of heartbeats that the central system gave")
    func floods() throws {
        func beats(_ every: Double, _ count: Int, interval: Int) -> [MessageEvent] {
            var script = MessageScript()
            script.boot("cp1", interval: interval)
            for _ in 0..<count {
                script.wait(every - 0.1)
                script.heartbeat("cp1")
            }
            return script.sorted
        }
        let all = try messageDetector("message-flood")
        #expect(alarms(all, beats(5, 500, interval: 5)).isEmpty)
        #expect(alarms(try messageDetector("message-flood"), beats(300, 50, interval: 300)).isEmpty)
        let flood = alarms(try messageDetector("message-flood"), beats(1, 60, interval: 300))
        #expect(flood.count > 50 && (flood.first?.time ?? 99) < 8)
        #expect(alarms(try messageDetector("message-flood", ["limits": .tree(.map(["Heartbeat": .number(100, .none)]))]), beats(1, 60, interval: 300)).isEmpty)
    }

    @Test("presets tell of guessed tags and of fleets that are reset, and name rule and charge point")
    func presets() throws {
        let guessing = alarms(
            try messageDetector("ocpp-ids"),
            script { script in
                for number in 0..<12 {
                    script.authorize("cp1", "TAG\(number)", "Invalid")
                    script.wait(2)
                }
            })
        #expect(guessing.first?.blame == "cp1: tag-guessing" && (guessing.first?.time ?? 99) < 20)
        let storm = alarms(
            try messageDetector("ocpp-ids"),
            script { script in
                for number in 1...10 { script.boot("cp\(number)") }
                script.wait(600)
                for number in 1...10 { script.call("cp\(number)", .reset, #"{"type":"Hard"}"#, answer: #"{"status":"Accepted"}"#) }
            })
        #expect(storm.contains { $0.blame.contains("fleet-reset") })
        #expect(
            alarms(
                try messageDetector("ocpp-ids", ["off": .texts(["fleet-reset"])]),
                script { script in
                    for number in 1...10 { script.call("cp\(number)", .reset, #"{"type":"Hard"}"#, answer: #"{"status":"Accepted"}"#) }
                }
            ).allSatisfy { !$0.blame.contains("fleet-reset") })
        #expect(try fires("ocpp-ids") { $0.add("cp1", up: true, .malformed) })
    }

    @Test("an alarm of a preset is held, and its timer ends it")
    func hold() throws {
        let detector = try messageDetector("ocpp-ids")
        var script = MessageScript()
        script.boot("cp1")
        script.wait(10)
        script.add("cp1", up: true, .malformed)
        for event in script.sorted { _ = detector.update(event) }
        #expect(detector.nextTimer == Instant(seconds: 40.1))
        var beat = MessageScript()
        beat.now = 20
        beat.heartbeat("cp2")
        #expect(detector.update(beat.events[0]) == nil)
        #expect(detector.timer(at: Instant(seconds: 40.1)) == 0)
        #expect(detector.nextTimer == nil)
    }

    @Test("settings that are wrong are named with the place where they stand")
    func wrong() throws {
        func problem(_ kind: String, _ settings: [String: DetectorSettingValue]) -> [String] {
            do {
                _ = try messageDetector(kind, settings)
                return []
            } catch DetectionError.badEntry(let path, _) {
                return path
            } catch { return ["\(error)"] }
        }
        #expect(problem("signature", ["selection": .tree(.map(["a": .map(["~": .text("x")])]))]) == ["selection", "a", "~"])
        #expect(problem("signature", ["selection": .tree(.map(["a": .map(["regex": .text("(")])]))]) == ["selection", "a", "regex"])
        #expect(problem("signature", ["selection": .tree(.map(["a": .map(["cidr": .text("10.0.0.0/33")])]))]) == ["selection", "a", "cidr"])
        #expect(problem("signature", ["selection": .tree(.map(["/a~2": .text("x")]))]) == ["selection", "/a~2"])
        #expect(problem("state-machine", ["of": .word("table"), "table": .tree(.map(["a": .map(["Reset": .text("b")])]))]) == ["table", "a", "Reset"])
        #expect(problem("message-flood", ["limits": .tree(.map(["Hartbeat": .number(1, .none)]))]) == ["limits", "Hartbeat"])
        #expect(problem("ocpp-ids", ["off": .texts(["nothing"])]) == ["off", "nothing"])
        #expect(problem("correlate", ["parts": .tree(.map(["a": .map(["type": .text("call")])]))]).first?.contains("at_least") == true)
    }
}
