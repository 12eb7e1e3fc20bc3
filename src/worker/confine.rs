//! A worker ends with its parent and within its memory.
//!
//! Linux: the kernel sends SIGKILL when the thread that started the worker dies (`PR_SET_PDEATHSIG`), so
//! that a killed batch leaves nobody who writes. The limit is on the data a process may have
//! (`RLIMIT_DATA`: private writable memory), not on its address space, of which the allocator and the
//! networks' library reserve gigabytes that they never touch. It is a backstop above the limit that `batch`
//! watches over, for what grows faster than anyone looks. Elsewhere both are refused.

/// Share of the watched limit that the backstop lies above it, and the least of it, MiB: stacks of threads
/// and freed memory count as data though they are not resident.
const BACKSTOP_SHARE: f64 = 0.5;
const BACKSTOP_LEAST_MIB: u64 = 512;

/// Ends this process when its parent does. `parent` is the process that should be it: when another one
/// already is, the parent died before this call.
///
/// # Errors
/// When the parent is gone, or the system cannot do this.
#[cfg(target_os = "linux")]
pub fn end_with_parent(parent: u32) -> std::io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let found = getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
    if found == parent {
        Ok(())
    } else {
        Err(std::io::Error::other(format!("the parent {parent} has ended, {found} is in its place")))
    }
}

/// Refused: this system has no such signal.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn end_with_parent(_parent: u32) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Memory that a worker under a watched limit may take at most, MiB.
#[must_use]
pub fn backstop_mib(limit_mib: u64) -> u64 {
    limit_mib + ((limit_mib as f64 * BACKSTOP_SHARE) as u64).max(BACKSTOP_LEAST_MIB)
}

/// Limits this process to the backstop of a watched limit.
///
/// # Errors
/// When the system refuses.
#[cfg(target_os = "linux")]
pub fn limit_memory(limit_mib: u64) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let bytes = backstop_mib(limit_mib).saturating_mul(1 << 20);
    Ok(setrlimit(Resource::Data, Rlimit { current: Some(bytes), maximum: Some(bytes) })?)
}

/// Refused: this system has no such limit.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn limit_memory(_limit_mib: u64) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
