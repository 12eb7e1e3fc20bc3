//! Runs the independent Python references of `tests/reference/`, when their packages are there.
//!
//! The interpreter is `python3`, or what `ROOMWRIGHT_TEST_PYTHON` names.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter to run.
pub fn interpreter() -> String {
    std::env::var("ROOMWRIGHT_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// `None`, with a printed reason, when a package cannot be imported.
pub fn can_import(packages: &[&str]) -> Option<()> {
    let statement = packages.iter().map(|p| format!("import {p}")).collect::<Vec<_>>().join("; ");
    let outcome = Command::new(interpreter()).args(["-c", &statement]).output();
    match outcome {
        Ok(output) if output.status.success() => Some(()),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            println!("skipped: {} cannot {statement}: {}", interpreter(), text.lines().last().unwrap_or(""));
            None
        }
        Err(error) => {
            println!("skipped: {} does not start: {error}", interpreter());
            None
        }
    }
}

/// Runs `tests/reference/<script> <arguments>` and gives the JSON that it prints; `None`, with a
/// printed reason, when a package is absent. A script that fails is a failed test.
pub fn reference(script: &str, packages: &[&str], arguments: &[&Path]) -> Option<serde_json::Value> {
    can_import(packages)?;
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(script);
    let output = Command::new(interpreter()).arg(path).args(arguments).output().expect("it just started");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("the reference prints JSON"))
}
