import Foundation
import Testing

@testable import Engine
@testable import ScenarioLanguage

/// Kinds of plugins that speak frames: sets that they bring, frames that they send, rules that wait for frames, values that they keep.
@Suite("kinds that speak frames")
struct PluginFrameTests {
    static let talk = """
        frames:
          talk:
            frames:
              question: {id: 0x10, data: {number: u8}}
              answer: {id: 0x11, data: {number: u8, total: u8}}
              set_voltage: {id: 0x20, match: {command: 2}, data: {command: u8, value: u16 V}}
              set_current: {id: 0x20, match: {command: 3}, data: {command: u8, value: u16 A}}
        kinds:
          asker:
            settings: {bus: {type: bus}, patience: {type: time, default: 3s}}
            sets: [talk]
            starts_in: fresh
            states:
              fresh: [{on: answer, when: =bus.answer.number >= 3, go: done}, {after: =patience, go: lost}]
              done: []
              lost: []
            sends:
              question: {every: 500ms, when: "=state == 'fresh'", data: {number: '=count(bus.question) % 16'}}
              volts: {frame: set_voltage, entering: done, data: {value: 400 V}}
              amps: {frame: bus.set_current, entering: [done, lost], after: 5ms, data: {value: =12 A}}
          answerer:
            settings: {bus: {type: bus}, deaf: {type: flag, default: false}}
            sets: [talk]
            keeps: {voltage: 0 V, current: {start: 1 A, about: What it was told.}, heard: 0}
            always:
              - {on: set_voltage, set: {voltage: =bus.set_voltage.value}}
              - {on: set_current, set: {current: =bus.set_current.value}}
              - {on: question, set: {heard: =heard + 1}}
            sends:
              answer: {on: question, after: 20ms, when: =not deaf, data: {number: =bus.question.number, total: =heard}}

        """

    private func run(_ nodes: String, _ rest: String = "", length: String = "5s", plugin: String = talk) throws -> Recorded {
        try Recorded(using(length) + "nodes:\n" + nodes.split(separator: "\n").map { "  \($0)\n" }.joined() + rest, plugin: plugin)
    }

    /// The log as `SECONDS FRAME`.
    private func log(_ run: Recorded) throws -> [String] {
        try run.directory.text("frames.log").split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            let time = try #require(Double(words[0].dropFirst().dropLast())) - 946_684_800
            return "\((time * 1000).rounded() / 1000) \(words[2])"
        }
    }

    @Test("two nodes share a set, ask by time, answer after a while, and tell when a state begins")
    func conversation() throws {
        let run = try run("a: {is: asker, bus: can0}\nb: {is: answerer, bus: can0}")
        #expect(
            try log(run) == [
                "0.0 010#00", "0.02 011#0001", "0.5 010#01", "0.52 011#0102", "1.0 010#02", "1.02 011#0203", "1.5 010#03", "1.52 011#0304",
                "1.521 020#029001", "1.525 020#030C00",
            ])
        #expect(try run.track("a.state") == ["0 0", "1.52 1"])
        #expect(try run.track("b.voltage") == ["0 0", "1.521 400"])
        #expect(try run.track("b.current") == ["0 1", "1.525 12"])
        #expect(try run.values("b.heard") == [0, 1, 2, 3, 4])
    }

    @Test("a time in the state ends it when no frame comes, and a formula can give the time")
    func timeout() throws {
        let run = try run("a: {is: asker, bus: can0, patience: 1200 ms}\nb: {is: answerer, bus: can0, deaf: true}")
        #expect(try run.track("a.state") == ["0 0", "1.2 2"])
        #expect(try log(run) == ["0.0 010#00", "0.5 010#01", "1.0 010#02", "1.205 020#030C00"])
    }

    @Test("frames of one identifier are told apart by a field, also when a step sends the bytes")
    func match() throws {
        let run = try run(
            "b: {is: answerer, bus: can0}",
            """
            steps:
              - {transmit: can0, id: 0x20, data: 02 0A 00}
              - wait: 1s
              - {transmit: can0, id: 0x20, data: 03 0B 00}
              - {transmit: can0, id: 0x20, data: 04 0C 00}
              - {transmit: can0, id: 0x20, data: '02'}
            """)
        // A frame that is too short for a field is that frame, and the field keeps its value.
        #expect(try run.track("b.voltage") == ["0 0", "0 10", "1 10"])
        #expect(try run.track("b.current") == ["0 1", "1 11"])
        #expect(try run.values("can0.set_voltage.value") == [10])
        #expect(try run.values("can0.set_current.value") == [11])
    }

    @Test("steps can write what a node keeps")
    func keptBySteps() throws {
        let run = try run("b: {is: answerer, bus: can0}", "steps:\n  - wait: 1s\n  - {set: {b.voltage: 5 V}}\n")
        #expect(try run.track("b.voltage") == ["0 0", "1 5"])
    }

    @Test("a set with a name in front of its frames stands on a bus as often as one likes, with identifiers by formula")
    func names() throws {
        let plugin = """
            frames:
              pair:
                settings: {address: {type: count}}
                frames:
                  ask: {id: =0x100 + address * 0x10, data: {value: u8}}
                  tell: {id: '=0x101 + address * 0x10', data: {value: u8}}
            kinds:
              one:
                settings: {bus: {type: bus}, address: {type: count}, name: {type: text, default: ''}}
                sets: [{is: pair, address: =address, as: =name}]
                sends:
                  tell: {on: ask, data: {value: =bus.ask.value + 1}}

            """
        let run = try run(
            "u: {is: one, bus: can0, address: 0, name: first}\nv: {is: one, bus: can0, address: 2, name: second}\nz: {is: one, bus: can1, address: 1}",
            """
            buses: {can0: {}, can1: {}}
            steps:
              - {transmit: can0.first.ask, with: {value: 4}}
              - {transmit: can0.second.ask, with: {value: 7}}
              - {transmit: can1.ask, with: {value: 9}}
            """, plugin: plugin)
        #expect(try log(run) == ["0.0 100#04", "0.0 120#07", "0.0 110#09", "0.001 101#05", "0.001 121#08", "0.001 111#0A"])
        #expect(try run.values("can0.second.tell") == [8])
    }

    @Test("two nodes that answer each other let time go on")
    func endless() throws {
        let plugin = """
            frames: {f: {frames: {ping: {id: 1}, pong: {id: 2}}}}
            kinds:
              left: {settings: {bus: {type: bus}}, sets: [f], sends: {ping: {on: pong, after: 100 ms}}}
              right: {settings: {bus: {type: bus}}, sets: [f], sends: {pong: {on: ping, after: 150 ms}}}

            """
        let run = try run("l: {is: left, bus: can0}\nr: {is: right, bus: can0}", "steps: [{transmit: can0.ping}]\n", length: "1s", plugin: plugin)
        #expect(try log(run) == ["0.0 001#", "0.15 002#", "0.25 001#", "0.4 002#", "0.5 001#", "0.65 002#", "0.75 001#", "0.9 002#"])
    }

    @Test("two frames of one name at one instant are one arrival for a rule, and two for an answer")
    func burst() throws {
        let run = try run(
            "b: {is: answerer, bus: can0}", "steps:\n  - {transmit: can0.question, with: {number: 1}}\n  - {transmit: can0.question, with: {number: 2}}\n")
        #expect(try run.values("b.heard") == [0, 1])
        #expect(try log(run) == ["0.0 010#01", "0.0 010#02", "0.02 011#0201", "0.02 011#0201"])
    }

    @Test("a period can be a formula, and fields without a formula are signals of the same name")
    func periods() throws {
        let plugin = """
            frames: {f: {frames: {level: {id: 0x30, data: {value: u8, phase: u8, on_duty: u8}}}}}
            kinds:
              beacon:
                settings: {bus: {type: bus}, pause: {type: time, default: 1s}}
                sets: [f]
                signals: {value: =pause / 100 ms}
                sends: {level: {every: =pause, phase: 250ms, data: {on_duty: true}}}

            """
        let run = try run("x: {is: beacon, bus: can0}", "steps: [{at: 2s}, {set: {x.pause: 200 ms}}]\n", length: "3s", plugin: plugin)
        #expect(try log(run).prefix(4) == ["0.25 030#0A0001", "1.25 030#0A0001", "2.25 030#020001", "2.45 030#020001"])
        #expect(try log(run).count == 6)
    }

    @Test("a rule of every state does not lead a state to itself, but a frame may begin it anew")
    func always() throws {
        let plugin = """
            frames: {f: {frames: {kick: {id: 5}, hit: {id: 6}}}}
            kinds:
              guard:
                settings: {bus: {type: bus}, alarm: {type: flag, default: false}}
                sets: [f]
                always: [{when: =alarm, go: alert}, {on: kick, go: idle}]
                starts_in: idle
                states: {idle: [{after: 1s, go: asleep}], asleep: [], alert: [{when: =not alarm, go: idle}]}
                sends: {hit: {entering: idle}}

            """
        let run = try run(
            "g: {is: guard, bus: can0}",
            """
            steps:
              - wait: 800 ms
              - {transmit: can0.kick}
              - at: 3s
              - {set: {g.alarm: 'true'}}
              - wait: 1s
              - {set: {g.alarm: 'false'}}
            """, length: "6s", plugin: plugin)
        #expect(try run.track("g.state") == ["0 0", "0.8 0", "1.8 1", "3 2", "4 0", "5 1"])
        #expect(try log(run) == ["0.001 006#", "0.8 005#", "0.801 006#", "4.001 006#"])
    }

    @Test("nodes that would send the same frame are told, and so is a frame that is not there")
    func refused() throws {
        func codes(_ nodes: String, _ plugin: String = Self.talk) -> [String] {
            read(using("5s") + "nodes: {\(nodes)}\nexpect: [=1 == 1]\n", plugins: ["p.yaml": "evsim: 1\nplugin: p\n" + plugin]).diagnostics.filter {
                $0.severity == .error
            }.map(\.code)
        }
        #expect(codes("a: {is: asker, bus: can0}, b: {is: asker, bus: can0}").first == "E0410")
        #expect(codes("a: {is: asker, bus: can0, count: 2}").first == "E0410")
        #expect(codes("a: {is: asker, bus: can0}", Self.talk.replacingOccurrences(of: "on: answer,", with: "on: anser,")) == ["E0422"])
        #expect(codes("a: {is: asker, bus: can0}", Self.talk.replacingOccurrences(of: "{value: 400 V}", with: "{valu: 400 V}")) == ["E0203"])
        #expect(codes("a: {is: asker, bus: can0}", Self.talk.replacingOccurrences(of: "{value: 400 V}", with: "{value: 400 A}")) == ["E0306"])
        #expect(codes("a: {is: asker, bus: can0}", Self.talk.replacingOccurrences(of: "{value: 400 V}", with: "{command: 4}")) == ["E0211"])
        #expect(codes("a: {is: asker, bus: can0}", Self.talk.replacingOccurrences(of: "{command: 3}", with: "{command: 2}")).first == "E0410")
        #expect(codes("a: {is: asker, bus: can0}", Self.talk.replacingOccurrences(of: "after: 5ms", with: "after: 5ns")) == ["E0304"])
    }
}
