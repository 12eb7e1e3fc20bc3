//! Disks that are full or may not be written. Both are real file systems of the test's own, which only root
//! may mount; elsewhere these tests say so and pass.

use super::fixture::{Ran, Site};
use roomwright::batch::{Status, index};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A memory file system that is unmounted when it is dropped.
struct Disk {
    path: PathBuf,
}

impl Disk {
    fn mount(path: &Path, options: &str) -> Option<Self> {
        std::fs::create_dir_all(path).expect("made");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).output();
        match done {
            Ok(output) if output.status.success() => Some(Self { path: path.to_owned() }),
            Ok(output) => {
                println!(
                    "skipped: no tmpfs can be mounted: {}",
                    String::from_utf8_lossy(&output.stderr).trim()
                );
                None
            }
            Err(error) => {
                println!("skipped: mount does not start: {error}");
                None
            }
        }
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        let status =
            Command::new("mount").args(["-o", &options]).arg(&self.path).status().expect("mount starts");
        assert!(status.success(), "remount with {options}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let status = Command::new("umount").arg("-l").arg(&self.path).status();
        assert!(status.is_ok_and(|status| status.success()), "the test's disk cannot be unmounted");
    }
}

#[test]
fn a_full_disk_stops_the_batch_and_with_more_room_it_goes_on() {
    let site = Site::new();
    site.good_items(6);
    // What one item's folder takes; the disk gets room for two of them and the one in the making.
    assert_eq!(site.run(&["--shard", "0/1"]).code, Some(0));
    let one: u64 = std::fs::read_dir(site.path("labels/items/a"))
        .expect("there")
        .map(|file| file.expect("readable").metadata().expect("readable").len().next_multiple_of(4096))
        .sum();
    let size = |items: u64| format!("size={}", items * one + one / 2 + (64 << 10));
    let Some(disk) = Disk::mount(&site.path("disk"), &size(2)) else { return };
    let full = Ran::of(site.batch_into("disk/labels", &["--jobs", "1", "--attempts", "2"]));
    assert_eq!(full.code, Some(75), "{}", full.stderr);
    assert!(full.stderr.contains("the batch stopped"), "{}", full.stderr);
    let rows = index::read(&site.path("disk/labels")).expect("an index");
    // A row may be missing beside outputs that stand, never the other way round.
    let items = std::fs::read_dir(site.path("disk/labels/items")).expect("there").flatten();
    let done: Vec<String> = items.map(|item| item.file_name().to_string_lossy().into_owned()).collect();
    assert!(!done.is_empty() && done.len() < 6, "{done:?}");
    assert!(
        rows.values().filter(|row| row.status == Status::Ok).all(|row| done.contains(&row.id)),
        "{rows:?}"
    );
    assert!(
        rows.values().all(|row| row.status != Status::Failed),
        "a full disk is no clip's fault: {rows:?}"
    );
    for id in &done {
        assert!(site.contents("disk/labels", id) == site.contents("labels", id), "{id} is not whole");
    }

    disk.remount(&size(20));
    let more = Ran::of(site.batch_into("disk/labels", &["--jobs", "1"]));
    assert_eq!(more.code, Some(0), "{}", more.stderr);
    assert_eq!(more.event("batch_started")["done_before"].as_u64(), Some(done.len() as u64));
    assert_eq!(more.count("item_finished"), 6 - done.len());
    let rows = index::read(&site.path("disk/labels")).expect("an index");
    assert!(rows.len() == 6 && rows.values().all(|row| row.status == Status::Ok));
}

#[test]
fn a_disk_that_may_not_be_written_is_a_wrong_call() {
    let site = Site::new();
    site.good_items(1);
    let Some(disk) = Disk::mount(&site.path("disk"), "size=1m") else { return };
    disk.remount("ro");
    let ran = Ran::of(site.batch_into("disk/labels", &[]));
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("may be written") && ran.count("item_started") == 0, "{}", ran.stderr);
}
