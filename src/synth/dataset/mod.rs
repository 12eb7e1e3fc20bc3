//! Training data for layout networks: `(seed, options) -> shards of tiles with truth`.
//!
//! A tile is what a detector sees of one place: the pillars of a simulated reconstruction and the true
//! elements around it. Several tiles are scanned in each house ([`tile`]); shards are safetensors
//! files ([`shard`]) and are written while the next ones are made, so that memory does not grow with
//! the data set. The same seed and options give the same bytes, whatever the number of threads. Tiles
//! of scans that people have labelled ([`scanned`]) go to shards of the same form.

mod faces;
mod place;
mod scanned;
mod shard;
mod tile;

use super::error::Error;
use super::house::HouseOptions;
use crate::export::write_atomically;
use crate::layout::labelled;
use crate::layout::network::pillars::{CELL_M, CHANNEL_NAMES};
use crate::layout::network::{elevations, wall_things};
use crate::nn::Registry;
use crate::report::Reporter;
use crate::scene::ClassMap;
use crate::scene::classes::CLASSES;
use crate::semantics::{self, Segmenter};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// Houses that are made side by side between two writes.
const HOUSES_AT_ONCE: usize = 16;

/// Options of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatasetOptions {
    /// The houses.
    pub house: HouseOptions,
    /// Number of tiles.
    pub tiles: usize,
    /// Tiles in a shard.
    pub shard: usize,
    /// Tiles scanned in one house.
    pub per_house: usize,
    /// Cells along each side of a tile.
    pub cells: usize,
    /// Views that a tile is scanned from.
    pub views: usize,
    /// Depth samples across a view (down: three quarters of it).
    pub width: u32,
    /// Share of tiles without any error of reconstruction.
    pub perfect_share: f64,
    /// Strongest errors, as a multiple of the usual ones.
    pub max_errors: f64,
    /// Share of tiles whose scale is wrong, ...
    pub scale_share: f64,
    /// ... by a factor up to one plus this, either way.
    pub scale_jitter: f64,
    /// One sigma of the logarithm of the other tiles' scale.
    pub scale_sigma: f64,
    /// Share of tiles that are filmed from one place: a corner of a room, one way round.
    pub corner_share: f64,
    /// Share of tiles turned by any angle; the others keep to the axes but for a degree or two.
    pub turned_share: f64,
    /// Share of the drawn tiles whose views a (simulated) segmentation network has looked at.
    pub segmented_share: f64,
    /// The segmentation network that looks at the pictures of labelled scans, if any.
    pub semantics: semantics::Options,
    /// Write the faces of the walls, seen from the front, instead of the plans.
    pub faces: bool,
}

impl Default for DatasetOptions {
    fn default() -> Self {
        Self {
            house: HouseOptions { max_rooms: 4, random_pose: false, ..HouseOptions::default() },
            tiles: 1024,
            shard: 256,
            per_house: 4,
            cells: 160,
            views: 24,
            width: 96,
            perfect_share: 0.1,
            max_errors: 2.5,
            scale_share: 0.5,
            scale_jitter: 0.25,
            scale_sigma: 0.0,
            corner_share: 0.0,
            turned_share: 0.25,
            segmented_share: 0.75,
            semantics: semantics::Options::default(),
            faces: false,
        }
    }
}

impl DatasetOptions {
    fn check(&self) -> Result<(), Error> {
        let even = |what: &'static str, value: usize| {
            let fits = value >= 16 && value.is_multiple_of(8);
            let error = Error::Options { what, value: value as f64, needed: "a multiple of 8 from 16 on" };
            if fits { Ok(()) } else { Err(error) }
        };
        even("cells", self.cells)?;
        even("width", self.width as usize)?;
        for (what, value) in [
            ("tiles", self.tiles),
            ("shard", self.shard),
            ("per_house", self.per_house),
            ("views", self.views),
        ] {
            if value == 0 {
                return Err(Error::Options { what, value: 0.0, needed: "at least 1" });
            }
        }
        if !(0.0..=0.5).contains(&self.scale_jitter) {
            let value = self.scale_jitter;
            return Err(Error::Options { what: "scale_jitter", value, needed: "between 0 and 0.5" });
        }
        Ok(())
    }
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetSummary {
    /// Tiles written.
    pub tiles: usize,
    /// Shards written.
    pub shards: usize,
    /// Houses that were drawn.
    pub houses: usize,
    /// Houses in which nobody could walk; they have no tiles.
    pub unwalkable: usize,
}

/// Writes `dataset.json` and `shard_00000.safetensors`, ... into a folder.
///
/// # Errors
/// [`Error`] when an option is unusable or a file cannot be written.
pub fn run_dataset(
    seed: u64,
    options: &DatasetOptions,
    out: &Path,
    reporter: &Reporter,
) -> Result<DatasetSummary, Error> {
    options.check()?;
    super::run::make_folder(out)?;
    write_atomically(&out.join("dataset.json"), describe(seed, options)?.as_bytes())?;
    let mut summary = DatasetSummary { tiles: 0, shards: 0, houses: 0, unwalkable: 0 };
    let mut pending = Vec::new();
    while summary.tiles < options.tiles {
        let first = seed + summary.houses as u64;
        let made: Vec<Vec<tile::Tile>> = (first..first + HOUSES_AT_ONCE as u64)
            .into_par_iter()
            .map(|house_seed| tile::tiles(house_seed, options))
            .collect();
        summary.houses += made.len();
        summary.unwalkable += made.iter().filter(|tiles| tiles.is_empty()).count();
        if made.iter().all(Vec::is_empty) {
            return Err(Error::NoWalk { seed: first, items: 0 });
        }
        pending.extend(made.into_iter().flatten());
        loop {
            let count = options.shard.min(options.tiles - summary.tiles);
            if count == 0 || pending.len() < count {
                break;
            }
            let tiles: Vec<tile::Tile> = pending.drain(..count).collect();
            shard::write(
                &out.join(format!("shard_{:05}.safetensors", summary.shards)),
                &tiles,
                options.faces,
            )?;
            summary.shards += 1;
            summary.tiles += count;
            reporter.progress(summary.tiles, options.tiles);
        }
    }
    Ok(summary)
}

/// What was made of labelled scans.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScansSummary {
    /// Tiles written.
    pub tiles: usize,
    /// Shards written.
    pub shards: usize,
    /// Scans that they were cut from.
    pub scans: usize,
    /// Boxes that were left out, by their class, which is none of the layout language.
    pub unknown_classes: BTreeMap<String, usize>,
}

/// Writes tiles of labelled scans as [`run_dataset`] writes those of drawn houses. `classes` translates
/// the classes of the layouts; the registry has the segmentation network that the options may name.
///
/// # Errors
/// [`Error`] when an option is unusable, a scan cannot be read or a file cannot be written.
pub fn run_scans(
    (folder, classes, registry): (&Path, Option<&ClassMap>, &Registry),
    seed: u64,
    options: &DatasetOptions,
    out: &Path,
    reporter: &Reporter,
) -> Result<ScansSummary, Error> {
    options.check()?;
    let pairs = labelled::find(folder)?;
    let segmenter = Segmenter::open(&options.semantics, registry).map_err(labelled::Error::from)?;
    super::run::make_folder(out)?;
    write_atomically(&out.join("dataset.json"), describe(seed, options)?.as_bytes())?;
    let mut unknown_classes: BTreeMap<String, usize> = BTreeMap::new();
    let mut scans = Vec::new();
    for pair in &pairs {
        let scan = labelled::read(pair, segmenter.as_ref(), reporter)?;
        if scan.cloud.is_empty() {
            reporter.warn("scan-empty", format!("the cloud has no points: {}", pair.cloud.display()));
            continue;
        }
        let (scanned, unknown) = scanned::Scanned::new(scan, classes);
        for (class, count) in unknown {
            *unknown_classes.entry(class).or_default() += count;
        }
        scans.push(scanned);
    }
    if scans.is_empty() {
        return Err(labelled::Error::Empty(folder.to_owned()).into());
    }
    let mut summary = ScansSummary { tiles: 0, shards: 0, scans: scans.len(), unknown_classes };
    while summary.tiles < options.tiles {
        let count = options.shard.min(options.tiles - summary.tiles);
        let tiles: Vec<tile::Tile> = (summary.tiles..summary.tiles + count)
            .into_par_iter()
            .map(|k| scans[k % scans.len()].tile(seed.wrapping_add(k as u64), options))
            .collect();
        shard::write(&out.join(format!("shard_{:05}.safetensors", summary.shards)), &tiles, options.faces)?;
        summary.shards += 1;
        summary.tiles += count;
        reporter.progress(summary.tiles, options.tiles);
    }
    Ok(summary)
}

fn describe(seed: u64, options: &DatasetOptions) -> Result<String, Error> {
    let value = json!({
        "generator": concat!("roomwright ", env!("CARGO_PKG_VERSION")),
        "seed": seed,
        "options": options,
        "cell_m": CELL_M,
        "channels": if options.faces { &elevations::CHANNEL_NAMES[..] } else { &CHANNEL_NAMES[..] },
        "classes": if options.faces { &wall_things::CLASSES[..] } else { &CLASSES[..] },
        "tensors": if options.faces { shard::FACES } else { shard::DESCRIPTION },
    });
    serde_json::to_string_pretty(&value).map(|text| text + "\n").map_err(|e| Error::Json(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::SafeTensors;

    fn tiny() -> DatasetOptions {
        DatasetOptions { tiles: 5, shard: 3, per_house: 2, cells: 96, views: 6, ..DatasetOptions::default() }
    }

    #[test]
    fn shards_are_whole_alike_and_hold_truth() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&a, &b] {
            let summary = run_dataset(70, &tiny(), folder.path(), &Reporter::default()).unwrap();
            assert_eq!((summary.tiles, summary.shards), (5, 2));
        }
        let bytes = |folder: &tempfile::TempDir, name: &str| std::fs::read(folder.path().join(name)).unwrap();
        for name in ["dataset.json", "shard_00000.safetensors", "shard_00001.safetensors"] {
            assert_eq!(bytes(&a, name), bytes(&b, name), "{name}");
        }
        let first = bytes(&a, "shard_00000.safetensors");
        let tensors = SafeTensors::deserialize(&first).unwrap();
        let input = tensors.tensor("input").unwrap();
        assert_eq!(input.shape(), [3, CHANNEL_NAMES.len(), 96, 96]);
        assert!(input.data().iter().any(|&v| v > 0));
        let walls = tensors.tensor("walls").unwrap();
        assert!(walls.shape()[0] >= 3 && walls.shape()[1] == 8, "{:?}", walls.shape());
        let interior = tensors.tensor("interior").unwrap();
        let inside = interior.data().iter().filter(|&&v| v == 1).count();
        assert!(inside > 500, "{inside} cells of rooms");
    }

    #[test]
    fn faces_are_alike_and_hold_what_is_on_the_walls() {
        let options = DatasetOptions { faces: true, shard: 5, views: 12, ..tiny() };
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&a, &b] {
            run_dataset(70, &options, folder.path(), &Reporter::default()).unwrap();
        }
        let read = |f: &tempfile::TempDir| std::fs::read(f.path().join("shard_00000.safetensors")).unwrap();
        let bytes = read(&a);
        assert_eq!(bytes, read(&b));
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let faces = tensors.tensor("faces").unwrap();
        let [count, channels, rows, columns] = faces.shape()[..] else { panic!("{:?}", faces.shape()) };
        assert!(count >= 5, "{count} faces of five tiles");
        assert_eq!((channels, rows, columns), (elevations::CHANNELS, elevations::ROWS, faces::COLUMNS));
        let things = tensors.tensor("things").unwrap();
        let values: Vec<f32> =
            things.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
        let openings = values.chunks_exact(9).filter(|row| row[1] < 2.0).count();
        assert!(openings >= 2, "{openings} doors and windows");
        for row in values.chunks_exact(9) {
            assert!((row[0] as usize) < count && (row[1] as usize) < wall_things::CLASSES.len(), "{row:?}");
            assert!(
                (0.0..columns as f32).contains(&row[2]) && (0.0..rows as f32).contains(&row[3]),
                "{row:?}"
            );
            assert!(row[4] > 0.0 && row[5] > 0.0 && (0.0..=1.0).contains(&row[8]), "{row:?}");
        }
    }

    #[test]
    fn other_seeds_give_other_tiles() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        run_dataset(70, &tiny(), a.path(), &Reporter::default()).unwrap();
        run_dataset(80, &tiny(), b.path(), &Reporter::default()).unwrap();
        let read = |f: &tempfile::TempDir| std::fs::read(f.path().join("shard_00000.safetensors")).unwrap();
        assert_ne!(read(&a), read(&b));
    }

    #[test]
    fn unusable_options_are_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let options = DatasetOptions { cells: 90, ..tiny() };
        let message = run_dataset(1, &options, folder.path(), &Reporter::default()).unwrap_err().to_string();
        assert!(message.contains("cells is 90") && message.contains("multiple of 8"), "{message}");
    }
}
