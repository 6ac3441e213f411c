public import YAMLTree

extension Step {
    /// A step that no file has, at the place of one that a file has.
    public init(_ action: StepAction, at span: Span) { self.init(action: action, label: nil, span: span) }
}

extension FrameStep {
    /// A frame of its own bytes.
    public init(_ frame: RawFrame, bus: Int, from: Int?) { self.init(bus: bus, from: from, content: .raw(frame)) }
}

extension FrameStep.RawFrame {
    /// A frame as bytes, with an identifier of 29 bits where `extended` says so.
    public init(_ id: UInt32, extended: Bool, remote: Bool, fd: Bool, data: [UInt8], lengthCode: UInt8?) {
        self.init(id: id, isExtended: extended, isRemote: remote, isFD: fd, data: data, lengthCode: lengthCode)
    }
}

extension InterceptStep {
    /// The attack `drop` in the place of this one: all frames of some identifiers of a bus, for a time.
    public func dropping(_ identifiers: [UInt32], on bus: Int, for time: TimeValue) -> InterceptStep {
        var step = self
        guard let place = BuiltInAttacks.index("drop") else { return step }
        step.attack = place
        step.targets = [.bus(bus)]
        step.link = .can
        step.by = nil
        step.duration = time
        step.values = BuiltInAttacks.all[place].settings.map { setting in
            switch setting.name {
            case "chance": .plain(.number(1))
            case "only": .only(identifiers: identifiers, actions: [])
            default: .absent
            }
        }
        return step
    }
}
