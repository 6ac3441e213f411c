import Engine
import ScenarioLanguage
import YAMLTree

/// `evsim validate`.
enum ValidateCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        var all: [Diagnostic] = []
        var lines: [[String]] = []
        var code = ExitCode.fine
        for path in arguments.positionals.map(\.text) {
            let shown = DisplayText.visible(path == "-" ? "<stdin>" : path)
            if let (plugin, findings, failure) = PluginReading.read(path, console) {
                all += findings
                if let plugin, !findings.contains(where: { $0.severity == .error }) {
                    lines.append(["valid", shown, "\(plugin.name), \(TextLayout.count(plugin.entries.count, "definition"))"])
                } else {
                    lines.append(["INVALID", shown, TextLayout.count(findings.count { $0.severity == .error }, "error")])
                    if code != .runtime { code = failure }
                }
                continue
            }
            let (scenario, findings, failure) = ScenarioFile.read(path, arguments, console)
            all += findings
            if let scenario {
                let warnings = findings.count { $0.severity == .warning }
                lines.append(["valid", shown, scenario.name + (warnings > 0 ? ", \(TextLayout.count(warnings, "warning"))" : "")])
            } else {
                lines.append(["INVALID", shown, TextLayout.count(findings.count { $0.severity == .error }, "error")])
                if code != .runtime { code = failure }
            }
        }
        console.show(arguments.has(.quiet) ? all.filter { $0.severity == .error } : all)
        if arguments.has(.json) {
            console.output.write(DiagnosticRenderer.json(all))
        } else if !arguments.has(.quiet) {
            console.output.write(TextLayout.table(lines, indent: 0))
        }
        return code
    }
}
