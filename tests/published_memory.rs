//! The Python side of a published model remembers the hosts that nta remembers: the same ones, forgotten at the same flow.

use std::io::Write;
use std::process::{Command, Stdio};

use nta_data::{EntityStore, MemoryConfig, N_SHARDS, entity_hash, shard_of};

use crate::nta::root;

const KEY: [u8; 16] = *b"sixteen bytes...";

/// Visits come as lines `host end`, hosts as hashes; each is answered with the end of the flow before and the hosts
/// forgotten so far. First, the hashes of some hosts that are texts.
const ANSWER: &str = "
import sys
from nta_memory import Memory, entity_hash
for n in range(20):
    print(entity_hash(b'sixteen bytes...', 'sensor', 'h' * n))
memory = Memory(int(sys.argv[1]), float(sys.argv[2]))
for line in sys.stdin:
    host, end = line.split()
    _, before = memory.visit(host, int(end))
    print(before, memory.evictions)
";

#[test]
fn python_forgets_a_host_where_nta_does() {
    let config = MemoryConfig { entities: 8 * N_SHARDS, idle_seconds: 60.0 };
    let mut stores: Vec<EntityStore<()>> = (0..N_SHARDS).map(|_| EntityStore::new(&config)).collect();
    let mut expected: Vec<String> =
        (0..20).map(|n| entity_hash(&KEY, &[b"sensor", "h".repeat(n).as_bytes()]).to_string()).collect();
    let (mut state, mut lines, mut known) = (7u64, String::new(), 0);
    let mut random = |below: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32 % below
    };
    for i in 0..20_000 {
        // A few hosts that come again and again among many that do not, at times that now and then go back.
        let host = if random(3) == 0 { random(90) } else { random(5_000) };
        let entity = entity_hash(&KEY, &[&host.to_le_bytes()]);
        let end = i64::from(i) * 200_000 + i64::from(random(2_000_000));
        lines.push_str(&format!("{entity:016x} {end}\n"));
        let before = stores[shard_of(entity)].visit(entity, end, || ()).1;
        known += u32::from(before.is_some());
        let evictions: u64 = stores.iter().map(EntityStore::evictions).sum();
        expected.push(format!("{} {evictions}", before.map_or("None".to_owned(), |end| end.to_string())));
    }
    let forgotten: u64 = stores.iter().map(EntityStore::evictions).sum();
    assert!(known > 1_000 && forgotten > 1_000, "both happen: {known}, {forgotten}");
    let Some(found) = asked(&config, &lines) else { return };
    assert_eq!(found.len(), expected.len());
    for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found, expected, "line {row}");
    }
}

/// What Python answers, line by line; `None` where there is no Python.
fn asked(config: &MemoryConfig, lines: &str) -> Option<Vec<String>> {
    let python = std::env::var("NTA_PYTHON").unwrap_or_else(|_| "python3".into());
    let mut command = Command::new(&python);
    command.args(["-c", ANSWER, &config.entities.to_string(), &config.idle_seconds.to_string()]);
    command.env("PYTHONPATH", root().join("crates/export/python")).env("PYTHONDONTWRITEBYTECODE", "1");
    let Ok(mut child) = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        crate::nta::skipped(&format!("there is no {python}; NTA_PYTHON names another interpreter"));
        return None;
    };
    // All of it is read before the last answer: what it writes meanwhile must be taken.
    let (mut stdin, lines) = (child.stdin.take().unwrap(), lines.to_owned());
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let done = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(done.status.success());
    Some(String::from_utf8(done.stdout).unwrap().lines().map(str::to_owned).collect())
}
