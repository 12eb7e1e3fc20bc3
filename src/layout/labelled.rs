//! Clouds with their true layouts, as people have them: `(folder) -> scans`.
//!
//! Two forms are read: a folder for each scene with `cloud.ply` and `layout.txt`, and the form of
//! SpatialLM's data, `pcd/NAME.ply` beside `layout/NAME.txt`. Clouds are metric with Z up; the floor is
//! moved to z = 0 (the foot of the walls). Used to measure detectors and to train on one's own scenes.

use crate::cloud::{Cloud, CloudPoint, SceneFrame, estimate_normals, normals, ply};
use crate::math::{Vec3, median};
use crate::report::Reporter;
use crate::scene::{Layout, ReadMode};
use std::path::{Path, PathBuf};

/// Name of a cloud in a scene's folder.
const CLOUD: &str = "cloud.ply";
/// Name of a layout in a scene's folder.
const LAYOUT: &str = "layout.txt";
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
            pairs.push(Pair { name: name(&path), cloud, layout });
        }
    }
    let (clouds, layouts) = (folder.join(PAIRED.0), folder.join(PAIRED.1));
    if clouds.is_dir() && layouts.is_dir() {
        for cloud in entries(&clouds)? {
            let is_ply = cloud.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ply"));
            let layout = layouts.join(name(&cloud)).with_extension("txt");
            if is_ply && layout.is_file() {
                pairs.push(Pair { name: name(&cloud), cloud, layout });
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

/// Reads a pair. Lines of the layout that cannot be read are left out with a warning.
///
/// # Errors
/// When a file cannot be read or the layout says nothing.
pub fn read(pair: &Pair, reporter: &Reporter) -> Result<LabelledScan, Error> {
    let contents = ply::read(&pair.cloud, reporter)?;
    let text = std::fs::read_to_string(&pair.layout)
        .map_err(|source| Error::Read { source, path: pair.layout.clone() })?;
    let (mut layout, touched) = Layout::parse(&text, ReadMode::Lenient)
        .map_err(|_| Error::Layout { lines: text.lines().count(), path: pair.layout.clone() })?;
    if layout == Layout::default() && !text.trim().is_empty() {
        return Err(Error::Layout { lines: text.lines().count(), path: pair.layout.clone() });
    }
    if let Some(first) = touched.first() {
        reporter.warn(
            "layout-lines",
            format!(
                "{} lines of the layout were left out or mended, first line {}: {}; {}",
                touched.len(),
                first.line,
                first.reason,
                pair.layout.display()
            ),
        );
    }
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
    for wall in &mut layout.walls {
        (wall.a[2], wall.b[2]) = (0.0, 0.0);
    }
    layout.doors.iter_mut().chain(&mut layout.windows).for_each(|opening| opening.center[2] -= floor);
    layout.boxes.iter_mut().for_each(|object| object.center[2] -= floor);
    Ok(LabelledScan { name: pair.name.clone(), cloud, layout })
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
        let scan = read(&pairs[0], &reporter).unwrap();
        assert!(scan.cloud.points.iter().all(|p| p.position[2].abs() < 1e-4 && p.normal[2] > 0.9));
        assert!((scan.layout.boxes[0].center[2] - 0.4).abs() < 1e-9 && scan.layout.walls[0].a[2] == 0.0);
        assert!(reporter.warnings().iter().any(|w| w.code == "layout-lines" && w.message.contains("line 2")));
    }

    #[test]
    fn a_folder_without_scans_says_what_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let message = find(folder.path()).unwrap_err().to_string();
        assert!(message.contains("layout.txt") && message.contains("pcd"), "{message}");
    }
}
