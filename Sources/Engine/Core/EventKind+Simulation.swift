extension EventKind {
    static let origin: UInt32 = 9
    static let startSteps: UInt32 = 10
    static let follower: UInt32 = 11
    static let tick: UInt32 = 12
    static let link: UInt32 = 13
    static let linkFailure: UInt32 = 14
    static let otherFrame: UInt32 = 16
    static let carrier: UInt32 = 17
    static let speech: UInt32 = 30
    static let periodicSpeech: UInt32 = 31
}
