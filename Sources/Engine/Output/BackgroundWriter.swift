import Glibc

/// Writes the full buffers of one file on a thread of its own, so that a run does not wait for the kernel to copy them.
///
/// One buffer is on its way at most: `submit` waits for the one before. The order of the bytes is that of the calls, whatever the
/// thread does, so the file is the same as without it.
final class BackgroundWriter {
    private let state: UnsafeMutablePointer<State>

    private struct State {
        var mutex = pthread_mutex_t()
        var change = pthread_cond_t()
        var thread = pthread_t()
        var descriptor: Int32
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        var isClosing = false
        var errorNumber: Int32 = 0
    }

    /// A writer to an open file; `nil` when the system gives no thread.
    init?(descriptor: Int32) {
        state = .allocate(capacity: 1)
        state.initialize(to: State(descriptor: descriptor))
        pthread_mutex_init(&state.pointee.mutex, nil)
        pthread_cond_init(&state.pointee.change, nil)
        let started = pthread_create(
            &state.pointee.thread, nil,
            { argument in
                if let argument { BackgroundWriter.work(argument.assumingMemoryBound(to: State.self)) }
                return nil
            }, state)
        guard started == 0 else {
            state.deallocate()
            return nil
        }
    }

    deinit {
        pthread_mutex_lock(&state.pointee.mutex)
        state.pointee.isClosing = true
        pthread_cond_broadcast(&state.pointee.change)
        pthread_mutex_unlock(&state.pointee.mutex)
        pthread_join(state.pointee.thread, nil)
        pthread_mutex_destroy(&state.pointee.mutex)
        pthread_cond_destroy(&state.pointee.change)
        state.deallocate()
    }

    /// Hands over bytes, which must stay until the next call; the first error number so far, or 0.
    func submit(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int32 {
        pthread_mutex_lock(&state.pointee.mutex)
        while state.pointee.bytes != nil { pthread_cond_wait(&state.pointee.change, &state.pointee.mutex) }
        state.pointee.bytes = bytes
        state.pointee.count = count
        let error = state.pointee.errorNumber
        pthread_cond_broadcast(&state.pointee.change)
        pthread_mutex_unlock(&state.pointee.mutex)
        return error
    }

    /// Waits until everything is written; the first error number, or 0.
    func drain() -> Int32 {
        pthread_mutex_lock(&state.pointee.mutex)
        while state.pointee.bytes != nil { pthread_cond_wait(&state.pointee.change, &state.pointee.mutex) }
        let error = state.pointee.errorNumber
        pthread_mutex_unlock(&state.pointee.mutex)
        return error
    }

    /// The life of the thread.
    private static func work(_ state: UnsafeMutablePointer<State>) {
        pthread_mutex_lock(&state.pointee.mutex)
        while true {
            while state.pointee.bytes == nil, !state.pointee.isClosing { pthread_cond_wait(&state.pointee.change, &state.pointee.mutex) }
            guard let bytes = state.pointee.bytes else { break }
            let count = state.pointee.count
            let isSound = state.pointee.errorNumber == 0
            pthread_mutex_unlock(&state.pointee.mutex)
            let error = isSound ? writeAll(state.pointee.descriptor, bytes, count) : 0
            pthread_mutex_lock(&state.pointee.mutex)
            if error != 0, state.pointee.errorNumber == 0 { state.pointee.errorNumber = error }
            state.pointee.bytes = nil
            pthread_cond_broadcast(&state.pointee.change)
        }
        pthread_mutex_unlock(&state.pointee.mutex)
    }
}

/// Writes bytes to a file; the error number, or 0.
func writeAll(_ descriptor: Int32, _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int32 {
    var done = 0
    while done < count {
        let written = write(descriptor, bytes + done, count - done)
        if written < 0 {
            if errno == EINTR { continue }
            return errno
        }
        done += written
    }
    return 0
}
