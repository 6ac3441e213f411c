// swift-tools-version: 6.2
import PackageDescription

// Targets stand in the order of docs/architecture.md: each imports only what stands above it.
let package = Package(
    name: "evsim",
    products: [
        .executable(name: "evsim", targets: ["evsim"]),
        .library(name: "EvsimEngine", targets: ["Engine"]),
    ],
    targets: [
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(name: "CLinux"),
        .target(name: "Quantities"),
        .target(name: "JSONText"),
        .target(name: "Digests"),
        .target(name: "YAMLTree", dependencies: ["CYAML"]),
        .target(name: "SimulationKernel", dependencies: ["Quantities"]),
        .target(name: "CAN", dependencies: ["Quantities"]),
        .target(name: "CANDatabase", dependencies: ["CAN", "Quantities"]),
        .target(name: "CANLogs", dependencies: ["CAN", "Quantities", "CZlib"]),
        .target(name: "CANProtocols", dependencies: ["CAN", "Quantities"]),
        .target(name: "OCPP", dependencies: ["Quantities", "JSONText", "Digests"]),
        .target(name: "Transport", dependencies: ["CLinux", "COpenSSL", "CZlib"]),
        .target(name: "CANLive", dependencies: ["CAN", "Transport", "CLinux", "Quantities"]),
        .target(name: "Electrical", dependencies: ["Quantities"]),
        .target(name: "Detection", dependencies: ["Quantities", "SimulationKernel", "CAN", "OCPP", "JSONText"]),
        .target(name: "ScenarioLanguage", dependencies: ["YAMLTree", "Quantities", "CAN", "CANDatabase"]),
        .target(name: "Plotting", dependencies: ["CZlib"]),
        .target(
            name: "Engine",
            dependencies: [
                "Quantities", "JSONText", "Digests", "YAMLTree", "SimulationKernel", "CAN", "CANDatabase", "CANLogs", "CANProtocols", "CANLive",
                "OCPP", "Electrical", "Detection", "ScenarioLanguage", "Plotting", "Transport",
            ]),
        .target(
            name: "Commands",
            dependencies: [
                "CYAML", "CZlib", "SimulationKernel", "Engine", "Plotting", "ScenarioLanguage", "YAMLTree", "Quantities", "JSONText", "CAN", "CANDatabase",
                "CANLogs", "CANLive",
            ]),
        .executableTarget(name: "evsim", dependencies: ["Commands"]),
        .target(name: "CReference"),
        .executableTarget(
            name: "evsim-bench",
            dependencies: [
                "CReference", "Engine", "SimulationKernel", "CAN", "OCPP", "Detection", "ScenarioLanguage", "Plotting", "Quantities", "Transport",
                "YAMLTree", "CLinux", "JSONText", "CANDatabase", "CANLogs", "CANProtocols", "CANLive",
            ]),
        .testTarget(name: "QuantitiesTests", dependencies: ["Quantities"]),
        .testTarget(name: "JSONTextTests", dependencies: ["JSONText"]),
        .testTarget(name: "DigestsTests", dependencies: ["Digests"]),
        .testTarget(name: "YAMLTreeTests", dependencies: ["YAMLTree"], exclude: ["Golden"]),
        .testTarget(name: "SimulationKernelTests", dependencies: ["SimulationKernel"]),
        .testTarget(name: "CANTests", dependencies: ["CAN", "Quantities"], exclude: ["Vectors"]),
        .testTarget(name: "CANDatabaseTests", dependencies: ["CANDatabase", "CAN", "Quantities"], exclude: ["Vectors"]),
        .testTarget(name: "CANLogsTests", dependencies: ["CANLogs", "CAN", "Quantities"], exclude: ["Vectors"]),
        .testTarget(name: "CANProtocolsTests", dependencies: ["CANProtocols", "CAN", "Quantities"], exclude: ["Vectors"]),
        .testTarget(name: "CANLiveTests", dependencies: ["CANLive", "CAN", "Transport", "Quantities"]),
        .testTarget(name: "OCPPTests", dependencies: ["OCPP", "JSONText"], exclude: ["Vectors"]),
        .testTarget(name: "TransportTests", dependencies: ["Transport"], exclude: ["Vectors"]),
        .testTarget(name: "ElectricalTests", dependencies: ["Electrical"], exclude: ["Vectors"]),
        .testTarget(name: "DetectionTests", dependencies: ["Detection", "CAN", "OCPP"], exclude: ["Vectors"]),
        .testTarget(name: "ScenarioLanguageTests", dependencies: ["ScenarioLanguage"]),
        .testTarget(name: "PlottingTests", dependencies: ["Plotting"], exclude: ["Golden"]),
        .testTarget(
            name: "EngineTests", dependencies: ["Engine", "ScenarioLanguage", "YAMLTree", "SimulationKernel", "Quantities", "JSONText"],
            exclude: ["Vectors", "Wrong"]),
        .testTarget(
            name: "CommandsTests", dependencies: ["Commands", "Engine", "Plotting", "ScenarioLanguage", "YAMLTree", "Quantities", "JSONText"],
            exclude: ["Golden"]),
    ]
)

// One list of settings for every target: Swift 6 language mode comes with the tools version.
for target in package.targets where target.type != .system && target.name != "CReference" && target.name != "CLinux" {
    target.swiftSettings = [.unsafeFlags(["-warnings-as-errors"]), .enableUpcomingFeature("ExistentialAny")]
    // The functions that evaluate formulas are a few machine instructions each; a frame pointer would be a third of them.
    if target.name == "ScenarioLanguage" { target.swiftSettings?.append(.unsafeFlags(["-Xcc", "-momit-leaf-frame-pointer"])) }
}
