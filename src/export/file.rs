//! Atomic writing: a temporary file in the same folder, flushed, then renamed over the target.

use super::Error;
use std::io::Write;
use std::path::Path;

/// Writes `bytes` to `path` so that a reader sees the old file or the new one, never a part.
///
/// # Errors
/// [`Error::Write`] with the cause; the temporary file is gone then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let error = |source: std::io::Error| Error::Write { source, path: path.into() };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".roomwright-")
        .suffix(".tmp")
        .permissions(permissions())
        .tempfile_in(folder)
        .map_err(error)?;
    file.write_all(bytes).map_err(error)?;
    file.as_file().sync_all().map_err(error)?;
    file.persist(path).map_err(|failed| error(failed.error))?;
    Ok(())
}

/// Ordinary files are readable by others; temporary ones are not unless told.
fn permissions() -> std::fs::Permissions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::Permissions::from_mode(0o644)
    }
    #[cfg(not(unix))]
    {
        std::fs::metadata(".").expect("because the current folder exists").permissions()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_whole_files_and_names_the_path_on_failure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
        let missing = folder.path().join("no/such/b.txt");
        let message = write_atomically(&missing, b"x").unwrap_err().to_string();
        assert!(message.contains("b.txt"), "{message}");
    }
}
