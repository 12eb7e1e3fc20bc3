//! Exit codes: the contract of the command line.

use crate::{artifact, cloud, pipeline, video, viewer};

/// All good.
pub const OK: u8 = 0;
/// Some items of several failed; the output says which.
pub const SOME_FAILED: u8 = 1;
/// The call cannot be carried out as typed: wrong flags, missing models, unwritable output.
pub const USAGE: u8 = 2;
/// The input is unusable for good; the message names the cause and what to do.
pub const INPUT: u8 = 10;
/// A temporary fault; the same call may work later.
pub const TEMPORARY: u8 = 75;

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
        return of_pipeline(error);
    }
    if let Some(error) = error.downcast_ref::<artifact::Error>() {
        return of_artifact(error);
    }
    if let Some(error) = error.downcast_ref::<video::Error>() {
        return of_video(error);
    }
    if let Some(error) = error.downcast_ref::<viewer::Error>() {
        return of_viewer(error);
    }
    if error.is::<SomeFailed>() { SOME_FAILED } else { USAGE }
}

fn of_pipeline(error: &pipeline::Error) -> u8 {
    match error {
        pipeline::Error::Video(error) => of_video(error),
        pipeline::Error::Artifact(error) => of_artifact(error),
        pipeline::Error::Page(error) => of_viewer(error),
        pipeline::Error::Model(_) => USAGE,
        pipeline::Error::Ply(error) => of_ply(error),
        pipeline::Error::Depth(error) if error.is_configuration() => USAGE,
        pipeline::Error::Layout(error) if error.is_configuration() => USAGE,
        pipeline::Error::Pose(_)
        | pipeline::Error::Depth(_)
        | pipeline::Error::Cloud(_)
        | pipeline::Error::Align(_)
        | pipeline::Error::Layout(_)
        | pipeline::Error::Physics(_) => INPUT,
        pipeline::Error::Export(_) => TEMPORARY,
        pipeline::Error::Unsupported(_) => USAGE,
    }
}

fn of_video(error: &video::Error) -> u8 {
    match error {
        video::Error::NoDecoder(_) | video::Error::Missing(_) => USAGE,
        _ => INPUT,
    }
}

fn of_ply(error: &cloud::ply::Error) -> u8 {
    match error {
        cloud::ply::Error::Io { .. } => TEMPORARY,
        _ => INPUT,
    }
}

fn of_viewer(error: &viewer::Error) -> u8 {
    match error {
        viewer::Error::Artifact(error) => of_artifact(error),
        viewer::Error::Video(error) => of_video(error),
        viewer::Error::Cloud(error) => of_ply(error),
        viewer::Error::Scene(_) | viewer::Error::Trajectory(_) | viewer::Error::Line { .. } => INPUT,
        viewer::Error::NothingToShow { .. } | viewer::Error::Bind { .. } => USAGE,
        viewer::Error::Export(_) | viewer::Error::Serve(_) => TEMPORARY,
    }
}

fn of_artifact(error: &artifact::Error) -> u8 {
    if error.is_temporary() { TEMPORARY } else { USAGE }
}
