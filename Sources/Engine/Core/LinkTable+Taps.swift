import JSONText
import OCPP
import Quantities
import SimulationKernel

/// Links with interceptors: between the end that sends a message and its record and travel.
extension LinkTable {
    /// An event of an attack on a link has come.
    func attackEvent(_ event: Event) {
        switch event.kind {
        case EventKind.heldMessage: heldDue(Int(event.target), event.payload)
        case EventKind.linkAttack: attackTimers.due(Int(event.target), event.payload)
        default: deliverToIntruder(event.payload)
        }
    }

    /// The tap of a link, made when it is first asked for.
    func tap(_ number: Int) -> LinkTap {
        let link = links[number]
        if let known = link.tap { return known }
        let made = LinkTap()
        // Calls that are open already keep their names.
        if let called = link.calledUp {
            made.called(called.id, up: true, .init(action: link.actionUp, name: called.action, label: -1, inserter: nil, instant: kernel.now))
        }
        if let called = link.calledDown {
            made.called(called.id, up: false, .init(action: link.actionDown, name: called.action, label: called.label, inserter: nil, instant: kernel.now))
        }
        link.tap = made
        return made
    }

    /// Puts an interceptor behind the others of a link.
    func intercept(_ number: Int, by interceptor: any LinkInterceptor) { tap(number).add(interceptor) }

    /// Takes an interceptor away; what it keeps back goes on now, in order.
    func leave(_ number: Int, by interceptor: any LinkInterceptor) {
        guard let tap = links[number].tap else { return }
        for held in tap.remove(interceptor) where held.generation == links[number].generation { emit(held.unit, up: held.up, number) }
    }

    /// An end has sent a message over a link with a tap.
    func tapped(_ tap: LinkTap, _ message: OCPPMessage, up: Bool, _ number: Int, label: Int) {
        let head = MessageHead(message)
        var unit = LinkUnit(message, action: head.action, label: label, at: kernel.now)
        if head.type == 3 || head.type == 4, let id = head.id {
            if let call = tap.call(id, up: !up) {
                unit.action = call.action
                if let inserter = call.inserter {
                    if !answer(to: id, call, inserter, unit, up: up, number, tap) { return }
                }
                // The answer of a charge point to a labelled call belongs to the label.
                if up, label < 0 { unit.label = call.label }
            }
        }
        if tap.interceptors.isEmpty, tap.held.isEmpty { return emit(unit, up: up, number) }
        for unit in tap.pass(unit, up: up, link: number) { letPass(unit, up: up, number, tap) }
    }

    /// The answer to an inserted call has come back; whether it goes on to the end in whose name the call was made.
    private func answer(
        to id: MessageID, _ call: LinkTap.Call, _ inserter: any LinkInserter, _ unit: LinkUnit, up: Bool, _ number: Int, _ tap: LinkTap
    ) -> Bool {
        inserter.answered(unit.message, to: id, link: number)
        if inserter.passesAnswers { return true }
        _ = tap.end(id, up: !up)
        // It was on the wire of the end that answered; the other end never sees it.
        note(unit.message.shown, call.action, call.name, links[number], up: up, label: call.label)
        return false
    }

    /// Lets a message go on, now or later.
    private func letPass(_ unit: LinkUnit, up: Bool, _ number: Int, _ tap: LinkTap) {
        var due = kernel.now + max(unit.delay, .zero)
        if !unit.isOvertaken, let last = tap.lastDue(up: up), last > due { due = last }
        guard due > kernel.now, tap.held.count < LinkTap.mostHeld else { return emit(unit, up: up, number) }
        let place = tap.hold(unit, up: up, until: due, generation: links[number].generation)
        scheduleHeld(place, number, at: due)
    }

    private func scheduleHeld(_ place: UInt32, _ number: Int, at instant: Instant) {
        kernel.schedule(at: instant, phase: .delivery, node: 0, kind: EventKind.heldMessage, target: UInt32(number), payload: UInt64(place))
    }

    /// The time of a message that an interceptor kept back is out.
    func heldDue(_ number: Int, _ place: UInt64) {
        guard let held = links[number].tap?.take(held: UInt32(truncatingIfNeeded: place)), held.generation == links[number].generation else { return }
        emit(held.unit, up: held.up, number)
    }

    /// Lets messages go on before their time that an interceptor keeps back, behind what is sent at this instant.
    func letGo(_ number: Int, of interceptor: any LinkInterceptor, _ isWanted: (LinkTap.Held) -> Bool) {
        guard let tap = links[number].tap else { return }
        for held in tap.held where held.unit.holder === interceptor && isWanted(held) { scheduleHeld(held.number, number, at: kernel.now) }
    }

    /// A call or bytes in the name of an end.
    func insert(_ message: OCPPMessage, up: Bool, _ number: Int, label: Int, by inserter: (any LinkInserter)?) {
        let head = MessageHead(message)
        var unit = LinkUnit(message, action: head.action, label: label, at: kernel.now)
        let tap = tap(number)
        if head.type > 2, let id = head.id, let call = tap.call(id, up: !up) { unit.action = call.action }
        emit(unit, up: up, number, inserter: inserter ?? NobodysCalls.shared)
    }

    /// A message goes on the wire: it is recorded, counted and travels.
    func emit(_ unit: LinkUnit, up: Bool, _ number: Int, inserter: (any LinkInserter)? = nil) {
        let link = links[number]
        guard let tap = link.tap else { return }
        let shown = unit.message.shown
        var action = unit.action
        var name: String?
        switch shown {
        case .call(let id, let payload):
            action = payload.action.map { Int($0.rawValue) } ?? -1
            name = action < 0 ? payload.actionName : nil
            tap.called(id, up: up, LinkTap.Call(action: action, name: name, label: unit.label, inserter: inserter, instant: kernel.now))
            count(id, action, link, up: up, since: unit.sent, isInserted: inserter != nil)
        case .result(let id, _), .error(let id, _):
            if let call = tap.end(id, up: !up) { (action, name) = (call.action, call.name) }
            if up ? link.centralSystem < 0 : link.isSpokenFor { answered(shown, link, up: !up) }
        case .frame:
            // A call that is not whole is answered with an error by who can read its id.
            let head = MessageHead(unit.message)
            guard let inserter, head.type == 2, let id = head.id else { break }
            tap.called(id, up: up, LinkTap.Call(action: head.action, name: head.name, label: unit.label, inserter: inserter, instant: kernel.now))
        }
        if unit.label >= 0 { kernel.note(identity: UInt64(EventKind.heldMessage) << 40 | UInt64(number), payload: unit.message.wireDigest) }
        note(shown, action, name, link, up: up, label: unit.label)
        guard link.isUp else { return }
        // What goes past this run has no event of its own, and whoever waits for it must be asked.
        if link.isProxy { scheduleHeld(0, number, at: kernel.now) }
        let isFromOutside = up ? link.isSpokenFor : link.centralSystem < 0
        if carrier != nil, isFromOutside, !link.isProxy { return arrive(unit.message, number, up: up) }
        bytesPerSecond = unit.bytesPerSecond
        travel(unit.message, action, number, up: up)
        bytesPerSecond = nil
    }

    /// Whether what an end sends goes out over a socket of this run.
    func goesOut(_ number: Int, up: Bool) -> Bool {
        let link = links[number]
        return carrier != nil && (link.isProxy || !(up ? link.isSpokenFor : link.centralSystem < 0))
    }
}

/// Connections of somebody who plays a charge point.
extension LinkTable {
    /// A message for somebody who plays a charge point.
    func putForIntruder(_ message: OCPPMessage, _ number: Int, at arrival: Instant) {
        kernel.schedule(
            at: arrival, phase: .delivery, node: 0, kind: EventKind.intruder, target: UInt32(number),
            payload: UInt64(links[number].generation) << 32 | UInt64(parcels.put(message, link: number)))
    }

    /// It arrives, if the connection is still the one that it was sent into.
    func deliverToIntruder(_ payload: UInt64) {
        let parcel = Int(payload & 0xFFFF_FFFF)
        let number = parcels.link(of: parcel)
        let message = parcels.take(parcel)
        guard links[number].isUp, payload >> 32 == UInt64(links[number].generation) else { return }
        links[number].intruder?.receive(message, link: number)
    }

    /// A link for somebody who connects under the name of another charge point; its connection is asked for with `openAsIntruder`.
    func addIntruder(_ intruder: any LinkIntruder, likeLink number: Int) -> Int {
        let old = links[number]
        let added = connectStranger(identity: old.identity, centralSystem: old.centralSystem)
        links[added].intruder = intruder
        links[added].imitated = number
        return added
    }

    /// Somebody who plays a charge point connects; whether the central system has let it in. In a live run that is known only later.
    func openAsIntruder(_ number: Int) {
        let link = links[number]
        guard !link.isUp else { return }
        link.generation &+= 1
        if let carrier { return carrier.open(number) }
        guard link.centralSystem >= 0 else { return }
        link.isUp = true
        (link.calledUp, link.calledDown) = (nil, nil)
        simulation.nodes[link.centralSystem].linkUp(number)
        guard link.isUp else {
            recorder.capture?.refused(number, status: 403, at: kernel.now)
            return
        }
        recorder.capture?.opened(number, at: kernel.now)
        if isWatched { tell(link, up: true, .opened) }
        link.intruder?.opened(link: number)
    }
}

/// Whoever inserts calls and does not want to know their answers.
private final class NobodysCalls: LinkInserter, Sendable {
    static let shared = NobodysCalls()
    var passesAnswers: Bool { false }
    func answered(_ message: OCPPMessage, to id: MessageID, link: Int) {}
}

extension OCPPMessage {
    /// A number that tells texts apart, for the fingerprint.
    fileprivate var wireDigest: UInt64 { bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 } }
}
