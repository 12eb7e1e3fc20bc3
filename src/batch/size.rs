//! How many workers: as many as cores, memory, `--jobs` and items allow, each with its share of the threads.
//!
//! One thread a worker is the best use of cores when there are items enough: stages scale worse with threads
//! than items do with processes. Fewer workers than cores get several threads each.

use serde::Serialize;
use std::path::Path;

/// Memory that is left to the rest of the machine, MiB: the parent, the page cache of what is read.
const RESERVE_MIB: u64 = 512;

/// The size of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PoolSize {
    /// Worker processes.
    pub workers: usize,
    /// Threads of each.
    pub threads: usize,
    /// What set the number of workers.
    pub limited_by: &'static str,
}

impl PoolSize {
    /// The size for this machine. `memory_mib` is the limit of one worker.
    #[must_use]
    pub fn fit(jobs: Option<usize>, items: usize, memory_mib: u64) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::of(jobs, items, memory_mib, cores, available_memory_mib())
    }

    fn of(jobs: Option<usize>, items: usize, memory_mib: u64, cores: usize, free_mib: Option<u64>) -> Self {
        let by_memory = free_mib
            .map_or(usize::MAX, |free| (free.saturating_sub(RESERVE_MIB) / memory_mib.max(1)) as usize);
        let limits =
            [(cores, "cores"), (by_memory, "memory"), (jobs.unwrap_or(usize::MAX), "jobs"), (items, "items")];
        let (count, limited_by) = limits.into_iter().min_by_key(|(count, _)| *count).unwrap_or((1, "cores"));
        let workers = count.max(1);
        Self { workers, threads: (cores / workers).max(1), limited_by }
    }
}

/// Memory that new processes may take, MiB: what the machine has free, within the limit of the control group
/// (containers, batch systems). `None` where the system does not tell.
#[must_use]
pub fn available_memory_mib() -> Option<u64> {
    let machine =
        std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| meminfo_mib(&text, "MemAvailable:"));
    match (machine, control_group_mib()) {
        (Some(machine), Some(group)) => Some(machine.min(group)),
        (machine, group) => machine.or(group),
    }
}

fn meminfo_mib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}

/// What is left of the limits of this process's control group and of those above it (version 2).
fn control_group_mib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = text.lines().find_map(|line| line.strip_prefix("0::"))?;
    let root = Path::new("/sys/fs/cgroup");
    let own = root.join(group.trim_start_matches('/'));
    own.ancestors().take_while(|folder| folder.starts_with(root)).filter_map(left_mib).min()
}

fn left_mib(folder: &Path) -> Option<u64> {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    Some(read("memory.max")?.saturating_sub(read("memory.current")?) >> 20)
}

/// Resident memory of a process, MiB; `None` when it has ended or the system does not tell.
#[must_use]
pub fn resident_mib(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    meminfo_mib(&text, "VmRSS:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(
        jobs: Option<usize>,
        items: usize,
        cores: usize,
        free_mib: Option<u64>,
    ) -> (usize, usize, &'static str) {
        let size = PoolSize::of(jobs, items, 4096, cores, free_mib);
        (size.workers, size.threads, size.limited_by)
    }

    #[test]
    fn the_scarcest_thing_sets_the_number_of_workers() {
        assert_eq!(size(None, 100, 8, Some(64 << 10)), (8, 1, "cores"));
        assert_eq!(size(Some(2), 100, 8, Some(64 << 10)), (2, 4, "jobs"));
        assert_eq!(size(Some(64), 100, 8, Some(64 << 10)), (8, 1, "cores"));
        assert_eq!(size(None, 100, 8, Some(13 << 10)), (3, 2, "memory"));
        assert_eq!(size(None, 1, 8, None), (1, 8, "items"));
    }

    #[test]
    fn there_is_always_one_worker() {
        assert_eq!(size(None, 100, 2, Some(1000)), (1, 2, "memory"));
        assert_eq!(size(Some(0), 100, 2, None).0, 1);
    }

    #[test]
    fn figures_of_the_system_are_read() {
        let text = "MemTotal:  16000000 kB\nMemAvailable:    2048000 kB\n";
        assert_eq!(meminfo_mib(text, "MemAvailable:"), Some(2000));
        assert_eq!(meminfo_mib(text, "SwapFree:"), None);
        if cfg!(target_os = "linux") {
            assert!(resident_mib(std::process::id()).is_some_and(|mib| mib > 0));
            assert!(available_memory_mib().is_some());
        }
    }
}
