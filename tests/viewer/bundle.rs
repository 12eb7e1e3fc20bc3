//! The bundled pages belong to their sources.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("viewer")
}

fn files_below(folder: &Path, root: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            files_below(&path, root, names);
        } else {
            let relative = path.strip_prefix(root).expect("below").to_string_lossy().replace('\\', "/");
            names.push(relative);
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As `sourcesDigest` of `viewer/build.mjs`.
fn sources_digest() -> String {
    let root = folder();
    let mut names: Vec<String> =
        ["build.mjs", "package.json", "package-lock.json"].map(str::to_owned).to_vec();
    files_below(&root.join("src"), &root, &mut names);
    names.sort();
    let line = |name: &String| {
        let bytes = std::fs::read(root.join(name)).expect("readable");
        format!("{name}\0{}\n", sha256(&bytes))
    };
    sha256(names.iter().map(line).collect::<String>().as_bytes())
}

#[test]
fn the_pages_were_bundled_from_these_sources() {
    let digest = sources_digest();
    for page in ["viewer.html", "gallery.html"] {
        let text = std::fs::read_to_string(folder().join("dist").join(page)).expect("committed");
        let told = text.split("name=\"roomwright-sources\" content=\"").nth(1).expect("it tells its sources");
        assert_eq!(&told[..64], digest, "{page} is older than its sources; run `make viewer`");
    }
}

#[test]
fn three_js_comes_with_its_licence() {
    let page = std::fs::read_to_string(folder().join("dist/viewer.html")).expect("committed");
    let package = std::fs::read_to_string(folder().join("package.json")).expect("committed");
    let package: serde_json::Value = serde_json::from_str(&package).expect("JSON");
    let version = package["dependencies"]["three"].as_str().expect("pinned");
    assert!(version.chars().all(|c| c.is_ascii_digit() || c == '.'), "{version} is pinned");
    assert!(page.contains(&format!("three.js {version} is part of this page.\nThe MIT License")));
}

/// With esbuild at hand the pages are bundled again, and must be the same bytes.
#[test]
fn bundling_again_gives_the_same_bytes() {
    if !folder().join("node_modules/esbuild").is_dir() {
        println!("skipped: esbuild is not installed; `make viewer` installs it");
        return;
    }
    let target = tempfile::tempdir().expect("a folder");
    let run =
        std::process::Command::new("node").arg("build.mjs").arg(target.path()).current_dir(folder()).output();
    let run = match run {
        Ok(run) => run,
        Err(cause) => return println!("skipped: node does not start: {cause}"),
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    for page in ["viewer.html", "gallery.html"] {
        let again = std::fs::read(target.path().join(page)).expect("bundled");
        assert!(
            again == std::fs::read(folder().join("dist").join(page)).expect("committed"),
            "{page} differs"
        );
    }
}
