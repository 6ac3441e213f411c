import Engine
import JSONText
import Plotting
import ScenarioLanguage
import YAMLTree

/// `evsim graph`.
enum GraphCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard let path = arguments[0] else { return .usage }
        let output = arguments.text(.diagram)
        if output == "-" {
            console.note("error: '-o -' cannot work here; name a file")
            return .usage
        }
        for option in [OptionSpec.pictureSize, .theme, .pictureScale] where output == nil && arguments.has(option) {
            console.note("error: '--\(option.name)' is for pictures; add '-o FILE.png'")
            return .usage
        }
        var size: (width: Double, height: Double)?
        if let text = arguments.text(.pictureSize) {
            guard let given = pictureSize(text) else {
                console.note("error: --size takes WIDTHxHEIGHT in pixels from 200x120 to 8192x8192, not \(ArgumentMatcher.quoted(text)); for example 1200x800")
                return .usage
            }
            size = given
        }
        let (scenario, findings, failure) = ScenarioFile.read(path, arguments, console)
        console.show(findings)
        guard let scenario else {
            if arguments.has(.json) { console.output.write(DiagnosticRenderer.json(findings)) }
            return failure
        }
        let wiring = Wiring(scenario, BuiltIns.registry)
        if let output {
            var diagram = WiringDiagram.make(wiring)
            diagram.size = size
            diagram.theme = arguments.text(.theme) == "dark" ? .dark : .light
            diagram.scale = Double(arguments.number(.pictureScale) ?? 1)
            guard draw(diagram, output, console) else { return .runtime }
        }
        if arguments.has(.json) {
            console.output.write(wiring.json.text(.pretty) + "\n")
        } else if let output {
            console.print(DisplayText.visible(output))
        } else {
            console.output.write(WiringText.text(wiring, width: min(console.output.columns, 100)))
        }
        return .fine
    }

    private static func draw(_ diagram: Diagram, _ path: String, _ console: Console) -> Bool {
        do throws(PlotError) {
            let bytes = try diagram.render()
            if let problem = FileWriting.replace(path, with: bytes) {
                console.note("error: \(DisplayText.visible(path)): \(problem)")
                return false
            }
            if let size = diagram.size {
                let natural = diagram.naturalSize
                let part = min(size.width / natural.width, size.height / natural.height)
                if part < 0.7 {
                    console.note(
                        "note: at this size everything is \(Int(part * 100)) % as large as it should be; without --size it takes \(Int(natural.width))x\(Int(natural.height))"
                    )
                }
            }
            return true
        } catch {
            console.note("error: the picture cannot be drawn: \(error.description)")
            return false
        }
    }

    /// `1200x800` as numbers.
    private static func pictureSize(_ text: String) -> (width: Double, height: Double)? {
        let parts = text.split(separator: "x", omittingEmptySubsequences: false)
        guard parts.count == 2, let width = UInt16(parts[0]), let height = UInt16(parts[1]), (200...8192).contains(width), (120...8192).contains(height) else {
            return nil
        }
        return (Double(width), Double(height))
    }
}
