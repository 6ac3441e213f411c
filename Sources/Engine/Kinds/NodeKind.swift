import ScenarioLanguage

/// A node kind: its manifest, and what makes an instance.
struct NodeKind: Sendable {
    let manifest: KindManifest
    let make: @Sendable (NodeContext) throws(RunFailure) -> Node

    /// The built-in kinds in the order of their pages.
    static let all: [NodeKind] = [
        CentralSystemNode.kind, ChargePointNode.kind, ChargerModuleNode.kind, VehicleNode.kind, GridMeterNode.kind, ArrivalsNode.kind,
<<<<<<< HEAD
        RemoteChargePointNode.kind, CANReplayNode.kind,
=======
        RemoteChargePointNode.kind, FaultInjectorNode.kind,
>>>>>>> d616810ec74260a476375fc4d6e08008808f600c
    ]
}
