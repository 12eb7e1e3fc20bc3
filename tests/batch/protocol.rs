//! `roomwright worker`: a job a line in, a row a line out.

use super::fixture::{Site, contents};
use roomwright::batch::{Row, Status};
use serde_json::json;
use std::io::Write;
use std::process::{Command, Stdio};

/// Gives lines to a worker; its rows and exit code.
fn ask(lines: &[String], more: &[&str]) -> (Vec<Row>, Option<i32>, String) {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_roomwright"))
        .arg("worker")
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = worker.stdin.take().expect("piped");
    // A worker that refuses to begin reads nothing.
    let _ = input.write_all(lines.join("\n").as_bytes());
    drop(input);
    let output = worker.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let rows = text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    (rows, output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn jobs_are_answered_in_order_and_one_bad_job_harms_no_other() {
    let site = Site::new();
    let clip = site.path("clips").join(site.good("a"));
    let job = |id: &str, input: &std::path::Path| {
        json!({ "id": id, "input": input, "output": site.path(&format!("out/{id}")) }).to_string()
    };
    let lines = [
        job("first", &clip),
        "{\"id\":\"odd\"}".into(),
        job("gone", &site.path("gone.mp4")),
        job("last", &clip),
    ];
    let (rows, code, stderr) = ask(&lines, &["--threads", "1"]);
    let states: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.status, row.cause.as_str())).collect();
    assert_eq!(
        states,
        [
            ("first", Status::Ok, ""),
            ("odd", Status::Failed, "bad-job"),
            ("gone", Status::Failed, "missing"),
            ("last", Status::Ok, "")
        ],
        "{stderr}"
    );
    assert_eq!(code, Some(1));
    let same = |id: &str| {
        let mut files = contents(&site.path(&format!("out/{id}")));
        assert!(files.remove("item.json").is_some());
        files
    };
    assert!(same("first") == same("last"), "the second run of a warm worker gives the same bytes");
    let names: Vec<_> =
        std::fs::read_dir(site.path("out")).expect("there").flatten().map(|e| e.file_name()).collect();
    assert_eq!(names.len(), 2, "nothing is left beside the outputs: {names:?}");
}

#[test]
fn a_score_that_is_too_low_goes_elsewhere() {
    let site = Site::new();
    let clip = site.path("clips").join(site.good("a"));
    let job = json!({ "id": "a", "input": clip, "output": site.path("good"), "rejected": site.path("poor"), "min_score": 1.0 });
    let (rows, code, _) = ask(&[job.to_string()], &[]);
    assert_eq!((rows[0].status, code), (Status::Rejected, Some(0)));
    assert!(site.path("poor/scene.json").is_file() && !site.path("good").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_whose_parent_is_another_process_does_not_begin() {
    let (rows, code, stderr) = ask(&[], &["--parent", "1"]);
    assert!(rows.is_empty());
    assert_eq!(code, Some(2));
    assert!(stderr.contains("parent"), "{stderr}");
}
