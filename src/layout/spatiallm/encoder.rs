//! The point encoder: voxels to point tokens.
//!
//! Takes voxels and their pyramid, gives one token for each row of the coarsest grid, in its order. The
//! session is closed again: its weights are not needed while the language model speaks.

use super::error::Error;
use super::inputs::{self, Pyramid};
use super::voxels::Voxels;
use crate::nn::{Model, PointEncoder, Session, SessionOptions, Tensor};

/// Name of the output that is spliced into the text.
pub const TOKENS: &str = "proj.tokens";

/// Runs the encoder; gives the point tokens, `[tokens, width]`.
///
/// # Errors
/// When ONNX Runtime refuses the model, or it does not give what the manifest says.
pub fn encode(
    model: Model,
    spec: &PointEncoder,
    voxels: &Voxels,
    pyramid: &Pyramid,
    threads: usize,
) -> Result<Vec<f32>, Error> {
    let id = model.entry.id.clone();
    let mut outputs = run(model, &inputs::tensors(voxels, pyramid, spec), threads)?;
    let wanted = pyramid.tokens() * spec.width;
    let index = outputs.iter().position(|(name, _)| name == TOKENS);
    let tokens = index.and_then(|index| outputs.swap_remove(index).1.as_f32().map(<[f32]>::to_vec));
    match tokens {
        Some(tokens) if tokens.len() == wanted && tokens.iter().all(|value| value.is_finite()) => Ok(tokens),
        Some(tokens) => Err(Error::Unfit {
            model: id,
            cause: format!(
                "its output `{TOKENS}` holds {} numbers, {wanted} finite ones are needed",
                tokens.len()
            ),
        }),
        None => Err(Error::Unfit { model: id, cause: format!("it has no output `{TOKENS}`") }),
    }
}

/// Runs the graph on named tensors; gives all outputs.
///
/// # Errors
/// When ONNX Runtime refuses the model or its inputs.
pub fn run(
    model: Model,
    tensors: &[(String, Tensor)],
    threads: usize,
) -> Result<Vec<(String, Tensor)>, Error> {
    let options = SessionOptions { threads, varying_shapes: true, ..SessionOptions::default() };
    let mut session = Session::open(model, &options)?;
    let named: Vec<(&str, &Tensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    Ok(session.run(&named)?)
}
