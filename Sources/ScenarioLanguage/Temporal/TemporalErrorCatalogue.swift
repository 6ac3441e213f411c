/// The error codes of temporal formulas as plain data for `evsim explain` and the reference pages.
public enum TemporalErrorCatalogue {
    /// Every code with its title and explanation, in order of the code.
    public static let all: [(code: String, title: String, explanation: String)] = entries.map { ($0.0.rawValue, $0.1, $0.2) }

    static let entries: [(TemporalErrorKind, String, String)] = [
        (
            .missingOperand, "an operand is missing in a temporal formula",
            "Every operator needs what it is about: 'always (x <= 1 A)', 'a implies b', 'a until[0s, 5s] b'. A condition is a comparison or anything else that is true or false."
        ),
        (
            .leftOver, "something is left over behind a temporal formula",
            "The formula is complete, and more follows. Join parts with and, or, implies, iff, xor, until or since."
        ),
        (
            .unbalanced, "parenthesis or bracket not closed",
            "Every '(' needs its ')' and every '[' its ']'. Inside { } and [ ] YAML ends an unquoted value at the first comma: quote the whole formula."
        ),
        (
            .badBounds, "bounds that are no interval",
            "Bounds are two times in brackets right behind the operator, the nearer first: eventually[0s, 5s], once[2s, 1min]. Both ends belong to the interval."
        ),
        (
            .unboundedFuture, "a future without an end",
            "What must happen some day can never be found missing. Say by when: eventually[0s, 5s], until[0s, 1min]. Only an outermost 'always' may stand without bounds: it says that the rest must hold at every instant. Operators over the past may have no end: once(x), historically(x), since."
        ),
        (
            .unclearOrder, "operators whose order is not clear",
            "'a implies b implies c', 'a until b until c' and a mixture of implies, iff and xor side by side can be read in two ways. Put one of them into parentheses."
        ),
        (
            .foreignOperator, "operator of another notation",
            "Temporal formulas are written in words: always, eventually, historically, once, until, since, prev, rise, fall, not, and, or, implies, iff, xor. The message shows the word that belongs here."
        ),
        (
            .tooLarge, "temporal formula too large",
            "A temporal formula has at most 16 KiB, 1000 operators, 64 levels of nesting, and looks at most ten years ahead or back."
        ),
    ]
}
