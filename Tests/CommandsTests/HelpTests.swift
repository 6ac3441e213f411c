import Foundation
import Testing

@testable import Commands

@Suite("Help, manual pages and the reference page come from one table")
struct HelpTests {
    @Test("the overview is as it was", arguments: [[String](), ["help"], ["--help"], ["-h"]])
    func overview(arguments: [String]) throws {
        let output = Channel()
        let code = EvsimTool.run(arguments, console: Console(output: output, errors: Channel(), environment: { _ in nil }))
        #expect(code == .fine)
        try expectGolden(output.text, "help.txt")
    }

    @Test("the help of each command is as it was, whichever way it is asked for", arguments: CommandTable.visible.map(\.name))
    func page(name: String) throws {
        let help = evsim("help", name)
        #expect(help.code == .fine)
        try expectGolden(help.output, "help-\(name).txt")
        #expect(evsim(name, "--help").output == help.output)
        #expect(evsim("-h", name).output == help.output)
        #expect(evsim(name, "--nonsense", "-h").output == help.output)
    }

    @Test("no line of help is wider than the terminal, except examples")
    func widths() {
        for name in CommandTable.visible.map(\.name) {
            let wide = evsim("help", name, columns: 72).output.split(separator: "\n").filter {
                $0.count > 72 && !$0.hasPrefix("  evsim") && !$0.hasPrefix("      ")
            }
            #expect(wide.isEmpty, "\(name): \(wide)")
        }
    }

    @Test("the manual pages are as they were")
    func manual() throws {
        try expectGolden(evsim("man").output, "evsim.1")
        try expectGolden(evsim("man", "run").output, "evsim-run.1")
    }

    @Test("every manual page renders without a warning", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/groff")))
    func manualRenders() throws {
        let directory = try TemporaryDirectory()
        for name in [nil] + CommandTable.visible.map({ Optional($0.name) }) {
            let text = name.map { evsim("man", $0).output } ?? evsim("man").output
            let file = try directory.file("page.1", text)
            let result = try child("/usr/bin/groff", ["-man", "-ww", "-Tutf8", "-P-cbou", "-K", "utf-8", file])
            #expect(result.status == 0 && result.errors.isEmpty, "\(name ?? "evsim"): \(result.errors)")
            #expect(result.output.contains("NAME"))
        }
    }

    @Test("the reference page names every command, option and exit code")
    func reference() {
        let page = evsim("help", "--markdown").output
        for command in CommandTable.visible {
            #expect(page.contains("\n## \(command.name)\n"))
            for option in command.options where !option.isHidden { #expect(page.contains("`\(option.spelling)`"), "\(option.spelling)") }
        }
        for code in ExitCode.allCases { #expect(page.contains("| \(code.rawValue) |")) }
    }

    @Test("the table is sound: names are unique, an option takes a value everywhere or nowhere, optional arguments stand last")
    func table() {
        #expect(Set(CommandTable.all.map(\.name)).count == CommandTable.all.count)
        var takesValue: [String: Bool] = [:]
        for command in CommandTable.all {
            let names = command.allOptions.map(\.name)
            #expect(Set(names).count == names.count, "\(command.name)")
            for option in command.allOptions {
                for key in [option.name] + (option.short.map { [String($0)] } ?? []) {
                    #expect(takesValue[key] ?? (option.valueName != nil) == (option.valueName != nil), "\(command.name) --\(option.name)")
                    takesValue[key] = option.valueName != nil
                }
            }
            let optional = command.positionals.map { $0.arity == .optional || $0.arity == .any }
            #expect(optional == optional.sorted { !$0 && $1 }, "\(command.name)")
            #expect(!command.about.hasSuffix(".") && command.exitCodes.contains(.usage))
        }
    }
}
