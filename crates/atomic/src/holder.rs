//! Which process holds the lock on a file, as far as the system tells: for a message, nothing is decided by it.

use std::fs::File;

/// The process that holds the advisory lock on `file`.
#[cfg(target_os = "linux")]
pub(crate) fn holder(file: &File) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata().ok()?;
    let (major, minor) = device(metadata.dev());
    let place = format!("{major:02x}:{minor:02x}:{}", metadata.ino());
    holder_in(&std::fs::read_to_string("/proc/locks").ok()?, &place)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn holder(_file: &File) -> Option<u32> {
    None
}

/// Major and minor number, as Linux packs them.
#[cfg(target_os = "linux")]
fn device(packed: u64) -> (u64, u64) {
    let major = ((packed >> 8) & 0xfff) | ((packed >> 32) & !0xfff);
    let minor = (packed & 0xff) | ((packed >> 12) & !0xff);
    (major, minor)
}

/// The holder named in a text as of proc(5), `1: FLOCK  ADVISORY  WRITE 9466 fe:00:5466805 0 EOF`; those that wait have
/// `->` behind the number.
#[cfg(target_os = "linux")]
fn holder_in(locks: &str, place: &str) -> Option<u32> {
    locks.lines().find_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
        [_, "FLOCK", _, _, pid, at, ..] if at == place => pid.parse().ok(),
        _ => None,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_told_from_those_that_wait() {
        let locks = "1: POSIX  ADVISORY  READ 7 fe:00:12 128 128\n\
                     2: FLOCK  ADVISORY  WRITE 779 fe:00:12 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 9436 fe:00:13 0 EOF\n";
        assert_eq!(holder_in(locks, "fe:00:12"), Some(779));
        assert_eq!(holder_in(locks, "fe:00:13"), None);
        assert_eq!(device(65_024), (0xfe, 0));
        assert_eq!(device(0x11_3412), (0x134, 0x112));
    }
}
