//! Clips in a store: a real S3 server on loopback (`moto`), behind a proxy of the test that misbehaves when told.

use super::fixture::{Ran, Site, good_bytes};
use crate::python;
use roomwright::batch::{Status, index};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What the proxy does to requests whose line holds `word`.
#[derive(Clone, Copy)]
enum Mischief {
    /// Hands everything on.
    None,
    /// Answers 503 so many times more.
    Busy(usize),
    /// Cuts the answer off after so many bytes, so many times more.
    Cut(usize, usize),
}

struct Proxy {
    address: String,
    mischief: Arc<Mutex<(&'static str, Mischief)>>,
    /// Downloads that were asked for.
    downloads: Arc<AtomicUsize>,
}

impl Proxy {
    fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let mischief = Arc::new(Mutex::new(("", Mischief::None)));
        let downloads = Arc::new(AtomicUsize::new(0));
        let (shared, counter) = (Arc::clone(&mischief), Arc::clone(&downloads));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (server, shared, counter) = (server.clone(), Arc::clone(&shared), Arc::clone(&counter));
                // A client that hangs up in the middle is what the test is about.
                std::thread::spawn(move || drop(serve(stream, &server, &shared, &counter)));
            }
        });
        Self { address, mischief, downloads }
    }

    fn set(&self, word: &'static str, mischief: Mischief) {
        *self.mischief.lock().expect("unpoisoned") = (word, mischief);
    }
}

/// One request and its answer; connections are not kept.
fn serve(
    mut client: TcpStream,
    server: &str,
    mischief: &Mutex<(&'static str, Mischief)>,
    downloads: &AtomicUsize,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut request_line = String::new();
    reader.read_line(&mut request_line)?;
    let mut head = request_line.clone();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if !line.to_ascii_lowercase().starts_with("connection:") {
            head.push_str(&line);
        }
    }
    head.push_str("Connection: close\r\n\r\n");
    if request_line.starts_with("GET") && request_line.contains(".mp4 ") {
        downloads.fetch_add(1, Ordering::SeqCst);
    }
    let mut cut = usize::MAX;
    {
        let mut mischief = mischief.lock().expect("unpoisoned");
        if request_line.contains(mischief.0) {
            match &mut mischief.1 {
                Mischief::Busy(left) if *left > 0 => {
                    *left -= 1;
                    return client.write_all(
                        b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                    );
                }
                Mischief::Cut(after, left) if *left > 0 && request_line.starts_with("GET") => {
                    *left -= 1;
                    cut = *after;
                }
                _ => {}
            }
        }
    }
    let mut upstream = TcpStream::connect(server)?;
    upstream.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    client.write_all(&answer[..answer.len().min(cut)])
}

/// The server, with a bucket of clips; ended when dropped.
struct Store {
    process: Child,
    proxy: Proxy,
}

const SERVER: &str = "
import sys, boto3
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
client = boto3.client('s3', endpoint_url=f'http://127.0.0.1:{port}', aws_access_key_id='x',
                      aws_secret_access_key='x', region_name='us-east-1')
client.create_bucket(Bucket='walks')
body = open(sys.argv[1], 'rb').read()
for key in sys.argv[2:]:
    client.put_object(Bucket='walks', Key=key, Body=body)
print(port, flush=True)
sys.stdin.read()
";

impl Store {
    /// `None`, with a printed reason, when moto is not there.
    fn start(site: &Site, keys: &[&str]) -> Option<Self> {
        python::can_import(&["moto.server", "boto3", "flask"])?;
        let body = site.path("body.mp4");
        std::fs::write(&body, good_bytes()).expect("written");
        let mut process = Command::new(python::interpreter())
            .args(["-c", SERVER])
            .arg(body)
            .args(keys)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it just started");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("the port");
        let port: u16 = line.trim().parse().expect("the server tells its port");
        Some(Self { process, proxy: Proxy::before(format!("127.0.0.1:{port}")) })
    }

    fn batch(&self, site: &Site, more: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roomwright"));
        command
            .arg("batch")
            .args(more)
            .arg("-o")
            .arg(site.path("labels"))
            .args(["--wait", "0.05", "--jobs", "1"]);
        for (name, value) in [
            ("AWS_ENDPOINT_URL", format!("http://{}", self.proxy.address)),
            ("AWS_ALLOW_HTTP", "true".into()),
            ("AWS_ACCESS_KEY_ID", "x".into()),
            ("AWS_SECRET_ACCESS_KEY", "x".into()),
            ("AWS_REGION", "us-east-1".into()),
        ] {
            command.env(name, value);
        }
        Ran::of(command)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Gone already is fine, too.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn clips_of_a_store_are_labelled_once_and_downloaded_once() {
    let site = Site::new();
    let Some(store) = Store::start(&site, &["day1/a.mp4", "day1/b.mp4", "day1/notes.txt", "day2/c.mp4"])
    else {
        return;
    };
    let first = store.batch(&site, &["s3://walks/day1/"]);
    assert_eq!((first.code, first.count("item_finished")), (Some(0), 2), "{}", first.stderr);
    let rows = site.rows();
    let inputs: Vec<_> = rows.values().map(|row| row.input.as_str()).collect();
    assert_eq!(inputs, ["s3://walks/day1/a.mp4", "s3://walks/day1/b.mp4"]);
    for row in rows.values() {
        let folder = site.path("labels").join(row.folder.as_ref().expect("labelled"));
        let names: Vec<_> =
            std::fs::read_dir(folder).expect("there").flatten().map(|e| e.file_name()).collect();
        assert!(!names.iter().any(|name| name == "a.mp4" || name == "b.mp4"), "no clip stays: {names:?}");
    }
    assert_eq!(store.proxy.downloads.load(Ordering::SeqCst), 2);

    let second = store.batch(&site, &["s3://walks/**/*.mp4"]);
    assert_eq!((second.code, second.count("item_finished")), (Some(0), 1), "{}", second.stderr);
    assert_eq!(store.proxy.downloads.load(Ordering::SeqCst), 3, "what is done is not downloaded again");

    let missing = store.batch(&site, &["s3://walks/day1/none.mp4"]);
    assert_eq!(missing.code, Some(2), "{}", missing.stderr);
    assert!(missing.stderr.contains("no such object"), "{}", missing.stderr);
}

#[test]
fn a_store_that_stumbles_is_asked_again() {
    let site = Site::new();
    let Some(store) = Store::start(&site, &["a.mp4", "b.mp4"]) else { return };
    store.proxy.set("a.mp4", Mischief::Busy(2));
    let busy = store.batch(&site, &["s3://walks/a.mp4"]);
    assert_eq!(busy.code, Some(0), "{}", busy.stderr);
    // Headers and part of the body, three times.
    store.proxy.set("b.mp4", Mischief::Cut(2000, 3));
    let cut = store.batch(&site, &["s3://walks/b.mp4"]);
    assert_eq!(cut.code, Some(0), "{}", cut.stderr);
    let digests: Vec<_> = site.rows().values().map(|row| row.input_sha256.clone()).collect();
    assert!(digests[0].is_some() && digests[0] == digests[1], "both clips came whole");
}

#[test]
fn a_store_that_is_down_for_one_clip_costs_that_clip_for_now() {
    let site = Site::new();
    let Some(store) = Store::start(&site, &["a.mp4", "b.mp4", "c.mp4"]) else { return };
    store.proxy.set("GET /walks/b.mp4", Mischief::Busy(usize::MAX));
    let down = store.batch(&site, &["s3://walks", "--attempts", "2"]);
    assert_eq!(down.code, Some(75), "{}", down.stderr);
    let rows = index::read(&site.path("labels")).expect("an index");
    let row = rows.values().find(|row| row.input.ends_with("b.mp4")).expect("a row");
    assert_eq!(
        (row.status, row.code, row.cause.as_str(), row.attempts),
        (Status::Temporary, 75, "store-fault", 2)
    );
    assert_eq!(rows.values().filter(|row| row.status == Status::Ok).count(), 2, "{rows:?}");

    store.proxy.set("", Mischief::None);
    let up = store.batch(&site, &["s3://walks"]);
    assert_eq!((up.code, up.count("item_finished")), (Some(0), 1), "{}", up.stderr);
}

#[test]
fn a_store_that_is_down_stops_the_batch() {
    let site = Site::new();
    let keys = ["a.mp4", "b.mp4", "c.mp4", "d.mp4", "e.mp4"];
    let Some(store) = Store::start(&site, &keys) else { return };
    store.proxy.set(".mp4", Mischief::Cut(10, usize::MAX));
    let down = store.batch(&site, &["s3://walks", "--attempts", "1"]);
    assert_eq!(down.code, Some(75), "{}", down.stderr);
    // The next clip may have been begun before the third one was judged.
    let left = down.event("batch_finished")["left"].as_u64();
    assert!(left.is_some_and(|left| left >= 1), "three in a row are the store: {}", down.stderr);
    store.proxy.set("", Mischief::Busy(usize::MAX));
    let unlisted = store.batch(&site, &["s3://walks"]);
    assert_eq!(unlisted.code, Some(75), "{}", unlisted.stderr);
    store.proxy.set("", Mischief::None);
    let up = store.batch(&site, &["s3://walks"]);
    assert_eq!((up.code, up.event("batch_finished")["ok"].as_u64()), (Some(0), Some(5)), "{}", up.stderr);
}
