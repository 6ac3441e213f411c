extension Template {
    /// A plugin and a scenario that uses it.
    static let plugin = Template(
        name: "plugin", about: "a node kind, a detector and a sequence of your own, and a scenario that uses them",
        files: [
            File(
                text: """
                    # A plugin adds kinds, detectors and sequences that are made of what is there. It is data: nothing in it can run a program, read
                    # a file or open a connection. A scenario takes it in with 'uses: [${file}]'.
                    evsim: 1
                    plugin: ${slug}
                    about: Two charge points that share one connection, a detector for it, and a sequence that charges for a while.

                    kinds:
                      shared-pair:
                        about: Two plugs with one budget; each takes half of it while the other one charges.
                        settings:                       # a setting without default must be given
                          csms:   {type: node, of: central-system, about: central system of both}
                          budget: {type: current, default: 32 A, min: 12 A, max: 63 A, about: current that both may take together}
                        parts:                          # instances are NODE.left and NODE.right
                          left:  {is: charge-point, csms: =csms, max_current: '=if(right.charging, budget / 2, budget)'}
                          right: {is: charge-point, csms: =csms, max_current: '=if(left.charging, budget / 2, budget)'}
                        signals:
                          current: {value: =left.current + right.current, unit: A, about: current of both}
                        starts_in: free                 # gives the signal NODE.state
                        states:
                          free: [{when: =current > 1 A, go: busy}]
                          busy: [{when: =current < 1 A, lasting: 5s, go: free}]
                        reacts_in: 500ms                # how long after a change the formulas of the parts are evaluated anew

                    detectors:
                      over-budget:
                        about: A current is above what is allowed for longer than a moment.
                        settings:
                          watch: {type: signal, of: current, about: current to look at}
                          above: {type: current, default: 32 A, about: what is allowed}
                        when: =watch > above
                        lasting: 2s

                    sequences:
                      charge_for:
                        about: Starts charging and stops it after a while.
                        settings:
                          who:  {type: nodes, of: charge-point, about: charge points}
                          stay: {type: time, default: 10min, about: how long}
                        steps:
                          - {send: RemoteStartTransaction, to: =who}
                          - wait: =stay
                          - {send: RemoteStopTransaction, to: =who}

                    """),
            File(
                suffix: "-example",
                text: """
                    # A scenario that uses the plugin ${file}; run it with 'evsim run FILE'.
                    evsim: 1
                    scenario: ${slug}-example
                    about: Two vehicles charge one after the other and for a while together; the budget of the pair holds.
                    uses: [${file}]
                    run: {for: 30min}
                    nodes:
                      csms: {is: csms}
                      pair: {is: shared-pair, csms: csms, budget: 32 A}
                    steps:
                      - parallel:
                          left:
                            - {call: charge_for, with: {who: pair.left, stay: 15min}}
                          right:
                            - wait: 5min
                            - {call: charge_for, with: {who: pair.right, stay: 15min}}
                    detectors:
                      over: {is: over-budget, watch: pair.current, above: 32 A}
                    expect:
                      - {that: =count(over) == 0, because: each plug gives half away when the other one starts}
                      - =count(ocpp.StartTransaction) == 2
                      - {that: =pair.current == 0 A, because: both have stopped}
                    plots:
                      - {title: A shared budget, lines: [pair.left.current, pair.right.current, pair.current], marks: [over]}

                    """),
        ], runs: 1)
}
