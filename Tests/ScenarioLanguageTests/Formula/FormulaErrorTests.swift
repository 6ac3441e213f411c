import Quantities
import ScenarioLanguage
import Testing

/// One wrong formula and the whole error that it gives.
struct WrongFormula: Sendable, CustomTestStringConvertible {
    let place, text, code: String
    let offset, length: Int
    let message: String
    let help: String?

    init(_ row: (String, String, String, Int, Int, String, String?)) {
        (place, text, code, offset, length, message, help) = row
    }

    var testDescription: String { "\(place): \(text)" }

    /// The error that compiling gives; the place is a context or a wanted type.
    func error() -> FormulaError? {
        let wanted: FormulaType? = place == "flag" ? .flag : place == "time" ? .number(.time) : nil
        do {
            _ = try Formula.compile(text, scope: FormulaTestScope(), context: FormulaContext(rawValue: place) ?? .live, expecting: wanted)
            return nil
        } catch {
            return error
        }
    }

    static let all: [WrongFormula] = rows.map(WrongFormula.init)

    private static let rows: [(String, String, String, Int, Int, String, String?)] = [
        ("score", "", "E0501", 0, 0, "the formula is empty", "write an expression behind the '='"),
        ("live", "   ", "E0501", 0, 3, "the formula is empty", "write an expression behind the '='"),
        ("live", "5 A +", "E0503", 5, 0, "a value is missing behind '+'", nil),
        ("live", "* 5 A", "E0503", 0, 1, "a value is missing before '*'", nil),
        ("live", "5 A + * 3 A", "E0503", 6, 1, "a value is missing between '+' and '*'", nil),
        ("live", "max(5 A, )", "E0503", 9, 1, "a value is missing between ',' and ')'", nil),
        ("live", "()", "E0503", 1, 1, "a value is missing between '(' and ')'", nil),
        ("live", "min(, 2)", "E0503", 4, 1, "a value is missing between '(' and ','", nil),
        ("live", "5 A 3 A", "E0504", 4, 3, "an operator is missing between '5 A' and '3 A'", "for a product write 5 A * 3 A"),
        (
            "live", "20% charger.current", "E0504", 4, 15, "an operator is missing between '20%' and 'charger.current'",
            "for a product write 20% * charger.current"
        ),
        ("live", "cp1.limit cp1.limit", "E0504", 10, 9, "an operator is missing between 'cp1.limit' and 'cp1.limit'", nil),
        ("live", "(5 A + 3 A", "E0505", 0, 1, "'(' is not closed", "add ')'; in { } and [ ] a comma ends an unquoted formula, so quote it: '=…'"),
        ("live", "max(5 A, 3 A", "E0505", 3, 1, "'(' is not closed", "add ')'; in { } and [ ] a comma ends an unquoted formula, so quote it: '=…'"),
        ("live", "5 A)", "E0506", 3, 1, "')' closes nothing", nil),
        ("live", ")", "E0506", 0, 1, "')' closes nothing", nil),
        ("live", "1, 2", "E0504", 1, 1, "a comma stands outside a call", "write a comma only between the arguments of a function"),
        ("live", "(1, 2)", "E0504", 2, 1, "a comma stands outside a call", "write a comma only between the arguments of a function"),
        ("live", "'abc", "E0507", 0, 4, "the quoted text is not closed", "end it with '"),
        ("live", "\"abc", "E0507", 0, 4, "the quoted text is not closed", "end it with \""),
        ("live", "armed && armed", "E0508", 6, 2, "'&&' is not an operator of formulas", "write and"),
        ("live", "armed || armed", "E0508", 6, 2, "'||' is not an operator of formulas", "write or"),
        ("live", "!armed", "E0508", 0, 1, "'!' is not an operator of formulas", "write not"),
        ("live", "ratio = 1", "E0508", 6, 1, "'=' is not an operator of formulas", "write =="),
        ("live", "ratio === 1", "E0508", 6, 3, "'===' is not an operator of formulas", "write =="),
        ("live", "ratio ^ 2", "E0508", 6, 1, "'^' is not an operator of formulas", "write x * x for a power"),
        ("live", "ratio ** 2", "E0508", 6, 2, "'**' is not an operator of formulas", "write x * x for a power"),
        ("live", "ratio <> 2", "E0508", 6, 2, "'<>' is not an operator of formulas", "write !="),
        ("live", "ratio => 2", "E0508", 6, 2, "'=>' is not an operator of formulas", "write >="),
        ("live", "armed ? 1 : 2", "E0508", 6, 1, "'?' is not an operator of formulas", "write if(condition, value, otherwise)"),
        ("live", "ratio ≤ 2", "E0508", 6, 3, "'≤' is not an operator of formulas", "write <="),
        ("live", "ratio × 2", "E0508", 6, 2, "'×' is not an operator of formulas", "write *"),
        ("live", "armed AND armed", "E0508", 6, 3, "'AND' is written in small letters", "write and"),
        ("live", "cp1.status is 'Charging'", "E0508", 11, 2, "'is' is not an operator of formulas", "write =="),
        ("live", "5 mod 3", "E0508", 2, 3, "'mod' is not an operator of formulas", "write a % b"),
        ("live", "2 x 3", "E0514", 2, 1, "unknown unit 'x'", "for a product write 2 * x"),
        ("live", "1 < ratio < 3", "E0509", 10, 1, "comparisons cannot be chained", "write 1 < ratio and ratio < …"),
        ("live", "ratio == 1 == armed", "E0509", 11, 2, "comparisons cannot be chained", "write ratio == 1 and 1 == …"),
        ("live", "{{ ratio }}", "E0510", 0, 2, "'{{' is templating, which does not exist here", "write the name alone: the whole value is the formula"),
        ("live", "${ratio}", "E0510", 0, 2, "'${' is templating, which does not exist here", "write the name alone: the whole value is the formula"),
        ("live", "if armed then 1 else 2", "E0511", 0, 2, "a choice between two values is a function", "write if(condition, value, otherwise)"),
        ("live", "armed then 1", "E0511", 6, 4, "a choice between two values is a function", "write if(condition, value, otherwise)"),
        ("live", "5 A to 10 A", "E0512", 4, 2, "a range is no value of a formula", "compare with both ends, or use clamp(x, low, high) or uniform(low, high)"),
        ("live", "5..10", "E0512", 1, 2, "a range is no value of a formula", "compare with both ends, or use clamp(x, low, high) or uniform(low, high)"),
        ("live", ".5", "E0513", 0, 2, "digits are missing before the point", "write 0.5"),
        ("live", "5.", "E0513", 0, 2, "digits are missing behind the point", "write 5 or 5.0"),
        ("live", "1.2.3", "E0513", 0, 5, "a number has one point, '1.2.3' has more", "write 1.2"),
        ("live", "0x", "E0513", 0, 2, "'0x' is no number", nil),
        ("live", "30s1min", "E0513", 0, 7, "'30s1min' is no compound time", "write the parts with falling units: 1min30s"),
        ("live", "5 foo", "E0514", 2, 3, "unknown unit 'foo'", "for a product write 5 * foo"),
        ("live", "5 a", "E0514", 2, 1, "unknown unit 'a'", "write 5 A"),
        ("live", "5 seconds", "E0514", 2, 7, "unknown unit 'seconds'", "write 5 s"),
        ("live", "5 kw", "E0514", 2, 2, "unknown unit 'kw'", "write 5 kW"),
        ("live", "3 ratio2", "E0514", 2, 6, "unknown unit 'ratio2'", "for a product write 3 * ratio2"),
        (
            "live", "99999999999999999999", "E0515", 0, 20, "the number '99999999999999999999' is out of range",
            "at most 18 digits; times are whole nanoseconds up to 292 years"
        ),
        ("live", "1e999", "E0515", 0, 5, "the number '1e999' is out of range", "at most 18 digits; times are whole nanoseconds up to 292 years"),
        ("live", "0.1 ns", "E0515", 0, 6, "the number '0.1 ns' is out of range", "at most 18 digits; times are whole nanoseconds up to 292 years"),
        ("live", "charger.curent", "E0520", 0, 14, "unknown name 'charger.curent'", "did you mean 'charger.current'?"),
        ("live", "nothing", "E0520", 0, 7, "unknown name 'nothing'", nil),
        ("live", "site.power", "E0521", 0, 10, "'site.power' is not available: no grid-meter measures it", nil),
        ("live", "s", "E0520", 0, 1, "unknown name 's'", "a unit follows its number: 1 s"),
        ("live", "maximum(1, 2)", "E0522", 0, 7, "unknown function 'maximum'", "did you mean max(a, b, …), max(signal, 10 s), max(signal)?"),
        ("live", "foo(1)", "E0522", 0, 3, "unknown function 'foo'", nil),
        ("live", "max", "E0523", 0, 3, "'max' is a function", "write max(a, b, …), max(signal, 10 s), max(signal)"),
        ("live", "charger.current(3)", "E0523", 0, 15, "'charger.current' is a value, not a function", "write charger.current without parentheses"),
        ("live", "abs(1, 2)", "E0524", 0, 9, "'abs' takes 1 argument, not 2", "write abs(x)"),
        ("live", "clamp(1, 2)", "E0524", 0, 11, "'clamp' takes 3 arguments, not 2", "write clamp(x, low, high)"),
        (
            "live", "fingerprint() == 'x'", "E0526", 0, 11, "'fingerprint' is not available in a formula that is evaluated during the run",
            "use it under expect:, where the run is judged"
        ),
        ("score", "fingerprint(1)", "E0524", 0, 14, "'fingerprint' takes no arguments, not 1", "write fingerprint()"),
        ("score", "fingerprint() == 'x'", "E0538", 17, 3, "a fingerprint is a text of 16 hexadecimal digits", "write fingerprint() == '0123456789abcdef'"),
        ("live", "round(charger.current)", "E0524", 0, 5, "'round' of a current needs a step", "write round(charger.current, 1 A)"),
        ("live", "choice()", "E0524", 0, 8, "'choice' takes at least 1 argument, not 0", "write choice(a, b, …)"),
        (
            "setting", "charger.current", "E0526", 0, 15, "the signal 'charger.current' is not available in a setting, which is decided before the run starts",
            nil
        ),
        (
            "setting", "avg(charger.current, 10 s)", "E0526", 4, 15,
            "the signal 'charger.current' is not available in a setting, which is decided before the run starts", nil
        ),
        (
            "live", "recall(timing)", "E0526", 0, 6, "'recall' is not available in a formula that is evaluated during the run",
            "use it under expect:, where the run is judged"
        ),
        (
            "score", "uniform(1, 2)", "E0526", 0, 7, "'uniform' is not available in an expectation, which is judged after the run",
            "draws happen before and during the run only"
        ),
        (
            "live", "max(charger.current)", "E0526", 0, 20, "'max(charger.current)' of the whole run is not known during the run",
            "write max(charger.current, 10 s)"
        ),
        (
            "score", "max(charger.current, 10 s)", "E0526", 0, 26, "a window is not available in an expectation, which is judged after the run",
            "write max(charger.current) for the whole run"
        ),
        (
            "score", "count(ocpp.Heartbeat, 10 s)", "E0526", 0, 27, "a window is not available in an expectation, which is judged after the run",
            "write count(ocpp.Heartbeat) for the whole run"
        ),
        ("live", "count(timing)", "E0526", 0, 13, "'count' of a detector is not available in a formula that is evaluated during the run", nil),
        ("live", "cp.*.power > 5 kW", "E0527", 0, 10, "'cp.*.power' stands for several signals", "write sum(cp.*.power), or avg, min, max"),
        ("live", "p95(cp.*.power, 10 s)", "E0527", 4, 10, "'p95' takes one signal", "write avg, min, max or sum of cp.*.power"),
        ("live", "avg(charger.current, 10)", "E0532", 21, 2, "the number '10' needs a unit of time", "write 10 s"),
        ("live", "avg(charger.current, 10 A)", "E0528", 21, 4, "a window is a time, but '10 A' is a current", "write 10 s"),
        ("live", "avg(charger.current, age)", "E0528", 21, 3, "the length of a window must be known before the run", "write a constant or a parameter"),
        ("live", "avg(charger.current, 0 s)", "E0528", 21, 3, "the length of a window must be greater than zero", nil),
        (
            "live", "avg(charger.current + 1 A, 10 s)", "E0525", 4, 21, "'avg' needs a signal, but 'charger.current + 1 A' is computed",
            "write avg(signal, 10 s)"
        ),
        (
            "live", "max(charger.current + 1 A, 10 s)", "E0525", 4, 21, "'max' needs a signal, but 'charger.current + 1 A' is computed",
            "write max(signal, 10 s)"
        ),
        ("live", "5 A + 3 kW", "E0530", 0, 10, "cannot add current and power", nil),
        ("live", "charger.current - cp1.voltage", "E0530", 0, 29, "cannot subtract current and voltage", nil),
        ("live", "charger.current % 3 s", "E0530", 0, 21, "cannot divide with remainder current and time", nil),
        ("live", "min(5 A, 3 V)", "E0530", 4, 8, "'min' cannot mix current and voltage", nil),
        ("live", "charger.current > 3 kW", "E0531", 0, 22, "cannot compare current with power", nil),
        ("live", "age == charger.current", "E0531", 0, 22, "cannot compare time with current", nil),
        ("live", "charger.current > 0", "E0532", 18, 1, "the number '0' needs a unit of current", "write 0 A"),
        ("live", "5 + charger.current", "E0532", 0, 1, "the number '5' needs a unit of current", "write 5 A"),
        ("live", "charger.current + 5", "E0532", 18, 1, "the number '5' needs a unit of current", "write 5 A"),
        ("live", "-5 < charger.current", "E0532", 0, 2, "the number '-5' needs a unit of current", "write -5 A"),
        ("live", "armed + 1", "E0533", 0, 5, "'+' needs a number, but 'armed' is true or false", nil),
        ("live", "not 5", "E0533", 4, 1, "'not' needs true or false, but '5' is a plain number", nil),
        ("live", "-armed", "E0533", 1, 5, "'-' needs a number, but 'armed' is true or false", nil),
        ("live", "armed and 5", "E0533", 10, 1, "'and' needs true or false, but '5' is a plain number", nil),
        ("live", "armed < armed", "E0533", 6, 1, "'<' needs numbers, but both sides are true or false", "write == or !="),
        ("live", "armed == 5", "E0533", 0, 10, "cannot compare true or false with a plain number", nil),
        ("live", "cp1.status == 5", "E0533", 0, 15, "cannot compare a text with a plain number", nil),
        ("live", "if(5, 1, 2)", "E0533", 3, 1, "the condition of 'if' needs true or false, but '5' is a plain number", nil),
        ("live", "if(armed, 5 A, 3 V)", "E0534", 10, 8, "the alternatives are a current and a voltage", nil),
        ("live", "if(armed, 5 A, 3)", "E0532", 15, 1, "the number '3' needs a unit of current", "write 3 A"),
        ("live", "choice(1, 'a')", "E0534", 7, 6, "the alternatives are a plain number and a text", nil),
        ("live", "cp1.status < 'Charging'", "E0536", 11, 1, "texts have no order", "write == or !="),
        (
            "live", "cp1.status == 'charging'", "E0537", 14, 10, "'cp1.status' never is 'charging'",
            "did you mean 'Charging'? it is one of 'Available', 'Preparing', 'Charging', 'Faulted'"
        ),
        ("live", "cp1.status == 'Broken'", "E0537", 14, 8, "'cp1.status' never is 'Broken'", "it is one of 'Available', 'Preparing', 'Charging', 'Faulted'"),
        ("live", "ocpp.Heartbeat > 3", "E0533", 0, 14, "'ocpp.Heartbeat' is a stream of messages, not a value", "write count(ocpp.Heartbeat)"),
        ("live", "timing", "E0533", 0, 6, "'timing' is a detector, not a value", nil),
        ("score", "timing", "E0533", 0, 6, "'timing' is a detector, not a value", "write first(timing) or count(timing)"),
        ("score", "CAN_INJECTION", "E0533", 0, 13, "'CAN_INJECTION' is a kind of label, not a value", nil),
        ("score", "latency(timing) < 3 s", "E0539", 0, 15, "'latency(timing)' is a list of times", "write p95(latency(timing)), or p50, min, max, avg"),
        (
            "score", "recall(charger.current)", "E0525", 7, 15, "'recall' needs a detector, but 'charger.current' is a current",
            "write recall(detector), recall(detector, KIND)"
        ),
        (
            "score", "recall(timing, timing)", "E0525", 15, 6, "'timing' is no kind of label that this scenario makes",
            "write a kind such as CAN_INJECTION, or a label's name"
        ),
        (
            "score", "recall(timing, 'nope')", "E0525", 15, 6, "'nope' is no kind of label that this scenario makes",
            "write a kind such as CAN_INJECTION, or a label's name"
        ),
        (
            "score", "first(charger.current)", "E0525", 6, 15, "'first' needs a detector or a stream, but 'charger.current' is a current",
            "write first(detector) or first(ocpp.Heartbeat)"
        ),
        ("score", "sum(latency(timing))", "E0539", 4, 15, "'latency(timing)' is a list of times", "write p95(latency(timing)), or p50, min, max, avg"),
        ("live", "chance(1.5)", "E0538", 7, 3, "a chance lies between 0 and 1", "write chance(20%)"),
        ("live", "normal(1, -1)", "E0538", 10, 2, "the spread of 'normal' must not be negative", nil),
        ("live", "clamp(1, 3, 2)", "E0538", 9, 4, "the lower bound of 'clamp' is above the upper one", nil),
        ("live", "uniform(3, 2)", "E0538", 8, 4, "the lower bound of 'uniform' is above the upper one", nil),
        ("live", "round(1.5, 0)", "E0538", 11, 1, "the step of 'round' must be greater than zero", nil),
        ("live", "poisson(3 A)", "E0525", 8, 3, "'poisson' needs a plain number, not a current", "write poisson(4)"),
        ("live", "lognormal(3 h, 3 s)", "E0525", 15, 3, "the sigma of 'lognormal' is a plain number, not a time", "write lognormal(3 h, 0.6)"),
        ("live", "exponential(-1 s)", "E0538", 12, 4, "the mean of 'exponential' must not be negative", nil),
        ("live", "sample(5, 3)", "E0525", 7, 1, "'sample' needs a set of nodes, but '5' is a plain number", "write sample(cp.*, 20%)"),
        ("live", "sample(cp.*, 3 A)", "E0525", 13, 3, "the size of a sample is a share or a number, not a current", "write sample(cp.*, 20%)"),
        ("live", "sample(cp.*, 7)", "E0538", 13, 1, "a sample has between 0 and 5 nodes, in whole numbers", nil),
        ("live", "sample(cp.*, 120%)", "E0538", 13, 4, "a share lies between 0% and 100%", nil),
        ("live", "avg(1, 2)", "E0525", 4, 1, "'avg' needs a signal, but '1' is a plain number", "write avg(signal, 10 s), avg(signal), avg(cp.*.signal)"),
        (
            "live", "sum(charger.current)", "E0526", 0, 20, "'sum(charger.current)' of the whole run is not known during the run",
            "write sum(charger.current, 10 s)"
        ),
        ("live", "avg(cp1.status, 10 s)", "E0525", 4, 10, "'cp1.status' is a text and has no avg", "compare it: cp1.status == '…'"),
        (
            "live", "max(cp1.charging, 10 s)", "E0525", 4, 12, "'max' needs a signal that is a number, but 'cp1.charging' is true or false",
            "avg(cp1.charging, 10 s) is its share of the time"
        ),
        (
            "live", "count(charger.current)", "E0525", 6, 15, "'count' needs a stream, a detector or nodes, but 'charger.current' is a current",
            "write count(ocpp.Heartbeat)"
        ),
        ("live", "1 / 0", "E0543", 4, 1, "division by the constant zero", nil),
        ("live", "charger.current / 0", "E0543", 18, 1, "division by the constant zero", nil),
        ("live", "charger.current % (5 A - 5 A)", "E0543", 18, 11, "division by the constant zero", nil),
        ("live", "abs('a')", "E0525", 4, 3, "'abs' needs a number, but 'a' is a text", "write abs(x)"),
        ("live", "cp[3].power", "E0502", 2, 1, "'[' has no meaning in a formula", "write cp.3 for the third of a counted node"),
        ("live", "ratio # 3", "E0502", 6, 1, "'#' has no meaning in a formula", "a comment stands outside the formula, after a space"),
        ("live", "1; 2", "E0502", 1, 1, "';' has no meaning in a formula", "write a comma between arguments"),
        ("live", "“a”", "E0502", 0, 3, "'“' has no meaning in a formula", "write straight quotes: 'text'"),
        ("live", "a@b", "E0502", 1, 1, "'@' has no meaning in a formula", "write the name alone"),
        ("live", "not", "E0503", 3, 0, "a value is missing behind 'not'", nil),
        ("live", "1 + not armed", "E0503", 4, 3, "'not' cannot stand behind '+'", "put it into parentheses: (not …)"),
        ("live", "charger.current and", "E0503", 19, 0, "a value is missing behind 'and'", nil),
        ("flag", "charger.current", "E0535", 0, 15, "true or false is wanted here, but the formula gives a current", "compare it: charger.current > 0 A"),
        ("time", "5", "E0532", 0, 1, "the number '5' needs a unit of time", "write 5 s"),
        ("time", "charger.current", "E0535", 0, 15, "a time is wanted here, but the formula gives a current", nil),
        ("flag", "5", "E0535", 0, 1, "true or false is wanted here, but the formula gives a plain number", "compare it: 5 > 0"),
        ("live", "if(ocpp.Heartbeat, 1, 2)", "E0533", 3, 14, "'ocpp.Heartbeat' is a stream of messages, not a value", "write count(ocpp.Heartbeat)"),
        ("live", "5 A * 3 A + 1 kW", "E0530", 0, 16, "cannot add A^2 and power", nil),
        ("live", "charger.current + ratio", "E0530", 0, 23, "cannot add current and plain number", nil),
        ("live", "ratio + charger.current", "E0530", 0, 23, "cannot add plain number and current", nil),
        ("live", "20% + 5 A", "E0530", 0, 9, "cannot add plain number and current", nil),
        ("live", "max(5 A, 10 s)", "E0530", 4, 9, "'max' cannot mix current and time", nil),
        ("live", "max(age, charger.current)", "E0530", 4, 20, "'max' cannot mix time and current", nil),
        ("live", "choice(cp.*, sample(cp.*, ratio))", "E0525", 13, 19, "a sample of computed size cannot be an alternative", "make its size a constant"),
        ("live", "1 = 1", "E0508", 2, 1, "'=' is not an operator of formulas", "write =="),
        ("live", "a-b", "E0520", 0, 1, "unknown name 'a'", nil),
        ("live", "a.b.", "E0502", 3, 1, "'.' has no meaning in a formula", nil),
        ("live", "cp1.status == cp1.limit", "E0533", 0, 23, "cannot compare a text with a current", nil),
        ("live", "false_alarm(timing)", "E0522", 0, 11, "unknown function 'false_alarm'", "did you mean false_alarms(detector), false_alarms(detector, KIND)?"),
        ("live", "\\", "E0502", 0, 1, "'\\' has no meaning in a formula", nil),
        ("live", "sample(cp.*, 1.5)", "E0538", 13, 3, "a sample has between 0 and 5 nodes, in whole numbers", nil),
        (
            "score", "chance(0.5)", "E0526", 0, 6, "'chance' is not available in an expectation, which is judged after the run",
            "draws happen before and during the run only"
        ),
        ("setting", "count(ocpp.Heartbeat)", "E0526", 0, 21, "'count' of a stream is not available in a setting, which is decided before the run starts", nil),
        (
            "score", "p95(latency(timing, 5))", "E0525", 20, 1, "'5' is no kind of label that this scenario makes",
            "write a kind such as CAN_INJECTION, or a label's name"
        ),
        ("live", "count(sample(cp.*, 2))", "E0525", 6, 15, "the size of 'sample(cp.*, 2)' is decided when it is drawn", nil),
        ("live", "charger.current == cp1.voltage * 2", "E0531", 0, 34, "cannot compare current with voltage", nil),
    ]
}

@Suite("Formula errors")
struct FormulaErrorTests {
    @Test("a wrong formula is refused with code, place, message and fix", arguments: WrongFormula.all)
    func error(_ wrong: WrongFormula) throws {
        let error = try #require(wrong.error())
        #expect(error.code == wrong.code)
        #expect(error.offset == wrong.offset)
        #expect(error.length == wrong.length)
        #expect(error.message == wrong.message)
        #expect(error.help == wrong.help)
    }

    @Test("mixed dimensions are shown at both operands")
    func notes() throws {
        let error = try #require(WrongFormula(("live", "5 A + (3 kW)", "", 0, 0, "", nil)).error())
        #expect(error.notes.map(\.label) == ["this is a current", "this is a power"])
        #expect(error.notes.map(\.offset) == [0, 6])
        #expect(error.notes.map(\.length) == [3, 6])
    }

    @Test("too long, too deep and too big formulas are refused")
    func bounds() throws {
        func code(_ text: String) -> String? { WrongFormula(("live", text, "", 0, 0, "", nil)).error()?.code }
        func nested(_ depth: Int) -> String { String(repeating: "(", count: depth) + "1" + String(repeating: ")", count: depth) }
        #expect(code(String(repeating: " ", count: 16 * 1024 - 1) + "1") == nil)
        #expect(code(String(repeating: " ", count: 16 * 1024) + "1") == "E0542")
        #expect(code(nested(64)) == nil)
        #expect(code(nested(65)) == "E0541")
        #expect(code(String(repeating: "-", count: 65) + "1") == "E0541")
        #expect(code("not " + String(repeating: "not ", count: 64) + "true") == "E0541")
        #expect(code("1" + String(repeating: "+1", count: 4096)) == nil)
        #expect(code("1" + String(repeating: "+1", count: 4097)) == "E0540")
        #expect(code("charger.current" + String(repeating: "*age", count: 99)) == nil)
        #expect(code("charger.current" + String(repeating: "*age", count: 101)) == "E0544")
    }

    @Test("every code has an entry in the catalogue and a formula here that gives it")
    func catalogue() {
        #expect(FormulaErrorCatalogue.all.map(\.code) == FormulaErrorKind.allCases.map(\.rawValue))
        let elsewhere: Set<String> = ["E0540", "E0541", "E0542", "E0544"]
        let here = Set(WrongFormula.all.map(\.code)).union(elsewhere)
        for kind in FormulaErrorKind.allCases { #expect(here.contains(kind.rawValue), "\(kind)") }
    }

    @Test("every function's example compiles where the table says that it can be used")
    func table() throws {
        struct AnyScope: FormulaScope {
            var knownNames: [String] { [] }
            func symbol(named name: String) -> FormulaSymbol? {
                if let symbol = FormulaTestScope().symbol(named: name) { return symbol }
                if name == "ocpp.RemoteStartTransaction" { return .stream(0) }
                if ["lie", "overload"].contains(name) { return .detector(0) }
                if ["cp1.current", "right.current"].contains(name) { return .signal(index: 0, .current) }
                return nil
            }
        }
        for info in FormulaFunction.table {
            let compiled = info.contexts.contains { (try? Formula.compile(info.example, scope: AnyScope(), context: $0)) != nil }
            #expect(compiled, "\(info.example)")
        }
    }
}
