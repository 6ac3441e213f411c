import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

extension LinkTable {
    /// Whether the connection of a link stands.
    func isUp(_ number: Int) -> Bool { links[number].isUp }

    /// The charge point asks for the connection: both ends hear `linkUp`, or it alone hears `linkDown`, after the latency of the link.
    func open(_ number: Int) {
        let link = links[number]
        guard !link.isUp else { return }
        link.generation &+= 1
        var delay = link.faults?.openingTime(at: kernel.now) ?? .zero
        // The central system hears of the end of the last connection first.
        if let ending = link.ending, kernel.now + delay <= ending.at, ending.at > kernel.now { delay = ending.at - kernel.now + Duration(nanoseconds: 1) }
        if let carrier, !link.isBlocked { return carrier.open(number) }
        announce(number, link.chargePoint, after: delay, .opened)
    }

    /// An end of a connection.
    enum End { case chargePoint, centralSystem }

    /// The connection ends: both ends hear `linkDown`.
    ///
    /// - Parameter closer: the end that closes it in good order: the other one hears of it behind what was sent before. Without one the connection
    ///   breaks: both hear of it at once, and what is on its way is lost.
    func close(_ number: Int, by closer: End? = nil) {
        let link = links[number]
        guard link.isUp else {
            if closer == nil { endEnding(number) }
            return
        }
        link.isUp = false
        if isWatched { tell(link, up: closer != .centralSystem, closer == nil || link.isBlocked ? .broken : .closed) }
        link.tap?.connectionEnded(link: number)
        recorder.capture?.closed(number, link.isBlocked ? .reset : .handshake(code: 1000), up: closer != .centralSystem, at: kernel.now)
        let closer = link.isBlocked ? nil : closer
        if let closer {
            let up = closer == .chargePoint
            let isOfThisRun = (up ? link.centralSystem : link.chargePoint) >= 0
            if isOfThisRun { link.ending = Link.Ending(up: up, generation: link.generation, at: max(kernel.now, up ? link.lastUp : link.lastDown)) }
        }
        link.generation &+= 1
        (link.lastUp, link.lastDown) = (.zero, .zero)
        carrier?.close(number, by: closer)
        if closer != .centralSystem { tellEnd(number, link.chargePoint) }
        if closer != .chargePoint { tellEnd(number, link.centralSystem) }
        // A real network tells the other end itself.
        if let ending = link.ending, carrier == nil {
            announce(number, ending.up ? link.centralSystem : link.chargePoint, after: ending.at - kernel.now, .ended)
        }
    }

    private func tellEnd(_ number: Int, _ node: Int) {
        if node >= 0 { announce(number, node, after: .zero, .closed) } else { links[number].intruder?.closed(link: number) }
    }

    /// The other end of a connection that was closed in good order hears of its end now, and nothing more over it.
    func endEnding(_ number: Int) {
        guard let ending = links[number].ending else { return }
        links[number].ending = nil
        tellEnd(number, ending.up ? links[number].centralSystem : links[number].chargePoint)
    }

    /// Whether a message of a connection, counted by `generation`, still reaches the end that it was sent to.
    func isPassed(_ generation: UInt32, up: Bool, _ link: Link) -> Bool {
        if generation == link.generation { return true }
        return link.ending.map { $0.up == up && $0.generation == generation } ?? false
    }

    /// The network fails: the connection is lost, and no new one is let through until `restore`.
    func cut(_ number: Int) {
        links[number].isBlocked = true
        close(number)
    }

    /// The network lets connections through again.
    func restore(_ number: Int) { links[number].isBlocked = false }

    /// What happens to a connection, as the payload of an event.
    enum Change: UInt64 {
        /// The connection stands, in virtual time for both ends.
        case opened
        /// It is gone.
        case closed
        /// A real connection stands for the node.
        case stands
        /// The other end has closed it.
        case ended
    }

    /// Tells a node about a connection, as a delivery of its own.
    func announce(_ number: Int, _ node: Int, after delay: Duration, _ change: Change) {
        kernel.schedule(
            at: kernel.now + delay, phase: .delivery, node: UInt32(node + 1), kind: EventKind.link, target: UInt32(node),
            payload: UInt64(number) << 34 | change.rawValue << 32 | UInt64(links[number].generation))
    }

    /// A change of a connection has come to a node.
    func changed(_ payload: UInt64, _ node: Node) {
        let number = Int(payload >> 34)
        let link = links[number]
        switch Change(rawValue: payload >> 32 & 3) {
        // Both ends hear of an end before one of them can ask for the next connection.
        case .closed, nil: node.linkDown(number)
        case .stands: if link.isUp { node.linkUp(number) }
        case .ended:
            guard let ending = link.ending, payload & 0xFFFF_FFFF == UInt64(ending.generation &+ 1) else { return }
            link.ending = nil
            node.linkDown(number)
        case .opened:
            guard payload & 0xFFFF_FFFF == UInt64(link.generation), !link.isUp else { return }
            guard !link.isBlocked else { return node.linkDown(number) }
            if let ending = link.ending {
                link.ending = nil
                simulation.nodes[ending.up ? link.centralSystem : link.chargePoint].linkDown(number)
            }
            link.isUp = true
            (link.calledUp, link.calledDown) = (nil, nil)
            simulation.nodes[link.centralSystem].linkUp(number)
            // The central system may have refused it.
            guard link.isUp else {
                recorder.capture?.refused(number, status: 403, at: kernel.now)
                return
            }
            recorder.capture?.opened(number, at: kernel.now)
            if isWatched { tell(link, up: true, .opened) }
            planFailures(number)
            node.linkUp(number)
        }
    }

    // MARK: Failures of the network

    /// Plans when the network fails, for a connection that stands or for all of them at t = 0.
    func planFailures(_ number: Int) {
        guard simulation.hasOrigin, let faults = links[number].faults else { return }
        for failure in faults.failures(from: kernel.now) { plan(failure.rule, number, at: failure.at) }
    }

    /// The run's t = 0: from now on networks fail.
    func ready() { for number in links.indices where links[number].isUp { planFailures(number) } }

    private func plan(_ rule: Int, _ number: Int, at instant: Instant) {
        kernel.schedule(
            at: instant, phase: .timer, node: 0, kind: EventKind.linkFailure, target: UInt32(number),
            payload: UInt64(rule) << 33 | UInt64(links[number].generation))
    }

    private static let restoring: UInt64 = 1 << 32

    /// A planned failure of a network has come, or its end.
    func failed(_ number: Int, _ payload: UInt64) {
        let link = links[number]
        guard let faults = link.faults else { return }
        if payload & Self.restoring != 0 {
            if faults.isSilent {
                faults.isSilent = false
                close(number)
            }
            return restore(number)
        }
        let rule = Int(payload >> 33)
        guard payload & 0xFFFF_FFFF == UInt64(link.generation), link.isUp else { return }
        guard let failure = faults.failure(rule, at: kernel.now) else {
            if let next = faults.nextFailure(rule, from: kernel.now) { plan(rule, number, at: next) }
            return
        }
        if failure.isSilent {
            faults.isSilent = true
            link.isBlocked = true
        } else {
            cut(number)
        }
        kernel.schedule(
            at: kernel.now + failure.time, phase: .timer, node: 0, kind: EventKind.linkFailure, target: UInt32(number), payload: Self.restoring)
    }
}
