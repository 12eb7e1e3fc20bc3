//! Fusion of posed depth maps into one surface cloud.
//!
//! Takes maps in the world frame, gives points with normals towards the viewers, colour and weight,
//! in the world frame. Method: truncated signed distances in sparse blocks (Curless and Levoy 1996;
//! Niessner et al. 2013 for the sparse blocks), weighted by confidence and distance; zero crossings
//! are the points. First the blocks that each view touches are listed; then runs of blocks (with a
//! halo of one) that fit the memory budget are integrated and read out one after the other, views in
//! their order, so the result depends neither on the budget nor on the number of threads.
//!
//! Limits: depth maps themselves stay in memory; maps are taken as undistorted pinhole images.

use super::blocks::{BLOCK_EDGE, Block, BlockKey, touched_blocks};
use super::frame::{Cloud, CloudPoint, World};
use super::integrate::{Band, integrate};
use super::normals::refine_normals;
use super::options::{Error, Options, TYPICAL_MEDIAN_DEPTH_M};
use super::outliers;
use super::surface::{Neighbourhood, extract};
use super::view::{Limits, View, check_size, is_usable, limits, prepare};
use crate::depth::{DepthMap, DepthMaps};
use crate::pose::Trajectory;
use crate::report::Reporter;
use rayon::prelude::*;

/// Views prepared at once: bounds memory, and keeps their depth in the cache while blocks are swept.
const BATCH_VIEWS: usize = 8;
/// Share of a run's memory that is its halo, for a compact run of some thousand blocks.
const HALO_SHARE: f64 = 0.4;
/// Cells that local planes are fitted to when the fused normals are rough, voxels.
const NORMAL_CELL_VOXELS: f64 = 2.0;
/// Least blocks of a run; below this the halo is most of the work.
const MIN_RUN_BLOCKS: usize = 64;

/// Fuses the depth maps.
///
/// # Errors
/// [`Error::MapSize`] for inconsistent maps, [`Error::NoDepth`] without usable depth,
/// [`Error::NoSurface`] when nothing consistent comes out, [`Error::Option`] for bad options.
pub fn fuse(
    trajectory: &Trajectory,
    depths: &DepthMaps,
    options: &Options,
    reporter: &Reporter,
) -> Result<Cloud<World>, Error> {
    options.validate()?;
    let maps = usable_maps(depths, reporter)?;
    let limits = limits(&maps, options).ok_or_else(|| no_depth(&maps, options))?;
    let unit = if trajectory.metric { 1.0 } else { limits.median_depth / TYPICAL_MEDIAN_DEPTH_M };
    let voxel = options.voxel_m * unit;
    let band = Band { voxel, truncation: voxel * options.truncation_voxels };
    let plan = Plan::new(&maps, &limits, band);
    let run_blocks = (options.memory_mib << 20) / std::mem::size_of::<Block>();
    let run_blocks = if plan.keys.len() <= run_blocks {
        plan.keys.len()
    } else {
        ((run_blocks as f64 * (1.0 - HALO_SHARE)) as usize).max(MIN_RUN_BLOCKS)
    };
    let runs = plan.keys.len().div_ceil(run_blocks.max(1));
    let mut points = Vec::new();
    for run in 0..runs {
        let ids = run * run_blocks..((run + 1) * run_blocks).min(plan.keys.len());
        points.extend(plan.fuse_run(ids, &limits, options, &|done| {
            reporter.progress(run * maps.len() + done, runs * maps.len());
        }));
    }
    let fused = points.len();
    let points = outliers::remove(points, voxel, options.min_piece_points);
    reporter.diagnostic("voxel_world_units", voxel);
    reporter.diagnostic("median_depth_world_units", limits.median_depth);
    reporter.diagnostic("blocks", plan.keys.len());
    reporter.diagnostic("runs", runs);
    reporter.diagnostic("points", points.len());
    reporter.diagnostic("outlier_points_removed", fused - points.len());
    if points.is_empty() {
        return Err(Error::NoSurface { points: fused, min_weight: options.min_weight });
    }
    let mut cloud = Cloud::new(points);
    let refined = refine_normals(&mut cloud, NORMAL_CELL_VOXELS * voxel);
    reporter.diagnostic("normals_refined", refined);
    Ok(cloud)
}

/// Maps with a finite pose and intrinsics; the others are warned of.
pub(super) fn usable_maps<'a>(
    depths: &'a DepthMaps,
    reporter: &Reporter,
) -> Result<Vec<&'a DepthMap>, Error> {
    for map in &depths.maps {
        check_size(map)?;
    }
    let (good, bad): (Vec<_>, Vec<_>) = depths.maps.iter().partition(|map| is_usable(map));
    if !bad.is_empty() {
        let frames: Vec<String> = bad.iter().take(8).map(|map| map.frame_idx.to_string()).collect();
        reporter.warn(
            "view-not-usable",
            format!(
                "{} of {} depth maps have a pose or intrinsics that are not finite and are left out \
                 (frames {}{}); check the trajectory",
                bad.len(),
                depths.maps.len(),
                frames.join(", "),
                if bad.len() > 8 { ", ..." } else { "" }
            ),
        );
    }
    Ok(good)
}

/// The error that tells why no depth is usable.
pub(super) fn no_depth(maps: &[&DepthMap], options: &Options) -> Error {
    let pixels = maps.iter().map(|map| map.depth.len()).sum();
    let dropped = maps.iter().map(|map| map.depth.iter().filter(|&&depth| depth != 0.0).count()).sum();
    Error::NoDepth { maps: maps.len(), pixels, dropped, min_confidence: options.min_confidence }
}

/// All blocks of the scene and which view touches which.
struct Plan<'a> {
    maps: &'a [&'a DepthMap],
    /// Sorted.
    keys: Vec<BlockKey>,
    /// Per map: indices into `keys`, sorted.
    touched: Vec<Vec<u32>>,
    band: Band,
}

impl<'a> Plan<'a> {
    fn new(maps: &'a [&'a DepthMap], limits: &Limits, band: Band) -> Self {
        let by_view: Vec<Vec<BlockKey>> = maps
            .par_iter()
            .map(|map| touched_blocks(&prepare(map, limits), band.voxel, band.truncation))
            .collect();
        let mut keys: Vec<BlockKey> = by_view.iter().flatten().copied().collect();
        keys.par_sort_unstable();
        keys.dedup();
        let touched = by_view
            .par_iter()
            .map(|view| {
                let mut start = 0;
                view.iter()
                    .map(|key| {
                        start += keys[start..].partition_point(|other| other < key);
                        start as u32
                    })
                    .collect()
            })
            .collect();
        Self { maps, keys, touched, band }
    }

    /// Blocks next to the run that exist, outside it; sorted.
    fn halo(&self, ids: &std::ops::Range<usize>) -> Vec<u32> {
        if ids.len() == self.keys.len() {
            return Vec::new();
        }
        let mut halo: Vec<u32> = ids
            .clone()
            .into_par_iter()
            .flat_map_iter(|id| self.around(id).into_iter().flatten())
            .filter(|id| !ids.contains(&(*id as usize)))
            .collect();
        halo.par_sort_unstable();
        halo.dedup();
        halo
    }

    /// Indices of the 27 blocks around and including `id`.
    fn around(&self, id: usize) -> [Option<u32>; 27] {
        let [x, y, z] = self.keys[id].block();
        std::array::from_fn(|slot| {
            let slot = slot as i64;
            let key = BlockKey::new([x + slot % 3 - 1, y + slot / 3 % 3 - 1, z + slot / 9 - 1])?;
            self.keys.binary_search(&key).ok().map(|found| found as u32)
        })
    }

    /// Integrates and reads out the blocks `ids`.
    fn fuse_run(
        &self,
        ids: std::ops::Range<usize>,
        limits: &Limits,
        options: &Options,
        progress: &dyn Fn(usize),
    ) -> Vec<CloudPoint> {
        let halo = self.halo(&ids);
        let slot_of = |id: u32| {
            let id = id as usize;
            if ids.contains(&id) {
                Some(id - ids.start)
            } else {
                halo.binary_search(&(id as u32)).ok().map(|position| ids.len() + position)
            }
        };
        let slots = ids.len() + halo.len();
        let mut blocks: Vec<Box<Block>> = (0..slots).into_par_iter().map(|_| Block::empty()).collect();
        for first in (0..self.maps.len()).step_by(BATCH_VIEWS) {
            let batch = first..(first + BATCH_VIEWS).min(self.maps.len());
            self.integrate_batch(&mut blocks, batch.clone(), limits, &slot_of, &|slot| {
                if slot < ids.len() { ids.start + slot } else { halo[slot - ids.len()] as usize }
            });
            progress(batch.end);
        }
        let blocks = &blocks;
        let found: Vec<Vec<CloudPoint>> = ids
            .clone()
            .into_par_iter()
            .map(|id| {
                let around = self.around(id).map(|other| Some(&*blocks[slot_of(other?)?]));
                let corner = self.keys[id].block().map(|coordinate| coordinate * BLOCK_EDGE as i64);
                let around = Neighbourhood { blocks: around };
                extract(&around, corner, self.band.voxel, options.min_weight as f32)
            })
            .collect();
        found.into_iter().flatten().collect()
    }

    fn integrate_batch(
        &self,
        blocks: &mut [Box<Block>],
        batch: std::ops::Range<usize>,
        limits: &Limits,
        slot_of: &dyn Fn(u32) -> Option<usize>,
        id_of: &(dyn Fn(usize) -> usize + Sync),
    ) {
        let mut masks = vec![0u8; blocks.len()];
        for (bit, view) in batch.clone().enumerate() {
            for slot in self.touched[view].iter().filter_map(|&id| slot_of(id)) {
                masks[slot] |= 1 << bit;
            }
        }
        let views: Vec<Option<View<'_>>> = batch
            .into_par_iter()
            .enumerate()
            .map(|(bit, view)| {
                let needed = masks.iter().any(|mask| mask & (1 << bit) != 0);
                needed.then(|| prepare(self.maps[view], limits))
            })
            .collect();
        blocks.par_iter_mut().zip(&masks).enumerate().filter(|(_, (_, mask))| **mask != 0).for_each(
            |(slot, (block, mask))| {
                let key = self.keys[id_of(slot)];
                for (bit, view) in views.iter().enumerate() {
                    if let Some(view) = view.as_ref().filter(|_| mask & (1 << bit) != 0) {
                        integrate(block, key, view, self.band);
                    }
                }
            },
        );
    }
}
