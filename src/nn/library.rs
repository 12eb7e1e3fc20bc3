//! Where the ONNX Runtime library is: a flag, `ORT_DYLIB_PATH`, or `third_party/onnxruntime/`.
//!
//! Only existing files are handed to the loader, which would otherwise search the system's paths
//! and fail with a message that names no remedy.

use super::Error;
use std::path::{Path, PathBuf};

/// Environment variable with the path of the library.
pub const VARIABLE: &str = "ORT_DYLIB_PATH";
/// Where scripts/setup.sh puts the library, below the repository.
const BUNDLED: &str = "third_party/onnxruntime/libonnxruntime.so";

/// The library to load: `flag`, else the environment variable, else the bundled one below the
/// executable's folder or one of its ancestors, or below the current folder.
///
/// # Errors
/// [`Error::NoLibrary`] when a named file is missing or none is found.
pub fn locate(flag: Option<&Path>) -> Result<PathBuf, Error> {
    let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let mut roots = Vec::new();
    if let Ok(executable) = std::env::current_exe() {
        roots.extend(executable.ancestors().skip(1).map(Path::to_path_buf));
    }
    roots.extend(std::env::current_dir());
    search(flag, variable.as_deref(), &roots)
}

fn search(flag: Option<&Path>, variable: Option<&Path>, roots: &[PathBuf]) -> Result<PathBuf, Error> {
    for (named, by) in [(flag, "the path given"), (variable, "the path in ORT_DYLIB_PATH")] {
        if let Some(path) = named {
            if path.is_file() {
                return Ok(path.to_owned());
            }
            return Err(Error::NoLibrary {
                cause: format!("{by} is no file"),
                searched: vec![path.to_owned()],
            });
        }
    }
    let candidates: Vec<PathBuf> = roots.iter().map(|root| root.join(BUNDLED)).collect();
    match candidates.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(Error::NoLibrary { cause: "it is not installed".to_owned(), searched: candidates }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_goes_before_variable_goes_before_bundled() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        let bundled = root.join(BUNDLED);
        std::fs::create_dir_all(bundled.parent().expect("a parent")).expect("made");
        let (flag, variable) = (root.join("flag.so"), root.join("variable.so"));
        for path in [&flag, &variable, &bundled] {
            std::fs::write(path, "").expect("written");
        }
        let roots = [root.join("elsewhere"), root.to_owned()];
        assert_eq!(search(Some(&flag), Some(&variable), &roots).expect("found"), flag);
        assert_eq!(search(None, Some(&variable), &roots).expect("found"), variable);
        assert_eq!(search(None, None, &roots).expect("found"), bundled);
    }

    #[test]
    fn a_named_file_that_is_missing_is_an_error_not_a_fallback() {
        let error = search(Some(Path::new("no/lib.so")), None, &[]).expect_err("missing").to_string();
        assert!(error.contains("scripts/setup.sh") && error.ends_with("no/lib.so"), "{error}");
        let error = search(None, None, &[PathBuf::from("root")]).expect_err("missing").to_string();
        assert!(error.contains("not installed") && error.contains("root/third_party"), "{error}");
    }
}
