//! An MLflow server of a few hundred lines: it stores what it is told by MLflow's rules, and misbehaves on demand.

mod store;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) use store::Store;

/// How the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As MLflow does.
    Well,
    /// With this status, having done nothing.
    Status(u16),
    /// With 429 and a pause of no second, two times of three.
    Busy,
    /// With 429 and a pause of a second, at first; whoever asks before it is over is counted.
    Later,
    /// Reads and stores nothing more: what MLflow answers when the disk of its database and its artifacts is full.
    Full,
    /// Not at all.
    Hangs,
    /// Does as it is told and breaks off in the middle of its answer, two times of three.
    BreaksOff,
}

/// A server on a port of its own, until the test ends.
pub(crate) struct FakeMlflow {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    store: Mutex<Store>,
    mood: Mutex<Mood>,
    asked: AtomicUsize,
    /// The last `Authorization` header.
    login: Mutex<Option<String>>,
    /// When it asked for a pause.
    paused: Mutex<Option<Instant>>,
    /// Requests within that pause.
    hasty: AtomicUsize,
}

/// The pause that a server asks for.
const PAUSE: Duration = Duration::from_secs(1);

impl FakeMlflow {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            store: Mutex::default(),
            mood: Mutex::new(Mood::Well),
            asked: AtomicUsize::new(0),
            login: Mutex::default(),
            paused: Mutex::default(),
            hasty: AtomicUsize::new(0),
        });
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&theirs);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        FakeMlflow { port, shared }
    }

    pub(crate) fn uri(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn be(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// Requests so far.
    pub(crate) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// Requests that did not wait as long as they were asked to.
    pub(crate) fn hasty(&self) -> usize {
        self.shared.hasty.load(Ordering::SeqCst)
    }

    pub(crate) fn login(&self) -> Option<String> {
        self.shared.login.lock().unwrap().clone()
    }

    /// Looks at, or changes, what is stored.
    pub(crate) fn store<T>(&self, look: impl FnOnce(&mut Store) -> T) -> T {
        look(&mut self.shared.store.lock().unwrap())
    }
}

/// One request as it came.
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path below the address, decoded.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Shared {
    /// Whether the request comes too early: the first one does, and any before the pause is over.
    fn is_paused(&self) -> bool {
        let mut paused = self.paused.lock().unwrap();
        let first = paused.is_none();
        let hasty = paused.get_or_insert_with(Instant::now).elapsed() < PAUSE && !first;
        self.hasty.fetch_add(usize::from(hasty), Ordering::SeqCst);
        first || hasty
    }
}

/// As 3.17.2 answers on sqlite: errors of its database are 400, those of its file system 500.
fn no_room(asked: &Asked) -> Answer {
    if asked.method == "PUT" {
        return (500, b"Internal Server Error".to_vec());
    }
    let message = "(sqlite3.OperationalError) database or disk is full";
    (400, serde_json::json!({ "error_code": "BAD_REQUEST", "message": message }).to_string().into_bytes())
}

impl Asked {
    /// Whether it would be stored.
    fn writes(&self) -> bool {
        self.method != "GET" && !self.path.ends_with("/search")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn query(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// An answer: status and body.
pub(crate) type Answer = (u16, Vec<u8>);

fn serve(stream: TcpStream, shared: &Shared) {
    let Some((asked, login)) = read(&stream) else { return };
    let n = shared.asked.fetch_add(1, Ordering::SeqCst);
    *shared.login.lock().unwrap() = login;
    let mood = *shared.mood.lock().unwrap();
    let do_it = || shared.store.lock().unwrap().answer(&asked);
    let odd = !n.is_multiple_of(3);
    match mood {
        Mood::Hangs => std::thread::sleep(Duration::from_secs(600)),
        Mood::Status(status) => write(stream, &(status, b"down for now".to_vec()), usize::MAX),
        Mood::Busy if odd => write(stream, &(429, Vec::new()), usize::MAX),
        Mood::Later if shared.is_paused() => write_after(stream, &(429, Vec::new()), usize::MAX, PAUSE),
        Mood::Full if asked.writes() => write(stream, &no_room(&asked), usize::MAX),
        Mood::BreaksOff if odd => {
            let answer = do_it();
            write(stream, &answer, answer.1.len() / 2);
        }
        _ => write(stream, &do_it(), usize::MAX),
    }
}

fn read(stream: &TcpStream) -> Option<(Asked, Option<String>)> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).ok()?;
    let (method, rest) = line.split_once(' ')?;
    let (method, target) = (method.to_owned(), rest.split_once(' ')?.0.to_owned());
    let (mut length, mut login) = (0, None);
    loop {
        let mut header = String::new();
        lines.read_line(&mut header).ok()?;
        match header.trim_end().split_once(": ") {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => login = Some(value.to_owned()),
            Some((name, _)) => {
                assert!(!name.eq_ignore_ascii_case("content-encoding"), "MLflow takes plain bodies only")
            }
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(key, value)| (decoded(key), decoded(&value.replace('+', " ")))).collect();
    Some((Asked { method, path: decoded(path), query, body }, login))
}

fn decoded(text: &str) -> String {
    let (bytes, mut out, mut i) = (text.as_bytes(), Vec::new(), 0);
    while i < bytes.len() {
        if bytes[i] == b'%' {
            out.push(u8::from_str_radix(&text[i + 1..i + 3], 16).unwrap());
            i += 3;
        } else {
            out.push(bytes[i]);
            i += 1;
        }
    }
    String::from_utf8(out).unwrap()
}

fn write(stream: TcpStream, answer: &Answer, most: usize) {
    write_after(stream, answer, most, Duration::ZERO);
}

/// Answers, and asks whoever was refused to wait so long.
fn write_after(mut stream: TcpStream, (status, body): &Answer, most: usize, pause: Duration) {
    let (length, pause) = (body.len().max(usize::from(most == 0)), pause.as_secs());
    let head =
        format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nRetry-After: {pause}\r\nConnection: close\r\n\r\n");
    // A client that was killed is no concern of a server's.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body[..body.len().min(most)]));
}
