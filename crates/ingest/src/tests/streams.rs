//! Pipes and files that grow give their rows as they come, by the rules of files.

use std::io::{PipeReader, Write, pipe};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nta_data::{SequenceBy, entity_hash};

use crate::{Batch, ReadOptions, Tail, Truth, builtin_schema, follow};

const HEADER: &str = "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\t\
                      service\tduration\torig_bytes\tresp_bytes\tconn_state\tmissed_bytes\thistory\torig_pkts\t\
                      orig_ip_bytes\tresp_pkts\tresp_ip_bytes\n";

fn line(i: u64) -> String {
    format!("{i}.5\tC{i}\t10.0.0.7\t4000\t10.0.0.9\t53\tudp\tdns\t0.1\t{i}\t80\tSF\t0\tDd\t1\t60\t1\t108\n")
}

fn json_line(i: u64) -> String {
    let rest = r#""id.orig_p":4000,"id.resp_h":"10.0.0.9","id.resp_p":53,"proto":"udp","conn_state":"SF""#;
    format!("{{\"ts\":{i}.5,\"uid\":\"C{i}\",\"id.orig_h\":\"10.0.0.7\",\"orig_bytes\":{i},{rest}}}\n")
}

fn options() -> ReadOptions {
    ReadOptions {
        by: Some(SequenceBy::Src),
        truth: Truth::IfPresent,
        deadline: Some(Duration::from_millis(50)),
        ..ReadOptions::new(Arc::new(builtin_schema("zeek-conn").unwrap()))
    }
}

/// A pipe that says `begin` at once and each of `lines` after a pause, and is then held open for long.
fn slow(begin: &str, lines: Vec<String>, pause: Duration) -> PipeReader {
    let (reader, mut writer) = pipe().unwrap();
    let begin = begin.to_owned();
    thread::spawn(move || {
        writer.write_all(begin.as_bytes()).unwrap();
        for line in lines {
            thread::sleep(pause);
            writer.write_all(line.as_bytes()).unwrap();
        }
        thread::sleep(Duration::from_secs(20));
    });
    reader
}

fn orig_bytes(batch: &Batch) -> Vec<f32> {
    let place = batch.dataset.schema.numeric.iter().position(|c| c.name == "orig_bytes").unwrap();
    batch.dataset.numeric[place].clone()
}

#[test]
fn a_pipe_that_says_a_line_now_and_then_gives_each_as_a_batch_at_once() {
    type MakeLine = fn(u64) -> String;
    for (begin, make) in [(HEADER, line as MakeLine), ("", json_line as MakeLine)] {
        let stream = slow(begin, (1..=4).map(make).collect(), Duration::from_millis(150));
        let begun = Instant::now();
        let mut batches = follow(stream, "pipe", &options()).unwrap();
        for i in 1..=4u32 {
            let batch = batches.next().unwrap().unwrap();
            assert_eq!(orig_bytes(&batch), [i as f32]);
            let late = begun.elapsed().saturating_sub(Duration::from_millis(150) * i);
            assert!(late < Duration::from_secs(2), "line {i} came {late:?} late");
        }
    }
}

#[test]
fn a_batch_ends_at_its_row_count_before_the_deadline() {
    let begin = format!("{HEADER}{}", (1..=5).map(line).collect::<String>());
    let options = ReadOptions { batch_rows: 2, deadline: Some(Duration::from_secs(60)), ..options() };
    let mut batches = follow(slow(&begin, Vec::new(), Duration::ZERO), "pipe", &options).unwrap();
    let [first, second] = [(); 2].map(|()| batches.next().unwrap().unwrap());
    assert_eq!((orig_bytes(&first), orig_bytes(&second)), (vec![1.0, 2.0], vec![3.0, 4.0]));
    let end = second.end.unwrap();
    let text: String = (1..=4).map(line).collect();
    assert_eq!((end.line, end.offset), (8, (HEADER.len() + text.len()) as u64));
}

/// A stream that always has another line.
struct Endless(u64, Vec<u8>);

impl std::io::Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.1.is_empty() {
            self.0 += 1;
            self.1 = if self.0 == 1 { HEADER.as_bytes().to_vec() } else { line(self.0).into_bytes() };
        }
        let n = into.len().min(self.1.len());
        into[..n].copy_from_slice(&self.1[..n]);
        self.1.drain(..n);
        Ok(n)
    }
}

#[test]
fn a_stream_that_never_pauses_ends_its_batches_at_the_deadline_too() {
    let options = ReadOptions { batch_rows: usize::MAX, ..options() };
    let mut batches = follow(Endless(0, Vec::new()), "pipe", &options).unwrap();
    let rows: usize = (0..3).map(|_| batches.next().unwrap().unwrap().dataset.n_rows()).sum();
    assert!(rows > 3);
}

#[test]
fn half_a_line_waits_for_its_other_half() {
    let whole = line(1);
    let (half, rest) = whole.split_at(20);
    let stream = slow(&format!("{HEADER}{half}"), vec![rest.to_owned()], Duration::from_millis(200));
    let mut batches = follow(stream, "pipe", &options()).unwrap();
    assert_eq!(orig_bytes(&batches.next().unwrap().unwrap()), [1.0]);
}

#[test]
fn a_pipe_and_a_file_of_the_same_bytes_give_the_same_rows() {
    let text = format!("{HEADER}{}", (1..=100).map(line).collect::<String>());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("conn.log"), &text).unwrap();
    let source = crate::Source::resolve(&["conn.log".to_owned()], folder.path()).unwrap();
    let packed = zstd::encode_all(text.as_bytes(), 3).unwrap();
    let streams: [Box<dyn std::io::Read + Send>; 2] =
        [Box::new(std::io::Cursor::new(text.into_bytes())), Box::new(std::io::Cursor::new(packed))];
    for stream in streams {
        let joined = |batches: crate::Batches| {
            let mut joined: Option<nta_data::Dataset> = None;
            for batch in batches {
                let rows = batch.unwrap().dataset;
                match &mut joined {
                    None => joined = Some(rows),
                    Some(all) => all.append(&rows).unwrap(),
                }
            }
            format!("{:?}", joined.unwrap())
        };
        let options = ReadOptions { batch_rows: 30, ..options() };
        let of_file = joined(crate::batches(&source, &options).unwrap());
        assert_eq!(joined(follow(stream, "conn.log", &options).unwrap()), of_file);
    }
}

#[test]
fn a_file_that_is_rotated_goes_on_with_the_same_entities() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conn.log");
    std::fs::write(&path, format!("{HEADER}{}", line(1))).unwrap();
    let tail = Tail::open(&path).unwrap();
    let stop = tail.stopper();
    let mut batches = follow(tail, &path.display().to_string(), &options()).unwrap();
    let before = batches.next().unwrap().unwrap();
    std::fs::rename(&path, folder.path().join("conn.log.1")).unwrap();
    std::fs::write(&path, format!("{HEADER}{}", line(2))).unwrap();
    let after = batches.next().unwrap().unwrap();
    assert_eq!((orig_bytes(&before), orig_bytes(&after)), (vec![1.0], vec![2.0]));
    assert_eq!(before.dataset.entity, [entity_hash(&[0; 16], &[b"conn.log", b"10.0.0.7"])]);
    assert_eq!(after.dataset.entity, before.dataset.entity);
    stop.stop();
    assert!(batches.next().is_none());
}

#[test]
fn separated_text_that_is_rotated_may_repeat_its_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    let table = |i: u64| format!("duration,src_bytes,dst_bytes,wrong_fragment\n1,{i},2,0\n");
    std::fs::write(&path, table(1)).unwrap();
    let tail = Tail::open(&path).unwrap();
    let options = ReadOptions { by: None, ..ReadOptions::new(Arc::new(builtin_schema("nta").unwrap())) };
    let options = ReadOptions { deadline: Some(Duration::from_millis(50)), ..options };
    let mut batches = follow(tail, "flows.csv", &options).unwrap();
    assert_eq!(batches.next().unwrap().unwrap().dataset.numeric[1], [1.0]);
    std::fs::rename(&path, folder.path().join("flows.csv.1")).unwrap();
    std::fs::write(&path, table(2)).unwrap();
    let second = batches.next().unwrap().unwrap().dataset;
    assert_eq!((second.numeric[1].as_slice(), second.row[0].row), (&[2.0][..], 1));
}

#[test]
fn a_label_under_an_alias_that_only_later_lines_hold_is_found_in_a_stream_of_json() {
    let labelled = json_line(2).replace("\"uid\"", "\"label\":\"Malicious\",\"detailed_label\":\"C&C\",\"uid\"");
    let first = json_line(1).replace("\"uid\"", "\"label\":\"Benign\",\"uid\"");
    let stream = std::io::Cursor::new(format!("{first}{labelled}").into_bytes());
    let batch = follow(stream, "pipe", &options()).unwrap().next().unwrap().unwrap();
    assert_eq!(batch.dataset.family_of(1), Some("C&C"));
}

#[test]
fn what_is_wrong_with_a_stream_is_told_with_its_name_and_line() {
    let told = |text: String| {
        let stream = std::io::Cursor::new(text.into_bytes());
        match follow(stream, "sensor 7", &options()) {
            Err(error) => error.to_string(),
            Ok(batches) => batches.map(|b| b.err()).find_map(|e| e).unwrap().to_string(),
        }
    };
    assert_eq!(told(String::new()), "sensor 7 is empty");
    assert!(told(format!("{HEADER}1\t2\n")).starts_with("sensor 7, line 4: 2 values where `#fields` names 18"));
    assert!(told("{\"ts\":\n".to_owned()).starts_with("sensor 7, line 1: not a JSON object"));
}
