public import YAMLTree

/// The pages behind `evsim explain` for what the reader of scenarios says.
public enum LanguageCatalogue {
    /// Entries in the order of their codes.
    public static let entries: [DiagnosticCatalogue.Entry] = structure + values + names + attacks + plugins + databases + warnings

    static func entry(_ code: Code, _ title: String, _ text: String, wrong: String, right: String) -> DiagnosticCatalogue.Entry {
        DiagnosticCatalogue.Entry(code.rawValue, title, text, wrong: wrong, right: right)
    }

    private static let structure: [DiagnosticCatalogue.Entry] = [
        entry(
            .missingKey, "a key that must be there is missing", "Some keys have no sensible default; the message names the one that this section needs.",
            wrong: "run: {seed: 1}", right: "run: {for: 60s, seed: 1}"),
        entry(
            .notThisFile, "the file is not a scenario",
            "A file of format 1 starts with 'evsim: 1' and says with one key what it is. Scenarios have the key 'scenario'.", wrong: "evsim: 1\nname: hello",
            right: "evsim: 1\nscenario: hello"),
        entry(
            .unknownKey, "unknown key", "Nothing is silently ignored: a key that the section does not have is an error, most often a misspelling.",
            wrong: "detctors: {}", right: "detectors: {}"),
        entry(
            .notAMapping, "keys and values wanted", "The section takes keys with values, and the file has a list or a text there.", wrong: "nodes: [csms, cp1]",
            right: "nodes: {csms: {is: csms}}"),
        entry(
            .notAList, "a list wanted", "The key takes a list, and the file has a text or a mapping there.", wrong: "record: frames", right: "record: [frames]"),
        entry(
            .wrongVersion, "format of another version",
            "The number behind 'evsim' is the version of the format. This build reads version 1; a file of a later version needs a later build.",
            wrong: "evsim: 2", right: "evsim: 1"),
        entry(
            .noVerb, "a step without a verb", "Each step has exactly one verb: wait, at, until, send, set, repeat, parallel, when or call.",
            wrong: "- {to: cp1}", right: "- {send: Heartbeat, from: cp1}"),
        entry(
            .twoVerbs, "a step with two verbs", "A step does one thing. Write two steps, or 'parallel' for things that happen side by side.",
            wrong: "- {wait: 2s, send: RemoteStartTransaction, to: cp1}", right: "- wait: 2s\n- {send: RemoteStartTransaction, to: cp1}"),
        entry(
            .badName, "not a name",
            "Names of nodes, buses, frames, detectors and parameters are used in formulas: letters, digits and '_', starting with a letter. Scenario names may have '-'.",
            wrong: "nodes: {1st: {is: csms}}", right: "nodes: {first: {is: csms}}"),
        entry(
            .reservedName, "a word that cannot be a name",
            "YAML 1.1 readers turn y, n, yes, no, on, off, true, false and null into other things, and 'and', 'or', 'not', 'if', 'ocpp' mean something in formulas.",
            wrong: "nodes: {on: {is: csms}}", right: "nodes: {station: {is: csms}}"),
        entry(
            .keyOfOtherVerb, "a key that this verb does not take",
            "'timeout' belongs to 'until', 'with' to 'send' and 'call', 'to' and 'payload' to 'send', 'steps' to 'repeat' and 'when'.",
            wrong: "- {wait: 2s, timeout: 5s}", right: "- {until: =cp1.current > 1 A, timeout: 5s}"),
        entry(.emptySection, "nothing there", "The section must have at least one entry.", wrong: "nodes: {}", right: "nodes: {csms: {is: csms}}"),
        entry(
            .laterFormat, "a part of the language that this build does not run",
            "The key belongs to the language, and this build says so instead of ignoring it: the run would not be what the file describes.",
            wrong: "sweep: {seeds: 10}", right: "run: {for: 60s, seed: 10}"),
        entry(
            .notAText, "a single value wanted", "The key takes one value, and the file has a list, a mapping or nothing there.", wrong: "about: [one, two]",
            right: "about: one and two"),
    ]

    private static let values: [DiagnosticCatalogue.Entry] = [
        entry(
            .notAQuantity, "not a number with a unit", "Numbers are written with a point, and their unit behind them.", wrong: "- wait: soon",
            right: "- wait: 2s"),
        entry(
            .notAWholeNumber, "not a whole number", "The key counts something.", wrong: "cp: {is: charge-point, count: 2.5}",
            right: "cp: {is: charge-point, count: 2}"),
        entry(
            .notAFlag, "not true or false", "Flags are 'true' or 'false'; yes, no, on and off are texts.",
            wrong: "charger: {is: charger-module, follow_limit: yes}", right: "charger: {is: charger-module, follow_limit: true}"),
        entry(
            .outOfRange, "value out of range", "The value is smaller or greater than what makes sense here; the message says the bounds.",
            wrong: "cp: {is: charge-point, count: 0}", right: "cp: {is: charge-point, count: 1}"),
        entry(
            .unknownUnit, "unknown unit",
            "Units are case-sensitive symbols: ns us ms s min h d, mA A, V kV, W kW MW, Wh kWh MWh, Hz /s /min /h, %, bit/s kbit/s Mbit/s, °C, Ohm, A/s.",
            wrong: "- wait: 2 sec", right: "- wait: 2 s"),
        entry(
            .wrongDimension, "value of another dimension", "A current is not a power. The message names what is wanted and what the file has.",
            wrong: "charger: {is: charger-module, max_current: 11 kW}", right: "charger: {is: charger-module, max_current: 16 A}"),
        entry(
            .notOneOf, "not one of the words", "The key takes one of a few words; the message lists them or names the nearest.", wrong: "severity: urgent",
            right: "severity: high"),
        entry(
            .badLayout, "not a field layout",
            "A field is 'u8', 'u16', 'i16', 'u32', 'i32', 'f32' with 'be' for big-endian and a unit, or a mapping with at, bits, scale, offset, unit, signed, order.",
            wrong: "data: {limit: word A}", right: "data: {limit: u16 A}"),
        entry(
            .fieldOverlap, "fields overlap or leave the frame", "A classic CAN frame has 8 bytes, and each bit belongs to one field.",
            wrong: "data: {a: {at: 0, bits: 16}, b: {at: 8, bits: 16}}", right: "data: {a: {at: 0, bits: 16}, b: {at: 16, bits: 16}}"),
        entry(
            .badDate, "not an instant", "Instants are RFC 3339 in UTC with 'Z', from 1970 to 2200.", wrong: "start: 6 January 2025",
            right: "start: 2025-01-06T00:00:00Z"),
        entry(
            .needsUnit, "a number without its unit", "Every number that measures something carries its unit; the help line is the fix.", wrong: "- wait: 2",
            right: "- wait: 2s"),
        entry(
            .formulaNotAllowed, "no formula here", "The value decides how the run is built and must be known when the file is read.",
            wrong: "run: {for: '=2 * 30 s'}", right: "run: {for: 60s}"),
        entry(
            .needsFormula, "a formula wanted", "Conditions and expectations are formulas: they start with '='.", wrong: "expect: [max(charger.current) < 50 A]",
            right: "expect: [=max(charger.current) < 50 A]"),
        entry(
            .badCompound, "a time in the wrong order", "Compound times go from great to small, each unit once.", wrong: "- wait: 30s1min",
            right: "- wait: 1min30s"),
        entry(.badSize, "not a size", "Sizes are WIDTHxHEIGHT in pixels, from 200x120 to 8192x8192.", wrong: "size: big", right: "size: 1200x600"),
        entry(
            .unquotedFormula, "a formula cut at a comma", "Inside { } and [ ] a comma ends the value, so a formula with commas must be quoted there.",
            wrong: "- {wait: =uniform(20 s, 40 s)}", right: "- {wait: '=uniform(20 s, 40 s)'}"),
        entry(
            .badDetector, "settings of a detector that do not fit",
            "Each may be right alone, but not together, or not for this kind; the text says what is missing.",
            wrong: "high: {is: threshold, watch: charger.current}", right: "high: {is: threshold, watch: charger.current, above: 16 A}"),
        entry(
            .unknownStream, "no such stream",
            "A detector of frames watches a bus or a frame of it; one of messages 'ocpp', 'cp1.ocpp', 'ocpp.Heartbeat' or 'cp1.ocpp.Heartbeat'.",
            wrong: "ids: {is: unknown-id, watch: charger.current}", right: "ids: {is: unknown-id, watch: can0}"),
    ]

    private static let names: [DiagnosticCatalogue.Entry] = [
        entry(.unknownKind, "unknown kind of node", "'is:' names a kind; 'evsim list kinds' shows all.", wrong: "csms: {is: csmss}", right: "csms: {is: csms}"),
        entry(
            .unknownNode, "unknown node", "The name is not among 'nodes'. Nodes with 'count' are named cp.1, cp.2, … and all together cp.*.",
            wrong: "- {send: Reset, to: cp9}", right: "- {send: RemoteStartTransaction, to: cp1}"),
        entry(
            .unknownBus, "unknown bus", "The name is not among 'buses'.", wrong: "cp1: {is: charge-point, csms: csms, bus: can9}",
            right: "cp1: {is: charge-point, csms: csms, bus: can0}"),
        entry(
            .unknownSignal, "unknown signal", "No node publishes it and no frame carries it; 'evsim describe KIND' lists the signals of a kind.",
            wrong: "watch: charger.curent", right: "watch: charger.current"),
        entry(
            .unknownParameter, "unknown parameter", "--set changes parameters that the file declares in 'params'.", wrong: "--set gab=20ms",
            right: "--set gap=20ms"),
        entry(.unknownSequence, "unknown sequence", "'call' names an entry of 'sequences'.", wrong: "- {call: flatout}", right: "- {call: flat_out}"),
        entry(
            .unknownMessage, "unknown message", "'send' names an action of OCPP 1.6 by its official name; 'evsim list messages' shows all.",
            wrong: "- {send: StartRemote, to: cp1}", right: "- {send: RemoteStartTransaction, to: cp1}"),
        entry(.unknownDetector, "unknown detector", "The name is not among 'detectors'.", wrong: "marks: [repeatet]", right: "marks: [repeated]"),
        entry(
            .unknownDetectorKind, "unknown kind of detector", "'evsim list detectors' shows all kinds.", wrong: "d: {is: moving-rang, watch: charger.current}",
            right: "d: {is: moving-range, watch: charger.current, above: 20 A}"),
        entry(
            .frameIdTwice, "two frames with one identifier", "On a CAN bus an identifier belongs to one frame; receivers could not tell them apart.",
            wrong: "a: {id: 0x200}\nb: {id: 0x200}", right: "a: {id: 0x200}\nb: {id: 0x201}"),
        entry(
            .idNeedsExtended, "identifier over 0x7FF", "Standard identifiers have 11 bits. Say 'extended: true' for one of 29 bits.",
            wrong: "bms: {id: 0x18FF50E5}", right: "bms: {id: 0x18FF50E5, extended: true}"),
        entry(
            .nameTwice, "one name for two things", "Nodes, buses, parameters and detectors share one space of names, because formulas use them side by side.",
            wrong: "nodes: {site: {is: csms}}\nbuses: {site: {}}", right: "nodes: {site: {is: csms}}\nbuses: {can0: {}}"),
        entry(
            .wrongRole, "a node of the wrong kind", "The setting needs a node that plays a role, for example a central system.",
            wrong: "cp1: {is: charge-point, csms: charger}", right: "cp1: {is: charge-point, csms: csms}"),
        entry(
            .notSettable, "a signal that cannot be set",
            "'set' writes signals that are inputs of a node; others are results. 'evsim describe KIND' marks them.", wrong: "- set: {charger.current: 5 A}",
            right: "- set: {charger.limit: 5 A}"),
        entry(
            .wrongMessageField, "a field that the message does not take",
            "Fields have the official names and types of the standard. Use 'payload' to send a message that is wrong on purpose.",
            wrong: "- {send: RemoteStartTransaction, to: cp1, with: {tag: X}}", right: "- {send: RemoteStartTransaction, to: cp1, with: {idTag: X}}"),
        entry(
            .noSender, "no sender, or more than one", "A message of a CSMS goes 'to' a charge point, a message of a charge point comes 'from' one.",
            wrong: "- {send: Heartbeat, from: csms}", right: "- {send: Heartbeat, from: cp1}"),
        entry(
            .recursion, "a sequence that calls itself", "Sequences end: none may call itself, directly or through others.", wrong: "a: {steps: [{call: a}]}",
            right: "a: {steps: [{repeat: 3, steps: [{wait: 1s}]}]}"),
        entry(
            .missingArgument, "arguments do not match", "A call gives exactly the arguments that the sequence needs.", wrong: "- {call: flat_out}",
            right: "- {call: flat_out, with: {victims: cp.*}}"),
        entry(
            .mixedDimensions, "signals of different dimensions",
            "The lines of one panel share an axis, so they share a dimension. Put the others into a list of their own: lines: [[a, b], [c]].",
            wrong: "lines: [[charger.current, charger.voltage]]", right: "lines: [[charger.current], [charger.voltage]]"),
        entry(
            .tooMany, "too many nodes, signals or steps",
            "Bounds keep memory and time finite: 100 000 instances a node, 2 000 000 signals, 200 000 steps with calls written out.",
            wrong: "cp: {is: charge-point, count: 1000000}", right: "cp: {is: charge-point, count: 1000}"),
        entry(
            .unknownAction, "unknown action",
            "'do' names something that a person or the world does to a node of its kind; 'evsim describe KIND' shows what can be done to it.",
            wrong: "- {do: plugin, to: cp1}", right: "- {do: plug, to: cp1}"),
        entry(
            .unknownFrame, "unknown frame",
            "No bus has a frame of this name; nodes with the setting 'bus' bring frames, 'frames' of a bus adds others, and so do 'sets'. In a kind of a plugin, 'on' and 'sends' name a frame of one of its buses: FRAME, or BUS.FRAME.",
            wrong: "- {transmit: can0.limti, with: {limit: 80 A}}", right: "- {transmit: can0.limit, with: {limit: 80 A}}"),
        entry(
            .keyOfOtherFrame, "a key of another kind of frame",
            "Some keys go with a parameter group ('pgn'), some with one transport protocol; a plain frame has an 'id' and is heard by every node of the bus.",
            wrong: "ask: {id: 0x7E0, answers: 0x7E8, length: 20}", right: "ask: {id: 0x7E0, transport: isotp, answers: 0x7E8, length: 20}"),
        entry(
            .noAddress, "a J1939 message without an address",
            "The identifier is composed of the group, the priority and the addresses of sender and receiver: those of the nodes, or 'source' and 'destination'.",
            wrong: "buses: {can0: {frames: {bro: {pgn: 0x0900, from: bms, length: 1}}}}",
            right: "buses: {can0: {addresses: {bms: 0xF4}, frames: {bro: {pgn: 0x0900, from: bms, length: 1}}}}"),
        entry(
            .addressTwice, "an address that two nodes claim", "On a bus each node has one J1939 address, and each address one node.",
            wrong: "addresses: {bms: 0xF4, charger: 0xF4}", right: "addresses: {bms: 0xF4, charger: 0x56}"),
        entry(
            .messageLength, "a message that cannot be carried",
            "A transport protocol announces the length of a message first, and ISO-TP needs the receiver's flow controls for more than a single frame.",
            wrong: "ask: {id: 0x7E0, transport: isotp, length: 20}", right: "ask: {id: 0x7E0, transport: isotp, answers: 0x7E8, length: 20}"),
        entry(
            .needsWire, "a setting of the wires on an ideal bus",
            "Queues, restart after bus-off and error frames belong to buses with exact bit times: on an ideal bus frames arrive at once and nothing disturbs them.",
            wrong: "can0: {restart_after: 100ms}", right: "can0: {fidelity: wire, restart_after: 100ms}"),
        entry(
            .badBusAddress, "no address of a real bus",
            "'attach' takes an interface of SocketCAN, a socketcand server or client, or a group of python-can's udp_multicast; 'accepts' takes identifiers, in hexadecimal, with a mask behind a colon.",
            wrong: "buses: {can0: {attach: vcan0}}", right: "buses: {can0: {attach: 'socketcan:vcan0'}}"),
        entry(
            .noFile, "a file that cannot be had",
            "A setting names a file that the run reads, such as the log of a can-replay. Its path is relative to the file that names it, and it lies in the folder of the scenario or below.",
            wrong: "tape: {is: can-replay, bus: can0, file: ../elsewhere/capture.log}", right: "tape: {is: can-replay, bus: can0, file: logs/capture.log}"),
    ]

    private static let warnings: [DiagnosticCatalogue.Entry] = [
        entry(
            .limitNeverReached, "the current never reaches a limit",
            "Between the start and the stop that follow the limit there is not enough time for the charger's ramp. The figures come from the fixed steps and the charger's own ramp.",
            wrong: "limit 100 A, 2 s of charging, ramp 20%", right: "24 s of charging, or ramp: 20 A/s and 5 s"),
        entry(
            .limitWithoutCharging, "a limit is raised while nothing charges",
            "Raising a limit moves no current by itself: the target is the limit only while charging.",
            wrong: "SetChargingProfile 100 A, then RemoteStartTransaction", right: "RemoteStartTransaction, then SetChargingProfile 100 A"),
        entry(
            .unusedParameter, "a parameter that nothing uses", "Changing it with --set would do nothing.", wrong: "params: {gap: 20ms}",
            right: "params: {gap: 20ms}\nsteps: [{wait: =gap}]"),
        entry(
            .unreadFrame, "a frame that nobody sends or reads",
            "The frame is declared, but nobody sends it, or nothing reads it: no node, no detector, no formula, no plot, no record.",
            wrong: "frames: {lost: {id: 0x400}}", right: "frames: {current: {id: 0x300, from: charger}}"),
        entry(
            .windowTooShort, "a window shorter than the period of its signal", "The window never holds two samples, so the detector cannot see a change.",
            wrong: "d: {is: moving-range, watch: charger.current, window: 500ms, above: 5 A}",
            right: "d: {is: moving-range, watch: charger.current, window: 10s, above: 5 A}"),
        entry(
            .labelNeverMade, "a kind of label that no step makes", "The score can never be computed: recall without ground truth is undefined.",
            wrong: "expect: ['=recall(d, SPOOFING) > 0.9']", right: "label the steps with 'label: {kind: SPOOFING}'"),
        entry(
            .unusedSequence, "a sequence that nothing calls", "It is read and checked, and never runs.", wrong: "sequences: {a: {steps: [{wait: 1s}]}}",
            right: "steps: [{call: a}]"),
        entry(
            .nothingExpected, "nothing is expected", "Without 'expect' the run passes whatever happens; a scenario is a test.", wrong: "no 'expect'",
            right: "expect: [=max(charger.current) <= 100 A]"),
        entry(
            .unreachableStep, "a step that is never reached", "The steps in front never end, or start after the end of the run.",
            wrong: "- {repeat: forever, steps: [{wait: 1s}]}\n- {wait: 1s}", right: "- {repeat: 10, steps: [{wait: 1s}]}\n- {wait: 1s}"),
        entry(
            .unusedNode, "a node without connection", "Nothing refers to the node, and it refers to nothing: it takes no part in the run.",
            wrong: "charger: {is: charger-module}", right: "charger: {is: charger-module, bus: can0}"),
        entry(
            .profileTooEarly, "a TxProfile before any transaction",
            "OCPP 1.6 lets a TxProfile act on a running transaction only; a charge point without one refuses it. The shorthand 'limit' makes a TxDefaultProfile then.",
            wrong: "SetChargingProfile with chargingProfilePurpose: TxProfile, then RemoteStartTransaction",
            right: "- {send: SetChargingProfile, to: cp1, with: {limit: 16 A}}"),
        entry(
            .windowBeyondRun, "a window longer than the run",
            "The window of a detector or of a formula never fills, so that the result is one of everything so far.",
            wrong: "run: {for: 60s}\nd: {is: moving-range, watch: charger.current, window: 5min, above: 5 A}",
            right: "run: {for: 60s}\nd: {is: moving-range, watch: charger.current, window: 10s, above: 5 A}"),
        entry(
            .alarmBeyondRun, "a detector that can raise no alarm before the run ends",
            "'lasting' asks that the condition holds so long, 'warmup' keeps the detector quiet so long; both reach to the end of the run.",
            wrong: "run: {for: 60s}\nhigh: {is: threshold, watch: charger.current, above: 16 A, lasting: 2min}",
            right: "run: {for: 60s}\nhigh: {is: threshold, watch: charger.current, above: 16 A, lasting: 5s}"),
        entry(
            .timeInThePast, "a time that is over when the step is reached",
            "'at' waits until a time since the start of the run. When the waits in front take longer, it does not wait at all.",
            wrong: "- wait: 20s\n- at: 10s", right: "- at: 10s\n- wait: 10s"),
        entry(
            .timeoutBeyondRun, "a timeout that the end of the run cuts off",
            "'until' fails the run when its timeout is over. A run that ends before that never fails there.",
            wrong: "run: {for: 60s}\n- {until: =cp1.charging, timeout: 5min}", right: "run: {for: 60s}\n- {until: =cp1.charging, timeout: 10s}"),
        entry(
            .constantCondition, "a condition that never changes",
            "The formula has only numbers in it, so that it says the same in every run. A condition that depends on a parameter is no such thing.",
            wrong: "expect: [=1 == 1]", right: "expect: [=max(charger.current) <= 100 A]"),
        entry(
            .stopWithoutStart, "a transaction is stopped before any was started",
            "No step, vehicle or driver has started a transaction at the charge point; it refuses the stop. A test of exactly that says 'intended: [W0617]'.",
            wrong: "- {send: RemoteStopTransaction, to: cp1}",
            right: "- {send: RemoteStartTransaction, to: cp1}\n- wait: 10s\n- {send: RemoteStopTransaction, to: cp1}"),
        entry(
            .plotBeyondRun, "a picture of more time than the run has", "'window' shows the last part of a run; this one is longer than all of it.",
            wrong: "run: {for: 60s}\nplots: [{lines: [charger.current], window: 5min}]",
            right: "run: {for: 60s}\nplots: [{lines: [charger.current], window: 20s}]"),
        entry(
            .deadlineBeyondRun, "a deadline behind the end of the run",
            "What happens first happens before the run ends, or never: the comparison only says whether it happens at all.",
            wrong: "run: {for: 60s}\nexpect: [=first(high) <= 5 min]", right: "run: {for: 60s}\nexpect: [=first(high) <= 20 s]"),
        entry(
            .neverSent, "a count of messages that nobody sends",
            "Central systems send commands only when a step says so, and no step sends this one: the count stays 0.",
            wrong: "expect: [=count(ocpp.Reset) == 0]", right: "- {send: Reset, to: cp1, with: {type: Soft}}"),
        entry(
            .unusedLink, "a link that no message passes",
            "Messages of OCPP go between a charge point and its own central system; a link between other nodes slows nothing down.",
            wrong: "links: {slow: {between: [cp1, cp2], latency: 1s}}", right: "links: {slow: {between: [csms, cp1], latency: 1s}}"),
        entry(
            .unsentFrame, "a frame that is watched and never sent",
            "A detector, a formula or a plot names a value of the frame, and no node sends it: the value stays undefined.",
            wrong: "frames: {bms: {id: 0x400, data: {level: u16 A}}}\nwatch: can0.bms",
            right: "frames: {bms: {id: 0x400, from: charger, every: 1s, data: {level: u16 A}}}"),
        entry(
            .neverPublished, "a signal that is never published",
            "The node has the signal only with a setting or a partner that this scenario does not give; until then it is undefined.",
            wrong: "site: {is: grid-meter, feeds: cp.*}\nwatch: site.headroom",
            right: "site: {is: grid-meter, feeds: cp.*, limit: 50 kW}\nwatch: site.headroom"),
        entry(
            .unusedPlugin, "a plugin that nothing uses", "'uses' names a plugin, and nothing in the file is of a kind, or has a name, that it defines.",
            wrong: "uses: [evsim/dual-gun-cabinet]\nnodes: {csms: {is: csms}}",
            right: "uses: [evsim/dual-gun-cabinet]\nnodes: {csms: {is: csms}, cab: {is: dual-gun-cabinet, csms: csms}}"),
        entry(
            .fieldSaturates, "a value that its field cannot hold",
            "A step gives a field of a frame a value outside what its bits can say; the nearest value that they can say is sent.",
            wrong: "buses: {can0: {frames: {temperature: {id: 0x101, data: {celsius: i8}}}}}\nsteps: [{transmit: can0.temperature, with: {celsius: 200}}]",
            right: "buses: {can0: {frames: {temperature: {id: 0x101, data: {celsius: i16}}}}}\nsteps: [{transmit: can0.temperature, with: {celsius: 200}}]"),
        entry(
            .aloneOnBus, "a bus with wires and one node",
            "A frame on a bus with exact bit times needs another node that acknowledges it; a lone node sends it again and again, and its transmit error counter stops at 128.",
            wrong: "nodes: {csms: {is: csms}, charger: {is: charger-module, bus: can0}}\nbuses: {can0: {fidelity: wire}}",
            right:
                "nodes: {csms: {is: csms}, cp1: {is: charge-point, csms: csms, bus: can0}, charger: {is: charger-module, bus: can0}}\nbuses: {can0: {fidelity: wire}}"
        ),
        entry(
            .acceptsNothing, "'accepts' without 'attach'", "'accepts' says what is taken from a real bus, and this bus is attached to none.",
            wrong: "buses: {can0: {accepts: [0x100]}}", right: "buses: {can0: {attach: 'socketcan:vcan0', accepts: [0x100]}}"),
    ]
}
