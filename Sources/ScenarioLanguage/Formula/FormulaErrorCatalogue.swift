/// The error codes of formulas as plain data for `evsim explain` and the reference pages.
public enum FormulaErrorCatalogue {
    /// Every code with its title and explanation, in order of the code.
    public static let all: [(code: String, title: String, explanation: String)] = entries.map { ($0.0.rawValue, $0.1, $0.2) }

    static let entries: [(FormulaErrorKind, String, String)] = [
        (
            .empty, "empty formula",
            "A value that starts with '=' is a formula, and nothing follows the '='. Write an expression such as '=charger.current > 15 A', or quote the value if a text is meant."
        ),
        (
            .strangeCharacter, "character that no formula has",
            "Formulas are made of numbers with units, names, quoted texts, the operators + - * / % == != < <= > >= and or not, commas and parentheses. Nodes of a counted group are written cp.3, not cp[3]."
        ),
        (
            .missingValue, "a value is missing",
            "An operator, a comma or an opening parenthesis must be followed by a value: a number, a name, a quoted text, a call or a parenthesis."
        ),
        (
            .missingOperator, "an operator is missing between two values",
            "Two values stand side by side. Multiplication is always written: '20% * site.power', not '20% site.power'."
        ),
        (
            .unclosedParenthesis, "parenthesis not closed",
            "Every '(' needs its ')'. Inside { } and [ ] YAML ends an unquoted value at the first comma, so that the rest of the formula is lost: quote it, as in {when: '=max(a.current, b.current) > 5 A'}."
        ),
        (.strayParenthesis, "closing parenthesis without opening one", "A ')' closes nothing. Remove it or add the '(' that it belongs to."),
        (.unclosedText, "quoted text not closed", "A text starts and ends with the same quote, ' or \", on one line."),
        (
            .foreignOperator, "operator of another language",
            "Formulas say 'and', 'or', 'not', '==' for equality, x * x for a power and if(c, a, b) for a choice. The error shows the spelling that belongs here."
        ),
        (
            .chainedComparison, "chained comparison",
            "'a < b < c' has no meaning here: the first comparison gives true or false, which has no order. Write 'a < b and b < c'."
        ),
        (
            .templating, "text templating",
            "There are no templates: {{ }} and ${ } are not replaced anywhere. A value that starts with '=' is a formula as a whole, and names stand in it without decoration."
        ),
        (
            .foreignCondition, "condition in the style of a program",
            "A choice between two values is a function: if(condition, value, otherwise). Steps of a scenario that depend on a condition use the verb 'when'."
        ),
        (
            .range, "range where one value is wanted",
            "A formula gives one value. Compare with both ends ('x >= 5 A and x <= 10 A'), keep a value inside with clamp(x, 5 A, 10 A), or draw one with uniform(5 A, 10 A)."
        ),
        (
            .badNumber, "malformed number",
            "Numbers are written 5, 4.5, 0.5, 1e3 or 0x1F, with a unit behind them; compound times as 1min30s with falling units. A point needs digits on both sides."
        ),
        (
            .unknownUnit, "unknown unit",
            "The word behind the number is no unit that evsim knows. Units are case sensitive: ns us ms s min h d, mA A kA, V kV, W kW MW, Wh kWh, Hz, %, bit/s kbit/s Mbit/s, °C, Ohm, /s /min /h. A product is written with '*'."
        ),
        (
            .numberOutOfRange, "number out of range",
            "The number has too many digits or is too great to be held, or a time is finer than one nanosecond or longer than 292 years."
        ),
        (
            .unknownName, "unknown name",
            "The name is no parameter, signal, stream, detector or node of this file. Signals are NODE.signal, frames BUS.FRAME, messages ocpp.ACTION; 'evsim describe KIND' lists the signals of a kind."
        ),
        (.unavailableName, "name that is not available", "The name is understood but does not exist in this scenario; the message says why."),
        (
            .unknownFunction, "unknown function",
            "There is no such function. The reference page of formulas lists all of them; new ones cannot be defined in a file."
        ),
        (
            .functionWithoutCall, "function and value confused",
            "A function is called with parentheses, as in first(detector); a name that is a value takes none."
        ),
        (.argumentCount, "wrong number of arguments", "The function takes another number of arguments; the help line shows how it is written."),
        (
            .argumentType, "argument of the wrong kind",
            "Some functions need a signal, a stream, a detector or a kind of label by its name and cannot take a computed value."
        ),
        (
            .wrongContext, "not available at this moment",
            "A formula is evaluated before the run (settings), during it (conditions, detectors) or after it (expectations), and can use what exists then: signals and windows during the run, scores after it, draws before and during it."
        ),
        (
            .signalSet, "many signals where one is wanted",
            "A name such as cp.*.power stands for one signal per node. Reduce it first: sum(cp.*.power), avg, min, max or count."
        ),
        (
            .badWindow, "window that is no constant time",
            "The second argument of a window is a time that is known before the run and greater than zero: avg(charger.current, 10 s)."
        ),
        (
            .dimensionMismatch, "different dimensions added",
            "Only values of the same dimension can be added, subtracted, divided with remainder or put side by side in min, max, clamp and uniform: a current and a power have no sum."
        ),
        (
            .comparedDimensions, "different dimensions compared",
            "Only values of the same dimension can be compared: whether 5 A is more than 3 kW has no answer without a voltage."
        ),
        (.unitMissing, "unit missing", "Every number that measures something carries its unit, zero too: 'charger.current > 0 A'."),
        (
            .operandType, "operator on the wrong type",
            "'and', 'or' and 'not' join conditions; + - * / % work on numbers; == compares numbers, texts or conditions with their like."
        ),
        (
            .branchTypes, "alternatives of different types",
            "All alternatives of if and choice must have the same type and dimension, because the formula has one."
        ),
        (
            .resultType, "result of the wrong type",
            "The place where the formula stands wants another type: a condition true or false, a setting its own dimension."
        ),
        (.textOrder, "texts have no order", "Texts can be compared with == and != only."),
        (
            .unknownMember, "state that the signal never takes",
            "An enumerated signal takes only the listed texts, spelt exactly; a comparison with another one could never be true."
        ),
        (
            .badArgumentValue, "argument out of its range",
            "A constant argument is outside what the function accepts: a chance is from 0 to 1, a spread is not negative, the lower bound of clamp is not above the upper one, a step of round is greater than zero."
        ),
        (
            .unreducedTimes, "list of times where one is wanted",
            "latency(detector) is a list with one time per detected label, latency(ocpp.Heartbeat) one with a time per answer. Reduce it: p95(latency(d)), or p50, min, max, avg."
        ),
        (.tooManyOperations, "formula too big", "A formula has at most 4 096 operations."),
        (.tooDeep, "formula nested too deeply", "Parentheses, calls and prefix operators nest at most 64 deep."),
        (.tooLong, "formula too long", "The text of a formula has at most 16 KiB."),
        (.divisionByZero, "division by zero", "The divisor is the constant zero, so that the result is never a number."),
        (.dimensionTooHigh, "product of too many dimensions", "Products and quotients of values with units reach an exponent beyond 100."),
    ]
}
