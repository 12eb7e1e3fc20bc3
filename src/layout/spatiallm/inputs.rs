//! Everything that the encoder's graph takes, from the voxels.
//!
//! Takes [`Voxels`], gives the [`Pyramid`] of five grids with their index tables, and the tensors of
//! `train/spatiallm/encoder.py` by name. The published code shuffles the curves at every stage even
//! when it only predicts; [`Shuffle`] repeats that or leaves them as configured.

use super::neighbours::{self, Coarse, MEMBERS, OFFSETS};
use super::permutation::permutation;
use super::serialise::{self, Order};
use super::voxels::Voxels;
use crate::nn::point_language::{Curve, PointEncoder, STAGES};
use crate::nn::{Data, Tensor};

/// Channels of the position code: the coordinates, and sine and cosine at ten frequencies.
pub const POSITION: usize = 63;
/// Frequencies of the position code: π times ten values from 1 to 30 in even steps, rounded to 32 bits
/// as the trained model had them.
const FREQUENCIES: [u32; 10] = [
    1_078_530_011,
    1_096_039_272,
    1_102_780_780,
    1_107_692_178,
    1_110_345_838,
    1_112_999_498,
    1_115_653_157,
    1_116_995_841,
    1_118_322_672,
    1_119_649_501,
];

/// Order of the curves at each stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shuffle {
    /// As configured.
    Off,
    /// As the published code draws them after this seed.
    Seed(u32),
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Coordinates of the rows.
    pub grid: Vec<[u32; 3]>,
    /// Index of the configured curve of each of `orders`.
    pub permutation: Vec<usize>,
    /// Orders along the curves.
    pub orders: Vec<Order>,
    /// How this grid came from the finer one; `None` for the first.
    pub pooling: Option<Coarse>,
}

/// The grids of all stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pyramid {
    /// Stages from fine to coarse.
    pub stages: Vec<Stage>,
}

impl Pyramid {
    /// Stages of a grid.
    #[must_use]
    pub fn new(grid: &[[u32; 3]], curves: &[Curve], shuffle: Shuffle) -> Self {
        let mut draws = match shuffle {
            Shuffle::Off => None,
            Shuffle::Seed(seed) => Some(rand_mt::Mt::new(seed)),
        };
        let mut stages: Vec<Stage> = Vec::with_capacity(STAGES);
        for _ in 0..STAGES {
            let pooling = stages.last().map(|finer| neighbours::coarsen(&finer.grid));
            let grid = pooling.as_ref().map_or_else(|| grid.to_vec(), |coarse| coarse.grid.clone());
            let order = draws
                .as_mut()
                .map_or_else(|| (0..curves.len()).collect(), |draws| permutation(draws, curves.len()));
            let shuffled: Vec<Curve> = order.iter().map(|&index| curves[index]).collect();
            let orders = serialise::orders(&grid, &shuffled);
            stages.push(Stage { grid, permutation: order, orders, pooling });
        }
        Self { stages }
    }

    /// Rows of the last stage: the number of point tokens.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.grid.len())
    }
}

/// The tensors of the encoder by name.
#[must_use]
pub fn tensors(voxels: &Voxels, pyramid: &Pyramid, spec: &PointEncoder) -> Vec<(String, Tensor)> {
    let rows = voxels.features.len();
    let coarsest = pyramid.stages.last().map_or(&[][..], |stage| &stage.grid);
    let mut named = vec![
        ("feat".to_owned(), floats(vec![rows, 6], voxels.features.concat())),
        ("position".to_owned(), floats(vec![coarsest.len(), POSITION], position(coarsest, spec.num_bins))),
    ];
    for (s, stage) in pyramid.stages.iter().enumerate() {
        let rows = stage.grid.len();
        let table = neighbours::neighbours(&stage.grid);
        named.push((format!("neighbours_{s}"), indices(vec![OFFSETS, rows], table)));
        let cut = serialise::patches(rows, spec.patch_sizes[s]);
        let patches: Vec<i64> = stage
            .orders
            .iter()
            .flat_map(|order| cut.places.iter().map(|&place| order.rows[place] as i64))
            .collect();
        let shape = vec![stage.orders.len(), cut.places.len() / cut.size, cut.size];
        named.push((format!("patches_{s}"), indices(shape, patches)));
        let places = stage.orders.iter().flat_map(|order| order.places.iter().map(|&place| place as i64));
        named.push((format!("inverse_{s}"), indices(vec![stage.orders.len(), rows], places.collect())));
        if let Some(coarse) = &stage.pooling {
            let shape = vec![rows, MEMBERS];
            named.push((format!("members_{s}"), indices(shape, coarse.members.clone())));
        }
    }
    named
}

/// Fourier code of the coarsest grid (Tancik et al. 2020), `[rows, 63]`: v = grid / (bins / 16 - 1),
/// then sin(f v) and cos(f v) for each frequency.
#[must_use]
pub fn position(grid: &[[u32; 3]], num_bins: u32) -> Vec<f32> {
    let last = (num_bins / 16).saturating_sub(1).max(1) as f32;
    let mut code = Vec::with_capacity(POSITION * grid.len());
    for voxel in grid {
        let unit = voxel.map(|axis| axis as f32 / last);
        code.extend(unit);
        for frequency in FREQUENCIES.map(f32::from_bits) {
            code.extend(unit.map(|v| (frequency * v).sin()));
            code.extend(unit.map(|v| (frequency * v).cos()));
        }
    }
    code
}

fn floats(shape: Vec<usize>, values: Vec<f32>) -> Tensor {
    Tensor { shape, data: Data::F32(values) }
}

fn indices(shape: Vec<usize>, values: Vec<i64>) -> Tensor {
    Tensor { shape, data: Data::I64(values) }
}
