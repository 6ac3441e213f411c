import Glibc

extension RunDirectory {
    /// Moves what a run left over what an earlier one left, file by file, so that each path has a whole file at any time.
    ///
    /// Both directories must be on one file system. Files that are not of a run are not touched.
    static func move(_ source: String, to target: String) throws(OutputError) {
        try makeDirectories(target)
        try write("The files of this run are just being put here.\n", to: "\(target)/\(marker)")
        let pictures = pictures(in: "\(source)/plots")
        let old = self.pictures(in: "\(target)/plots")
        if !pictures.isEmpty { try makeDirectories("\(target)/plots") }
        for name in pictures { try replace("\(source)/plots/\(name)", "\(target)/plots/\(name)") }
        for name in old where !pictures.contains(name) { _ = unlink("\(target)/plots/\(name)") }
        if pictures.isEmpty { _ = rmdir("\(target)/plots") }
        for name in names {
            if access("\(source)/\(name)", F_OK) == 0 { try replace("\(source)/\(name)", "\(target)/\(name)") } else { _ = unlink("\(target)/\(name)") }
        }
        if access("\(source)/\(marker)", F_OK) == 0 {
            try replace("\(source)/\(marker)", "\(target)/\(marker)")
        } else {
            _ = unlink("\(target)/\(marker)")
        }
        _ = rmdir("\(source)/plots")
        _ = rmdir(source)
    }

    private static func replace(_ source: String, _ target: String) throws(OutputError) {
        guard rename(source, target) == 0 else { throw OutputError(path: target, reason: systemMessage(errno)) }
    }
}

extension Runner {
    /// Moves what a run left over what an earlier one left in another directory of the same file system.
    ///
    /// Each file is replaced at once: who looks at a picture sees the old one or the new one.
    public static func move(runDirectory source: String, to target: String) throws(OutputError) { try RunDirectory.move(source, to: target) }
}
