//! Whose fault a failed run is, and what its cause is called.
//!
//! Takes any error of the pipeline; gives a [`Fault`] with the exit code of the command line's contract and
//! a stable name, kebab-case, that indexes and gateways can count by. The words are the error's own.

use crate::{artifact, cloud, depth, export, layout, pipeline, video, viewer};
use std::io::ErrorKind;

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call cannot be carried out as typed: wrong option, missing model or input, unwritable output.
    Usage,
    /// The input is unusable for good.
    Input,
    /// The same call may work later: a full disk, a store that does not answer.
    Temporary,
}

impl Fault {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Input => 10,
            Self::Temporary => 75,
        }
    }
}

/// Whose fault a failed run is.
#[must_use]
pub fn of(error: &pipeline::Error) -> Fault {
    match error {
        pipeline::Error::Video(error) => of_video(error),
        pipeline::Error::Artifact(error) => of_artifact(error),
        pipeline::Error::Ply(error) => of_ply(error),
        pipeline::Error::Page(error) => of_viewer(error),
        pipeline::Error::Depth(depth::Error::Video(error)) => of_video(error),
        pipeline::Error::Depth(error) if error.is_configuration() => Fault::Usage,
        pipeline::Error::Layout(error) if error.is_configuration() => Fault::Usage,
        pipeline::Error::Model(_) | pipeline::Error::Unsupported(_) => Fault::Usage,
        pipeline::Error::Export(export::Error::Write { .. }) => Fault::Temporary,
        pipeline::Error::Export(export::Error::UnknownFormat { .. }) => Fault::Usage,
        pipeline::Error::Export(export::Error::Unwritable { .. })
        | pipeline::Error::Pose(_)
        | pipeline::Error::Depth(_)
        | pipeline::Error::Cloud(_)
        | pipeline::Error::Align(_)
        | pipeline::Error::Layout(_)
        | pipeline::Error::Physics(_) => Fault::Input,
    }
}

/// Whose fault an unreadable input is.
#[must_use]
pub fn of_video(error: &video::Error) -> Fault {
    match error {
        video::Error::NoDecoder(_) | video::Error::Missing(_) => Fault::Usage,
        video::Error::Encode { .. } => Fault::Temporary,
        video::Error::Io { source, .. } if is_temporary(source) => Fault::Temporary,
        _ => Fault::Input,
    }
}

/// Whose fault an unreadable or unwritable file is.
#[must_use]
pub fn of_artifact(error: &artifact::Error) -> Fault {
    if error.is_temporary() { Fault::Temporary } else { Fault::Usage }
}

/// Whose fault it is that the page of a run cannot be made.
#[must_use]
pub fn of_viewer(error: &viewer::Error) -> Fault {
    match error {
        viewer::Error::Artifact(error) => of_artifact(error),
        viewer::Error::Video(error) => of_video(error),
        viewer::Error::Cloud(error) => of_ply(error),
        viewer::Error::Scene(_) | viewer::Error::Trajectory(_) => Fault::Input,
        viewer::Error::Export(_) => Fault::Temporary,
    }
}

fn of_ply(error: &cloud::ply::Error) -> Fault {
    match error {
        cloud::ply::Error::Io { source, .. } if is_temporary(source) => Fault::Temporary,
        cloud::ply::Error::Io { .. } => Fault::Usage,
        _ => Fault::Input,
    }
}

/// Trying the same file operation again may help.
#[must_use]
pub fn is_temporary(error: &std::io::Error) -> bool {
    artifact::is_temporary(error.kind())
}

/// Name of a failed run's cause.
#[must_use]
pub fn cause(error: &pipeline::Error) -> &'static str {
    match error {
        pipeline::Error::Video(error) | pipeline::Error::Depth(depth::Error::Video(error)) => {
            cause_of_video(error)
        }
        pipeline::Error::Pose(error) => error.code(),
        pipeline::Error::Depth(depth::Error::TooFewViews { .. } | depth::Error::NoBaseline { .. }) => {
            "no-baseline"
        }
        pipeline::Error::Depth(depth::Error::NoGivenDepth { .. }) => "no-given-depth",
        pipeline::Error::Depth(depth::Error::Network(_) | depth::Error::UnfitModel { .. }) => "model-unfit",
        pipeline::Error::Depth(_) => "depth-failed",
        pipeline::Error::Cloud(_) => "fusion-failed",
        pipeline::Error::Ply(cloud::ply::Error::Io { source, .. }) => cause_of_io(source),
        pipeline::Error::Ply(_) => "cloud-unreadable",
        pipeline::Error::Align(_) => "not-alignable",
        pipeline::Error::Layout(layout::Error::TooFewPoints { .. }) => "too-few-points",
        pipeline::Error::Layout(layout::Error::TooLarge { .. }) => "too-large",
        pipeline::Error::Layout(_) => "layout-failed",
        pipeline::Error::Physics(_) => "not-consistent",
        pipeline::Error::Export(export::Error::Write { source, .. })
        | pipeline::Error::Artifact(
            artifact::Error::Write { source, .. } | artifact::Error::Read { source, .. },
        ) => cause_of_io(source),
        pipeline::Error::Export(_) => "not-exportable",
        pipeline::Error::Artifact(_) => "artefact-damaged",
        pipeline::Error::Model(_) => "model-missing",
        pipeline::Error::Page(_) => "page-failed",
        pipeline::Error::Unsupported(_) => "unsupported",
    }
}

fn cause_of_video(error: &video::Error) -> &'static str {
    match error {
        video::Error::Missing(_) => "missing",
        video::Error::Encode { .. } => "not-encodable",
        video::Error::UnknownKind { .. } => "unknown-kind",
        video::Error::NoVideoStream { .. } => "no-video-stream",
        video::Error::TooFewFrames { .. } => "too-few-frames",
        video::Error::Black { .. } => "black",
        video::Error::Malformed { .. } => "malformed",
        video::Error::Io { source, .. } => cause_of_io(source),
        video::Error::NoDecoder(_) => "opencv-missing",
    }
}

/// Name of a file operation's failure.
#[must_use]
pub fn cause_of_io(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => DISK_FULL,
        ErrorKind::NotFound => "missing",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "not-permitted",
        _ => "io",
    }
}

/// Cause of a disk without room: it concerns every item, not only the one that met it.
pub const DISK_FULL: &str = "disk-full";

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn write_failed(kind: ErrorKind) -> pipeline::Error {
        artifact::Error::Write { source: kind.into(), path: PathBuf::from("out") }.into()
    }

    #[test]
    fn a_full_disk_is_temporary_and_a_read_only_one_is_not() {
        let full = write_failed(ErrorKind::StorageFull);
        assert_eq!((of(&full), cause(&full)), (Fault::Temporary, DISK_FULL));
        let read_only = write_failed(ErrorKind::ReadOnlyFilesystem);
        assert_eq!((of(&read_only), cause(&read_only)), (Fault::Usage, "not-permitted"));
    }

    #[test]
    fn a_bad_clip_is_the_inputs_fault_and_a_missing_one_the_calls() {
        let bad = pipeline::Error::from(video::Error::NoVideoStream { cause: "x".into(), path: "a".into() });
        assert_eq!((of(&bad).code(), cause(&bad)), (10, "no-video-stream"));
        let missing = pipeline::Error::from(video::Error::Missing("a".into()));
        assert_eq!((of(&missing).code(), cause(&missing)), (2, "missing"));
    }

    #[test]
    fn a_disk_that_stumbles_while_reading_may_work_later() {
        let source = std::io::Error::other("stale handle");
        let read = pipeline::Error::from(artifact::Error::Read { source, path: "a".into() });
        assert_eq!(of(&read), Fault::Temporary);
    }
}
