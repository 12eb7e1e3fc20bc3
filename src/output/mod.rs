//! The final files of a run, written as one: all of them appear, or none.

pub mod overlay;
pub mod summary;

use crate::artifact::{self, Error, write_atomic, write_json};
use crate::export::{self, Exporter};
use crate::math::Point3;
use crate::pipeline::{self, Outcome, Request};
use crate::report::Reporter;
use crate::viewer;
use std::path::{Path, PathBuf};

/// The folder that a run writes into.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    created: bool,
    written: std::cell::Cell<bool>,
}

impl RunFolder {
    /// Makes the folder when it is not there, and finds out now whether it can be written.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Write { source, path: path.to_owned() };
        let created = !path.exists();
        std::fs::create_dir_all(path).map_err(failed)?;
        tempfile::tempfile_in(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), created, written: std::cell::Cell::new(false) })
    }

    /// Writes every final file; returns their paths in a fixed order.
    ///
    /// # Errors
    /// When a file cannot be written; then none is left behind.
    pub fn write(
        &self,
        request: &Request,
        outcome: &Outcome,
        formats: &[Box<dyn Exporter>],
        with_overlay: bool,
        reporter: &Reporter,
    ) -> Result<Vec<PathBuf>, pipeline::Error> {
        let staging = self.staging()?;
        let staged = staging.path();
        let scene_from_world = &outcome.aligned.alignment.scene_from_world;
        for exporter in formats {
            exporter.export(&outcome.scene, staged)?;
        }
        crate::cloud::ply::write(&staged.join("cloud.ply"), &outcome.aligned.cloud)?;
        if let Some(capture) = &outcome.capture {
            let text = export::tum::trajectory(&capture.trajectory, scene_from_world);
            write_atomic(&staged.join("trajectory.tum"), text.as_bytes())?;
            if with_overlay {
                overlay::write(
                    &staged.join("overlay.mp4"),
                    &outcome.scene,
                    capture,
                    scene_from_world,
                    reporter,
                )?;
            }
        }
        let path_points = outcome.camera_path();
        let picture = crate::layout::picture::top_view(&outcome.aligned.cloud, &outcome.draft, &path_points);
        let top_view = staged.join("top_view.png");
        picture.save(&top_view).map_err(|cause| Error::Write {
            source: match cause {
                image::ImageError::IoError(source) => source,
                other => std::io::Error::other(other.to_string()),
            },
            path: top_view.clone(),
        })?;
        write_pages(staged, request, outcome, &path_points, reporter)?;
        let written = self.publish(staged)?;
        self.written.set(true);
        Ok(written)
    }

    /// Writes a scene in the given formats; returns the paths in a fixed order.
    ///
    /// # Errors
    /// When a file cannot be written; then none is left behind.
    pub fn export(
        &self,
        scene: &crate::scene::Scene,
        formats: &[Box<dyn Exporter>],
    ) -> Result<Vec<PathBuf>, pipeline::Error> {
        let staging = self.staging()?;
        for exporter in formats {
            exporter.export(scene, staging.path())?;
        }
        let written = self.publish(staging.path())?;
        self.written.set(true);
        Ok(written)
    }

    fn staging(&self) -> Result<tempfile::TempDir, Error> {
        tempfile::Builder::new()
            .prefix(".roomwright-")
            .tempdir_in(&self.path)
            .map_err(|source| Error::Write { source, path: self.path.clone() })
    }

    /// Moves the staged files into place, replacing those of an earlier run.
    fn publish(&self, staged: &Path) -> Result<Vec<PathBuf>, Error> {
        let failed = |source| Error::Write { source, path: self.path.clone() };
        let mut names: Vec<_> = std::fs::read_dir(staged)
            .and_then(|entries| entries.map(|entry| entry.map(|e| e.file_name())).collect::<Result<_, _>>())
            .map_err(failed)?;
        names.sort();
        let mut written = Vec::with_capacity(names.len());
        for name in names {
            let target = self.path.join(&name);
            if target.is_dir() {
                std::fs::remove_dir_all(&target).map_err(failed)?;
            }
            std::fs::rename(staged.join(&name), &target).map_err(failed)?;
            written.push(target);
        }
        Ok(written)
    }
}

/// `report.json`, and what people look at: `view.html`, `plan.svg`, `thumbnail.jpg`.
fn write_pages(
    staged: &Path,
    request: &Request,
    outcome: &Outcome,
    camera_path: &[Point3],
    reporter: &Reporter,
) -> Result<(), pipeline::Error> {
    if let Some(capture) = &outcome.capture {
        let path = staged.join("thumbnail.jpg");
        // A run is not lost for a small picture.
        if let Err(cause) = viewer::thumbnail::write(&path, &capture.frames, &capture.trajectory) {
            reporter.warn("no-thumbnail", format!("no frame could be shown in galleries: {cause}"));
        }
    }
    write_atomic(&staged.join("plan.svg"), viewer::plan::svg(&outcome.scene).as_bytes())?;
    let summary = summary::Summary::of(request, outcome, reporter);
    write_json(&staged.join("report.json"), &summary)?;
    let report =
        serde_json::to_value(&summary).expect("because a summary holds strings, numbers and lists of them");
    let html = viewer::view_html(&viewer::View {
        name: &outcome.scene.provenance.input,
        scene: &outcome.scene,
        report: Some(&report),
        cloud: Some(&outcome.aligned.cloud),
        path: camera_path,
    })?;
    Ok(write_atomic(&staged.join("view.html"), html.as_bytes())?)
}

impl Drop for RunFolder {
    /// A folder that was made for a run that failed does not stay behind empty.
    fn drop(&mut self) {
        if self.created && !self.written.get() {
            let _ = std::fs::remove_dir(&self.path);
        }
    }
}

/// Writes one file by way of a temporary name.
///
/// # Errors
/// When it cannot be written.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_atomic(path, bytes)
}

/// Loads the JSON of a run's draft.
///
/// # Errors
/// When it cannot be read.
pub fn read_draft(path: &Path) -> Result<crate::layout::Draft, Error> {
    artifact::read_json(path)
}
