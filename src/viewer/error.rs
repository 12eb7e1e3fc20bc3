//! What can go wrong with the page of a run.

/// Errors of the page of a run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    Artifact(#[from] crate::artifact::Error),
    /// The GLB could not be made, or a file not be written.
    #[error(transparent)]
    Export(#[from] crate::export::Error),
    /// `scene.json` could not be read.
    #[error(transparent)]
    Scene(#[from] crate::physics::Error),
    /// `cloud.ply` could not be read.
    #[error(transparent)]
    Cloud(#[from] crate::cloud::ply::Error),
    /// `trajectory.tum` could not be read.
    #[error(transparent)]
    Trajectory(#[from] crate::eval::Error),
    /// The frames could not be read again.
    #[error(transparent)]
    Video(#[from] crate::video::Error),
}
