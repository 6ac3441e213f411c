import ScenarioLanguage

/// Makes what acts on frames.
enum CANAttackMachines {
    /// The machine of an attack; `nil` when it cannot act, which ends the run.
    static func make(_ context: AttackContext) -> (any AttackMachine)? {
        switch context.name {
        case "inject": CANInjection(context)
        case "flood": CANFlood(context)
        case "fuzz": context.flag("in_place") ? CANFuzzingInPlace(context) : CANFuzzing(context)
        case "confuse": CANConfusion(context)
        case "delay", "jitter": CANDelay(context)
        case "duplicate": CANDuplication(context)
        case "modify", "overdraw": CANModification(context)
        case "drop": CANDropping(context)
        case "reorder": CANReordering(context)
        case "spoof": CANSpoofing(context)
        case "replay": CANReplaying(context)
        default: nil
        }
    }
}
