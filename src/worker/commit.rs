//! A folder that appears whole: everything is written to a staging folder of the same file system, written
//! through to the disk, and renamed.
//!
//! After [`publish`] has returned, neither a killed process nor a lost power supply leaves the folder
//! half-written. An earlier folder of the same name is moved away first; between the two renames there is
//! none, which a later call takes for work that was not done.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A staging folder; what is left of it is removed when it is dropped.
#[derive(Debug)]
pub struct Staging {
    path: PathBuf,
}

impl Staging {
    /// Makes the folder anew, with its parents; what a killed run left there is removed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(path: &Path) -> io::Result<Self> {
        remove(path)?;
        fs::create_dir_all(path)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder `name` inside of it the folder `target`.
    ///
    /// # Errors
    /// When it cannot be written through or renamed; then `target` is what it was.
    pub fn publish(&self, name: &str, target: &Path) -> io::Result<()> {
        let staged = self.path.join(name);
        sync_tree(&staged)?;
        let parent = target.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)?;
        let away = self.path.join("replaced");
        let replaces = target.symlink_metadata().is_ok();
        if replaces {
            fs::rename(target, &away)?;
        }
        if let Err(error) = fs::rename(&staged, target) {
            if replaces {
                fs::rename(&away, target)?;
            }
            return Err(error);
        }
        sync_folder(parent)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What stays behind is removed by the next run: nothing depends on this.
        let _ = remove(&self.path);
    }
}

/// Moves a published folder.
///
/// # Errors
/// When it cannot be renamed.
pub fn relocate(from: &Path, to: &Path) -> io::Result<()> {
    let parent = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    remove(to)?;
    fs::rename(from, to)?;
    sync_folder(parent)
}

/// Removes a folder or file; that there is none is fine.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
    if metadata.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

/// Writes all files below a folder, and the folders themselves, through to the disk.
fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(folder)
}

/// Writes the names in a folder through to the disk.
///
/// # Errors
/// When the folder cannot be opened; file systems that cannot sync folders are passed over.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder)?.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_appears_whole_and_replaces_the_earlier_one() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let target = root.path().join("items/a");
        for text in ["one", "two"] {
            let staging = Staging::new(&root.path().join("staging")).expect("made");
            fs::create_dir(staging.path().join("out")).expect("made");
            fs::write(staging.path().join("out/scene.json"), text).expect("written");
            staging.publish("out", &target).expect("published");
            assert_eq!(fs::read_to_string(target.join("scene.json")).expect("there"), text);
        }
        assert!(!root.path().join("staging").exists(), "nothing stays behind");
    }

    #[test]
    fn what_a_killed_run_left_is_removed_first() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let path = root.path().join("staging");
        fs::create_dir_all(path.join("out")).expect("made");
        fs::write(path.join("out/old"), "half").expect("written");
        let staging = Staging::new(&path).expect("made");
        assert_eq!(fs::read_dir(staging.path()).expect("there").count(), 0);
    }

    #[test]
    fn a_failed_rename_leaves_the_earlier_folder() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let target = root.path().join("a");
        fs::create_dir(&target).expect("made");
        fs::write(target.join("kept"), "x").expect("written");
        let staging = Staging::new(&root.path().join("staging")).expect("made");
        assert!(staging.publish("nothing-there", &target).is_err());
        assert!(target.join("kept").is_file());
    }
}
