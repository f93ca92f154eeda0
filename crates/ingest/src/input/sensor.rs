//! What the sensor of a file is called where no column names it: the name goes into the hash of every entity, so it must
//! not change when a file is rotated, packed, moved with its folder, or read beside others.

use std::path::{Component, Path, PathBuf};

/// Endings that say how a file is packed, not what it is.
const PACKINGS: [&str; 2] = [".gz", ".zst"];

/// A name for each file: its base name without the ending of a packing; where files share it, as much of the path
/// before it as tells them apart; the whole path where only the packing does.
pub(crate) fn sensor_names(files: &[PathBuf]) -> Vec<String> {
    let parts: Vec<Vec<String>> = files.iter().map(|f| parts(f)).collect();
    let named = |i: usize| {
        let longest = parts[i].len();
        let alone = |n: &usize| (0..parts.len()).all(|j| j == i || last(&parts[j], *n) != last(&parts[i], *n));
        match (1..=longest).find(alone) {
            Some(n) => last(&parts[i], n).join("/"),
            None => files[i].display().to_string(),
        }
    };
    (0..files.len()).map(named).collect()
}

/// The sensor's name of a stream called `name`.
pub(crate) fn sensor_name(name: &str) -> String {
    sensor_names(&[PathBuf::from(name)]).pop().filter(|sensor| !sensor.is_empty()).unwrap_or_else(|| name.to_owned())
}

fn last(parts: &[String], n: usize) -> &[String] {
    &parts[parts.len().saturating_sub(n)..]
}

/// The folders and the base name of a path, the last without the ending of a packing.
fn parts(file: &Path) -> Vec<String> {
    let normal = |part: Component<'_>| match part {
        Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
        _ => None,
    };
    let mut parts: Vec<String> = file.components().filter_map(normal).collect();
    if let Some(base) = parts.last_mut() {
        let bare = PACKINGS.iter().find_map(|ending| base.strip_suffix(ending)).filter(|bare| !bare.is_empty());
        if let Some(bare) = bare.map(str::to_owned) {
            *base = bare;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(files: &[&str]) -> Vec<String> {
        sensor_names(&files.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_base_name_is_enough_where_no_other_file_has_it() {
        assert_eq!(names(&["/data/a/conn.log.gz", "/data/b/dns.log.zst", "x.csv"]), ["conn.log", "dns.log", "x.csv"]);
    }

    #[test]
    fn files_of_one_name_are_told_apart_by_as_little_of_the_path_as_does() {
        assert_eq!(
            names(&["/1/east/zeek/conn.log", "/1/west/zeek/conn.log", "/1/x.log"]),
            ["east/zeek/conn.log", "west/zeek/conn.log", "x.log"]
        );
        assert_eq!(names(&["/1/conn.log", "/1/conn.log.gz"]), ["/1/conn.log", "/1/conn.log.gz"]);
    }
}
