//! The browser tests of `viewer/tests`, when Node, its packages and Chromium are there.
//!
//! `make viewer-setup` installs them. The browser is `/usr/bin/chromium`, or what
//! `ROOMWRIGHT_TEST_CHROMIUM` names. Screenshots are kept below `target/browser`.

use super::fixtures;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A browser that hangs ends its test file after this long, milliseconds; both together need two minutes.
const TIMEOUT_MS: u32 = 600_000;

/// Why the browser tests cannot run here.
fn obstacle(viewer: &Path) -> Option<String> {
    match Command::new("node").arg("--version").output() {
        Ok(output) if output.status.success() => {}
        Ok(_) | Err(_) => return Some("node does not start; install Node.js 20 or later".to_owned()),
    }
    for package in ["playwright-core", "pixelmatch", "pngjs"] {
        if !viewer.join("node_modules").join(package).is_dir() {
            return Some(format!("{package} is not installed; `make viewer-setup` installs it"));
        }
    }
    let browser =
        std::env::var("ROOMWRIGHT_TEST_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    (!Path::new(&browser).is_file())
        .then(|| format!("no browser; `make viewer-setup` installs it: {browser}"))
}

/// `roomwright view` with a port of its own; ends with the test.
struct Served {
    process: Child,
    address: String,
}

impl Served {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_roomwright"))
            .args(["view", "--port", "0"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut address = String::new();
        let output = process.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut address).expect("it prints its address");
        Self { process, address: address.trim().to_owned() }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_pages_work_in_a_browser() {
    let viewer = Path::new(env!("CARGO_MANIFEST_DIR")).join("viewer");
    if let Some(reason) = obstacle(&viewer) {
        println!("skipped: {reason}");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    fixtures::all(folder.path());
    let served = Served::start(&folder.path().join("batch"));
    assert!(served.address.starts_with("http://127.0.0.1:"), "{}", served.address);
    let artefacts = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("browser");
    let output = Command::new("node")
        .args(["--test", "--test-concurrency=1", &format!("--test-timeout={TIMEOUT_MS}")])
        .args(["tests/viewer.test.mjs", "tests/gallery.test.mjs"])
        .current_dir(&viewer)
        .env("ROOMWRIGHT_TEST_PAGES", folder.path())
        .env("ROOMWRIGHT_TEST_ARTEFACTS", &artefacts)
        .env("ROOMWRIGHT_TEST_ADDRESS", &served.address)
        .output()
        .expect("node just started");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("screenshots: {}", artefacts.display());
    print!("{report}");
}
