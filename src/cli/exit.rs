//! Exit codes: the contract of the command line. 2, 10 and 75 are those of [`Fault`].

use crate::fault::{self, Fault};
use crate::{artifact, batch, pipeline, review, video};

/// All good.
pub const OK: u8 = 0;
/// Some items of several failed; the output says which.
pub const SOME_FAILED: u8 = 1;
/// Some of the items that were asked for could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {of} failed; the messages above say why")]
pub struct SomeFailed {
    /// Items that failed.
    pub failed: usize,
    /// Items that were asked for.
    pub of: usize,
}

/// The exit code of an error of any stage; unknown errors count as usage.
#[must_use]
pub fn code(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<pipeline::Error>() {
        return fault::of(error).code();
    }
    if let Some(error) = error.downcast_ref::<artifact::Error>() {
        return fault::of_artifact(error).code();
    }
    if let Some(error) = error.downcast_ref::<video::Error>() {
        return fault::of_video(error).code();
    }
    if let Some(error) = error.downcast_ref::<review::Error>() {
        return error.fault().code();
    }
    if let Some(error) = error.downcast_ref::<batch::Error>() {
        return error.fault().code();
    }
    if let Some(stopped) = error.downcast_ref::<batch::Stopped>() {
        return stopped.code;
    }
    if error.is::<SomeFailed>() { SOME_FAILED } else { Fault::Usage.code() }
}
