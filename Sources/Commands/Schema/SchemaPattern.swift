import Quantities
import ScenarioLanguage

/// Regular expressions of the schema: the part of the reader's grammar that can be said so.
///
/// They use only what ECMAScript (with the flag `u`) and other dialects have in common.
enum SchemaPattern {
    /// A name that formulas can use; the words that mean something else are no names.
    static func name(dashes: Bool) -> String {
        let reserved = ScenarioSchema.reservedNames.map { word in word.map { "[\($0)\($0.uppercased())]" }.joined() }.joined(separator: "|")
        return "^(?!(?:\(reserved))$)[A-Za-z][A-Za-z0-9_\(dashes ? "-" : "")]{0,63}$"
    }

    /// A name of a plugin's own, bare or with the plugin in front.
    static let ownName = "^[A-Za-z][A-Za-z0-9_-]*(?:/[A-Za-z][A-Za-z0-9_-]*)?$"
    /// A name with points: a node, a bus, a signal; `*` stands for all of a counted node.
    static let path = "^[A-Za-z][A-Za-z0-9_]*(?:\\.(?:[A-Za-z0-9_]+|\\*))*$"
    /// Messages whose answer times are drawn: `ocpp.Heartbeat`, `cp1.ocpp.Heartbeat`, `ocpp.*`.
    static let messages = "^(?:ocpp\\.\\*|(?:[A-Za-z][A-Za-z0-9_]*(?:\\.[A-Za-z0-9_]+)*\\.)?ocpp\\.[A-Z][A-Za-z]*)$"
    /// A formula.
    static let formula = "^=\\s*\\S"

    /// Digits with a point and an exponent, without sign.
    private static let digits = "(?:[0-9](?:_?[0-9])*(?:\\.[0-9](?:_?[0-9])*)?|\\.[0-9](?:_?[0-9])*)(?:[eE][-+]?[0-9]+)?"
    private static let hexadecimal = "0[xX][0-9A-Fa-f]+"

    /// Symbols of units as alternatives; `%` and bare numbers belong to plain numbers.
    private static func units(_ isWanted: (Unit) -> Bool) -> String {
        let symbols = Unit.all.filter(isWanted).map(\.symbol)
        let others = Unit.otherSpellings.filter { symbols.contains($0.symbol) }.map(\.spelling)
        return "(?:" + (symbols + others).map { String($0.flatMap { $0 == "^" ? ["\\", $0] : [$0] }) }.joined(separator: "|") + ")"
    }

    /// A time with its parts from great to small: `1min30s`; parts behind the first begin with a digit.
    private static let time: String = {
        let falling = Unit.all.filter { $0.dimension == .time }.sorted { $0.toBase(1) > $1.toBase(1) }
        return "(?=[0-9.])(?!.*[snhd] *\\.)"
            + falling.map { unit in
                let spellings = [unit.symbol] + Unit.otherSpellings.filter { $0.symbol == unit.symbol }.map(\.spelling)
                return "(?:\(digits) *(?:\(spellings.joined(separator: "|"))) *)?"
            }.joined()
    }()

    /// A sign in front of a time; only a time of one part can be negative.
    private static let signOfTime = "(?:\\+|-(?!.*[snhd] *[0-9]))?"

    /// A time that is known when the file is read.
    static func duration(allowsZero: Bool, formula: Bool = false) -> String { anchored((allowsZero ? "" : "(?=.*[1-9])") + "\\+?" + time, formula: formula) }

    /// A quantity of a dimension.
    static func quantity(_ dimension: Dimension, negative: Bool, formula: Bool) -> String {
        let sign = negative ? "[-+]?" : "\\+?"
        if dimension == .time { return anchored((negative ? signOfTime : sign) + time, formula: formula) }
        if dimension == .none { return anchored("(?:\(sign)\(digits) *%?|\(hexadecimal))", formula: formula) }
        return anchored("\(sign)\(digits) *\(units { $0.dimension == dimension })", formula: formula)
    }

    /// A number with any unit or none; `flag` lets `true` and `false` stand there too.
    static func anyQuantity(flag: Bool, formula: Bool) -> String {
        anchored(
            "(?:\(flag ? "true|false|" : "")[-+]?\(digits) *(?:\(units { $0.dimension != .time }))?|\(signOfTime)\(time)|\(hexadecimal))", formula: formula)
    }

    /// A share of the rest per step, a slope, or `immediate`.
    static let ramp = "^(?:immediate| *\\+?\(digits) *(?:%|\(units { $0.dimension == Dimension(ampere: 1, second: -1) })) *)$"
    /// A whole number in quotes or with separators.
    static let whole = "^(?:_*[-+]?_*[0-9][0-9_]*|\(hexadecimal))$"
    /// How often steps are repeated.
    static let repetition = "^(?:forever|[0-9]+|=\\s*\\S.*| *\\+?\(time) *)$"
    /// An identifier in quotes.
    static let identifier = "^(?:\(hexadecimal)|_*[0-9][0-9_]*)$"
    /// The layout of a field in its short form.
    static let layout =
        "^ *(?:\(FieldDeclaration.shortTypes.map(\.name).joined(separator: "|")))(?: +(?:be|le))?(?: +\(digits))?(?: *\(units { _ in true }))? *$"
    /// The symbol of a unit.
    static let unit = "^\(units { _ in true })$"
    /// A size of a picture from 200x120 to 8192x8192.
    static let size: String = {
        let great = "[1-7][0-9]{3}|80[0-9]{2}|81[0-8][0-9]|819[0-2]"
        return "^(?:[2-9][0-9]{2}|\(great))x(?:1[2-9][0-9]|[2-9][0-9]{2}|\(great))$"
    }()
    /// An instant of RFC 3339 in UTC, from 1970 to 2200.
    static let instant: String = {
        let year = "(?:19[7-9][0-9]|20[0-9]{2}|21[0-9]{2}|2200)"
        let day = "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|[12][0-9]))"
        return "^\(year)-\(day)[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][Zz]$"
    }()

    private static func anchored(_ body: String, formula: Bool) -> String { formula ? "^(?:=\\s*\\S.*| *\(body) *)$" : "^ *\(body) *$" }
}
