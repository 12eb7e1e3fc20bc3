//! Small items, good and broken, and a running batch whose events can be waited for.

use roomwright::batch::{Row, index};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::OnceLock;

/// A folder with clips and a place for labels.
pub struct Site {
    root: tempfile::TempDir,
}

/// Ending of the good items' names: a clip where clips can be decoded, else a cloud.
pub const ENDING: &str = if cfg!(feature = "opencv") { "mp4" } else { "ply" };

/// Bytes of a good item, made once a process: two seconds of a synthetic walk, or a scan of one room.
pub fn good_bytes() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| rendered(1))
}

/// Bytes of an item that takes many times as long: who hears that it has begun can act before it is done,
/// on a machine as busy as may be.
fn long_bytes() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| rendered(6))
}

fn rendered(times: u32) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    render(folder.path(), times);
    let name = if cfg!(feature = "opencv") { "video.mp4" } else { "cloud.ply" };
    std::fs::read(folder.path().join(name)).expect("rendered")
}

/// A walk of so many times two seconds.
#[cfg(feature = "opencv")]
fn render(folder: &Path, times: u32) {
    use roomwright::synth::{VideoOptions, run_video};
    let mut options = VideoOptions { width: 160, height: 120, images_every: 0, ..VideoOptions::default() };
    (options.path.max_seconds, options.path.fps) = (2.0 * f64::from(times), 10.0);
    run_video(7, &options, folder, &roomwright::report::Reporter::default()).expect("a walk");
}

/// A scan of so many rooms.
#[cfg(not(feature = "opencv"))]
fn render(folder: &Path, times: u32) {
    use roomwright::synth::{HouseOptions, ScanOptions, run_scan};
    let rooms = times as usize;
    let house = HouseOptions { min_rooms: rooms, max_rooms: rooms, ..HouseOptions::default() };
    run_scan(7, &house, &ScanOptions::default(), folder).expect("a scan");
}

/// What the files of an item's folder hold, by name; `item.json` and `report.json` without what the clock and
/// the machine say.
pub type Contents = BTreeMap<String, Vec<u8>>;

impl Site {
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(root.path().join("clips")).expect("made");
        Self { root }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A good item.
    pub fn good(&self, name: &str) -> String {
        self.file(&format!("{name}.{ENDING}"), good_bytes())
    }

    /// A file of the list; its name as listed.
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.path("clips").join(name), bytes).expect("written");
        name.to_owned()
    }

    /// Good items `a`, `b`, ... and the list of them.
    pub fn good_items(&self, count: u8) -> Vec<String> {
        let names: Vec<String> =
            (b'a'..b'a' + count).map(|name| self.good(&char::from(name).to_string())).collect();
        self.list(&names);
        names
    }

    /// As [`good_items`](Self::good_items), but `a`, which is begun first, takes long.
    pub fn good_items_after_a_long_one(&self, count: u8) {
        self.good_items(count);
        self.file(&format!("a.{ENDING}"), long_bytes());
    }

    /// Writes the list, with the stems as ids.
    pub fn list(&self, names: &[String]) {
        let lines: Vec<String> = names
            .iter()
            .map(|name| {
                let id = name.split('.').next().expect("a stem");
                serde_json::json!({ "id": id, "input": name }).to_string()
            })
            .collect();
        std::fs::write(self.path("clips/list.jsonl"), lines.join("\n")).expect("written");
    }

    /// `batch` on the list into `labels/`, with short waits and small limits.
    pub fn batch(&self, more: &[&str]) -> Command {
        self.batch_into("labels", more)
    }

    pub fn batch_into(&self, output: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roomwright"));
        command.arg("batch").arg("--list").arg(self.path("clips/list.jsonl"));
        command.arg("-o").arg(self.path(output)).args(["--wait", "0.05"]).args(more);
        command
    }

    /// Runs to the end.
    pub fn run(&self, more: &[&str]) -> Ran {
        Ran::of(self.batch(more))
    }

    pub fn rows(&self) -> BTreeMap<String, Row> {
        index::read(&self.path("labels")).expect("an index")
    }

    /// Contents of the folder of an item.
    pub fn contents(&self, output: &str, id: &str) -> Contents {
        contents(&self.path(output).join("items").join(id))
    }

    /// Folders in the making that were left, in any shard.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let staging = self.path("labels/.batch/staging");
        let shards = std::fs::read_dir(staging).into_iter().flatten().flatten();
        shards
            .flat_map(|shard| std::fs::read_dir(shard.path()).into_iter().flatten().flatten())
            .map(|e| e.path())
            .collect()
    }
}

pub fn contents(folder: &Path) -> Contents {
    let mut files = Contents::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|cause| panic!("{cause}: {}", folder.display())) {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let mut bytes = std::fs::read(&path).expect("readable");
        if name == "item.json" || name == "report.json" {
            bytes = without_clock(&bytes);
        }
        files.insert(name, bytes);
    }
    files
}

fn without_clock(bytes: &[u8]) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(bytes).expect("JSON");
    let fields = value.as_object_mut().expect("an object");
    for name in ["timings", "seconds", "stage_seconds", "peak_memory_mib", "finished_unix_s", "input"] {
        fields.remove(name);
    }
    serde_json::to_vec(&value).expect("JSON")
}

/// A batch that ran to its end.
pub struct Ran {
    pub code: Option<i32>,
    pub events: Vec<Value>,
    pub stderr: String,
    pub stdout: String,
}

impl Ran {
    pub fn of(mut command: Command) -> Self {
        let output = command.output().expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let events = stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Self { code: output.status.code(), events, stderr, stdout }
    }

    /// The first event of this name.
    pub fn event(&self, name: &str) -> &Value {
        let found = self.events.iter().find(|event| event["event"] == name);
        found.unwrap_or_else(|| panic!("no event `{name}`: {}", self.stderr))
    }

    /// How often there was an event of this name.
    pub fn count(&self, name: &str) -> usize {
        self.events.iter().filter(|event| event["event"] == name).count()
    }
}

/// A batch that runs.
pub struct Running {
    pub process: Child,
    lines: std::io::Lines<BufReader<ChildStderr>>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut process =
            command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program starts");
        let lines = BufReader::new(process.stderr.take().expect("piped")).lines();
        Self { process, lines }
    }

    /// The next event that `wanted` takes; `None` when the batch ends without one.
    pub fn next(&mut self, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        self.lines
            .by_ref()
            .map_while(Result::ok)
            .filter_map(|line| serde_json::from_str(&line).ok())
            .find(|event| wanted(event))
    }

    /// Reads what is left and waits for the end.
    pub fn end(mut self) -> Option<i32> {
        self.lines.by_ref().for_each(drop);
        self.process.wait().expect("it ends").code()
    }
}
