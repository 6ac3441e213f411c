import ScenarioLanguage

/// Makes what acts on messages between charge points and central systems.
enum OCPPAttackMachines {
    /// The machine of an attack; `nil` when it cannot act, which ends the run.
    static func make(_ context: AttackContext) -> (any AttackMachine)? {
        context.simulation.fail(.badNode, "the attack '\(context.name)' does not act on messages", span: context.step.span)
        return nil
    }
}
