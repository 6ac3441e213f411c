import Commands

/// The program.
@main enum Main {
    static func main() { EvsimTool.main() }
}
