import Foundation
import ScenarioLanguage
import Testing
import YAMLTree

@testable import Engine

/// One rule of the formatter: a text, and what becomes of it. Both begin with `evsim: 1`, which the table leaves out.
struct FormatRule: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let before: String
    let after: String

    init(_ name: String, _ before: String, _ after: String) {
        (testDescription, self.before, self.after) = (name, before, after)
    }
}

@Suite("formatting")
struct FormatterTests {
    static let layout = [
        FormatRule(
            "two spaces a level, items under their key", "run:\n     for: 5s\nrecord:\n- labels\n-    frames\n",
            "run:\n  for: 5s\nrecord:\n  - labels\n  - frames\n"),
        FormatRule(
            "flow collections on one line", "run: { for:  5s,\n   seed: 2 }\nrecord: [ labels,frames ,]\n",
            "run: {for: 5s, seed: 2}\nrecord: [labels, frames]\n"),
        FormatRule(
            "block stays block, empty stays empty", "run:\n  for: 5s\nnodes:\nbuses: { }\nsteps: [ ]\n", "run:\n  for: 5s\nnodes:\nbuses: {}\nsteps: []\n"),
        FormatRule(
            "flow over 120 columns becomes block",
            "expect: [{that: =max(charger.current) < 100 A and min(charger.current) > 0 A, because: the sentence takes the line over its end}]\n",
            "expect:\n  - that: =max(charger.current) < 100 A and min(charger.current) > 0 A\n    because: the sentence takes the line over its end\n"),
        FormatRule(
            "120 columns are still one line",
            "expect: [{that: =max(charger.current) < 100 A and min(charger.current) > 0 A, because: this sentence just fits into it}]\n",
            "expect: [{that: =max(charger.current) < 100 A and min(charger.current) > 0 A, because: this sentence just fits into it}]\n"),
        FormatRule(
            "neighbours in one line stand below each other",
            "nodes:\n  csms: {is: csms}\n  charger: {is: charger-module}\n\n  a: {is: csms}\n  b:\n    is: csms\n  cc:  {is: csms}\n",
            "nodes:\n  csms:    {is: csms}\n  charger: {is: charger-module}\n\n  a: {is: csms}\n  b:\n    is: csms\n  cc: {is: csms}\n"),
        FormatRule("keys that are not the user's are not aligned", "run: {for: 5s}\nsweep:   {seeds: 2}\n", "run: {for: 5s}\nsweep: {seeds: 2}\n"),
        FormatRule("lists in lists and mappings in lists", "steps:\n  -   - a\n      -  b\n  -\n    wait: 1s\n", "steps:\n  - - a\n    - b\n  - wait: 1s\n"),
        FormatRule("line ends and blanks at the end of lines", "run:   \r\n  for: 5s  \r\n", "run:\n  for: 5s\n"),
        FormatRule("one pair in a list", "plots: [a: 1]\n", "plots: [{a: 1}]\n"),
        FormatRule("keys without value in braces", "nodes: {a, b: , c: {is: csms}}\n", "nodes: {a: , b: , c: {is: csms}}\n"),
        FormatRule("one blank line at most, none at the beginning of a section", "run:\n\n  for: 5s\n\n\n\n  seed: 2\n\n\n", "run:\n  for: 5s\n\n  seed: 2\n"),
    ]

    static let order = [
        FormatRule("keys of the file", "steps: []\nrun: {for: 5s}\nplots: []\nnodes: {}\n", "run: {for: 5s}\nnodes: {}\nsteps: []\nplots: []\n"),
        FormatRule(
            "names stay where they are", "params: {z: 1 A, a: 2 A}\nrecord: [signals, labels]\n", "params: {z: 1 A, a: 2 A}\nrecord: [signals, labels]\n"),
        FormatRule(
            "a node: kind, number, settings in the order of the kind", "nodes:\n  cp: {meter_every: 1s, bus: can0, count: 2, csms: csms, is: charge-point}\n",
            "nodes:\n  cp: {is: charge-point, count: 2, csms: csms, bus: can0, meter_every: 1s}\n"),
        FormatRule(
            "a detector: kind, settings, life-cycle, severity", "detectors:\n  d: {severity: high, lasting: 2s, above: 1 A, watch: a.b, is: threshold}\n",
            "detectors:\n  d: {is: threshold, watch: a.b, above: 1 A, lasting: 2s, severity: high}\n"),
        FormatRule(
            "a step: verb, its keys, label, what it contains",
            "steps:\n  - {label: X, with: {b: 1, a: 2}, to: cp1, send: Heartbeat}\n  - steps:\n      - wait: 1s\n    label: Y\n    repeat: 2\n",
            "steps:\n  - {send: Heartbeat, to: cp1, with: {b: 1, a: 2}, label: X}\n  - repeat: 2\n    label: Y\n    steps:\n      - wait: 1s\n"),
        FormatRule(
            "a detector of a plugin", "detectors:\n  d: {severity: low, lasting: 1 s, b: 1, a: 5A, is: slow-drift}\n",
            "detectors:\n  d: {is: slow-drift, b: 1, a: 5A, lasting: 1s, severity: low}\n"),
        FormatRule("a pack keeps the order of its keys", "pack: a/b\nversion: 1.0.0\nabout: x\n", "pack: a/b\nversion: 1.0.0\nabout: x\n"),
        FormatRule("unknown keys come last, in their order", "run: {z: 1, seed: 1, a: 2, for: 5s}\n", "run: {for: 5s, seed: 1, z: 1, a: 2}\n"),
        FormatRule(
            "an alias stays behind its anchor", "run: {seed: &s 1, for: *s}\nnodes: {}\n", "run: {seed: &s 1, for: *s}\nnodes: {}\n"),
        FormatRule(
            "the blank line above the first key stays there, those of others go with them", "# head\n\nrun: {for: 5s}\n\nsteps: []\nnodes: {}\n",
            "# head\n\nrun: {for: 5s}\nnodes: {}\n\nsteps: []\n"),
        FormatRule(
            "a plugin",
            "attacks:\n  creep: {steps: [{wait: 30 s}], label: {severity: low, kind: X}, settings: {step: {default: 1A, type: current}}}\nkinds:\n  k: {states: {}, settings: {t: {default: 2 s, type: time}, x: {default: 2 s, type: text}}}\nplugin: p\n",
            "plugin: p\nkinds:\n  k: {settings: {t: {type: time, default: 2s}, x: {type: text, default: 2 s}}, states: {}}\nattacks:\n  creep: {settings: {step: {type: current, default: 1 A}}, label: {kind: X, severity: low}, steps: [{wait: 30s}]}\n"
        ),
    ]

    static let quantities = [
        FormatRule(
            "times without a blank, others with one", "run: {for: 5 s}\nlinks: {n: {latency: 1 min 30 s}}\nbuses: {b: {bitrate: 500kbit/s}}\n",
            "run: {for: 5s}\nbuses: {b: {bitrate: 500 kbit/s}}\nlinks: {n: {latency: 1min30s}}\n"),
        FormatRule(
            "spellings of units", "steps:\n  - wait: 5 µs\n  - set: {a.b: 5Ω, a.c: 20 %, a.d: 4A², a.e: 60/h}\n",
            "steps:\n  - wait: 5us\n  - set: {a.b: 5 Ohm, a.c: 20%, a.d: 4 A^2, a.e: 60 /h}\n"
        ),
        FormatRule(
            "whole thousands of small units of time",
            "steps:\n  - wait: 2000 ms\n  - wait: 1500ms\n  - wait: 90s\n  - wait: 1000000ns\n  - wait: 0ms\n  - wait: 2000.0ms\n",
            "steps:\n  - wait: 2s\n  - wait: 1500ms\n  - wait: 90s\n  - wait: 1ms\n  - wait: 0ms\n  - wait: 2000.0ms\n"),
        FormatRule("a parameter keeps its unit", "params: {gap: {default: 2000 ms, min: 0 s}}\n", "params: {gap: {default: 2000ms, min: 0s}}\n"),
        FormatRule("hexadecimal digits", "buses: {b: {frames: {f: {id: 0X2a0}}}}\n", "buses: {b: {frames: {f: {id: 0x2A0}}}}\n"),
        FormatRule(
            "quotes, formulas, texts, payloads and official fields stay",
            "about: 5 A\nsteps:\n  - {wait: '5 s'}\n  - wait: =5 s+1s\n  - {send: Heartbeat, payload: 5A, with: {idTag: 5A}}\n",
            "about: 5 A\nsteps:\n  - {wait: '5 s'}\n  - wait: =5 s+1s\n  - {send: Heartbeat, with: {idTag: 5A}, payload: 5A}\n"),
        FormatRule(
            "the shorthand of a message and the arguments of a sequence",
            "sequences: {s: {needs: [amps], steps: []}}\nsteps: [{send: SetChargingProfile, with: {limit: 16A}}, {call: s, with: {amps: 5A, other: 5A}}]\n",
            "sequences: {s: {needs: [amps], steps: []}}\nsteps: [{send: SetChargingProfile, with: {limit: 16 A}}, {call: s, with: {amps: 5 A, other: 5A}}]\n"),
    ]

    static let comments = [
        FormatRule(
            "above, behind, below", "# a\nrun:    # b\n   # c\n   for: 5s     # d\n   # e\n# f\nnodes:\n  # g\n",
            "# a\nrun: # b\n  # c\n  for: 5s # d\n  # e\n# f\nnodes:\n  # g\n"),
        FormatRule("a comment moves with its key", "# head\nsteps: [] # s\n# nodes\nnodes: {} # n\n", "# nodes\nnodes: {} # n\n# head\nsteps: [] # s\n"),
        FormatRule(
            "in a flow collection over several lines", "run: { # a\n  for: 5s, # b\n  # c\n  seed: 1\n  # d\n} # e\n",
            "# e\nrun: # a\n  for: 5s # b\n  # c\n  seed: 1\n  # d\n"),
        FormatRule(
            "in an item", "steps:\n  - # a\n    wait: 1s\n  # b\n  - {wait: 1s, # c\n     label: X}\n",
            "steps:\n  # a\n  - wait: 1s\n  # b\n  - wait: 1s # c\n    label: X\n"),
        FormatRule("in empty braces", "nodes: { # a\n  # b\n}\n", "# a\n# b\nnodes: {}\n"),
        FormatRule(
            "aligned ones stay aligned", "run: {for: 5s}       # a\nnodes: {}            # b\nsteps: []    # c\n",
            "run: {for: 5s}       # a\nnodes: {}            # b\nsteps: [] # c\n"),
        FormatRule("blank lines between comments", "# a\n\n\n# b\n\nrun: {for: 5s}\n\n\n# end\n", "# a\n\n# b\n\nrun: {for: 5s}\n\n# end\n"),
        FormatRule("no comments: in texts", "about: 'a # b'\nscenario: a#b\n", "scenario: a#b\nabout: 'a # b'\n"),
        FormatRule("behind a key with the value below", "run:   # a\n  {for: 5s}\nabout:\n  # b\n  text\n", "# b\nabout: text\nrun: # a\n  for: 5s\n"),
    ]

    static let texts = [
        FormatRule("a literal block", "about: |   # why\n     two\n       lines\n\n\nrun: {for: 5s}\n", "about: | # why\n  two\n    lines\n\nrun: {for: 5s}\n"),
        FormatRule(
            "a block with its own indentation and all line ends", "about: |1+\n  one\n two\n\n\nrun: {for: 5s}\n",
            "about: |2+\n   one\n  two\n\n\nrun: {for: 5s}\n"),
        FormatRule("a folded block", "about: >-\n      one\n      two\n\n      three\n", "about: >-\n  one\n  two\n\n  three\n"),
        FormatRule(
            "plain and quoted texts over several lines", "scenario: a\n      b\n\n      c\nabout: \"a\\\n     \\ b\n   c\"\n",
            "scenario: a\n  b\n\n  c\nabout: \"a\\\n  \\ b\n  c\"\n"),
        FormatRule("quotes of every kind", "about: \"it's\"\nscenario: 'x'\n", "scenario: 'x'\nabout: \"it's\"\n"),
        FormatRule("what follows an anchor keeps its text", "steps:\n  - wait: &w 5 s\n  - wait: *w\n", "steps:\n  - wait: &w 5 s\n  - wait: *w\n"),
        FormatRule("an anchor of a collection", "steps: &all # c\n- &one\n  wait: 1s\n- *one\n", "steps: &all # c\n  - &one\n    wait: 1s\n  - *one\n"),
    ]

    @Test("a rule", arguments: layout + order + quantities + comments + texts)
    func rule(_ rule: FormatRule) throws {
        let result = try formatted("evsim: 1\n" + rule.before)
        #expect(result == "evsim: 1\n" + rule.after)
        #expect(try formatted(result) == result)
    }

    @Test("markers, directives and a byte order mark survive")
    func markers() throws {
        let text = "\u{FEFF}%YAML 1.2\n# a\n---   # b\n# c\nevsim:   1\n...\n# d\n"
        #expect(try formatted(text) == "\u{FEFF}%YAML 1.2\n# a\n--- # b\n# c\nevsim: 1\n...\n# d\n")
        #expect(try formatted("--- {evsim: 1, run: {for: 5 s}}\n") == "---\nevsim: 1\nrun: {for: 5s}\n")
        #expect(try formatted("--- &r  # a\n# b\nevsim: 1\n") == "---\n&r\n# a\n# b\nevsim: 1\n")
        #expect(try formatted("  evsim:  1\n  run: {}\n# end") == "evsim: 1\nrun: {}\n# end\n")
    }

    @Test(
        "what is refused, and with which code",
        arguments: [
            ("evsim: 1\nrun: {for: 5s\n", "E0123"), ("run: {for: 5s}\n", "E0202"), ("- evsim: 1\n", "E0202"), ("evsim: 2\n", "E0206"),
            ("evsim: 1\nevsim: 1\n", "E0140"),
            ("evsim: 1\n? \"a\n  b\"\n: 1\n", "E0290"), ("", "E0106"),
        ])
    func refused(_ text: String, _ code: String) {
        do {
            let result = try formatted(text)
            Issue.record("was formatted: \(result)")
        } catch FileFormatter.Failure.refused(let findings) {
            #expect(findings.map(\.code) == [code])
        } catch { Issue.record("\(error)") }
    }

    @Test("files that grow over the limit are refused, deep ones are formatted")
    func limits() throws {
        let item = "{wait: 1s, label: " + String(repeating: "x", count: 110) + "},"
        let long = "evsim: 1\nsteps: [" + String(repeating: item, count: SourceFile.sizeLimit / item.utf8.count - 1) + "]\n"
        #expect(throws: FileFormatter.Failure.self) { try formatted(long) }
        let deep = "evsim: 1\nx: " + String(repeating: "[", count: 60) + "# c\n" + String(repeating: "]", count: 60)
        let result = try formatted(deep)
        #expect(result.hasPrefix("evsim: 1\n# c\nx:") || result.contains("# c"))
        #expect(try formatted(result) == result)
    }

    @Test("files with random changes never crash the formatter, and what it formats it leaves alone", arguments: 0..<4)
    func mutated(_ group: Int) throws {
        let fragments = [
            "'", "\"", "{", "}", "[", "]", ": ", "- ", "\n", "  ", "#", " # x\n", "|", ">", "&a ", "*a", "? ", ",", "---\n", "...\n", "\t", "\\", "é",
        ]
        let originals = FormatterGeneratedTests.files.compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }.filter { $0.utf8.count < 3000 }
        var dice = Dice(seed: UInt64(group) + 4000)
        var count = 0
        for _ in 0..<60 {
            var bytes = Array(dice.one(originals).utf8)
            for _ in 0..<dice.number(1...3) {
                let place = dice.below(bytes.count)
                bytes.replaceSubrange(place..<min(place + dice.below(4), bytes.count), with: Array(dice.one(fragments).utf8))
            }
            do {
                let result = try FileFormatter.format(SourceFile(path: "m.yaml", bytes: bytes), registry: BuiltIns.registry)
                let again = try FileFormatter.format(SourceFile(path: "m.yaml", bytes: result), registry: BuiltIns.registry)
                #expect(result == again, "\(String(decoding: bytes, as: UTF8.self))\n-----\n\(String(decoding: result, as: UTF8.self))")
                count += 1
            } catch FileFormatter.Failure.refused(_) { continue } catch {
                Issue.record("\(error)\n\(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(count > 10)
    }
}
