import JSONText
import OCPP
import Quantities
import SimulationKernel

/// Carries messages over something real instead of the kernel.
protocol LinkCarrier: AnyObject {
    /// The charge point of a link wants its connection.
    func open(_ link: Int)
    /// The connection of a link is over: for one end of this run, which has closed it in good order, or for both.
    func close(_ link: Int, by end: LinkTable.End?)
    /// A message goes out.
    func send(_ message: OCPPMessage, over link: Int, up: Bool)
    /// A message goes out so slowly that only some bytes a second do.
    func send(_ message: OCPPMessage, over link: Int, up: Bool, bytesPerSecond: Double)
    /// What goes out slowly goes out at once.
    func hurry(_ link: Int)
}

/// What came in from outside, called between events of the kernel.
extension LinkTable {
    /// A connection of a link stands for one of its ends.
    func stands(_ number: Int, atCentralSystem: Bool) {
        let link = links[number]
        let wasUp = link.isUp
        link.isUp = true
        if !wasUp {
            (link.calledUp, link.calledDown) = (nil, nil)
            recorder.capture?.opened(number, at: kernel.now)
            if isWatched { tell(links[number], up: true, .opened) }
            planFailures(number)
        }
        if !atCentralSystem, link.imitated >= 0 {
            link.intruder?.opened(link: number)
            return
        }
        announce(number, atCentralSystem ? link.centralSystem : link.chargePoint, after: .zero, .stands)
        if link.isRemote { announce(number, link.chargePoint, after: .zero, .stands) }
    }

    /// The connection of a link is gone, or never came.
    func isGone(_ number: Int, atCentralSystem: Bool) {
        let link = links[number]
        if link.isUp { return close(number) }
        if let ending = link.ending, ending.up == atCentralSystem { return endEnding(number) }
        if !atCentralSystem, link.chargePoint >= 0 { announce(number, link.chargePoint, after: .zero, .closed) }
    }

    /// The link of a charge point behind a proxy: one that is free, or a new one with the interceptors that act on the proxy.
    func proxied(identity: String, proxy: Int, isFree: (Int) -> Bool) -> Int {
        if let known = links.indices.first(where: { links[$0].isProxy && links[$0].chargePoint == proxy && links[$0].identity == identity && isFree($0) }) {
            return known
        }
        let link = Link(
            number: links.count, chargePoint: proxy, centralSystem: -1, name: identity,
            firstStream: simulation.scenario.symbols.messageStream(node: proxy, action: 0), isRemote: true)
        link.isProxy = true
        link.tap = LinkTap()
        links.append(link)
        recorder.capture?.join(link.number, chargePoint: proxy, centralSystem: -1, identity: identity)
        for attack in proxyAttacks where attack.aim.proxies.contains(proxy) { attack.join(link.number) }
        return link.number
    }

    /// Both connections of a charge point behind a proxy stand.
    func proxyStands(_ number: Int) {
        links[number].isUp = true
        links[number].generation &+= 1
        recorder.capture?.opened(number, at: kernel.now)
    }

    /// A text has come in.
    func received(_ bytes: UnsafeRawBufferPointer, over number: Int, up: Bool) {
        let link = links[number]
        let ending = link.ending.flatMap { $0.up == up ? $0 : nil }
        guard link.isUp || ending != nil else { return }
        let message = OCPPMessage.frame(Array(bytes))
        if let tap = link.tap, link.isUp, up ? link.isSpokenFor : link.centralSystem < 0 { return tapped(tap, message, up: up, number, label: -1) }
        // What a node of this run has sent was recorded when it was sent.
        if up ? link.isSpokenFor : link.centralSystem < 0 { noteStranger(message, bytes, link, up: up) }
        arrive(message, number, up: up, generation: ending?.generation)
    }

    /// A message has come to a node of this run.
    func arrive(_ message: OCPPMessage, _ number: Int, up: Bool, generation: UInt32? = nil) {
        let link = links[number]
        let node = up ? link.centralSystem : link.chargePoint
        guard node >= 0 else { return putForIntruder(message, number, at: kernel.now) }
        kernel.schedule(
            at: kernel.now, phase: .delivery, node: UInt32(node + 1), kind: EventKind.message, target: UInt32(node),
            payload: UInt64(generation ?? link.generation) << 32 | UInt64(parcels.put(message, link: number)))
    }

    /// Keeps a message back that a network with faults delays.
    func delay(_ message: OCPPMessage, _ number: Int, up: Bool, until instant: Instant, _ link: Link) {
        kernel.schedule(
            at: instant, phase: .delivery, node: 0, kind: EventKind.outgoing, target: up ? 1 : 0,
            payload: UInt64(link.generation) << 32 | UInt64(parcels.put(message, link: number)))
    }

    /// A message that was kept back goes out.
    func release(_ payload: UInt64, up: Bool) {
        let parcel = Int(payload & 0xFFFF_FFFF)
        let number = parcels.link(of: parcel)
        let message = parcels.take(parcel)
        guard payload >> 32 == UInt64(links[number].generation) else { return }
        carrier?.send(message, over: number, up: up)
    }

    /// Records and counts a message of an end that is none of this run.
    private func noteStranger(_ message: OCPPMessage, _ bytes: UnsafeRawBufferPointer, _ link: Link, up: Bool) {
        guard let array = try? JSONValue(parsing: String(decoding: bytes, as: UTF8.self)), let type = array[0]?.integer, let id = array[1]?.string else {
            return note(message, -1, nil, link, up: up)
        }
        let messageID = MessageID(id)
        switch type {
        case 2:
            let name = array[2]?.string ?? ""
            let action = OCPPAction(name: name).map { Int($0.rawValue) } ?? -1
            if up {
                (link.actionUp, link.calledUp) = (action, (messageID, action < 0 ? name : nil))
            } else {
                (link.actionDown, link.calledDown) = (action, (messageID, action < 0 ? name : nil, -1))
            }
            note(.call(messageID, .raw(action: name, text: array[3]?.text() ?? "")), action, action < 0 ? name : nil, link, up: up, counts: true)
        case 3, 4:
            var action = -1
            var name: String?
            if up, let called = link.calledDown, called.id == messageID {
                (action, name) = (link.actionDown, called.action)
                link.calledDown = nil
            } else if !up, let called = link.calledUp, called.id == messageID {
                (action, name) = (link.actionUp, called.action)
                link.calledUp = nil
            }
            let known: OCPPMessage =
                type == 3
                ? .result(messageID, .raw(action: name ?? "", text: array[2]?.text() ?? "null"))
                : .error(messageID, CallError(OCPPErrorCode(name: array[2]?.string ?? ""), array[3]?.string ?? ""))
            note(known, action, name, link, up: up)
        default: note(message, -1, nil, link, up: up)
        }
    }
}
