import ScenarioLanguage

/// A node kind: its manifest, and what makes an instance.
struct NodeKind: Sendable {
    let manifest: KindManifest
    let make: @Sendable (NodeContext) throws(RunFailure) -> Node

    /// The built-in kinds in the order of their pages.
    static let all: [NodeKind] = [
        CentralSystemNode.kind, ChargePointNode.kind, ChargerModuleNode.kind, VehicleNode.kind, GridMeterNode.kind, ArrivalsNode.kind,
        RemoteChargePointNode.kind, ProxyNode.kind, FaultInjectorNode.kind, CANBridgeNode.kind, CANReplayNode.kind, OutsideNode.tableReplay,
        OutsideNode.messageReplay,
        MonitorNode.kind,
    ]
}
