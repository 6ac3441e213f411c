/// What the engine means by the kinds of events.
enum EventKind {
    /// A timer of a node.
    static let timer: UInt32 = 1
    /// A periodic reading of a node.
    static let sample: UInt32 = 2
    /// A message arrives at a node.
    static let message: UInt32 = 3
    /// A declared frame arrives.
    static let frame: UInt32 = 4
    /// A declared frame is due.
    static let periodicFrame: UInt32 = 5
    /// A strand of steps goes on.
    static let strand: UInt32 = 6
    /// A detector has a deadline.
    static let detector: UInt32 = 7
    /// The time of an `until` is out.
    static let untilTimeout: UInt32 = 8
    /// The run reaches its t = 0.
    static let origin: UInt32 = 9
    /// The steps begin.
    static let startSteps: UInt32 = 10
    /// Something that follows signals is due.
    static let follower: UInt32 = 11
    /// A second is over, for what depends on the clock.
    static let tick: UInt32 = 12
    /// A connection stands or is gone.
    static let link: UInt32 = 13
    /// A fault of a network begins or ends.
    static let linkFailure: UInt32 = 14
    /// A message leaves a live run after its delay.
    static let outgoing: UInt32 = 15
    /// A frame of any identifier arrives.
    static let otherFrame: UInt32 = 16
    /// What carries the frames of a bus has something to do.
    static let carrier: UInt32 = 17
    /// A node of a plugin speaks.
    static let speech: UInt32 = 30
    static let periodicSpeech: UInt32 = 31
    /// A transport protocol has a deadline.
    static let transport: UInt32 = 40
    /// A frame of a real bus comes in.
    static let fromOutside: UInt32 = 50
    /// A machine of an attack has something to do.
    static let attack: UInt32 = 60
    /// An interceptor of a link lets a message go on.
    static let heldMessage: UInt32 = 70
    /// An attack on a link has something to do.
    static let linkAttack: UInt32 = 71
    /// A message comes to somebody who plays a charge point.
    static let intruder: UInt32 = 72
}
