//! ONNX Runtime behind [`super::Session`]: the library is loaded once per process, on first use.
//!
//! The execution provider is asked for by name and told to fail loudly: the library would fall back
//! in silence otherwise. Deterministic kernels, fixed thread count, no telemetry.

use super::{Data, Error, Model, SessionOptions, Tensor, library};
use ort::environment::Environment;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, TensorRef};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The loaded library; the runtime allows one per process.
static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

pub(super) struct Inner {
    session: Session,
    // Keeps the library's environment alive as long as the session.
    _environment: Environment,
}

impl Inner {
    pub(super) fn open(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let environment = environment(options.library.as_deref())?;
        let fail = |cause: String| Error::Runtime {
            id: model.entry.id.clone(),
            what: "load",
            cause,
            path: model.path.clone(),
        };
        let mut builder = builder(&environment, options).map_err(&fail)?;
        let session = if model.entry.beside.is_empty() {
            let bytes = match model.shipped {
                Some(bytes) => Cow::Borrowed(bytes),
                None => Cow::Owned(
                    std::fs::read(&model.path)
                        .map_err(|source| Error::Io { source, path: model.path.clone() })?,
                ),
            };
            builder.commit_from_memory(&bytes)
        } else {
            // Weights outside of the graph are mapped by the library, which finds them by the path.
            builder.commit_from_file(&model.path)
        };
        let session = session.map_err(|cause| fail(cause.to_string()))?;
        Ok(Self { session, _environment: environment })
    }

    pub(super) fn run(
        &mut self,
        model: &Model,
        inputs: &[(&str, &Tensor)],
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let fail = |cause: ort::Error| Error::Runtime {
            id: model.entry.id.clone(),
            what: "run",
            cause: cause.to_string(),
            path: model.path.clone(),
        };
        let mut values: Vec<(String, SessionInputValue<'_>)> = Vec::with_capacity(inputs.len());
        for (name, tensor) in inputs {
            values.push(((*name).to_owned(), input(tensor).map_err(fail)?));
        }
        let names: Vec<String> =
            self.session.outputs().iter().map(|outlet| outlet.name().to_owned()).collect();
        let outputs = self.session.run(values).map_err(fail)?;
        names
            .into_iter()
            .map(|name| {
                let found = outputs.get(&name).and_then(output).ok_or_else(|| Error::Tensor {
                    id: model.entry.id.clone(),
                    name: name.clone(),
                    cause: "it is missing or of a type that is not read".to_owned(),
                })?;
                Ok((name, found))
            })
            .collect()
    }
}

fn environment(flag: Option<&Path>) -> Result<Environment, Error> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((path, environment)) = loaded.as_ref() {
        if let Some(other) = flag.filter(|other| other != path) {
            return Err(Error::BadLibrary {
                cause: format!("this process has already loaded {}", path.display()),
                path: other.to_owned(),
            });
        }
        return Ok(environment.clone());
    }
    let path = library::locate(flag)?;
    let bad = |cause: String| Error::BadLibrary { cause, path: path.clone() };
    let environment = ort::init_from(&path)
        .map_err(|cause| bad(cause.to_string()))?
        .with_telemetry(false)
        .build()
        .map_err(|cause| bad(cause.to_string()))?;
    *loaded = Some((path, environment.clone()));
    Ok(environment)
}

fn builder(environment: &Environment, options: &SessionOptions) -> Result<SessionBuilder, String> {
    // Errors of the builder carry the builder itself, which is not Send: only the text is kept.
    Session::builder(environment)
        .map_err(|cause| cause.to_string())?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(|cause| cause.to_string())?
        .with_intra_threads(options.threads.max(1))
        .map_err(|cause| cause.to_string())?
        .with_deterministic_compute(true)
        .map_err(|cause| cause.to_string())?
        .with_intra_op_spinning(options.spinning)
        .map_err(|cause| cause.to_string())?
        // A plan of memory is kept for every combination of extents that was ever run.
        .with_memory_pattern(!options.varying_shapes)
        .map_err(|cause| cause.to_string())?
        .with_execution_providers([ort::ep::CPU::default()
            .with_arena_allocator(true)
            .build()
            .error_on_failure()])
        .map_err(|cause| cause.to_string())
}

fn input(tensor: &Tensor) -> Result<SessionInputValue<'_>, ort::Error> {
    let shape = tensor.shape.clone();
    Ok(match &tensor.data {
        Data::F32(values) => TensorRef::from_array_view((shape, values.as_slice()))?.into(),
        Data::U8(values) => TensorRef::from_array_view((shape, values.as_slice()))?.into(),
        Data::I64(values) => TensorRef::from_array_view((shape, values.as_slice()))?.into(),
    })
}

fn output(value: &DynValue) -> Option<Tensor> {
    let extent = |shape: &ort::value::Shape| shape.iter().map(|&n| n.max(0) as usize).collect();
    if let Ok((shape, values)) = value.try_extract_tensor::<f32>() {
        return Some(Tensor { shape: extent(shape), data: Data::F32(values.to_vec()) });
    }
    if let Ok((shape, values)) = value.try_extract_tensor::<i64>() {
        return Some(Tensor { shape: extent(shape), data: Data::I64(values.to_vec()) });
    }
    let (shape, values) = value.try_extract_tensor::<u8>().ok()?;
    Some(Tensor { shape: extent(shape), data: Data::U8(values.to_vec()) })
}
