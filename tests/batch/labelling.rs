//! What a batch writes: outputs, rows, codes; and what it does not do again.

use super::fixture::{ENDING, Site, contents, good_bytes};
use image::RgbImage;
use roomwright::batch::{Status, table};
use std::os::unix::fs::MetadataExt;
use std::process::Command;

/// Five kinds of broken items, with the code and cause that each has. What a truncated file breaks on is
/// the decoder's matter.
fn broken(site: &Site) -> Vec<(String, u8, Option<&'static str>)> {
    let folder = site.path("clips/black");
    std::fs::create_dir(&folder).expect("made");
    for frame in 0..4 {
        RgbImage::new(64, 48).save(folder.join(format!("{frame}.png"))).expect("saved");
    }
    let video = cfg!(feature = "opencv");
    vec![
        (
            site.file(&format!("text.{ENDING}"), b"these are no pictures"),
            10,
            video.then_some("no-video-stream"),
        ),
        (site.file(&format!("empty.{ENDING}"), b""), 10, video.then_some("no-video-stream")),
        (site.file(&format!("cut.{ENDING}"), &good_bytes()[..good_bytes().len() / 3]), 10, None),
        (site.file("notes.csv", b"a,b"), 10, Some("unknown-kind")),
        ("black".to_owned(), 10, Some("black")),
        (format!("gone.{ENDING}"), 2, Some("missing")),
    ]
}

#[test]
fn every_item_has_a_row_and_every_broken_one_its_code() {
    let site = Site::new();
    let broken = broken(&site);
    let mut names = vec![site.good("a"), site.good("b")];
    names.extend(broken.iter().map(|(name, ..)| name.clone()));
    site.list(&names);
    let ran = site.run(&[]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let rows = site.rows();
    assert_eq!(rows.len(), names.len());
    for id in ["a", "b"] {
        let row = &rows[id];
        assert_eq!((row.status, row.code, row.cause.as_str()), (Status::Ok, 0, ""), "{row:?}");
        assert_eq!(row.folder.as_deref(), Some(format!("items/{id}").as_str()));
        assert!(row.score.is_some_and(|score| (0.0..=1.0).contains(&score)), "{row:?}");
        assert!(row.counts.contains_key("walls") && row.score_parts.contains_key("scale"), "{row:?}");
        let folder = site.contents("labels", id);
        for name in ["scene.json", "scene.glb", "layout.txt", "report.json", "item.json"] {
            assert!(folder.contains_key(name), "{name} is missing of {:?}", folder.keys());
        }
    }
    for (name, code, cause) in &broken {
        let row = &rows[name.split('.').next().expect("a stem")];
        assert_eq!((row.status, row.code), (Status::Failed, *code), "{row:?}");
        assert!(cause.is_none_or(|cause| row.cause == cause) && !row.message.is_empty(), "{row:?}");
        assert!(row.folder.is_none() && !site.path("labels/items").join(&row.id).exists());
        assert_eq!(row.key.is_some(), row.cause != "missing", "{row:?}");
    }
    assert_eq!(site.leftovers(), Vec::<std::path::PathBuf>::new());

    // The same as a table.
    let paths: Vec<&str> = ran.stdout.lines().collect();
    assert!(paths[0].ends_with("index.jsonl") && paths[1].ends_with("index.parquet"), "{paths:?}");
    let table = table::read(&site.path("labels/index.parquet"), |_| true).expect("a table");
    assert_eq!(table.len(), rows.len());
    for (line, row) in table.iter().zip(rows.values()) {
        assert_eq!((line["id"].as_str(), line["cause"].as_str()), (Some(&*row.id), Some(&*row.cause)));
        assert_eq!(line["score"].as_f64(), row.score);
    }
}

#[test]
fn what_is_done_or_failed_for_good_is_left_alone_until_the_key_changes() {
    let site = Site::new();
    let names = vec![site.good("a"), site.file(&format!("bad.{ENDING}"), b"no clip")];
    site.list(&names);
    assert_eq!(site.run(&[]).code, Some(1));
    let place = site.path("labels/items/a/item.json");
    let identity = || std::fs::metadata(&place).map(|data| (data.ino(), data.mtime_nsec())).expect("there");
    let first = identity();

    let again = site.run(&[]);
    let begun = again.event("batch_started");
    assert_eq!(
        (&begun["to_do"], &begun["done_before"], &begun["failed_before"]),
        (&0.into(), &1.into(), &1.into())
    );
    assert_eq!((again.code, again.count("item_started"), identity()), (Some(1), 0, first));

    // Another option is another key.
    let changed = site.run(&["--set", "align.scale_warning_sigma=0.5"]);
    assert_eq!(changed.count("item_finished"), 2, "{}", changed.stderr);
    assert_ne!(identity(), first);

    // A mended clip is another key, too.
    site.good("bad");
    let mended = site.run(&["--set", "align.scale_warning_sigma=0.5"]);
    assert_eq!((mended.code, mended.count("item_finished")), (Some(0), 1), "{}", mended.stderr);
    assert_eq!(mended.event("item_finished")["id"], "bad");

    // A clip that was broken afterwards takes its label with it.
    site.file(&format!("a.{ENDING}"), b"no clip any more");
    assert_eq!(site.run(&["--set", "align.scale_warning_sigma=0.5"]).code, Some(1));
    assert!(!site.path("labels/items/a").exists());
    let overwritten = site.run(&["--overwrite"]);
    assert_eq!(overwritten.count("item_finished"), 2);
}

#[test]
fn a_vanished_clip_keeps_its_labels() {
    let site = Site::new();
    let names = site.good_items(1);
    assert_eq!(site.run(&[]).code, Some(0));
    std::fs::remove_file(site.path("clips").join(&names[0])).expect("removed");
    let ran = site.run(&[]);
    assert_eq!((ran.code, ran.count("item_started")), (Some(0), 0), "{}", ran.stderr);
    assert_eq!(site.rows()["a"].status, Status::Ok);
}

#[test]
fn the_least_score_sorts_results_without_doing_them_again() {
    let site = Site::new();
    site.good_items(1);
    let strict = site.run(&["--min-score", "1"]);
    assert_eq!(strict.code, Some(0), "{}", strict.stderr);
    let row = site.rows()["a"].clone();
    assert_eq!((row.status, row.folder.as_deref()), (Status::Rejected, Some("rejected/a")));
    assert!(site.path("labels/rejected/a/scene.json").is_file() && !site.path("labels/items/a").exists());
    let before = contents(&site.path("labels/rejected/a"));

    let lenient = site.run(&["--min-score", "0"]);
    assert_eq!((lenient.code, lenient.count("item_started")), (Some(0), 0), "{}", lenient.stderr);
    let row = site.rows()["a"].clone();
    assert_eq!((row.status, row.folder.as_deref()), (Status::Ok, Some("items/a")));
    assert!(!site.path("labels/rejected/a").exists());
    let mut after = site.contents("labels", "a");
    // Only the status beside the outputs may tell of the first call.
    let mut before = before;
    assert!(before.remove("item.json").is_some() && after.remove("item.json").is_some());
    assert_eq!(before, after);
}

#[test]
fn outputs_are_those_of_run_whatever_the_number_of_workers() {
    let site = Site::new();
    let names = site.good_items(2);
    let run = Command::new(env!("CARGO_BIN_EXE_roomwright"))
        .arg("run")
        .arg(site.path("clips").join(&names[0]))
        .arg("-o")
        .arg(site.path("bare"))
        .output()
        .expect("the program starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let mut bare = contents(&site.path("bare"));
    for (output, jobs) in [("one", "1"), ("two", "2")] {
        let ran = super::fixture::Ran::of(site.batch_into(output, &["--jobs", jobs]));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let mut labelled = site.contents(output, "a");
        assert!(labelled.remove("item.json").is_some());
        // The names of the inputs are the same, so nothing but the clock may differ.
        for (name, bytes) in &bare {
            assert!(labelled.get(name) == Some(bytes), "{name} differs with {jobs} workers");
        }
        assert_eq!(labelled.len(), bare.len());
    }
    bare.clear();
    assert!(site.contents("one", "b") == site.contents("two", "b"));
}

#[test]
fn a_wrong_call_does_nothing() {
    let site = Site::new();
    site.good_items(1);
    let wrong: [(&[&str], &str); 6] = [
        (&["no-such-clip.mp4"], "no-such-clip.mp4"),
        (&["--shard", "3/3"], "3/3"),
        (&["--min-score", "2"], "between 0 and 1"),
        (&["--set", "pose.nonsense=1"], "nonsense"),
        (&["--export", "obj"], "obj"),
        (&["--set", "depth.method=network", "--set", "depth.model=none"], "none"),
    ];
    for (arguments, word) in wrong {
        let ran = site.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(word), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty() && !site.path("labels/items").exists());
    }
    let ran = super::fixture::Ran::of(site.batch_into("clips/list.jsonl/inside", &[]));
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}
