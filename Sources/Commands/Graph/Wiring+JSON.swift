import JSONText
import ScenarioLanguage

extension Wiring {
    /// The wiring for programs: nodes, edges, buses, detectors.
    var json: JSONValue {
        .object([
            JSONValue.Member("scenario", .string(scenario)), JSONValue.Member("nodes", .array(nodes.map(json))),
            JSONValue.Member("edges", .array(edges.map(json))), JSONValue.Member("buses", .array(buses.map(json))),
            JSONValue.Member("detectors", .array(detectors.map(json))),
        ])
    }

    private func json(_ node: Node) -> JSONValue {
        var members = [
            JSONValue.Member("name", .string(node.name)), JSONValue.Member("kind", .string(node.kind)), JSONValue.Member("count", .integer(Int64(node.count))),
            JSONValue.Member("counted", .bool(node.isCounted)), JSONValue.Member("roles", .array(node.roles.map { .string($0.rawValue) })),
        ]
        if let group = node.group { members.append(JSONValue.Member("part_of", .string(group))) }
        return .object(members)
    }

    private func json(_ edge: Edge) -> JSONValue {
        var members = [
            JSONValue.Member("type", .string(edge.relation.rawValue)), JSONValue.Member("from", .string(nodes[edge.from].name)),
            JSONValue.Member("to", .string(nodes[edge.to].name)), JSONValue.Member("setting", .string(edge.setting)),
            JSONValue.Member("names", .string(edge.target)),
        ]
        if let link = edge.link {
            members.append(
                JSONValue.Member(
                    "link",
                    [
                        "name": .string(link.name), "latency_s": .number(link.latency.secondsText), "jitter_s": .number(link.jitter.secondsText),
                        "all_instances": .bool(!link.isPartial),
                    ]))
        }
        return .object(members)
    }

    private func json(_ bus: Bus) -> JSONValue {
        let names = { (list: [Int]) in JSONValue.array(list.map { .string(nodes[$0].name) }) }
        let frames = bus.frames.map { frame -> JSONValue in
            let every = frame.declaration.every.map { JSONValue.number($0.secondsText) } ?? .null
            return [
                "name": .string(frame.declaration.name), "id": .string(frame.declaration.identifier), "extended": .bool(frame.declaration.isExtended),
                "senders": names(frame.senders), "readers": names(frame.readers), "every_s": every,
            ]
        }
        var members = [
            JSONValue.Member("name", .string(bus.name)), JSONValue.Member("type", "can"), JSONValue.Member("bitrate_bit_s", .integer(Int64(bus.bitrate))),
            JSONValue.Member("nodes", names(bus.members)), JSONValue.Member("frames", .array(frames)),
        ]
        if let group = bus.group { members.append(JSONValue.Member("part_of", .string(group))) }
        return .object(members)
    }

    private func json(_ detector: Detector) -> JSONValue {
        let watches = detector.watches.map { watch -> JSONValue in
            switch watch.place {
            case .node(let node): ["signal": .string(watch.signal), "node": .string(nodes[node].name)]
            case .bus(let bus): ["signal": .string(watch.signal), "bus": .string(buses[bus].name)]
            case .frame(let bus, let frame):
                ["signal": .string(watch.signal), "bus": .string(buses[bus].name), "frame": .string(buses[bus].frames[frame].declaration.name)]
            }
        }
        return [
            "name": .string(detector.name), "kind": .string(detector.kind), "severity": .string(detector.severity), "watches": .array(watches),
            "joins": .array(detector.parts.map { .string(detectors[$0].name) }),
        ]
    }
}
