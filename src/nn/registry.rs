//! Finds model files and checks that they are the ones of the manifest.

use super::{Error, Manifest, ModelEntry, shipped};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Folders nested deeper than this below a model folder are not searched.
const MAX_DEPTH: usize = 6;
/// Manifest of models that a user has made; looked for in each model folder itself, not below.
pub const FOLDER_MANIFEST: &str = "roomwright-models.toml";
/// Bytes hashed at a time.
const CHUNK: usize = 1 << 16;

/// The manifest together with the folders in which its files are looked for.
#[derive(Debug, Clone)]
pub struct Registry {
    manifest: Manifest,
    folders: Vec<PathBuf>,
}

/// A model whose file was found and whose digest agrees.
#[derive(Debug, Clone)]
pub struct Model {
    /// What the manifest says.
    pub entry: ModelEntry,
    /// The file; its name alone for one that is part of the program.
    pub path: PathBuf,
    /// The bytes of a model that is part of the program.
    pub shipped: Option<&'static [u8]>,
}

impl Registry {
    /// The built-in manifest and those in the model folders ([`FOLDER_MANIFEST`]), with these folders,
    /// searched in order.
    ///
    /// # Errors
    /// When a folder does not exist, its manifest is unusable, or it repeats the id of a model.
    pub fn open(folders: &[PathBuf]) -> Result<Self, Error> {
        let mut registry = Self::with_manifest(Manifest::built_in()?, folders)?;
        for folder in folders {
            let path = folder.join(FOLDER_MANIFEST);
            if !path.is_file() {
                continue;
            }
            let text =
                std::fs::read_to_string(&path).map_err(|source| Error::Io { source, path: path.clone() })?;
            for entry in Manifest::parse(&text, &path)?.models {
                if registry.manifest.entry(&entry.id).is_ok() {
                    let cause =
                        format!("another manifest has the id `{}`: give one of the two folders", entry.id);
                    return Err(Error::Manifest { cause, path });
                }
                registry.manifest.models.push(entry);
            }
        }
        Ok(registry)
    }

    /// Another manifest with these model folders.
    ///
    /// # Errors
    /// When a folder does not exist.
    pub fn with_manifest(manifest: Manifest, folders: &[PathBuf]) -> Result<Self, Error> {
        for folder in folders {
            std::fs::read_dir(folder).map_err(|source| Error::Io { source, path: folder.clone() })?;
        }
        Ok(Self { manifest, folders: folders.to_vec() })
    }

    /// What is known of all models.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Finds the file of a model and checks its digest and those of the files beside it. A file of the
    /// right name with another digest is passed over as long as a later one fits.
    ///
    /// # Errors
    /// When the model is unknown, its file is missing, or only altered files are there.
    pub fn find(&self, id: &str) -> Result<Model, Error> {
        let entry = self.manifest.entry(id)?.clone();
        let mut candidates = Vec::new();
        for folder in &self.folders {
            collect(folder, &entry.file, 0, &mut candidates);
        }
        let mut altered = None;
        for path in candidates {
            let found = digest(&path)?;
            if found == entry.sha256 {
                check_beside(&entry, &path)?;
                return Ok(Model { entry, path, shipped: None });
            }
            altered.get_or_insert((found, path));
        }
        if let Some(bytes) =
            shipped::bytes(&entry.file).filter(|bytes| hex(&Sha256::digest(bytes)) == entry.sha256)
        {
            let path = PathBuf::from(&entry.file);
            return Ok(Model { entry, path, shipped: Some(bytes) });
        }
        Err(match altered {
            Some((found, path)) => Error::WrongDigest { id: entry.id, expected: entry.sha256, found, path },
            None => Error::MissingFile {
                id: entry.id,
                file: entry.file,
                size_bytes: entry.size_bytes,
                origin: entry.origin,
                searched: self.folders.clone(),
            },
        })
    }
}

/// Every file that belongs to the model lies beside it and is the one of the manifest.
fn check_beside(entry: &ModelEntry, model: &Path) -> Result<(), Error> {
    for other in &entry.beside {
        let path = model.with_file_name(&other.file);
        if !path.is_file() {
            return Err(Error::MissingFile {
                id: entry.id.clone(),
                file: other.file.clone(),
                size_bytes: other.size_bytes,
                origin: entry.origin.clone(),
                searched: model.parent().map(Path::to_path_buf).into_iter().collect(),
            });
        }
        let found = digest(&path)?;
        if found != other.sha256 {
            return Err(Error::WrongDigest {
                id: entry.id.clone(),
                expected: other.sha256.clone(),
                found,
                path,
            });
        }
    }
    Ok(())
}

/// Files named `name` in `folder` and below, in the order of their paths. Folders that cannot be
/// read hold nothing.
fn collect(folder: &Path, name: &str, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if depth < MAX_DEPTH {
                collect(&path, name, depth + 1, found);
            }
        } else if path.file_name().is_some_and(|file| file == name) {
            found.push(path);
        }
    }
}

/// sha256 of a file, lower-case hexadecimal.
fn digest(path: &Path) -> Result<String, Error> {
    let fail = |source| Error::Io { source, path: path.to_owned() };
    let mut file = std::fs::File::open(path).map_err(fail)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk).map_err(fail)?;
        if read == 0 {
            break;
        }
        hasher.update(&chunk[..read]);
    }
    Ok(hex(&hasher.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// sha256 of `abc`, FIPS 180-2 appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn registry(folder: &Path) -> Registry {
        let text = format!(
            "[[model]]\nid='m'\ntask='t'\nfile='m.onnx'\nsha256='{ABC}'\nsize_bytes=3\nlicence='MIT'\norigin='somewhere'\ninputs=[]\noutputs=[]\n"
        );
        let manifest = Manifest::parse(&text, Path::new("m.toml")).expect("a manifest");
        Registry::with_manifest(manifest, &[folder.to_owned()]).expect("a folder")
    }

    #[test]
    fn a_file_is_found_below_the_folder_and_an_altered_one_is_passed_over() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir_all(folder.path().join("a/b")).expect("made");
        std::fs::write(folder.path().join("a/m.onnx"), "abd").expect("written");
        let altered = registry(folder.path()).find("m").expect_err("altered").to_string();
        assert!(altered.contains(ABC) && altered.ends_with("m.onnx"), "{altered}");
        std::fs::write(folder.path().join("a/b/m.onnx"), "abc").expect("written");
        let model = registry(folder.path()).find("m").expect("found");
        assert!(model.path.ends_with("a/b/m.onnx"), "{:?}", model.path);
    }

    #[test]
    fn a_missing_file_names_size_origin_and_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let message = registry(folder.path()).find("m").expect_err("missing").to_string();
        assert!(message.contains("3 bytes") && message.contains("somewhere"), "{message}");
        assert!(message.ends_with(&folder.path().display().to_string()), "{message}");
    }

    #[cfg(feature = "onnx")]
    #[test]
    fn what_this_project_trained_is_found_without_a_folder() {
        let registry = Registry::open(&[]).expect("no folder to miss");
        let own: Vec<_> = registry
            .manifest()
            .models
            .iter()
            .filter(|entry| entry.origin.starts_with("this project"))
            .collect();
        assert!(!own.is_empty());
        for entry in own {
            let model = registry.find(&entry.id).expect("part of the program, with the right digest");
            assert_eq!(model.shipped.map(|bytes| bytes.len() as u64), Some(entry.size_bytes), "{}", entry.id);
        }
    }

    #[test]
    fn a_missing_folder_is_refused() {
        let error = Registry::open(&[PathBuf::from("no/such/folder")]).expect_err("no folder");
        assert!(error.to_string().ends_with("no/such/folder"), "{error}");
    }

    #[test]
    fn a_folder_brings_its_own_models_and_the_files_beside_them() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let entry = |id: &str| {
            format!(
                "[[model]]\nid='{id}'\ntask='t'\nfile='m.onnx'\nsha256='{ABC}'\nsize_bytes=3\nlicence='MIT'\n\
                 origin='o'\ninputs=[]\noutputs=[]\nbeside=[{{file='m.data',sha256='{ABC}',size_bytes=3}}]\n"
            )
        };
        std::fs::write(folder.path().join(FOLDER_MANIFEST), entry("own")).expect("written");
        std::fs::write(folder.path().join("m.onnx"), "abc").expect("written");
        let registry = Registry::open(&[folder.path().to_owned()]).expect("a manifest");
        let missing = registry.find("own").expect_err("no data").to_string();
        assert!(missing.contains("m.data"), "{missing}");
        std::fs::write(folder.path().join("m.data"), "ab").expect("written");
        let cut = registry.find("own").expect_err("cut off").to_string();
        assert!(cut.contains("cut off") && cut.ends_with("m.data"), "{cut}");
        std::fs::write(folder.path().join("m.data"), "abc").expect("written");
        assert!(registry.find("own").is_ok());
        let known = Manifest::built_in().expect("parses").models[0].id.clone();
        std::fs::write(folder.path().join(FOLDER_MANIFEST), entry(&known)).expect("written");
        let twice = Registry::open(&[folder.path().to_owned()]).expect_err("twice").to_string();
        assert!(twice.contains(&known) && twice.ends_with(FOLDER_MANIFEST), "{twice}");
    }

    #[test]
    fn the_shared_pack_agrees_with_the_built_in_manifest() {
        let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models");
        if !pack.is_dir() {
            eprintln!("skipped: no model pack beside the repository");
            return;
        }
        let registry = Registry::open(&[pack]).expect("the pack");
        for entry in &registry.manifest().models {
            if entry.origin.starts_with("this project") {
                continue;
            }
            let model = registry.find(&entry.id).expect("in the pack with the right digest");
            let size = std::fs::metadata(&model.path).expect("metadata").len();
            assert_eq!(size, entry.size_bytes, "{}", entry.id);
        }
    }
}
