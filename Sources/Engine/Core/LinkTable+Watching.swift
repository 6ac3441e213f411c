import Detection
import OCPP

extension LinkTable {
    /// The nodes at the ends of a connection, -1 for one that is none of this run.
    func ends(of number: Int) -> (chargePoint: Int, centralSystem: Int) {
        links.indices.contains(number) ? (links[number].chargePoint, links[number].centralSystem) : (-1, -1)
    }

    /// Detectors hear of what happens on a connection.
    func tell(_ link: Link, up: Bool, _ content: MessageEvent.Content) {
        // Somebody who connects under the name of another one comes from elsewhere.
        let address = link.chargePoint >= 0 ? simulation.nodes[link.chargePoint].name : link.imitated >= 0 ? "intruder" : link.identity
        simulation.detectors?.saw(
            MessageEvent(instant: kernel.now, connection: link.number, identity: link.identity, address: address, isUp: up, content: content),
            chargePoint: link.chargePoint, centralSystem: link.centralSystem)
    }
}

extension OCPPAction {
    /// The action of a catalogue number; `nil` for any other.
    init?(number: Int) {
        guard let raw = UInt8(exactly: number), let action = OCPPAction(rawValue: raw) else { return nil }
        self = action
    }
}
