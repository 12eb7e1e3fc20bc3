//! What dies costs at most what it was working on: the batch itself, a worker that is killed, crashes, hangs or
//! takes too much memory.
//!
//! Nothing here waits for a moment of the clock: processes are stopped and ended at events that the batch tells.

use super::fixture::{Running, Site};
use roomwright::batch::Status;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

/// Longest wait for a process to vanish, after which the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is looked for; nothing depends on it.
const POLL: Duration = Duration::from_millis(10);

fn signal(pid: &Value, signal: Signal) {
    let pid = i32::try_from(pid.as_i64().expect("a number")).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(pid, signal).expect("the process is there");
}

fn is(event: &Value, name: &str) -> bool {
    event["event"] == name
}

/// Identity of every done item's folder: made anew, it is another file.
fn identities(site: &Site) -> BTreeMap<String, (u64, i64, i64)> {
    let folders = std::fs::read_dir(site.path("labels/items")).into_iter().flatten().flatten();
    folders
        .map(|folder| {
            let data = std::fs::metadata(folder.path().join("item.json")).expect("a whole folder");
            (folder.file_name().to_string_lossy().into_owned(), (data.ino(), data.mtime(), data.mtime_nsec()))
        })
        .collect()
}

fn runs(pid: &Value) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    // A process that has ended and that nobody has asked about is listed as Z.
    state.is_ok_and(|text| text.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z')))
}

#[test]
fn a_killed_batch_goes_on_where_it_was_and_leaves_nobody_who_writes() {
    let site = Site::new();
    let mut names = site.good_items(6);
    names.push(site.file("notes.csv", b"no clip"));
    site.list(&names);
    let moments: [fn(&Value) -> bool; 3] = [
        |event| is(event, "item_started"),
        |event| is(event, "item_finished") && event["status"] == "ok",
        |event| is(event, "item_started"),
    ];
    let mut done: BTreeMap<String, (u64, i64, i64)> = BTreeMap::new();
    for moment in moments {
        let mut batch = Running::start(site.batch(&["--jobs", "2"]));
        let worker = batch.next(|event| is(event, "worker_started")).expect("a worker");
        batch.next(moment).expect("the moment comes");
        batch.process.kill().expect("killed");
        batch.process.wait().expect("gone");
        let begun = Instant::now();
        while runs(&worker["pid"]) {
            assert!(begun.elapsed() < PATIENCE, "the worker outlives the batch");
            std::thread::sleep(POLL);
        }
        let now = identities(&site);
        for (id, identity) in &done {
            assert_eq!(now.get(id), Some(identity), "{id} was done again");
        }
        done = now;
    }
    let ran = site.run(&["--jobs", "2"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let last = identities(&site);
    for (id, identity) in &done {
        assert_eq!(last.get(id), Some(identity), "{id} was done again");
    }
    let rows = site.rows();
    assert_eq!((rows.len(), last.len()), (7, 6));
    for id in last.keys() {
        assert_eq!((rows[id].status, rows[id].code), (Status::Ok, 0));
    }
    assert_eq!((rows["notes"].status, rows["notes"].code), (Status::Failed, 10));
    let text = std::fs::read_to_string(site.path("labels/index.jsonl")).expect("an index");
    assert_eq!(text.lines().count(), 7, "one row an item");
    assert!(site.leftovers().is_empty(), "{:?}", site.leftovers());
}

#[test]
fn a_worker_killed_from_outside_is_replaced_and_the_item_done() {
    let site = Site::new();
    site.good_items_after_a_long_one(2);
    let mut batch = Running::start(site.batch(&["--jobs", "1"]));
    let begun = batch.next(|event| is(event, "item_started")).expect("an item");
    signal(&begun["pid"], Signal::KILL);
    let waits = batch.next(|event| is(event, "item_waits")).expect("another attempt");
    assert_eq!((&waits["id"], &waits["cause"]), (&begun["id"], &Value::from("killed")));
    let other = batch.next(|event| is(event, "item_started")).expect("another attempt");
    assert_eq!((&other["id"], &other["attempt"]), (&begun["id"], &2.into()));
    assert_ne!(other["pid"], begun["pid"]);
    assert_eq!(batch.end(), Some(0));
    let rows = site.rows();
    assert!(rows.values().all(|row| row.status == Status::Ok));
    assert_eq!(rows[begun["id"].as_str().expect("an id")].attempts, 2);
}

#[test]
fn a_crash_costs_one_item_and_is_not_tried_again() {
    let site = Site::new();
    site.good_items_after_a_long_one(2);
    let mut batch = Running::start(site.batch(&["--jobs", "1"]));
    let begun = batch.next(|event| is(event, "item_started")).expect("an item");
    // As a native library that gives up. The runtime outlives the first SIGSEGV that another process sends.
    signal(&begun["pid"], Signal::ABORT);
    assert_eq!(batch.end(), Some(1));
    let rows = site.rows();
    let (crashed, other): (Vec<_>, Vec<_>) = rows.values().partition(|row| row.id == begun["id"]);
    let crashed = crashed[0];
    assert_eq!((crashed.status, crashed.code, crashed.cause.as_str()), (Status::Failed, 10, "crashed"));
    assert!(crashed.message.contains("signal 6") && crashed.attempts == 1, "{crashed:?}");
    assert_eq!(other[0].status, Status::Ok);
    assert!(site.leftovers().is_empty());
    // The same clip would crash again: the next call leaves it alone.
    assert_eq!(site.run(&[]).event("batch_started")["failed_before"], 1);
}

#[test]
fn a_hang_ends_with_the_time_limit_and_a_higher_one_tries_again() {
    /// Long enough for a good item on a busy machine; the stopped one waits for all of it.
    const LIMIT_S: &str = "20";
    let site = Site::new();
    site.good_items_after_a_long_one(2);
    let mut batch = Running::start(site.batch(&["--jobs", "1", "--item-seconds", LIMIT_S]));
    let begun = batch.next(|event| is(event, "item_started")).expect("an item");
    signal(&begun["pid"], Signal::STOP);
    let id = begun["id"].as_str().expect("an id").to_owned();
    assert_eq!(batch.end(), Some(1));
    let rows = site.rows();
    let row = &rows[&id];
    assert_eq!((row.status, row.code, row.cause.as_str()), (Status::Failed, 10, "timed-out"), "{row:?}");
    assert!(row.message.contains("--item-seconds"), "{}", row.message);
    assert!(rows.values().filter(|row| row.id != id).all(|row| row.status == Status::Ok), "{rows:?}");
    assert_eq!(site.run(&["--item-seconds", LIMIT_S]).count("item_started"), 0);
    let longer = site.run(&["--item-seconds", "600"]);
    assert_eq!((longer.code, longer.count("item_finished")), (Some(0), 1), "{}", longer.stderr);
}

#[test]
fn too_much_memory_costs_the_item_and_a_higher_limit_tries_again() {
    let site = Site::new();
    site.good_items(1);
    // No program of this kind fits into a MiB.
    let small = site.run(&["--item-memory", "1"]);
    assert_eq!(small.code, Some(1), "{}", small.stderr);
    let row = site.rows()["a"].clone();
    assert_eq!((row.status, row.code, row.cause.as_str()), (Status::Failed, 10, "out-of-memory"), "{row:?}");
    assert!(row.message.contains("--item-memory") && row.message.contains("MiB"), "{}", row.message);
    assert_eq!(site.run(&["--item-memory", "1"]).count("item_started"), 0);
    let larger = site.run(&[]);
    assert_eq!((larger.code, larger.count("item_finished")), (Some(0), 1), "{}", larger.stderr);
}

#[test]
fn two_batches_on_one_folder_do_not_mix() {
    let site = Site::new();
    site.good_items_after_a_long_one(1);
    let mut first = Running::start(site.batch(&[]));
    let begun = first.next(|event| is(event, "item_started")).expect("an item");
    signal(&begun["pid"], Signal::STOP);
    let second = site.run(&[]);
    assert_eq!(second.code, Some(75), "{}", second.stderr);
    assert!(second.stderr.contains("another batch"), "{}", second.stderr);
    signal(&begun["pid"], Signal::CONT);
    assert_eq!(first.end(), Some(0));
    assert_eq!(site.rows()["a"].status, Status::Ok);
}
