//! Metres per world unit, from everything that has a usual size.
//!
//! Unknown: x = ln(metres per world unit). Each cue gives a likelihood over x, a mixture of what the
//! thing may be (a camera held by a person, or anything else; a table, a counter, a seat, or
//! anything else), so that one wrong cue cannot drag the rest. Their product over a grid is the
//! posterior; its mean and standard deviation are the result, so that two remaining explanations
//! show as a large sigma.

use super::alignment::{Cue, Hints, ScaleSource};
use super::evidence::Evidence;
use super::judge::Opinion;
use super::levels::Levels;
use super::options::{Error, Options};
use crate::math::{Vec3, median};

/// The scale, with its origin.
#[derive(Debug, Clone)]
pub struct Scale {
    /// Metres per world unit.
    pub metres_per_unit: f64,
    /// Standard deviation of its natural logarithm.
    pub log_sigma: f64,
    /// Where it comes from.
    pub source: ScaleSource,
    /// The cues that took part.
    pub cues: Vec<Cue>,
}

/// One thing that a measured length may be: metres, relative standard deviation, probability.
#[derive(Debug, Clone, Copy)]
struct Kind {
    metres: f64,
    log_sigma: f64,
    probability: f64,
}

const fn kind(metres: f64, log_sigma: f64, probability: f64) -> Kind {
    Kind { metres, log_sigma, probability }
}

/// Surfaces that face up below the camera: low ones (seats 0.42–0.50, beds, low tables, cabinets),
/// tables (EN 527 desks 0.74), kitchen counters (EN 1116 0.85–0.95), anything else.
const SURFACES: [Kind; 4] =
    [kind(0.47, 0.18, 0.42), kind(0.74, 0.05, 0.24), kind(0.90, 0.05, 0.18), kind(0.75, 0.60, 0.16)];
/// Surfaces of one room come in sets (all seats, all counters), so several are not independent.
const SURFACE_WORTH: f64 = 0.6;
/// Surfaces taken into account; more are pieces of the same ones.
const MAX_SURFACES: usize = 5;
/// A surface of this area counts fully, assumed square metres.
const FULL_SURFACE_M2: f64 = 0.5;
/// A surface nearer to the floor or to another one is the same, as share of the camera's height.
const MIN_SURFACE_SHARE: f64 = 0.08;
/// Distance of surfaces from the nearest camera position; 35 % from clip to clip.
const SURFACE_DISTANCE: Kind = kind(1.6, 0.35, 1.0);
/// Speed of a person who films, metres per second; a factor of 1.7 from clip to clip.
const FILMING_SPEED: Kind = kind(0.35, 0.55, 1.0);
/// Radius of a scanned place: a corner to a flat.
const SCAN_RADIUS: Kind = kind(2.4, 0.50, 1.0);
/// Chance that a camera is not at the usual height: children, robots, tripods, renderings.
const ODD_CAMERA: Kind = kind(1.0, 0.40, 0.25);
/// Chance of an unusual room height: old houses, halls, attics.
const ODD_ROOM: Kind = kind(2.8, 0.18, 0.15);
/// Units that point cloud files are in: probability that a bare cloud is in metres, millimetres,
/// centimetres, feet; else any unit, which is what reconstructions from video are in.
const FILE_UNITS: [Kind; 4] =
    [kind(1.0, 0.01, 0.25), kind(0.001, 0.01, 0.02), kind(0.01, 0.01, 0.01), kind(0.3048, 0.01, 0.01)];
/// Probability density of any other unit, per unit of the logarithm.
const OTHER_UNIT_DENSITY: f64 = 0.71 / 12.0;
/// Relative sigma of a measured hint: the hint's own and the reconstruction's.
const HINT_LOG_SIGMA: f64 = 0.015;
/// Relative sigma of the longest wall-to-wall distance, whose ends may not have been seen.
const ROOM_LENGTH_LOG_SIGMA: f64 = 0.03;
/// Relative sigma of given metric poses or depth.
const GIVEN_LOG_SIGMA: f64 = 0.01;
/// Bending and sampling of any length measured in the reconstruction.
const MEASURED_LOG_SIGMA: f64 = 0.015;
/// Least sigma of a fused scale.
const MIN_FUSED_LOG_SIGMA: f64 = 0.03;
/// Half width and step of the grid of x around the assumed metre.
const GRID_HALF_WIDTH: f64 = 2.5;
/// See [`GRID_HALF_WIDTH`].
const GRID_STEP: f64 = 0.0025;

/// What a hint says, checked.
pub fn check(hints: &Hints) -> Result<(), Error> {
    if let Some(value) = hints.ceiling_height_m.filter(|&height| !(1.5..=20.0).contains(&height)) {
        return Err(Error::Hint { name: "the ceiling height", value, range: "from 1.5 to 20 metres" });
    }
    if let Some((value, what)) = &hints.known_length {
        if !(*value > 0.01 && *value < 1000.0) {
            return Err(Error::Hint {
                name: "the known length",
                value: *value,
                range: "from 0.01 to 1000 metres",
            });
        }
        if !["room", "door", "camera"].contains(&what.as_str()) {
            return Err(Error::KnownLength { what: what.clone() });
        }
    }
    Ok(())
}

/// What the scale is estimated from.
pub struct Measured<'a> {
    /// The samples.
    pub evidence: &'a Evidence,
    /// Up.
    pub up: Vec3,
    /// Direction of the walls.
    pub x: Vec3,
    /// Floor, ceiling, surfaces.
    pub levels: &'a Levels,
}

/// Scale from a hint that can be measured here; `None` when there is none.
pub fn from_hints(measured: &Measured<'_>, hints: &Hints) -> Option<Scale> {
    let levels = measured.levels;
    let scale = |source, name: &str, metres: f64, units: f64, log_sigma: f64| {
        (units > 0.0).then(|| Scale {
            metres_per_unit: metres / units,
            log_sigma,
            source,
            cues: vec![Cue { name: name.to_owned(), value: metres / units, log_sigma }],
        })
    };
    if hints.metric {
        return scale(ScaleSource::Given, "given", 1.0, 1.0, GIVEN_LOG_SIGMA);
    }
    let known = hints.known_length.as_ref().and_then(|(metres, what)| match what.as_str() {
        "room" => {
            let units = longest_extent(measured);
            scale(ScaleSource::KnownLength, "known_room_length", *metres, units, ROOM_LENGTH_LOG_SIGMA)
        }
        "camera" if levels.floor_seen => {
            let height = median(&measured.evidence.camera_heights(&measured.up))? - levels.floor;
            scale(ScaleSource::KnownLength, "known_camera_height", *metres, height, HINT_LOG_SIGMA)
        }
        _ => None,
    });
    known.or_else(|| {
        let height = levels.ceiling.filter(|_| levels.floor_seen)? - levels.floor;
        scale(
            ScaleSource::CeilingHeight,
            "known_ceiling_height",
            hints.ceiling_height_m?,
            height,
            HINT_LOG_SIGMA,
        )
    })
}

/// Longest of the two extents along the walls, world units.
fn longest_extent(measured: &Measured<'_>) -> f64 {
    let y = measured.up.cross(&measured.x);
    [measured.x, y]
        .iter()
        .map(|axis| measured.evidence.quantile(axis, 0.995) - measured.evidence.quantile(axis, 0.005))
        .fold(0.0, f64::max)
}

/// A measured length with what it may be and how much it counts.
struct Observation {
    name: &'static str,
    units: f64,
    kinds: Vec<Kind>,
    /// Tempering exponent: 1 counts as an independent measurement.
    worth: f64,
}

impl Observation {
    /// Log likelihood of x = ln(metres per unit).
    fn log_likelihood(&self, x: f64) -> f64 {
        let log_metres = x + self.units.ln();
        let density: f64 = self
            .kinds
            .iter()
            .map(|kind| {
                let sigma = kind.log_sigma.hypot(MEASURED_LOG_SIGMA);
                let z = (log_metres - kind.metres.ln()) / sigma;
                kind.probability / sigma * (-0.5 * z * z).exp()
            })
            .sum();
        self.worth * density.max(1e-12).ln()
    }

    /// Its own estimate nearest to `x`: the kind that explains it best there.
    fn cue(&self, x: f64) -> Cue {
        let log_metres = x + self.units.ln();
        let density = |kind: &&Kind| {
            let z = (log_metres - kind.metres.ln()) / kind.log_sigma;
            kind.probability / kind.log_sigma * (-0.5 * z * z).exp()
        };
        let best = self.kinds.iter().max_by(|a, b| density(a).total_cmp(&density(b)));
        let (metres, log_sigma) = best.map_or((1.0, 1.0), |kind| (kind.metres, kind.log_sigma));
        Cue { name: self.name.to_owned(), value: metres / self.units, log_sigma }
    }
}

/// What the cues say of x, over a grid.
pub struct Posterior {
    grid: Vec<f64>,
    log_density: Vec<f64>,
    observations: Vec<Observation>,
    /// No cameras: the unit may be that of a file.
    bare: bool,
}

/// Fuses all cues.
pub fn fuse(measured: &Measured<'_>, options: &Options) -> Posterior {
    let observations = observations(measured, options);
    let bare = measured.evidence.cameras.is_empty();
    let centre = -measured.evidence.unit.ln();
    let steps = (2.0 * GRID_HALF_WIDTH / GRID_STEP) as usize;
    let grid: Vec<f64> = (0..=steps).map(|i| centre - GRID_HALF_WIDTH + GRID_STEP * i as f64).collect();
    let log_density = grid
        .iter()
        .map(|&x| {
            let unit = if bare { file_unit(x).ln() } else { 0.0 };
            unit + observations.iter().map(|observation| observation.log_likelihood(x)).sum::<f64>()
        })
        .collect();
    Posterior { grid, log_density, observations, bare }
}

impl Posterior {
    /// The scale, with a judge's opinions as more cues.
    pub(super) fn scale(&self, opinions: &[Opinion]) -> Scale {
        let log_density: Vec<f64> = self
            .grid
            .iter()
            .zip(&self.log_density)
            .map(|(&x, own)| own + opinions.iter().map(|opinion| opinion.log_likelihood(x)).sum::<f64>())
            .collect();
        let peak = log_density.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = log_density.iter().map(|value| (value - peak).exp()).collect();
        let total: f64 = weights.iter().sum();
        let mean = weights.iter().zip(&self.grid).map(|(w, x)| w * x).sum::<f64>() / total;
        // The centre of the main explanation, not a mean between two; sigma is of all about it.
        let mode = mode(&self.grid, &weights).unwrap_or(mean);
        let variance =
            weights.iter().zip(&self.grid).map(|(w, x)| w * (x - mode).powi(2)).sum::<f64>() / total;
        let weak = ["surface_distance", "filming_speed", "scan_radius"];
        let strong = !opinions.is_empty() || self.observations.iter().any(|o| !weak.contains(&o.name));
        let mut cues: Vec<Cue> = self.observations.iter().map(|observation| observation.cue(mode)).collect();
        cues.extend(opinions.iter().map(|opinion| Cue {
            name: opinion.name.to_owned(),
            value: opinion.x.exp(),
            log_sigma: opinion.log_sigma,
        }));
        if self.bare
            && let Some(unit) =
                FILE_UNITS.iter().find(|unit| (mode - unit.metres.ln()).abs() < 3.0 * unit.log_sigma)
        {
            cues.push(Cue { name: "file_unit".to_owned(), value: unit.metres, log_sigma: unit.log_sigma });
        }
        Scale {
            metres_per_unit: mode.exp(),
            log_sigma: variance.sqrt().max(MIN_FUSED_LOG_SIGMA),
            source: if strong { ScaleSource::Fused } else { ScaleSource::Prior },
            cues,
        }
    }
}

/// Mean of the posterior within the window (±10 %) that holds most of it.
fn mode(grid: &[f64], weights: &[f64]) -> Option<f64> {
    let half = (0.10 / GRID_STEP) as usize;
    let mut sums = vec![0.0];
    for weight in weights {
        sums.push(sums.last().copied().unwrap_or(0.0) + weight);
    }
    let window = |i: usize| (i.saturating_sub(half), (i + half + 1).min(grid.len()));
    let mass = |i: usize| sums[window(i).1] - sums[window(i).0];
    let best = (0..grid.len()).max_by(|&a, &b| mass(a).total_cmp(&mass(b)).then(b.cmp(&a)))?;
    let (start, end) = window(best);
    let total: f64 = weights[start..end].iter().sum();
    (total > 0.0).then(|| (start..end).map(|i| weights[i] * grid[i]).sum::<f64>() / total)
}

/// Density of the unit of a file at x = ln(metres per unit).
fn file_unit(x: f64) -> f64 {
    let known: f64 = FILE_UNITS
        .iter()
        .map(|unit| {
            let z = (x - unit.metres.ln()) / unit.log_sigma;
            unit.probability / (unit.log_sigma * std::f64::consts::TAU.sqrt()) * (-0.5 * z * z).exp()
        })
        .sum();
    known + OTHER_UNIT_DENSITY
}

fn observations(measured: &Measured<'_>, options: &Options) -> Vec<Observation> {
    let (evidence, levels) = (measured.evidence, measured.levels);
    let mut all = Vec::new();
    let mut push = |name, units: f64, kinds: Vec<Kind>, worth| {
        if units > 0.0 && units.is_finite() {
            all.push(Observation { name, units, kinds, worth });
        }
    };
    let usual =
        |metres: f64, sigma: f64, odd: Kind| vec![kind(metres, sigma / metres, 1.0 - odd.probability), odd];
    if let Some(camera) = median(&evidence.camera_heights(&measured.up)) {
        // evidence.unit is the distance of surfaces over its typical value.
        push("surface_distance", evidence.unit * SURFACE_DISTANCE.metres, vec![SURFACE_DISTANCE], 1.0);
        push("filming_speed", speed(evidence), vec![FILMING_SPEED], 1.0);
        if levels.floor_seen {
            let kinds = usual(options.camera_height_m, options.camera_height_sigma_m, ODD_CAMERA);
            push("camera_height", camera - levels.floor, kinds, 1.0);
        }
    } else {
        push("scan_radius", evidence.unit * 2.2, vec![SCAN_RADIUS], 1.0);
    }
    if let Some(ceiling) = levels.ceiling.filter(|_| levels.floor_seen) {
        let kinds = usual(options.room_height_m, options.room_height_sigma_m, ODD_ROOM);
        push("room_height", ceiling - levels.floor, kinds, 1.0);
    }
    if levels.floor_seen {
        for (height, worth) in surfaces(evidence, levels) {
            push("surface_height", height, SURFACES.to_vec(), worth);
        }
    }
    all
}

/// Heights above the floor of the largest distinct surfaces that face up, with their worth.
fn surfaces(evidence: &Evidence, levels: &Levels) -> Vec<(f64, f64)> {
    let reference = 1.45 * evidence.unit;
    let near = MIN_SURFACE_SHARE * reference;
    let mut found: Vec<(f64, f64)> = Vec::new();
    for level in levels.levels.iter().filter(|level| level.facing > 0.5 && evidence.oriented) {
        let height = level.height - levels.floor;
        let is_new = found.iter().all(|(other, _)| (other - height).abs() > near);
        if height > 2.0 * near && height < 1.2 * reference && is_new && found.len() < MAX_SURFACES {
            found.push((height, SURFACE_WORTH * (level.area / FULL_SURFACE_M2).min(1.0)));
        }
    }
    found
}

/// Median speed of the camera over windows of about a second, world units per second.
fn speed(evidence: &Evidence) -> f64 {
    let count = evidence.cameras.len();
    if count < 3 || !(evidence.duration_s > 0.5) {
        return 0.0;
    }
    let step = ((count as f64 / evidence.duration_s).round() as usize).clamp(1, count - 1);
    let window_s = evidence.duration_s * step as f64 / (count - 1) as f64;
    let speeds: Vec<f64> = (0..count - step)
        .step_by(step)
        .map(|i| {
            let moved =
                evidence.cameras[i + step].translation.vector - evidence.cameras[i].translation.vector;
            moved.norm() / window_s
        })
        .collect();
    median(&speeds).unwrap_or(0.0)
}
