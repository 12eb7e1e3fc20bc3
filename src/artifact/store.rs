//! How each stage's result is stored in its folder.

use super::{Artifact, Error, read_json, write_atomic, write_json};
use crate::align::Alignment;
use crate::cloud::{Cloud, Frame, SceneFrame, World, ply};
use crate::depth::DepthMaps;
use crate::layout::Draft;
use crate::pose::Trajectory;
use crate::report::Reporter;
use crate::scene::Scene;
use crate::video::FrameSet;
use crate::{depth, export};
use std::path::Path;

/// Seconds between the frames that are saved as pictures, for people to look at.
const PICTURE_INTERVAL_S: f64 = 1.0;

impl Artifact for FrameSet {
    fn save(&self, folder: &Path) -> Result<(), Error> {
        write_json(&folder.join("frames.json"), self)?;
        let lines: Vec<String> =
            self.frames.iter().filter_map(|frame| serde_json::to_string(frame).ok()).collect();
        write_atomic(&folder.join("frames.jsonl"), (lines.join("\n") + "\n").as_bytes())?;
        let mut next_s = f64::NEG_INFINITY;
        let mut wanted = Vec::new();
        for (frame_idx, frame) in self.frames.iter().enumerate() {
            if frame.time_s >= next_s {
                wanted.push(frame_idx);
                next_s = frame.time_s + PICTURE_INTERVAL_S;
            }
        }
        let damaged = |cause: String| Error::Damaged { cause, path: folder.to_owned() };
        for item in self.stream_of(&wanted).map_err(|cause| damaged(cause.to_string()))? {
            let (frame_idx, image) = item.map_err(|cause| damaged(cause.to_string()))?;
            let path = folder.join(format!("{frame_idx:05}.jpg"));
            image.save(&path).map_err(|cause| Error::Write {
                source: std::io::Error::other(cause.to_string()),
                path: path.clone(),
            })?;
        }
        Ok(())
    }

    fn load(folder: &Path) -> Result<Self, Error> {
        read_json(&folder.join("frames.json"))
    }
}

impl Artifact for Trajectory {
    fn save(&self, folder: &Path) -> Result<(), Error> {
        write_json(&folder.join("trajectory.json"), self)?;
        let world = crate::math::Sim3::identity();
        write_atomic(&folder.join("trajectory.tum"), export::tum::trajectory(self, &world).as_bytes())?;
        export::colmap::write(self, folder).map_err(|cause| Error::Write {
            source: std::io::Error::other(cause.to_string()),
            path: folder.to_owned(),
        })
    }

    fn load(folder: &Path) -> Result<Self, Error> {
        read_json(&folder.join("trajectory.json"))
    }
}

impl Artifact for DepthMaps {
    fn settled(self) -> Self {
        depth::artefact::settled(self)
    }

    fn save(&self, folder: &Path) -> Result<(), Error> {
        depth::artefact::write(self, false, folder).map(|_| ()).map_err(|cause| Error::Write {
            source: std::io::Error::other(cause.to_string()),
            path: folder.to_owned(),
        })
    }

    fn load(folder: &Path) -> Result<Self, Error> {
        depth::artefact::read(folder)
            .map_err(|cause| Error::Damaged { cause: cause.to_string(), path: folder.to_owned() })
    }
}

impl Artifact for Cloud<World> {
    fn save(&self, folder: &Path) -> Result<(), Error> {
        save_cloud(self, &folder.join("cloud.ply"))
    }

    fn load(folder: &Path) -> Result<Self, Error> {
        load_cloud(&folder.join("cloud.ply"))
    }
}

/// The cloud in the scene frame, and how it came there.
pub struct Aligned {
    /// The transform and its doubts.
    pub alignment: Alignment,
    /// The cloud.
    pub cloud: Cloud<SceneFrame>,
}

impl Artifact for Aligned {
    fn save(&self, folder: &Path) -> Result<(), Error> {
        write_json(&folder.join("align.json"), &self.alignment)?;
        save_cloud(&self.cloud, &folder.join("aligned.ply"))
    }

    fn load(folder: &Path) -> Result<Self, Error> {
        let alignment = read_json(&folder.join("align.json"))?;
        Ok(Self { alignment, cloud: load_cloud(&folder.join("aligned.ply"))? })
    }
}

impl Artifact for Draft {
    fn save(&self, folder: &Path) -> Result<(), Error> {
        write_json(&folder.join("draft.json"), self)?;
        write_atomic(&folder.join("layout.txt"), self.to_layout().to_text().as_bytes())
    }

    fn load(folder: &Path) -> Result<Self, Error> {
        read_json(&folder.join("draft.json"))
    }
}

impl Artifact for Scene {
    fn save(&self, folder: &Path) -> Result<(), Error> {
        write_json(&folder.join("scene.json"), self)?;
        write_json(&folder.join("findings.json"), &self.findings)
    }

    fn load(folder: &Path) -> Result<Self, Error> {
        read_json(&folder.join("scene.json"))
    }
}

/// A PLY file for people and other programs, and the weights, which it has no place for, beside it.
fn save_cloud<F: Frame>(cloud: &Cloud<F>, path: &Path) -> Result<(), Error> {
    ply::write(path, cloud).map_err(|cause| Error::Write {
        source: std::io::Error::other(cause.to_string()),
        path: path.to_owned(),
    })?;
    let weights: Vec<u8> = cloud.points.iter().flat_map(|point| point.weight.to_le_bytes()).collect();
    write_atomic(&path.with_extension("weights.f32"), &weights)
}

fn load_cloud<F: Frame>(path: &Path) -> Result<Cloud<F>, Error> {
    let damaged = |cause: String| Error::Damaged { cause, path: path.to_owned() };
    let contents = ply::read(path, &Reporter::default()).map_err(|cause| damaged(cause.to_string()))?;
    let weights_path = path.with_extension("weights.f32");
    let weights =
        std::fs::read(&weights_path).map_err(|source| Error::Read { source, path: weights_path.clone() })?;
    let mut points = contents.cloud.points;
    if weights.len() != 4 * points.len() {
        return Err(damaged(format!("{} bytes of weights for {} points", weights.len(), points.len())));
    }
    for (point, bytes) in points.iter_mut().zip(weights.chunks_exact(4)) {
        point.weight = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    Ok(Cloud::new(points))
}
