import JSONText
import Testing

@testable import OCPP

@Suite("Configuration keys")
struct ConfigurationTests {
    @Test("The table names every key once, in the order of the keys, and its values fit")
    func table() throws {
        #expect(ConfigurationDefinition.all.count == ConfigurationKey.allCases.count)
        #expect(ConfigurationKey.allCases.count == 50)
        let store = try ConfigurationStore()
        for (key, definition) in zip(ConfigurationKey.allCases, ConfigurationDefinition.all) {
            #expect(definition.key == key)
            #expect(definition.name.lowercased() == "\(key)".lowercased())
            #expect(definition.name.utf8.count <= 50)
            #expect(ConfigurationKey(name: definition.name.uppercased()) == key)
            #expect(store.has(key) == (definition.standardValue != nil), "\(key)")
        }
    }

    @Test("A change answers with the status of the standard")
    func changes() throws {
        var store = try ConfigurationStore(
            connectors: 2, overrides: [("Vendor.Colour", "blue")], rebootKeys: [.webSocketPingInterval])
        #expect(store.change(key: "heartbeatinterval", value: "20") == .accepted)
        #expect(store[int: .heartbeatInterval] == 20)
        for value in ["-1", "", "1.5", "abc", "99999999999", "+3", " 3"] {
            #expect(store.change(key: "HeartbeatInterval", value: value) == .rejected, "\(value)")
        }
        #expect(store[int: .heartbeatInterval] == 20)
        #expect(store.change(key: "NumberOfConnectors", value: "3") == .rejected)
        #expect(store.change(key: "NoSuchKey", value: "3") == .notSupported)
        #expect(store.change(key: "BlinkRepeat", value: "3") == .notSupported)
        #expect(store.change(key: "LocalPreAuthorize", value: "True") == .accepted)
        #expect(store[bool: .localPreAuthorize])
        #expect(store.change(key: "LocalPreAuthorize", value: "1") == .rejected)
        #expect(store.change(key: "ClockAlignedDataInterval", value: "86401") == .rejected)
        #expect(store.change(key: "vendor.colour", value: "red") == .accepted)
        #expect(store.customValue("Vendor.Colour") == "red")
        #expect(store.change(key: "WebSocketPingInterval", value: "30") == .rebootRequired)
        #expect(store[int: .webSocketPingInterval] == 0)
        #expect(store.entries(matching: ["WebSocketPingInterval"]).known.map(\.value) == ["30"])
        store.rebooted()
        #expect(store[int: .webSocketPingInterval] == 30)
    }

    @Test("Lists are checked item by item, in the standard's spelling, each item once")
    func lists() throws {
        var store = try ConfigurationStore(
            connectors: 2, overrides: [("MeterValuesSampledData", "Voltage,SoC"), ("MeterValuesSampledDataMaxLength", "3")],
            measurable: [.voltage, .soc, .currentImport])
        #expect(store.change(key: "MeterValuesSampledData", value: "voltage.l1-n, Current.Import,Voltage.L1-N") == .accepted)
        #expect(store[list: .meterValuesSampledData] == ["Voltage.L1-N", "Current.Import"])
        #expect(store.measurands(.meterValuesSampledData) == [MeasurandSpec(.voltage, .l1N), MeasurandSpec(.currentImport)])
        #expect(store.change(key: "MeterValuesSampledData", value: "Voltage,RPM") == .rejected)
        #expect(store.change(key: "MeterValuesSampledData", value: "Voltage,Nonsense") == .rejected)
        #expect(store.change(key: "MeterValuesSampledData", value: "Voltage.L1,Voltage.L2,Voltage.L3,SoC") == .rejected)
        #expect(store.change(key: "MeterValuesSampledData", value: "") == .accepted)
        #expect(store.measurands(.meterValuesSampledData).isEmpty)
        #expect(store.change(key: "ConnectorPhaseRotation", value: "0.RST,1.rts,2.Unknown") == .accepted)
        #expect(store[text: .connectorPhaseRotation] == "0.RST,1.RTS,2.Unknown")
        for value in ["3.RST", "1.RSR", "1.2.RST", ".RST", "x.RST"] {
            #expect(store.change(key: "ConnectorPhaseRotation", value: value) == .rejected, "\(value)")
        }
    }

    @Test("The authorization key is never shown, and the security profile only rises")
    func security() throws {
        var store = try ConfigurationStore()
        #expect(store.change(key: "SecurityProfile", value: "1") == .rejected)
        #expect(store.change(key: "AuthorizationKey", value: "0123") == .rejected)
        #expect(store.change(key: "AuthorizationKey", value: "a plain password 1") == .rejected)
        #expect(store.change(key: "AuthorizationKey", value: "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF") == .accepted)
        #expect(store.password == [0, 1, 2, 3, 4, 5, 6, 7] + [UInt8](repeating: 0xFF, count: 12))
        let shown = store.entries(matching: ["AuthorizationKey"]).known
        #expect(shown.map(\.key) == ["AuthorizationKey"] && shown.allSatisfy { $0.value == nil })
        #expect(!store.answer().text().contains("0001020304050607"))
        #expect(store.change(key: "SecurityProfile", value: "2") == .accepted)
        #expect(store.change(key: "SecurityProfile", value: "1") == .rejected)
        #expect(store.change(key: "SecurityProfile", value: "2") == .accepted)
        store.hasClientCertificate = false
        #expect(store.change(key: "SecurityProfile", value: "3") == .rejected)
        store.hasClientCertificate = true
        #expect(store.change(key: "SecurityProfile", value: "4") == .rejected)
        #expect(store.change(key: "SecurityProfile", value: "3") == .accepted)
        var lax = try ConfigurationStore(allowsPlainPassword: true)
        #expect(lax.change(key: "AuthorizationKey", value: "a plain password 1") == .accepted)
        #expect(lax.password == Array("a plain password 1".utf8))
    }

    @Test("GetConfiguration answers with known and unknown keys, and the catalogue accepts it")
    func get() throws {
        let store = try ConfigurationStore(profiles: [.core, .reservation], connectors: 3, overrides: [("X", "1"), ("x", "2")])
        let all = store.entries()
        #expect(all.unknown.isEmpty && all.known.last?.key == "X" && all.known.last?.value == "2")
        #expect(!all.known.contains { $0.key == "LocalAuthListEnabled" })
        #expect(store[list: .supportedFeatureProfiles] == ["Core", "Reservation"])
        let some = store.entries(matching: ["numberofconnectors", "Nope", "NumberOfConnectors", "Nope", "LocalAuthListEnabled"])
        #expect(some.known.map(\.key) == ["NumberOfConnectors"] && some.known.first?.value == "3" && some.known.first?.isReadOnly == true)
        #expect(some.unknown == ["Nope", "LocalAuthListEnabled"])
        #expect(store.isTooMany(Array(repeating: "A", count: 101)) && !store.isTooMany(Array(repeating: "A", count: 100)))
        for names in [nil, ["Nope"], ["X", "Nope"]] {
            #expect(throws: Never.self) {
                try OCPPPayload.checked(.getConfiguration, store.answer(matching: names).text(), isRequest: false).get()
            }
        }
    }

    @Test("Wrong overrides are told together, each with what would be right")
    func overrides() {
        #expect(throws: ConfigurationProblems.self) { try ConfigurationStore(overrides: [("HeartbeatInterval", "soon")]) }
        do {
            _ = try ConfigurationStore(
                overrides: [("HeartbeatInterval", "soon"), ("MeterValuesSampledData", "Volts"), ("", "1"), ("Y", String(repeating: "y", count: 501))])
        } catch {
            #expect(
                error.problems == [
                    "the configuration key HeartbeatInterval cannot be \"soon\": a whole number from 0 to 2147483647",
                    "the configuration key MeterValuesSampledData cannot be \"Volts\": measurands of the standard with commas between, such as "
                        + "Energy.Active.Import.Register,Current.Import.L1",
                    "the name of a configuration key has 1 to 50 characters, not 0",
                    "the value of the configuration key Y has more than 500 characters",
                ])
        }
    }
}
