extension Template {
    /// Many charge points behind one connection.
    static let fleet = Template(
        name: "fleet", about: "many charge points, random arrivals, one grid connection",
        files: [
            File(
                text: """
                    # Many charge points behind one connection to the grid, with vehicles that come at random. Every random number follows from the
                    # seed: 'evsim run FILE --seed 2' is another day, and the same seed is always the same day.
                    evsim: 1
                    scenario: ${slug}
                    about: Vehicles arrive at random at 20 charge points; the connection to the grid is a little too small.
                    params:
                      arrivals:   {default: 12 /h, min: 0 /h, max: 200 /h, about: 'vehicles an hour, all charge points together'}
                      energy:     {default: 18 kWh, min: 1 kWh, max: 80 kWh, about: what a vehicle needs on average}
                      site_limit: {default: 120 kW, min: 10 kW, about: power that the connection allows}
                    run: {for: 12h, seed: 1, start: 2025-01-06T06:00:00Z}

                    nodes:
                      csms: {is: csms, heartbeat_every: 15min}
                      cp:
                        is: charge-point
                        count: 20                             # cp.1 … cp.20; cp.* means all of them
                        csms: csms
                        plugged: false                        # vehicles come by themselves, see 'drivers'
                        max_current: =choice(16 A, 32 A)      # drawn once for each charge point
                        boot_after: =uniform(0 s, 60 s)
                        meter_every: 5min
                      drivers:
                        is: ev-arrivals
                        to: cp.*
                        rate: =arrivals
                        energy: =clamp(normal(energy, 5 kWh), 2 kWh, 60 kWh)
                        stay: =lognormal(90 min, 0.5)
                      site: {is: grid-meter, feeds: cp.*, limit: =site_limit, every: 1min}

                    detectors:
                      overload: {is: threshold, watch: site.power, above: =site_limit, lasting: 5min, severity: critical}

                    expect:
                      - {that: =count(ocpp.BootNotification) == 20, because: every charge point boots once}
                      - =drivers.arrivals > 0
                      - {that: =count(ocpp.StartTransaction) == drivers.arrivals - drivers.turned_away, because: who finds a place charges}
                      - {that: '=max(site.power) <= 442 kW', because: twenty times 22.1 kW is all that is there}

                    record: [signals]
                    plots:
                      - {title: A day, lines: [[site.power, site.limit], [drivers.present]], marks: [overload]}

                    """)
        ])
}
