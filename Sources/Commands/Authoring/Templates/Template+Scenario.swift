extension Template {
    /// The smallest scenario that shows every part of a file.
    static let scenario = Template(
        name: "scenario", about: "one charge point, a start, a limit, a detector",
        files: [
            File(
                text: """
                    # A scenario is one file: what is there (nodes), what happens (steps), who looks (detectors), what must hold (expect).
                    # Run it with 'evsim run FILE', see how it is wired with 'evsim graph FILE', and change it.
                    evsim: 1
                    scenario: ${slug}
                    about: A vehicle charges at 16 A, then the central system lowers the limit to 8 A.

                    # Values that can be changed without touching the file: evsim run FILE --set low=6A
                    params:
                      low: {default: 8 A, min: 6 A, max: 32 A, about: the limit in the second half}

                    # Numbers that measure something carry their unit: 2min, 16 A, 500 kbit/s.
                    run: {for: 2min, seed: 1}

                    # What a kind can be set to: evsim describe charge-point. All kinds: evsim list kinds.
                    nodes:
                      csms: {is: csms}
                      cp1:  {is: charge-point, csms: csms, max_current: 16 A, meter_every: 5s}

                    # Steps run in order, from the moment when all charge points have booted. All messages: evsim list messages.
                    steps:
                      - {send: RemoteStartTransaction, to: cp1}
                      - at: 1min
                      - {send: SetChargingProfile, to: cp1, with: {limit: =low}}   # what begins with '=' is a formula

                    # A detector watches a signal and raises alarms. All of them: evsim list detectors.
                    detectors:
                      drop: {is: rate-of-change, watch: cp1.current, above: 5 A, within: 10s, direction: falling}

                    # The run passes when all of this holds at its end, and 'evsim run' exits with 1 when it does not.
                    expect:
                      - {that: =max(cp1.current) == 16 A, because: that is what the cable carries}
                      - {that: =cp1.current == low, because: the charge point follows the limit}
                      - =count(drop) == 1

                    # Pictures of the run, in the directory runs/.
                    plots:
                      - {title: Charging current, lines: [cp1.current, cp1.limit], marks: [drop]}

                    """)
        ])
}
