import CYAML

/// Reads one YAML document into a tree of nodes with places.
///
/// The parser is libyaml; what it accepts beyond our language (duplicate keys, merge keys, tags, several documents, …) is
/// refused with a place and a stable code. Types are not resolved: a scalar is text, and whoever knows what is expected
/// there reads it.
public enum YAMLTree {
    /// How much a document may hold.
    public struct Limits: Sendable, Hashable {
        /// The greatest size of the file, in bytes.
        public var fileBytes = SourceFile.sizeLimit
        /// The greatest depth of nested collections; an alias counts with the depth of what it stands for.
        public var depth = 64
        /// The greatest number of nodes (scalars, collections, aliases) written, and of nodes after aliases are expanded.
        public var nodes = 200_000
        /// How many times more nodes there may be after aliases are expanded than are written.
        public var aliasExpansion = 10
        /// The greatest length of a scalar, in UTF-8 bytes.
        public var scalarBytes = 64 << 10
        /// The greatest length of a key, in UTF-8 bytes.
        public var keyBytes = 256
        /// How many findings are collected at most.
        public var diagnostics = 100

        /// The limits of the scenario language.
        public static let standard = Limits()

        /// Makes the standard limits, to be changed.
        public init() {}
    }

    /// Reads a file.
    ///
    /// After a syntax error or an exceeded limit `root` is nil. After errors of structure, such as a duplicate key, `root`
    /// is the tree with the first of two equal keys, so that a reader can go on and find more. `root` is usable without
    /// reserve only when no diagnostic is an error. Complexity: O(bytes).
    public static func parse(_ file: SourceFile, limits: Limits = .standard) -> (root: YAMLNode?, diagnostics: [Diagnostic]) {
        guard file.bytes.count <= limits.fileBytes else {
            return (nil, [SourceFile.tooLarge(file.path, size: file.bytes.count, limit: limits.fileBytes).diagnostic])
        }
        if let finding = ByteCheck.firstProblem(in: file) { return (nil, [finding]) }
        return file.bytes.withUnsafeBufferPointer { bytes in
            var builder = TreeBuilder(file: file, bytes: bytes, limits: limits)
            return builder.build()
        }
    }
}
