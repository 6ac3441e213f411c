import Testing

@testable import Commands

@Suite("A wrong command line runs nothing and says what is wrong")
struct UsageTests {
    @Test(
        "the message names the argument and the fix",
        arguments: [
            (["rnu"], "error: unknown command 'rnu' (argument 1); did you mean 'run'?\n"),
            (["my.yaml"], "error: unknown command 'my.yaml' (argument 1); to simulate a file: evsim run my.yaml\n"),
            (["frobnicate"], "error: unknown command 'frobnicate' (argument 1); see 'evsim help'\n"),
            (
                ["run", "f", "--sed", "3"],
                "error: unknown option '--sed' of 'evsim run' (argument 3); did you mean '--seed'?\nusage: evsim run FILE… [options]      (evsim help run)\n"
            ),
            (
                ["list", "--seed", "3"],
                "error: unknown option '--seed' of 'evsim list' (argument 2); '--seed' belongs to 'evsim run', 'evsim compare', 'evsim watch'\nusage: evsim list [AREA] [DIR] [options]      (evsim help list)\n"
            ),
            (["run", "f", "-x"], "error: unknown option '-x' of 'evsim run' (argument 3)\nusage: evsim run FILE… [options]      (evsim help run)\n"),
            (
                ["run"],
                "error: 'evsim run' needs FILE: scenario files; '-' is the standard input; write 'evsim run FILE'\nusage: evsim run FILE… [options]      (evsim help run)\n"
            ),
            (
                ["graph", "f", "g"],
                "error: 'evsim graph' takes FILE only; 'g' is too much (argument 3)\nusage: evsim graph FILE [options]      (evsim help graph)\n"
            ),
            (
                ["run", "f", "--seed", "-1"],
                "error: '--seed' needs a value (argument 3); write '--seed N'\nerror: unknown option '-1' of 'evsim run' (argument 4)\nusage: evsim run FILE… [options]      (evsim help run)\n"
            ),
            (
                ["run", "f", "--seed=1e3"],
                "error: --seed takes a whole number from 0 to 18446744073709551615, not '1e3' (argument 3)\nusage: evsim run FILE… [options]      (evsim help run)\n"
            ),
            (
                ["run", "f", "--max-events", "0"],
                "error: --max-events takes a number from 1 to 18446744073709551615, not '0' (argument 4)\nusage: evsim run FILE… [options]      (evsim help run)\n"
            ),
            (
                ["run", "f", "--set", "gap"],
                "error: --set takes NAME=VALUE, not 'gap' (argument 4); for example '--set limit=32A'\nusage: evsim run FILE… [options]      (evsim help run)\n"
            ),
            (
                ["run", "f", "--json=lines"],
                "error: '--json' takes no value, and has 'lines' (argument 3)\nusage: evsim run FILE… [options]      (evsim help run)\n"
            ),
            (
                ["run", "f", "--seed", "1", "--seed", "2"],
                "error: '--seed' is given twice (argument 5); give it once\nusage: evsim run FILE… [options]      (evsim help run)\n"
            ),
            (
                ["run", "f", "--see", "1"],
                "error: unknown option '--see' of 'evsim run' (argument 3); did you mean '--seed'?\nusage: evsim run FILE… [options]      (evsim help run)\n"
            ),
            (
                ["list", "knids"],
                "error: AREA is one of scenarios, plugins, kinds, detectors, attacks, messages, sequences, frames, functions, units, sections, codes, not 'knids' (argument 2); did you mean 'kinds'?\nusage: evsim list [AREA] [DIR] [options]      (evsim help list)\n"
            ),
            (
                ["completion", "tcsh"],
                "error: SHELL is one of bash, zsh, fish, not 'tcsh' (argument 2)\nusage: evsim completion SHELL      (evsim help completion)\n"
            ),
            (
                ["help", "rn"],
                "error: there is no command 'rn' (argument 2); did you mean 'run'?\nusage: evsim help [COMMAND] [options]      (evsim help help)\n"
            ),
            (["--json"], "error: '--json' stands without a command; see 'evsim help'\n"),
            (["list", "kinds", "here"], "error: only 'evsim list scenarios' takes a directory; 'here' is too much (argument 3)\n"),
            (["run", "f", "-o", "-"], "error: '-o -' cannot work: a run leaves a directory; the report alone goes to standard output with --json\n"),
            (["explain", "E0302x"], "error: there is no code 'E0302x'; did you mean 'E0302'?\n"),
            (["describe", "charge-piont"], "error: there is no 'charge-piont' to describe (argument 'NAME'); did you mean 'charge-point'?\n"),
        ])
    func message(line: [String], expected: String) {
        let errors = Channel()
        let output = Channel()
        let code = EvsimTool.run(line, console: Console(output: output, errors: errors, environment: { _ in nil }))
        #expect(code == .usage)
        #expect(output.text.isEmpty)
        #expect(errors.text == expected)
    }

    @Test("all mistakes of a line are shown")
    func allMistakes() {
        let result = evsim("graph", "--sed", "1", "a.yaml", "b.yaml", "--set", "x")
        #expect(result.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }.count == 3, "\(result.errors)")
    }

    @Test("options stand anywhere, in both spellings, and '--' ends them")
    func forms() throws {
        func arguments(_ line: [String]) throws -> Arguments {
            guard case .success(.command(let arguments)) = ArgumentMatcher.request(line) else { throw UsageError("\(line)") }
            return arguments
        }
        for line in [["--seed", "7", "run", "f"], ["run", "--seed=7", "f"], ["run", "f", "--seed", "7"], ["--seed=7", "run", "--", "f"]] {
            let read = try arguments(line)
            #expect(read.command.name == "run" && read.number(.seed) == 7 && read[0] == "f", "\(line)")
        }
        #expect(try arguments(["run", "--", "--seed"])[0] == "--seed")
        #expect(try arguments(["run", "-", "-odir"]).text(.directory) == "dir")
        #expect(try arguments(["run", "-"])[0] == "-")
        let sets = try arguments(["run", "f", "--set", "a=1=2", "--set=b="]).assignments(.set)
        #expect(sets.map(\.name) == ["a", "b"] && sets.map(\.text) == ["1=2", ""])
    }

    @Test("a hostile argument does not reach the terminal")
    func hostile() {
        #expect(!evsim("\u{1B}[31mrun\u{202E}").errors.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" })
    }

    @Test("no line of random arguments crashes", arguments: 0..<20)
    func random(seed: Int) {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(count))
        }
        let words = [
            "run", "list", "describe", "explain", "man", "help", "--", "-", "--json", "--set", "a=b", "-o", "--seed", "9", "--color", "=", "--=", "-=", "",
            "--help", "é", "kinds", "__complete",
        ]
        for _ in 0..<200 {
            let line = (0..<next(6)).map { _ in words[next(words.count)] }
            // Only reading and matching: what runs is another matter.
            _ = ArgumentMatcher.request(line)
        }
    }
}
