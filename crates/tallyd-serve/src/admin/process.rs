//! What the system says of this process: /proc, where there is one.

use std::fs;

/// What the process holds of the system's means; nothing where it isn't said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Open descriptors.
    pub descriptors: Option<u64>,
    /// Bytes of memory in use.
    pub resident: Option<u64>,
}

impl Process {
    /// As it is now.
    pub fn look() -> Process {
        let status = fs::read_to_string("/proc/self/status").ok();
        Process {
            descriptors: descriptors(),
            resident: status.as_deref().and_then(resident),
        }
    }
}

fn descriptors() -> Option<u64> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    // One is the directory that was just read.
    u64::try_from(open).ok()?.checked_sub(1)
}

/// `VmRSS:     12345 kB` (proc_pid_status(5)).
fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status_file() {
        let status = "Name:\ttallyd\nVmHWM:\t    9 kB\nVmRSS:\t    1234 kB\nThreads:\t4\n";
        assert_eq!(resident(status), Some(1234 * 1024));
        for wrong in ["", "VmRSS:\n", "VmRSS:\t1 MB\n", "VmRSS:\t-1 kB\n"] {
            assert_eq!(resident(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn this_process_has_memory_and_descriptors() {
        let process = Process::look();
        assert!(process.descriptors > Some(2), "{process:?}");
        assert!(process.resident > Some(100 * 1024), "{process:?}");
    }
}
