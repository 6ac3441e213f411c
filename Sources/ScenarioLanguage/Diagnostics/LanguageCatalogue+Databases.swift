import YAMLTree

extension LanguageCatalogue {
    static let databases: [DiagnosticCatalogue.Entry] = [
        entry(
            .multiplexing, "multiplexing that leads nowhere",
            "'mux' says that a field is in the frame only when another field of the same frame has certain raw values. That other field must be there, be an unsigned number, and not depend on this one itself.",
            wrong: "data: {a: {at: 8, bits: 8, mux: {pgae: 1}}, page: {at: 0, bits: 8}}",
            right: "data: {a: {at: 8, bits: 8, mux: {page: 1}}, page: {at: 0, bits: 8}}"),
        entry(
            .noDatabase, "a DBC file that cannot be had",
            "'dbc' names a DBC file by a path relative to the file that has it. It travels with its scenario: nothing outside the folder of the file that is run is ever read.",
            wrong: "buses: {can0: {dbc: /home/me/charger.dbc}}", right: "buses: {can0: {dbc: charger.dbc}}"),
        entry(
            .unknownSender, "a node that the database does not have",
            "'senders' says which node of the scenario sends the messages of a node of the DBC file; its keys are names of 'BU_' in that file.",
            wrong: "can0: {dbc: charger.dbc, senders: {Chager: charger}}", right: "can0: {dbc: charger.dbc, senders: {Charger: charger}}"),
        entry(
            .unknownWord, "a word that a field does not have",
            "A field with words for its values, from 'values' or from the value table of a DBC file, takes one of these words or a number.",
            wrong: "data: {state: {at: 0, bits: 8, values: {0: Idle, 1: Charging}}}\n- {transmit: can0.status, with: {state: Chargin}}",
            right: "data: {state: {at: 0, bits: 8, values: {0: Idle, 1: Charging}}}\n- {transmit: can0.status, with: {state: Charging}}"),
    ]
}
