//! Peak resident memory of this process since a moment, from the Linux kernel's own counter. For the examples that the
//! benches run.

/// Resident bytes now; from here on the system counts the peak anew. `None` where it does not (no Linux).
pub(crate) fn begin_peak() -> Option<u64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    memory("VmRSS:")
}

/// Bytes that the peak lies above `before`.
pub(crate) fn peak_since(before: Option<u64>) -> Option<u64> {
    Some(memory("VmHWM:")?.saturating_sub(before?))
}

fn memory(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}
