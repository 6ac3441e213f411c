extension Template {
    /// A labelled fault among normal behaviour, and detectors that are scored against it.
    static let attackStudy = Template(
        name: "attack-study", about: "a labelled fault between normal phases, and two detectors with scores",
        files: [
            File(
                text: """
                    # A study has three phases: normal, the fault, normal again. A step with a 'label' is the ground truth, from which the run
                    # scores each detector: nobody has to label data by hand. labels.csv and alarms.csv of the run hold both.
                    evsim: 1
                    scenario: ${slug}
                    about: Charging is started and stopped again and again between two normal phases; one detector of two can tell.
                    params:
                      pause: {default: 3s, min: 1s, max: 30s, about: time between a start and the next stop}
                    run: {for: 6min, seed: 1}
                    nodes:
                      csms:    {is: csms}
                      cp1:     {is: charge-point, csms: csms, bus: can0, meter_every: 1s}
                      charger: {is: charger-module, bus: can0, ramp: 20%}

                    steps:
                      # Phase 1, normal: a limit for all transactions to come, a start, a vehicle that charges.
                      - {send: SetChargingProfile, to: cp1, with: {limit: 60 A}}
                      - {send: RemoteStartTransaction, to: cp1}
                      - at: 2min

                      # Phase 2, the fault. The label covers all that is inside, and the time that detectors may need after it.
                      - repeat: 10
                        label: {kind: REPEATED_FLUCTUATION, severity: high, for: 5s}
                        steps:
                          - {send: RemoteStopTransaction, to: cp1}
                          - wait: =pause
                          - {send: RemoteStartTransaction, to: cp1}
                          - wait: =pause

                      # Phase 3, normal again: a lower limit, and at the end a stop.
                      - at: 4min
                      - {send: SetChargingProfile, to: cp1, with: {limit: 32 A}}
                      - at: 5min
                      - {send: RemoteStopTransaction, to: cp1}

                    detectors:
                      # Looks at the range of the current in 10 s: normal starts and stops look like the fault to it.
                      range:  {is: moving-range, watch: charger.current, window: 10s, above: 20 A}
                      # Counts swings in 30 s: a normal start is one.
                      swings: {is: oscillation, watch: charger.current, swing: 15 A, at_least: 4, within: 30s, severity: high}

                    intended: [W0602]   # on purpose: the limit comes before the start, so that it holds for every transaction

                    expect:
                      - {that: =recall(swings) == 100%, because: the fault is found}
                      - {that: =false_alarms(swings) == 0, because: nothing normal is taken for it}
                      - {that: =max(latency(swings)) <= 30 s, because: four swings take that long}
                      - {that: =precision(range) < 100%, because: a range cannot tell a normal start from the fault}

                    record: [signals, frames, messages]
                    plots:
                      - {title: The fault between two normal phases, lines: [charger.current, charger.limit], marks: [labels, range, swings]}

                    """)
        ])
}
