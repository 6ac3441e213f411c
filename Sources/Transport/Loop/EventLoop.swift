// The live transport, from the outside. One thread, no locks, no callbacks: the owner asks for the next event and stays the master of time.
//
//     let loop = try EventLoop()
//     let server = try OCPPServer(loop: loop, address: "127.0.0.1", port: 0, admission: Admission(known: ["CP1"]))   // server.port: the one chosen
//     let client = OCPPClient(url: try WebSocketURL("ws://127.0.0.1:\(server.port)/ocpp"), identity: "CP1")
//     let connection = client.connect(loop)                       // answers later: .opened or .closed
//     while true {
//         while let event = loop.next(until: nextSimulatedEvent) {    // monotonic nanoseconds, EventLoop.now()
//             switch server.handle(event) ?? .other(event) {
//             case .connected(let id, let peer): …                // peer.identity, peer.subprotocol, peer.credentials, peer.address
//             case .text(let id, let bytes): …                    // bytes: UnsafeRawBufferPointer, good until the next call of next()
//             case .closed(let id, let closing): …                // closing.code, .reason, .detail (words for people)
//             case .other(let event): …                           // events of connections that are not the server's
//             }
//         }
//         runSimulationUntilNow()
//     }
//
// EventLoop
//   next(until: UInt64) -> TransportEvent?   the next event, or nil when the deadline has come. With a deadline in the past it looks once and
//                                            hands out what one look found, so that a busy network never starves the owner.
//   listen(address:port:tls:) throws(TransportError) -> ListenerID, port(of:), stopListening(_:)
//   connect(to: [SocketAddress], request: UpgradeRequest, tls: TLSContext?, hostName:) -> ConnectionID
//   accept(_:subprotocol:) and refuse(_:status:reason:)  answer an .upgrade (OCPPServer does it by its Admission)
//   send(text:to:) send(binary:to:) ping(_:) close(_:code:reason:) abort(_:)   what is sent leaves together at the next call of next() or flush()
//   sendRaw(_:to:) shutdownWrite(_:) abort(_:reset:) pauseReading(_:) resumeReading(_:)   faults on purpose
//   setPing(_:interval:deadline:)            dead-peer detection; 0 = off
//   queued(_:) -> Int                        bytes that wait for the peer
//   closeAll(code:) and isIdle               an orderly end: closeAll(code: 1001), then next() until isIdle or a deadline of the owner
//   waker: Waker                             its wake() makes next() return .interrupted from another thread or a signal handler
//
// TransportEvent
//   .upgrade(ConnectionID, ListenerID, UpgradeRequest)   a client asks; answer with accept or refuse
//   .opened(ConnectionID, Opening)                       messages may flow
//   .text / .binary(ConnectionID, UnsafeRawBufferPointer)
//   .pong(ConnectionID)
//   .congested(ConnectionID, queued: Int) / .relieved(ConnectionID)
//   .closed(ConnectionID, Closing)                       exactly one for each connection, also for one that never opened, also after abort
//   .interrupted                                         a signal or the waker
//
// A ConnectionID that is over is harmless: calls with it do nothing, and numbers are never reused.
