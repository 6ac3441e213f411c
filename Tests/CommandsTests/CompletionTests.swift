import Foundation
import Testing
import YAMLTree

@testable import Commands

@Suite("Completion")
struct CompletionTests {
    private func answer(_ words: String..., files: [String: String] = [:]) -> (words: [String], files: String) {
        let console = evsimConsole(files)
        let answer = CompletionAnswer.answer(words, console)
        return (answer.candidates.map(\.word), answer.files)
    }

    @Test("commands, options, words, codes and names are completed")
    func candidates() {
        #expect(answer("").words == CommandTable.visible.map(\.name))
        #expect(answer("de").words == ["describe", "detect", "decode"])
        #expect(answer("--").words == ["--color", "--help"])
        #expect(answer("run", "--s").words == ["--seed", "--set", "--strict"])
        #expect(answer("run", "--seed", "1", "--s").words == ["--set", "--strict"])
        #expect(answer("list", "k").words == ["kinds"])
        #expect(answer("completion", "").words == ["bash", "zsh", "fish"])
        #expect(answer("explain", "E031").words.contains("E0311"))
        #expect(answer("help", "ru").words == ["run"])
        #expect(answer("run", "--color=a").words == ["--color=auto", "--color=always"])
        #expect(answer("run", "--color", "n").words == ["never"])
        #expect(answer("describe", "charge-").words == ["charge-point"])
        #expect(answer("doctor", "").words.contains("--json"))
        #expect(answer("rnu", "").words.contains("run"))
        #expect(!answer("help", "").words.contains("__complete"))
    }

    @Test("files are left to the shell, with their endings")
    func files() {
        #expect(answer("run", "").files == ":files yaml yml")
        #expect(answer("validate", "a.yaml", "").files == ":files yaml yml")
        #expect(answer("run", "a.yaml", "-o", "").files == ":directories")
        #expect(answer("plot", "run", "-o", "").files == ":files png")
        #expect(answer("list", "scenarios", "").files == ":directories")
        #expect(answer("list", "kinds", "").files == ":none")
        #expect(answer("run", "a.yaml", "--seed", "").files == ":none")
        #expect(answer("run", "--", "--").files == ":files yaml yml")
    }

    @Test("templates and sizes are completed, new files and runs by their directories")
    func authoring() {
        #expect(answer("new", "x", "--from", "").words == Template.all.map(\.name))
        #expect(answer("new", "x", "--from=f").words == ["--from=fleet"])
        #expect(answer("new", "").files == ":directories")
        #expect(answer("graph", "x.yaml", "-o", "").files == ":files png")
        #expect(answer("graph", "x.yaml", "--size", "1").words == ["1200x800", "1920x1080"])
        #expect(answer("graph", "x.yaml", "--theme", "d").words == ["dark"])
    }

    @Test("directories of runs are offered by name, other directories by the shell")
    func runs() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.file("b-1/report.json", "{}")
        _ = try directory.file("a-2/report.json", "{}")
        _ = try directory.file("a-2/INCOMPLETE", "")
        _ = try directory.file("other/file", "")
        let names = CompletionNames.runs(in: directory.path)
        #expect(names.map(\.word) == ["\(directory.path)/a-2", "\(directory.path)/b-1"] && names.map(\.about) == ["incomplete", ""])
        #expect(answer("plot", "").files == ":directories")
    }

    @Test("signals are those of the scenario, or those that the run recorded")
    func signals() throws {
        let counted = Sample.good.replacingOccurrences(of: "cp1: {is: charge-point,", with: "cp: {is: charge-point, count: 30,").replacingOccurrences(
            of: "cp1", with: "cp.1")
        let names = CompletionNames.signals(of: "x.yaml", evsimConsole(["x.yaml": counted])).map(\.word)
        #expect(names.contains("csms.connected") && names.contains("cp.*.power") && !names.contains("cp.1.power"))
        #expect(CompletionNames.signals(of: "x.yaml", evsimConsole(["x.yaml": ": ["])).isEmpty)
        let directory = try TemporaryDirectory()
        _ = try directory.file("run/report.json", "{}")
        _ = try directory.file("run/signals.csv", "t_s,signal,value,unit\n0,cp1.power,1,W\n1,cp1.power,2,W\n1,cp1.soc,3,%\n1,bro")
        #expect(CompletionNames.signals(of: directory.path + "/run", evsimConsole([:])).map(\.word) == ["cp1.power", "cp1.soc"])
    }

    @Test("parameters of the scenario on the line are completed with their values")
    func parameters() {
        let files = ["x.yaml": Sample.good]
        #expect(answer("run", "x.yaml", "--set", "", files: files).words == ["top="])
        #expect(answer("run", "--set", "", "x.yaml", files: files).words == [])
        #expect(answer("run", "x.yaml", "--set=t", files: files).words == ["--set=top="])
        #expect(answer("run", "x.yaml", "--set", "top=1", files: files).words == [])
        #expect(answer("run", "none.yaml", "--set", "", files: files).words == [])
        #expect(answer("run", "x.yaml", "--set", "", files: ["x.yaml": ": : ["]).words == [])
    }

    @Test("the scripts are as they were", arguments: CompletionShell.allCases)
    func scripts(shell: CompletionShell) throws {
        try expectGolden(evsim("completion", shell.rawValue).output, "completion.\(shell.rawValue)")
    }

    @Test("the shells accept their scripts", arguments: CompletionShell.allCases)
    func syntax(shell: CompletionShell) throws {
        guard let program = ["/usr/bin", "/bin"].map({ "\($0)/\(shell.rawValue)" }).first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            return
        }
        let directory = try TemporaryDirectory()
        let file = try directory.file("script", evsim("completion", shell.rawValue).output)
        let result = try child(program, ["-n", file])
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    }

    @Test(
        "in bash, words that bash cuts at '=' reach evsim whole and are completed behind the cut",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/bash")))
    func bash() throws {
        let directory = try TemporaryDirectory()
        let script = try directory.file("script", evsim("completion", "bash").output)
        _ = try directory.file("one.yaml", "")
        _ = try directory.file("two.txt", "")
        /// Completes a line that bash has cut into words, with a program that answers like evsim; gives its words and the result.
        func complete(_ line: String, _ cut: [String], answer: [String]) throws -> String {
            let driver = """
                cd '\(directory.path)'
                source '\(script)'
                stub() { printf '[%s]' "${@:3}" > words; printf '%s\\n' \(answer.map { "$'\($0)'" }.joined(separator: " ")); }
                COMP_WORDBREAKS=' =:'
                COMP_LINE='\(line)'
                COMP_POINT=${#COMP_LINE}
                COMP_WORDS=(\(cut.map { "'\($0)'" }.joined(separator: " ")))
                COMP_CWORD=\(cut.count - 1)
                _evsim stub
                cat words
                printf '(%s)' "${COMPREPLY[@]}"
                """
            let result = try child("/bin/bash", [try directory.file("driver", driver)])
            return result.errors + result.output
        }
        #expect(try complete("evsim r", ["evsim", "r"], answer: ["run\\tsimulate", ":none"]) == "[r](run)")
        #expect(try complete("evsim run ", ["evsim", "run", ""], answer: [":files yaml yml"]) == "[run][](one.yaml)")
        #expect(
            try complete("evsim run --color=a", ["evsim", "run", "--color", "=", "a"], answer: ["--color=auto\\t", "--color=always", ":none"])
                == "[run][--color=a](auto)(always)")
        #expect(try complete("evsim run --color=", ["evsim", "run", "--color", "="], answer: ["--color=auto", ":none"]) == "[run][--color=](auto)")
        #expect(try complete("evsim run x --set to", ["evsim", "run", "x", "--set", "to"], answer: ["top=\\t16 A", ":none"]) == "[run][x][--set][to](top=)")
        #expect(try complete("evsim run --set a=1 ", ["evsim", "run", "--set", "a", "=", "1", ""], answer: [":none"]) == "[run][--set][a=1][]()")
    }

    @Test(
        "in a real bash, the built program completes commands, templates, parameters and files",
        .enabled(if: builtProgram != nil && FileManager.default.isExecutableFile(atPath: "/bin/bash")))
    func wholeBash() throws {
        let directory = try TemporaryDirectory()
        let script = try directory.file("script", evsim("completion", "bash").output)
        _ = try directory.file("one.yaml", Sample.good)
        func complete(_ cut: String...) throws -> String {
            let driver = """
                cd '\(directory.path)'
                source '\(script)'
                COMP_WORDBREAKS=' =:'
                COMP_WORDS=(evsim \(cut.map { "'\($0)'" }.joined(separator: " ")))
                COMP_LINE='evsim \(cut.joined(separator: " "))'
                COMP_POINT=${#COMP_LINE}
                COMP_CWORD=\(cut.count)
                _evsim '\(try #require(builtProgram))'
                printf '(%s)' "${COMPREPLY[@]}"
                """
            let result = try child("/bin/bash", [try directory.file("driver", driver)])
            return result.errors + result.output
        }
        #expect(try complete("gr") == "(graph)")
        #expect(try complete("new", "x", "--from", "f") == "(fleet)")
        #expect(try complete("graph", "o") == "(one.yaml)")
        #expect(try complete("run", "one.yaml", "--set", "t") == "(top=)")
        #expect(try complete("graph", "one.yaml", "--theme", "") == "(light)(dark)")
    }

    @Test("in a real fish, the built program completes", .enabled(if: builtProgram != nil && FileManager.default.isExecutableFile(atPath: "/usr/bin/fish")))
    func wholeFish() throws {
        let directory = try TemporaryDirectory()
        let script = try directory.file("script", evsim("completion", "fish").output)
        let folder = (try #require(builtProgram) as NSString).deletingLastPathComponent
        let driver = try directory.file("driver", "set -x PATH '\(folder)' $PATH\nsource '\(script)'\ncomplete -C 'evsim new x --from f'\n")
        let result = try child("/usr/bin/fish", ["--no-config", driver])
        #expect(result.output.hasPrefix("fleet\t"), "\(result.errors)")
    }
}

private func evsimConsole(_ files: [String: String]) -> Console {
    Console(
        output: Channel(), errors: Channel(), environment: { _ in nil },
        read: { (path) throws(DiagnosticError) in
            guard let text = files[path] else { throw DiagnosticError(Diagnostic("E0101", "there is no file", at: nil)) }
            return SourceFile(path: path, bytes: Array(text.utf8))
        })
}
