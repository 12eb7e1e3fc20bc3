//! The integrations with other people's engines: the scripts and manifests of `integrations/`, run for real where
//! their packages are installed.

use super::fixture::{Ran, Site};
use crate::python;
use roomwright::batch::{Status, index};
use std::path::{Path, PathBuf};
use std::process::Command;
#[cfg(target_os = "linux")]
use std::time::Duration;

/// How often the state of other processes is looked at; nothing depends on it.
#[cfg(target_os = "linux")]
const POLL: Duration = Duration::from_millis(10);

fn integration(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations").join(path)
}

/// Items, and what a plain batch makes of them.
fn labelled(site: &Site, count: u8) {
    let mut names = site.good_items(count);
    names.push(site.file("notes.csv", b"no clip"));
    site.list(&names);
    assert_eq!(Ran::of(site.batch_into("whole", &[])).code, Some(1));
}

/// The same items, states and bytes as the plain batch.
fn assert_same(site: &Site, output: &str) {
    let (whole, other) = (site.path("whole"), site.path(output));
    let (rows, others) = (index::read(&whole).expect("an index"), index::read(&other).expect("an index"));
    assert_eq!(rows.keys().collect::<Vec<_>>(), others.keys().collect::<Vec<_>>());
    for (id, row) in &rows {
        let other = &others[id];
        assert_eq!(
            (row.status, row.code, &row.cause, &row.key),
            (other.status, other.code, &other.cause, &other.key)
        );
        if row.status == Status::Ok {
            assert_eq!(row.folder, other.folder);
            assert!(site.contents("whole", id) == site.contents(output, id), "{id} differs");
        }
    }
}

#[test]
fn a_slurm_array_does_what_one_batch_does() {
    let site = Site::new();
    labelled(&site, 3);
    for task in ["5", "6", "7"] {
        let status = Command::new("bash")
            .arg(integration("slurm/label.sbatch"))
            .env("SLURM_ARRAY_TASK_ID", task)
            .env("SLURM_ARRAY_TASK_MIN", "5")
            .env("SLURM_ARRAY_TASK_COUNT", "3")
            .env("LIST", site.path("clips/list.jsonl"))
            .env("LABELS", site.path("array"))
            .env("ROOMWRIGHT", env!("CARGO_BIN_EXE_roomwright"))
            .output()
            .expect("bash starts");
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    }
    assert_same(&site, "array");
}

#[test]
fn the_kubernetes_job_is_valid_and_its_shards_do_what_one_batch_does() {
    let script = "
import json, sys, yaml, kubernetes_validate
documents = list(yaml.safe_load_all(open(sys.argv[1])))
for document in documents:
    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
container = documents[1]['spec']['template']['spec']['containers'][0]
print(json.dumps(container['command'] + container['args']))
";
    if python::can_import(&["yaml", "kubernetes_validate"]).is_none() {
        return;
    }
    let output = Command::new(python::interpreter())
        .args(["-c", script])
        .arg(integration("k8s/label.yaml"))
        .output()
        .expect("it just started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let command: Vec<String> = serde_json::from_slice(&output.stdout).expect("JSON");
    let site = Site::new();
    labelled(&site, 2);
    let program = Path::new(env!("CARGO_BIN_EXE_roomwright")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    for shard in ["0", "1"] {
        let status = Command::new(&command[0])
            .args(&command[1..])
            .env("PATH", &path)
            .env("JOB_COMPLETION_INDEX", shard)
            .env("SHARDS", "2")
            .env("LIST", site.path("clips/list.jsonl"))
            .env("LABELS", site.path("job"))
            .output()
            .expect("a shell starts");
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    }
    assert_same(&site, "job");
}

/// Variable by which processes of the test's own cluster are known.
#[cfg(target_os = "linux")]
const MARK: &str = "ROOMWRIGHT_TEST_SITE";

/// A Ray cluster of three actors, one of which is killed while it works; then the same call again.
#[cfg(target_os = "linux")]
#[test]
fn a_ray_cluster_that_loses_a_worker_does_what_one_batch_does() {
    if python::can_import(&["ray", "pandas", "pyarrow"]).is_none() {
        return;
    }
    let site = Site::new();
    labelled(&site, 6);
    // Clips by absolute path: actors have folders of their own.
    let list = std::fs::read_to_string(site.path("clips/list.jsonl")).expect("a list");
    let clips = site.path("clips");
    let absolute = list.replace("\"input\":\"", &format!("\"input\":\"{}/", clips.display()));
    std::fs::write(site.path("absolute.jsonl"), absolute).expect("written");
    let label = || {
        let mut command = Command::new(python::interpreter());
        command.arg(integration("ray/label.py")).arg("--list").arg(site.path("absolute.jsonl"));
        command.arg("-o").arg(site.path("ray")).args(["--workers", "3", "--program"]);
        command.arg(env!("CARGO_BIN_EXE_roomwright")).env(MARK, site.path("ray"));
        // Ray lets everything else on a busy machine go first.
        command.env("RAY_worker_niceness", "0").env("RAY_USAGE_STATS_ENABLED", "0");
        command
    };
    let log = std::fs::File::create(site.path("ray.log")).expect("made");
    let mut call =
        label().stdout(log.try_clone().expect("shared")).stderr(log).spawn().expect("it just started");
    let killed = loop {
        if let Some(actor) = actor_at_work(&site) {
            break Some(actor);
        }
        if call.try_wait().expect("known").is_some() {
            break None;
        }
        std::thread::sleep(POLL);
    };
    let said = || std::fs::read_to_string(site.path("ray.log")).unwrap_or_default();
    let killed = killed.unwrap_or_else(|| panic!("no actor was there to be killed: {}", said()));
    rustix::process::kill_process(killed, rustix::process::Signal::KILL).expect("the actor is there");
    assert_eq!(call.wait().expect("it ends").code(), Some(1), "one item is no clip: {}", said());
    assert_same(&site, "ray");

    let place = site.path("ray/items/a/item.json");
    let before = std::fs::metadata(&place).and_then(|data| data.modified()).expect("there");
    let again = label().output().expect("it just started");
    assert_eq!(again.status.code(), Some(1), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(std::fs::metadata(&place).and_then(|data| data.modified()).expect("there"), before);
}

/// The actor whose worker is at an item of this site, found by the variable that only this cluster has.
#[cfg(target_os = "linux")]
fn actor_at_work(site: &Site) -> Option<rustix::process::Pid> {
    let mut prepared = std::fs::read_dir(site.path("ray/items")).ok()?.flatten();
    prepared.find(|entry| entry.file_name().to_string_lossy().starts_with(".staging-"))?;
    let mark = format!("{MARK}={}", site.path("ray").display()).into_bytes();
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let read = |name: &str| std::fs::read(process.path().join(name)).unwrap_or_default();
        let line = read("cmdline");
        let arguments: Vec<&[u8]> = line.split(|&byte| byte == 0).collect();
        let is_ours = || read("environ").split(|&byte| byte == 0).any(|variable| variable == mark);
        if arguments.get(1) == Some(&b"worker".as_slice()) && is_ours() {
            let at = arguments.iter().position(|word| *word == b"--parent")?;
            let parent: i32 = std::str::from_utf8(arguments.get(at + 1)?).ok()?.parse().ok()?;
            return rustix::process::Pid::from_raw(parent);
        }
    }
    None
}
