//! Runs `train/spatiallm` on a checkpoint.

use super::golden;
use crate::python::{can_import, interpreter};
use roomwright::nn::Registry;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs a script of `train/spatiallm`; `None`, with a printed reason, when its packages are absent.
pub fn script(name: &str, arguments: &[&str]) -> Option<Output> {
    can_import(&["torch", "onnx", "safetensors"])?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("train/spatiallm").join(name);
    Some(Command::new(interpreter()).arg(path).args(arguments).output().expect("it just started"))
}

/// Runs a script that must succeed.
pub fn must(name: &str, arguments: &[&str]) -> Option<()> {
    let output = script(name, arguments)?;
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Some(())
}

/// `None`, with a printed reason, in a build that runs no networks.
pub fn can_run() -> Option<()> {
    if cfg!(feature = "onnx") {
        return Some(());
    }
    println!("skipped: this build has no ONNX Runtime");
    None
}

/// A folder as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Copies a reference checkpoint into `folder`, as its publishers lay one out.
pub fn checkpoint(config: &str, weights: &str, folder: &Path) -> Option<()> {
    let golden = golden()?;
    std::fs::create_dir_all(folder).expect("made");
    // Read and written instead of copied: the reference may be write-protected.
    for (from, to) in [
        (format!("{config}.config.json"), "config.json"),
        (format!("{weights}.safetensors"), "model.safetensors"),
    ] {
        let bytes = std::fs::read(golden.join(from)).expect("readable");
        std::fs::write(folder.join(to), bytes).expect("written");
    }
    Some(())
}

/// An exported reference checkpoint with its temporary folder.
pub struct Exported {
    /// Removed when dropped.
    _folder: tempfile::TempDir,
    pub registry: Registry,
}

/// Exports a reference checkpoint with all arrays on the way as outputs.
pub fn export(config: &str, weights: &str) -> Option<Exported> {
    can_run()?;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = folder.path().join("checkpoint");
    checkpoint(config, weights, &source)?;
    let models = folder.path().join("models");
    must("export.py", &[text(&source), text(&models), "--trace"])?;
    let registry = registry(&models);
    Some(Exported { _folder: folder, registry })
}

/// The registry of a folder.
pub fn registry(models: &Path) -> Registry {
    Registry::open(&[PathBuf::from(models)]).expect("the exporter wrote a manifest")
}
