//! Errors of the model registry and of ONNX Runtime.

use std::path::PathBuf;

/// Why a model cannot be found, loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The manifest text cannot be used.
    #[error("the model manifest is unusable ({cause}); correct it: {}", path.display())]
    Manifest {
        /// Why.
        cause: String,
        /// The manifest.
        path: PathBuf,
    },
    /// No entry of that name.
    #[error("no model `{id}` in the manifest; it knows: {}", known.join(", "))]
    UnknownModel {
        /// The id asked for.
        id: String,
        /// Ids of the manifest.
        known: Vec<String>,
    },
    /// The file is in none of the folders.
    #[error(
        "the model `{id}` needs the file `{file}` ({size_bytes} bytes, from {origin}), which is in none of the \
         model folders; put it there or give its folder with --models DIR: {}",
        paths(searched)
    )]
    MissingFile {
        /// Model id.
        id: String,
        /// File name.
        file: String,
        /// Size in the manifest.
        size_bytes: u64,
        /// Where it comes from.
        origin: String,
        /// Folders searched.
        searched: Vec<PathBuf>,
    },
    /// The file is not the one of the manifest.
    #[error(
        "the file of the model `{id}` was altered or cut off: its sha256 is {found}, the manifest says \
         {expected}; fetch it again: {}",
        path.display()
    )]
    WrongDigest {
        /// Model id.
        id: String,
        /// Digest of the manifest.
        expected: String,
        /// Digest of the file.
        found: String,
        /// The file.
        path: PathBuf,
    },
    /// Reading failed.
    #[error("cannot read ({source}); check that the file exists and may be read: {}", path.display())]
    Io {
        /// Cause.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// No ONNX Runtime library.
    #[error(
        "no ONNX Runtime library ({cause}); run scripts/setup.sh, or set ORT_DYLIB_PATH to a \
         libonnxruntime.so of version 1.17 or newer; searched: {}",
        paths(searched)
    )]
    NoLibrary {
        /// Why.
        cause: String,
        /// Places searched.
        searched: Vec<PathBuf>,
    },
    /// The library cannot be used.
    #[error(
        "the ONNX Runtime library cannot be used ({cause}); 1.17 or newer is needed, scripts/setup.sh \
         installs one: {}",
        path.display()
    )]
    BadLibrary {
        /// What the loader says.
        cause: String,
        /// The library.
        path: PathBuf,
    },
    /// This build cannot run networks.
    #[error(
        "this build was made without ONNX Runtime and cannot run the model `{id}`; build with the feature \
         `onnx`, or choose a method without a network"
    )]
    NotBuilt {
        /// Model id.
        id: String,
    },
    /// The library refuses the model or its inputs.
    #[error("ONNX Runtime cannot {what} the model `{id}` ({cause}); check the manifest entry against the file: {}", path.display())]
    Runtime {
        /// Model id.
        id: String,
        /// "load" or "run".
        what: &'static str,
        /// What the library says.
        cause: String,
        /// The model file.
        path: PathBuf,
    },
    /// The model is of another kind than what is asked of it.
    #[error("the model `{id}` cannot do this ({cause}); name another one or correct its manifest entry")]
    Unfit {
        /// Model id.
        id: String,
        /// Why.
        cause: String,
    },
    /// A tensor does not fit.
    #[error("the tensor `{name}` of the model `{id}` does not fit ({cause}); correct the manifest entry")]
    Tensor {
        /// Model id.
        id: String,
        /// Tensor name.
        name: String,
        /// Why.
        cause: String,
    },
}

fn paths(list: &[PathBuf]) -> String {
    if list.is_empty() {
        return "(none given)".to_owned();
    }
    list.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
