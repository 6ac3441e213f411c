import Foundation
import ScenarioLanguage
import Testing
import YAMLTree

@testable import Engine

/// What each attack makes of frames: the lines of the log, byte by byte.
@Suite("attacks on frames")
struct FrameAttackTests {
    /// A frame each 100 ms with a limit of 10 A, and an attack that begins after a second.
    static func text(_ attack: String, bus: String = "", seed: Int = 1) -> String {
        """
        evsim: 1
        scenario: lines
        run: {for: 2s, seed: \(seed)}
        nodes:
          charger: {is: charger-module, bus: can0}
        buses:
          can0:
            frames:
              state: {id: 0x100, from: charger, every: 100ms, phase: 50ms, data: {limit: u16 0.1 A, code: u8}}
        \(bus)
        record: [frames]
        steps:
          - set: {charger.limit: 10 A}
          - wait: 1s
          - {attack: \(attack)}
        """
    }

    /// Time and frame of each line from 1 s to 1.4 s, without those of the charger module itself.
    static func lines(_ text: String, in directory: ScratchDirectory, isBenign: Bool = false) throws -> String {
        var options = RunOptions(directory: directory.path)
        options.isBenign = isBenign
        let outcome = Runner.run(try scenario(text), options: options)
        #expect(outcome.diagnostics.map(\.message) == [])
        var result = ""
        for line in try directory.text("frames.log").split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard let time = Double(parts[0].dropFirst(9).dropLast()), time >= 1, time < 1.4, !parts[2].hasPrefix("300#") else { continue }
            result += "\(parts[0].dropFirst(9).dropLast()) \(parts[2])|"
        }
        return result
    }

    @Test(
        "the frames of an attack, their times and their bytes",
        arguments: [
            (
                "modify, against: can0.state, for: 200ms, with: {set: {limit: 20 A}, chance: 100%}",
                "1.050000 100#C80000|1.150000 100#C80000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "modify, against: can0.state, for: 200ms, with: {add: {limit: 1.5 A}, chance: 100%}",
                "1.050000 100#730000|1.150000 100#730000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "modify, against: can0.state, for: 200ms, with: {scale: {limit: 0.5}, chance: 100%}",
                "1.050000 100#320000|1.150000 100#320000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "modify, against: can0.state, for: 200ms, with: {flip: [0, 16], chance: 100%}",
                "1.050000 100#650001|1.150000 100#650001|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "modify, against: can0.state, for: 200ms, with: {bits: 2, chance: 100%}",
                "1.050000 100#641080|1.150000 100#642008|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "modify, against: can0, for: 200ms, with: {data: FF, chance: 100%}",
                "1.050000 100#FF0000|1.150000 100#FF0000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "inject, against: can0.state, with: {count: 2, every: 20ms, set: {limit: 80 A}}",
                "1.000000 100#200300|1.020000 100#200300|1.050000 100#640000|1.150000 100#640000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "inject, against: can0, with: {count: 2, rate: 50 Hz, id: 0x7FF, data: DE AD}",
                "1.000000 7FF#DEAD|1.020000 7FF#DEAD|1.050000 100#640000|1.150000 100#640000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "inject, against: can0, with: {count: 1, id: 0x18FF50E5, extended: true, fd: true, data: 00 11 22 33 44 55 66 77 88}",
                "1.000000 18FF50E5##4001122334455667788000000|1.050000 100#640000|1.150000 100#640000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "fuzz, against: can0.state, with: {count: 3, every: 20ms}",
                "1.000000 100#640000|1.020000 100#147300|1.040000 100#147300|1.050000 100#640000|1.150000 100#640000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "fuzz, against: can0, with: {count: 3, every: 20ms, what: both}",
                "1.000000 7C0#091ED424C9A8D1|1.020000 135#32B5|1.040000 4DF#12B666027A109E|1.050000 100#640000|1.150000 100#640000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "fuzz, against: can0.state, for: 200ms, with: {in_place: true, what: payload, chance: 100%}",
                "1.050000 100#06721C|1.150000 100#5D147A|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "delay, against: can0.state, for: 200ms, with: {delay: 70ms}",
                "1.120000 100#640000|1.200000 100#640000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "duplicate, against: can0.state, for: 200ms, with: {copies: 2, after: 10ms, chance: 100%}",
                "1.050000 100#640000|1.060000 100#640000|1.070000 100#640000|1.150000 100#640000|1.160000 100#640000|1.170000 100#640000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "spoof, against: can0.state, for: 300ms, with: {skew: 10000, phase: 1ms, set: {limit: 1 A}}",
                "1.051000 100#0A0000|1.152000 100#0A0000|1.253000 100#0A0000|1.350000 100#640000|"
            ),
            (
                "replay, against: can0.state, with: {record: 200ms, age: 10ms}",
                "1.050000 100#640000|1.150000 100#640000|1.250000 100#640000|1.260000 100#640000|1.350000 100#640000|1.360000 100#640000|"
            ),
            (
                "flood, against: can0, for: 3ms, with: {every: 1ms}",
                "1.000000 000#0000000000000000|1.001000 000#0000000000000000|1.002000 000#0000000000000000|1.050000 100#640000|1.150000 100#640000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "jitter, against: can0.state, for: 300ms, with: {jitter: 40ms}",
                "1.083989 100#640000|1.159055 100#640000|1.289302 100#640000|1.350000 100#640000|"
            ),
            (
                "confuse, against: can0.state, with: {count: 1}",
                "1.000000 100#000000|1.000000 100#FFFF00|1.050000 100#640000|1.150000 100#640000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "overdraw, against: can0, for: 200ms, with: {scale: 1.5}",
                "1.050000 100#960000|1.150000 100#960000|1.250000 100#640000|1.350000 100#640000|"
            ),
            (
                "drop, against: can0.state, for: 200ms, with: {chance: 100%}",
                "1.250000 100#640000|1.350000 100#640000|"
            ),
        ])
    func frames(_ attack: String, _ expected: String) throws {
        #expect(try Self.lines(Self.text(attack), in: try ScratchDirectory()) == expected)
    }

    @Test("later frames overtake earlier ones, and the last one is let go at the end")
    func reordering() throws {
        let other = "      other: {id: 0x101, from: charger, every: 100ms, phase: 60ms, data: {code: u8}}"
        let attack = "reorder, against: can0, for: 300ms, with: {depth: 1, chance: 100%, only: [state]}"
        let lines = try Self.lines(Self.text(attack, bus: other), in: try ScratchDirectory())
        #expect(
            lines
                == "1.060000 101#00|1.150000 100#640000|1.160000 101#00|1.250000 100#640000|1.260000 101#00|1.300000 100#640000|1.350000 100#640000|1.360000 101#00|"
                || !lines.contains("1.050000"))
        #expect(lines.components(separatedBy: "100#").count == 5, "no frame is lost: \(lines)")
    }

    @Test("half of the frames are met at 50 %, the same ones each time, and others with another seed")
    func chance() throws {
        let attack = "modify, against: can0.state, with: {set: {code: 7}, chance: 50%}"
        func changed(_ seed: Int) throws -> String {
            let directory = try ScratchDirectory()
            _ = Runner.run(
                try scenario(Self.text(attack, seed: seed).replacingOccurrences(of: "for: 2s", with: "for: 60s")),
                options: RunOptions(directory: directory.path))
            return try directory.text("frames.log").split(separator: "\n").filter { $0.contains("100#") }.map { $0.hasSuffix("07") ? "1" : "0" }.joined()
        }
        let first = try changed(1)
        let met = first.filter { $0 == "1" }.count
        #expect((240...350).contains(met), "\(met) of 590")
        #expect(try changed(1) == first)
        #expect(try changed(2) != first)
    }

    @Test("without its attacks a run has the frames of the world, at the same instants")
    func benign() throws {
        for attack in ["drop, against: can0.state, with: {chance: 100%}, for: 200ms", "inject, against: can0.state, with: {count: 3, every: 20ms}"] {
            #expect(
                try Self.lines(Self.text(attack), in: try ScratchDirectory(), isBenign: true)
                    == "1.050000 100#640000|1.150000 100#640000|1.250000 100#640000|1.350000 100#640000|")
        }
    }

    @Test("each frame that an attack changed or made has a row with its place in the log, and the label its first instant")
    func truth() throws {
        let directory = try ScratchDirectory()
        _ = try Self.lines(Self.text("modify, against: can0.state, for: 200ms, with: {set: {limit: 20 A}, chance: 100%}"), in: directory)
        #expect(
            try directory.text("frame-labels.csv") == """
                t_s,bus,id,number,kind,name
                1.05,can0,100,12,MESSAGE_MODIFICATION,modify
                1.15,can0,100,13,MESSAGE_MODIFICATION,modify

                """)
        let log = try directory.text("frames.log").split(separator: "\n")
        #expect(log[11].hasSuffix("(946684801.050000) can0 100#C80000"))
        #expect(
            try directory.text("labels.csv") == """
                start_s,end_s,kind,severity,name,target,evidence_s,link
                1,1.2,MESSAGE_MODIFICATION,medium,modify,can0.state,1.05,CAN

                """)
    }

    @Test("on a bus with wires the frames of an attack take part in the arbitration of the station that sends them")
    func wires() throws {
        let text = Self.text("flood, against: can0, by: charger, for: 100ms, with: {every: 100us}")
            .replacingOccurrences(of: "  can0:\n", with: "  can0:\n    fidelity: wire\n")
            .replacingOccurrences(of: "nodes:\n", with: "nodes:\n  csms: {is: csms}\n  cp1: {is: charge-point, csms: csms, bus: can0, plugged: false}\n")
        let lines = try Self.lines(text, in: try ScratchDirectory())
        #expect(lines.hasPrefix("1.000248 000#0000000000000000|1.000502 000#"), "248 us at 500 kbit/s, then three recessive bits between frames")
        let first = lines.split(separator: "|").first { $0.contains("100#") }
        #expect(first?.hasPrefix("1.150146") == true, "the queue of the station is full of the flood at 1.05 s")
    }

    @Test("data of more than eight bytes are changed as a whole")
    func wide() throws {
        let frame = "      long: {id: 0x102, fd: true, from: charger, every: 100ms, phase: 50ms, length: 24, data: {tail: {at: 160, bits: 16, unit: A}}}"
        let attack = "modify, against: can0.long, for: 200ms, with: {set: {tail: 258 A}, flip: [64], chance: 100%}"
        let lines = try Self.lines(Self.text(attack, bus: frame), in: try ScratchDirectory()).split(separator: "|").filter { $0.contains("102##") }
        #expect(lines.first == "1.050000 102##4000000000000000001000000000000000000000002010000")
        #expect(lines.last == "1.350000 102##4000000000000000000000000000000000000000000000000")
    }

    @Test("values beyond the limits of a field are brought inside, unless the attack wants them")
    func legal() throws {
        for (legal, bytes) in [("", "FFFF00"), (", legal: false", "FFFF00")] {
            let lines = try Self.lines(
                Self.text("modify, against: can0.state, for: 100ms, with: {set: {limit: 99999 A}, chance: 100%\(legal)}"), in: try ScratchDirectory())
            #expect(lines.hasPrefix("1.050000 100#\(bytes)|"))
        }
    }

    @Test("an attack without an end goes on to the end of the run, and two act one behind the other")
    func chain() throws {
        let text = Self.text("modify, against: can0.state, with: {set: {code: 7}, chance: 100%}").replacingOccurrences(
            of: "  - {attack:",
            with: "  - parallel:\n      late: [{attack: delay, against: can0.state, for: 200ms, with: {delay: 20ms}}]\n      early: [{attack:")
        let lines = try Self.lines(text + "]", in: try ScratchDirectory())
        #expect(lines == "1.070000 100#640007|1.170000 100#640007|1.250000 100#640007|1.350000 100#640007|")
    }
}

/// Built-in attacks inside attacks and sequences of others.
@Suite("attacks inside definitions")
struct NestedAttackTests {
    @Test("an attack of a sequence takes its targets and settings from its arguments, and is labelled with the names of the scenario")
    func sequence() throws {
        let directory = try ScratchDirectory()
        let outcome = Runner.run(
            try scenario(
                """
                evsim: 1
                scenario: nested
                run: {for: 5s}
                nodes: {charger: {is: charger-module, bus: can0}}
                sequences:
                  hit:
                    settings: {where: {type: node}, much: {type: current, default: 3 A}}
                    steps: [{attack: modify, against: =where.limit, for: 1s, severity: critical, with: {add: =much}}]
                steps:
                  - set: {charger.limit: 10 A}
                  - wait: 1s
                  - {call: hit, with: {where: charger, much: 4 A}}
                expect: [=max(charger.limit) == 14 A, =charger.limit == 10 A]
                """), options: RunOptions(directory: directory.path))
        #expect(outcome.verdict == .pass, "\(outcome.expectations.map(\.sentence))")
        #expect(try directory.text("labels.csv").hasSuffix("\n1,2,MESSAGE_MODIFICATION,critical,modify,charger.limit,1,signal\n"))
    }
}

/// What attacks make of signals.
@Suite("attacks on signals")
struct SignalAttackTests {
    static func values(_ attack: String, of signal: String = "charger.limit", from: Double = 0.9, to: Double = 2) throws -> String {
        let text = """
            evsim: 1
            scenario: values
            run: {for: 3s}
            nodes:
              charger: {is: charger-module, bus: can0}
            record: [signals]
            steps:
              - parallel:
                  world:
                    - repeat: 20
                      steps: [{set: {charger.limit: 10 A}}, {wait: 100ms}, {set: {charger.limit: 20 A}}, {wait: 100ms}]
                  intruder: [{wait: 1050ms}, {attack: \(attack)}]
            """
        let directory = try ScratchDirectory()
        let outcome = Runner.run(try scenario(text), options: RunOptions(directory: directory.path))
        #expect(outcome.diagnostics.map(\.message) == [])
        return try directory.text("signals.csv").split(separator: "\n").dropFirst().compactMap { line -> String? in
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            guard cells[1] == signal, let time = Double(cells[0]), time >= from, time < to else { return nil }
            return "\(cells[0]) \(cells[2])"
        }.joined(separator: "|")
    }

    @Test(
        "the values that readers get",
        arguments: [
            (
                "modify, against: charger.limit, for: 200ms, with: {add: 5 A, chance: 100%}",
                "0.9 20|1 10|1.05 15|1.1 25|1.2 15|1.25 10|1.3 20|1.4 10"
            ),
            (
                "modify, against: charger.limit, for: 200ms, with: {freeze: true, chance: 100%}",
                "0.9 20|1 10|1.05 10|1.1 10|1.2 10|1.3 20|1.4 10"
            ),
            (
                "modify, against: charger.limit, for: 200ms, with: {drift: 100 A/s, chance: 100%}",
                "0.9 20|1 10|1.05 10|1.1 25|1.2 25|1.25 10|1.3 20|1.4 10"
            ),
            ("drop, against: charger.limit, for: 200ms, with: {chance: 100%}", "0.9 20|1 10|1.3 20|1.4 10"),
            ("delay, against: charger.limit, for: 200ms, with: {delay: 30ms}", "0.9 20|1 10|1.13 20|1.23 10|1.3 20|1.4 10"),
            (
                "overdraw, against: charger.limit, for: 200ms, with: {scale: 2}",
                "0.9 20|1 10|1.05 20|1.1 40|1.2 20|1.25 10|1.3 20|1.4 10"
            ),
        ])
    func values(_ attack: String, _ expected: String) throws { #expect(try Self.values(attack, to: 1.45) == expected) }

    @Test("a recording takes the place of the real values, and they are back when it is over")
    func replay() throws {
        #expect(
            try Self.values("replay, against: charger.limit, with: {record: 200ms, age: 50ms}", from: 1.2, to: 1.75)
                == "1.2 10|1.3 10|1.35 20|1.45 10|1.5 20|1.6 10|1.7 20")
    }

    @Test("the limit that a module obeys is raised, and is as before in the end")
    func overdraw() throws {
        let text = """
            evsim: 1
            scenario: overdraw
            run: {for: 60s}
            nodes:
              csms: {is: csms}
              cp1: {is: charge-point, csms: csms, bus: can0}
              charger: {is: charger-module, bus: can0}
            steps:
              - {send: RemoteStartTransaction, to: cp1, with: {idTag: A1}}
              - {send: SetChargingProfile, to: cp1, with: {limit: 10 A}}
              - {wait: 19s}
              - {attack: overdraw, against: charger.limit, for: 20s, with: {scale: 2}}
            detectors: {high: {is: threshold, watch: charger.current, above: 15 A}}
            expect: [=max(charger.current) > 18 A, =max(charger.current) < 21 A, =recall(high) == 100%, =first(high) > 19 s, =charger.current < 11 A]
            """
        let outcome = Runner.run(try scenario(text))
        #expect(outcome.verdict == .pass, "\(outcome.expectations.map(\.sentence))")
    }
}

/// The shipped attacks on frames and signals.
@Suite("scenarios of attacks on frames")
struct FrameAttackScenarioTests {
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: AttackScenarioTests.folder.path)) ?? [])
        .filter { ($0.hasPrefix("can-") || $0.hasPrefix("signal-")) && $0.hasSuffix(".yaml") }.sorted()

    @Test("each passes without a word, and tells when its attack could first be seen", arguments: names)
    func passes(_ name: String) throws {
        let (scenario, found) = ScenarioReader(registry: BuiltIns.registry, plugins: repositoryPlugins).read(
            SourceFile(path: name, bytes: try AttackScenarioTests.bytes(name)))
        #expect(found.map(\.message) == [])
        let outcome = Runner.run(try #require(scenario))
        #expect(outcome.diagnostics.map(\.message) == [])
        #expect(outcome.verdict == .pass, "\(outcome.expectations.filter { !$0.isFulfilled }.map(\.sentence))")
        let label = try #require(outcome.report["labels"]?.array?.first)
        #expect(label["evidence_s"] != .null)
        #expect(["CAN", "signal"].contains(label["link"]?.string ?? ""))
    }

    @Test("there is one for each built-in attack")
    func complete() {
        for attack in BuiltInAttacks.names { #expect(Self.names.contains("can-\(attack).yaml")) }
    }

    @Test("a pair tells the alarms that the attack caused from those that come anyway")
    func pair() throws {
        let directory = try ScratchDirectory()
        let text = """
            evsim: 1
            scenario: pair
            run: {for: 10s}
            nodes: {charger: {is: charger-module, bus: can0}}
            steps:
              - set: {charger.limit: 30 A}
              - wait: 2s
              - set: {charger.limit: 10 A}
              - wait: 2s
              - {attack: modify, against: charger.limit, for: 2s, with: {set: 50 A, chance: 100%}}
            detectors: {high: {is: threshold, watch: charger.limit, above: 20 A}}
            """
        let pair = RunPair(try scenario(text), directory: directory.path, options: RunOptions())
        #expect(pair.alarms.map(\.isAlsoBenign) == [true, false])
        #expect(pair.rows.first?.caused == 1)
        #expect(pair.summary == "the runs first differ at 4 s: charger.limit (signals.csv)")
        #expect(
            directory.exists("pair.json") && directory.exists("pair.md") && directory.exists("attacked/report.json") && directory.exists("benign/report.json"))
    }
}
