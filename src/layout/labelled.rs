//! Clouds with their true layouts, as people have them: `(folder) -> scans`.
//!
//! Two forms are read: a folder for each scene with `cloud.ply` and `layout.txt`, and the form of
//! SpatialLM's data, `pcd/NAME.ply` beside `layout/NAME.txt`. Clouds are metric with Z up; the floor is
//! moved to z = 0 (the foot of the walls). A scene's folder may also hold what was hardly seen and counts neither
//! way (`layout_unseen.txt`), and the depth maps of the run that made the cloud (`30-depth`, on the cloud's axes):
//! they show what is free, and a segmentation network may look at their pictures. Used to measure detectors and to
//! train on one's own scenes.

use crate::cloud::{self, Cloud, CloudPoint, FreeSpace, SceneFrame, estimate_normals, normals, ply};
use crate::depth;
use crate::math::{Point3, Sim3, Vec3, median};
use crate::report::Reporter;
use crate::scene::{Layout, ReadMode};
use crate::semantics::{self, Segmenter, Semantics};
use std::path::{Path, PathBuf};

/// Name of a cloud in a scene's folder.
const CLOUD: &str = "cloud.ply";
/// Name of a layout in a scene's folder.
const LAYOUT: &str = "layout.txt";
/// Name of a layout of what was hardly seen.
const UNSEEN: &str = "layout_unseen.txt";
/// Folder of depth maps, named as a run keeps it.
const DEPTHS: &str = "30-depth";
/// Folders of SpatialLM's form.
const PAIRED: (&str, &str) = ("pcd", "layout");

/// Why labelled scans cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing of the two forms is there.
    #[error(
        "there is no labelled scan: give a folder whose sub-folders hold `cloud.ply` and `layout.txt`, or one \
         with `pcd/NAME.ply` and `layout/NAME.txt`: {}", .0.display()
    )]
    Empty(PathBuf),
    /// A folder or file cannot be read.
    #[error("cannot read ({source}); check that it exists and is readable: {}", path.display())]
    Read {
        /// The cause.
        source: std::io::Error,
        /// The folder or file.
        path: PathBuf,
    },
    /// The cloud is no PLY.
    #[error(transparent)]
    Cloud(#[from] ply::Error),
    /// A network cannot be run.
    #[error(transparent)]
    Model(#[from] crate::nn::Error),
    /// The depth maps are not what a run keeps.
    #[error(transparent)]
    Depth(#[from] depth::Error),
    /// The layout text says nothing.
    #[error("none of the {lines} lines of the layout can be read; see the layout language: {}", path.display())]
    Layout {
        /// Lines of the file.
        lines: usize,
        /// The file.
        path: PathBuf,
    },
}

/// A cloud and a layout that belong together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// Name of the scene.
    pub name: String,
    /// The PLY file.
    pub cloud: PathBuf,
    /// The layout text.
    pub layout: PathBuf,
    /// The layout text of what was hardly seen.
    pub unseen: Option<PathBuf>,
    /// The folder of depth maps.
    pub depths: Option<PathBuf>,
}

/// A scan with its truth.
#[derive(Debug, Clone)]
pub struct LabelledScan {
    /// Name of the scene.
    pub name: String,
    /// The cloud with normals, floor at z = 0.
    pub cloud: Cloud<SceneFrame>,
    /// The true layout, floor at z = 0.
    pub layout: Layout,
    /// What was hardly seen, floor at z = 0.
    pub unseen: Layout,
    /// What the views show to be free.
    pub free: Option<FreeSpace>,
    /// What a segmentation network says of the surfaces.
    pub semantics: Option<Semantics>,
    /// Where the views were, metres.
    pub path: Vec<Point3>,
}

/// All pairs below a folder, by name.
///
/// # Errors
/// When the folder cannot be read or holds no pair.
pub fn find(folder: &Path) -> Result<Vec<Pair>, Error> {
    let mut pairs = Vec::new();
    for path in entries(folder)? {
        let (cloud, layout) = (path.join(CLOUD), path.join(LAYOUT));
        if cloud.is_file() && layout.is_file() {
            let unseen = Some(path.join(UNSEEN)).filter(|path| path.is_file());
            let depths = Some(path.join(DEPTHS)).filter(|path| path.is_dir());
            pairs.push(Pair { name: name(&path), cloud, layout, unseen, depths });
        }
    }
    let (clouds, layouts) = (folder.join(PAIRED.0), folder.join(PAIRED.1));
    if clouds.is_dir() && layouts.is_dir() {
        for cloud in entries(&clouds)? {
            let is_ply = cloud.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ply"));
            let layout = layouts.join(name(&cloud)).with_extension("txt");
            if is_ply && layout.is_file() {
                pairs.push(Pair { name: name(&cloud), cloud, layout, unseen: None, depths: None });
            }
        }
    }
    pairs.sort();
    if pairs.is_empty() { Err(Error::Empty(folder.to_owned())) } else { Ok(pairs) }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read { source, path: folder.to_owned() };
    let paths = std::fs::read_dir(folder).map_err(failed)?.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<Result<Vec<_>, _>>().map_err(failed)
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads a pair; the segmentation network, if any, looks at the pictures of its depth maps. Lines of the layout that
/// cannot be read are left out with a warning.
///
/// # Errors
/// When a file cannot be read or the layout says nothing.
pub fn read(pair: &Pair, segmenter: Option<&Segmenter>, reporter: &Reporter) -> Result<LabelledScan, Error> {
    let contents = ply::read(&pair.cloud, reporter)?;
    let mut layout = read_layout(&pair.layout, reporter)?;
    // Points of a file may have been shifted near the origin; the layout is in the file's own numbers.
    let feet: Vec<f64> = layout.walls.iter().flat_map(|wall| [wall.a[2], wall.b[2]]).collect();
    let floor = median(&feet).unwrap_or(0.0);
    let shift = contents.offset - Vec3::new(0.0, 0.0, floor);
    let moved = |point: &CloudPoint| {
        let position = [0, 1, 2].map(|k| (f64::from(point.position[k]) + shift[k]) as f32);
        CloudPoint { position, ..*point }
    };
    let mut cloud: Cloud<SceneFrame> = Cloud::new(contents.cloud.points.iter().map(moved).collect());
    if cloud.points.iter().all(|point| point.normal == [0.0; 3]) {
        estimate_normals(&mut cloud, normals::Known { up: Some(Vec3::z()), metre: 1.0 });
    }
    let mut unseen = match &pair.unseen {
        Some(path) => read_layout(path, reporter)?,
        None => Layout::default(),
    };
    put_on_floor(&mut layout, floor);
    put_on_floor(&mut unseen, floor);
    let maps = pair.depths.as_deref().map(depth::artefact::read).transpose()?;
    let down = Vec3::new(0.0, 0.0, -floor);
    let scene_from_maps = Sim3::from_parts(down.into(), Default::default(), 1.0);
    let free = maps
        .as_ref()
        .and_then(|maps| cloud::free_space(maps, &scene_from_maps, &cloud::Options::default(), reporter));
    let semantics = match maps.as_ref().zip(segmenter) {
        Some((maps, network)) => {
            Some(semantics::lay(maps, &network.segment(maps, reporter)?, &scene_from_maps))
        }
        None => None,
    };
    let views = maps.iter().flat_map(|maps| &maps.maps);
    let path = views.map(|map| Point3::from(map.world_from_camera.translation.vector + down)).collect();
    Ok(LabelledScan { name: pair.name.clone(), cloud, layout, unseen, free, semantics, path })
}

fn read_layout(path: &Path, reporter: &Reporter) -> Result<Layout, Error> {
    let text =
        std::fs::read_to_string(path).map_err(|source| Error::Read { source, path: path.to_owned() })?;
    let nothing = || Error::Layout { lines: text.lines().count(), path: path.to_owned() };
    let (layout, touched) = Layout::parse(&text, ReadMode::Lenient).map_err(|_| nothing())?;
    if layout == Layout::default() && !text.trim().is_empty() {
        return Err(nothing());
    }
    if let Some(first) = touched.first() {
        reporter.warn(
            "layout-lines",
            format!(
                "{} lines of the layout were left out or mended, first line {}: {}; {}",
                touched.len(),
                first.line,
                first.reason,
                path.display()
            ),
        );
    }
    Ok(layout)
}

fn put_on_floor(layout: &mut Layout, floor: f64) {
    for wall in &mut layout.walls {
        (wall.a[2], wall.b[2]) = (0.0, 0.0);
    }
    layout.doors.iter_mut().chain(&mut layout.windows).for_each(|opening| opening.center[2] -= floor);
    layout.boxes.iter_mut().for_each(|object| object.center[2] -= floor);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "wall_0=Wall(0,0,1.5,4,0,1.5,2.6,0.1)\nnonsense\n\
                        bbox_0=Bbox(sofa,1,1,1.9,0,2,0.9,0.8)\n";

    fn cloud(path: &Path) {
        let points = (0..400).map(|i| format!("{} {} 1.5", 0.1 * f64::from(i % 20), 0.1 * f64::from(i / 20)));
        let head = "ply\nformat ascii 1.0\nelement vertex 400\nproperty float x\nproperty float y\n\
                    property float z\nend_header\n";
        std::fs::write(path, head.to_owned() + &points.collect::<Vec<_>>().join("\n") + "\n").unwrap();
    }

    #[test]
    fn both_forms_are_found_and_the_floor_is_moved_to_zero() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for sub in ["own", "pcd", "layout"] {
            std::fs::create_dir(root.join(sub)).unwrap();
        }
        cloud(&root.join("own/cloud.ply"));
        cloud(&root.join("pcd/other.ply"));
        std::fs::write(root.join("own/layout.txt"), TEXT).unwrap();
        std::fs::write(root.join("layout/other.txt"), TEXT).unwrap();
        let pairs = find(root).unwrap();
        assert_eq!(pairs.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["other", "own"]);
        let reporter = Reporter::default();
        let scan = read(&pairs[0], None, &reporter).unwrap();
        assert!(scan.cloud.points.iter().all(|p| p.position[2].abs() < 1e-4 && p.normal[2] > 0.9));
        assert!((scan.layout.boxes[0].center[2] - 0.4).abs() < 1e-9 && scan.layout.walls[0].a[2] == 0.0);
        assert!(reporter.warnings().iter().any(|w| w.code == "layout-lines" && w.message.contains("line 2")));
    }

    #[test]
    fn depth_maps_and_what_was_hardly_seen_stand_on_the_same_floor() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own");
        std::fs::create_dir_all(&own).unwrap();
        cloud(&own.join(CLOUD));
        std::fs::write(own.join(LAYOUT), TEXT.replace("nonsense\n", "")).unwrap();
        std::fs::write(own.join(UNSEEN), "bbox_1=Bbox(lamp,1,1,2.5,0,1,1,1)\n").unwrap();
        // A camera at a height of 1.5 + 1.2 that looks along +y at a wall two metres away.
        let map = depth::DepthMap {
            frame_idx: 0,
            camera: crate::camera::Camera::centred(32, 24, 30.0),
            world_from_camera: crate::math::Pose::from_parts(
                Vec3::new(1.0, 0.0, 2.7).into(),
                crate::math::Rotation::from_euler_angles(-std::f64::consts::FRAC_PI_2, 0.0, 0.0),
            ),
            depth: vec![2.0; 32 * 24],
            confidence: vec![255; 32 * 24],
            color: image::RgbImage::new(32, 24),
        };
        let maps = depth::DepthMaps { maps: vec![map], source: "network".into() };
        std::fs::create_dir(own.join(DEPTHS)).unwrap();
        depth::artefact::write(&maps, true, &own.join(DEPTHS)).unwrap();
        let scan = read(&find(folder.path()).unwrap()[0], None, &Reporter::default()).unwrap();
        assert!((scan.unseen.boxes[0].center[2] - 1.0).abs() < 1e-9);
        assert!((scan.path[0] - Point3::new(1.0, 0.0, 1.2)).norm() < 1e-9, "{:?}", scan.path);
        let free = scan.free.unwrap();
        assert_eq!(free.at([1.0, 1.0, 1.2]), cloud::VoxelState::Free);
        assert_eq!(free.at([1.0, 1.0, 2.7]), cloud::VoxelState::Unseen);
    }

    #[test]
    fn a_folder_without_scans_says_what_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let message = find(folder.path()).unwrap_err().to_string();
        assert!(message.contains("layout.txt") && message.contains("pcd"), "{message}");
    }
}
