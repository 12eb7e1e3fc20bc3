//! Where a furniture library's files come from: an archive or an unpacked folder.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use zip::ZipArchive;

/// Files larger than this are not read, bytes (the largest mesh of the Debian package has 13 MB).
const MAX_FILE_BYTES: u64 = 64 << 20;

/// The list of a library.
pub const LIST: &str = "PluginFurnitureCatalog.properties";

/// An opened library.
#[derive(Debug)]
pub enum Source {
    /// A `.sh3f` or `.zip` file.
    Archive(Mutex<ZipArchive<BufReader<File>>>),
    /// An unpacked library.
    Folder(PathBuf),
}

/// Libraries of a folder in the order of their names; the folder itself may be one.
#[must_use]
pub fn libraries(folder: &Path) -> Vec<PathBuf> {
    if folder.is_file() || folder.join(LIST).is_file() {
        return vec![folder.to_owned()];
    }
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let is_library = |path: &PathBuf| {
        let archive = path.extension().is_some_and(|e| e == "sh3f" || e == "zip");
        archive || path.join(LIST).is_file()
    };
    let mut found: Vec<PathBuf> = files.flatten().map(|f| f.path()).filter(is_library).collect();
    found.sort();
    found
}

impl Source {
    /// Opens a library.
    ///
    /// # Errors
    /// The reason in words.
    pub fn open(path: &Path) -> Result<Self, String> {
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        let file = File::open(path).map_err(|e| e.to_string())?;
        let archive = ZipArchive::new(BufReader::new(file)).map_err(|e| e.to_string())?;
        Ok(Self::Archive(Mutex::new(archive)))
    }

    /// Bytes of a file of the library.
    ///
    /// # Errors
    /// The reason in words.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let name = name.trim_start_matches('/');
        let mut bytes = Vec::new();
        match self {
            Self::Archive(archive) => {
                let mut archive = super::locked(archive);
                let file = archive.by_name(name).map_err(|e| format!("{e}: {name}"))?;
                file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)
            }
            Self::Folder(folder) => {
                // A list must not lead out of its library.
                if name.split('/').any(|part| part == "..") {
                    return Err(format!("the path leads out of the library: {name}"));
                }
                File::open(folder.join(name)).and_then(|f| f.take(MAX_FILE_BYTES).read_to_end(&mut bytes))
            }
        }
        .map_err(|e| format!("{e}: {name}"))?;
        Ok(bytes)
    }
}
