//! A simulated reconstruction of a walk through a house: `(&House, seed, options) -> Scan`.
//!
//! Method: depth by ray casting from views along the walk, the errors of [`super::scan_errors`],
//! then fusion by averaging samples in voxels (running means, in sorted voxel order, so that the
//! result does not depend on threads). Free space is carved along the same rays (`carving`). The
//! truth is split into what was seen and what was not. Scene frame, metres; with scale and tilt
//! errors the cloud leaves the truth's frame by that much, as real ones do.

use super::carving::{Grid, Rays};
use super::caster::{Caster, Hit};
use super::coverage::{Coverage, observe, split_layout};
use super::error::Error;
use super::house::House;
use super::material::Kind;
use super::mesh::{Mesh, V3, add_scaled, dot, length, normalized};
use super::path::{PathOptions, walk};
use super::placement::{Item, Mount};
use super::raster::View;
use super::scan_errors::{ScanErrors, drifted, gauss, global_error, kind_keeps, matchable, smooth_noise};
use super::segmentation::Opinions;
use super::shape::Shape;
use super::sight::Sight;
use super::{furniture, mesh::Builder};
use crate::camera::Camera;
use crate::cloud::{Cloud, CloudPoint, FreeSpace, SceneFrame};
use crate::math::{Pose, Rotation};
use crate::scene::Layout;
use crate::semantics::{ScoredPoint, Semantics};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Surfaces beyond this depth do not exist for a view, metres (more than any house is wide).
const REACH_M: f32 = 40.0;
/// Every so many pixels are scored, across and down.
const SCORED_STEP: usize = 2;

/// Options of a scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScanOptions {
    /// The walk; its frame rate is the rate of depth views.
    pub path: PathOptions,
    /// Depth samples across a view.
    pub width: u32,
    /// Depth samples down a view.
    pub height: u32,
    /// Horizontal field of view, degrees.
    pub hfov_deg: f64,
    /// Depth beyond this is not used, metres.
    pub max_range_m: f64,
    /// Edge of a fusion voxel, metres.
    pub voxel_m: f64,
    /// Voxels with fewer samples are dropped (reconstructions ask for agreement of views).
    pub min_samples: usize,
    /// Edge of a free-space voxel, metres.
    pub free_voxel_m: f64,
    /// Errors.
    pub errors: ScanErrors,
    /// People who stand about while the walk is filmed.
    pub people: usize,
    /// Use every n-th ray for free space.
    pub carve_every: usize,
    /// Let a (simulated) segmentation network look at the views.
    pub segmented: bool,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            path: PathOptions { fps: 3.0, ..PathOptions::default() },
            width: 160,
            height: 120,
            hfov_deg: 66.0,
            max_range_m: 5.0,
            voxel_m: 0.025,
            min_samples: 2,
            free_voxel_m: 0.1,
            errors: ScanErrors::default(),
            people: 0,
            carve_every: 3,
            segmented: false,
        }
    }
}

/// A simulated reconstruction with its truth.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The fused cloud.
    pub cloud: Cloud<SceneFrame>,
    /// What was seen to be empty.
    pub free: FreeSpace,
    /// What the segmentation network says, when it looked.
    pub semantics: Option<Semantics>,
    /// Elements that were seen.
    pub layout: Layout,
    /// Elements that were hardly seen (the ignore list).
    pub unseen: Layout,
    /// Observed shares of all elements.
    pub coverage: Coverage,
    /// True poses of the views, scene_from_camera.
    pub poses: Vec<Pose>,
    /// Scale of the cloud over the truth's.
    pub scale: f64,
}

/// One depth sample.
#[derive(Clone, Copy)]
struct Sample {
    p: V3,
    n: V3,
    rgb: [f32; 3],
    weight: f32,
}

/// Scans a house; `None` when there is no floor to walk on.
#[must_use]
pub fn scan(house: &House, seed: u64, options: &ScanOptions) -> Option<Scan> {
    let path = walk(house, seed, &options.path)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5CA9);
    let mesh = with_people(house, options.people, &mut rng);
    Some(scan_along(house, &mesh, path.poses, seed, options))
}

/// Scans along given poses; `mesh` may hold more than the house (people, clutter).
#[must_use]
pub fn scan_along(house: &House, mesh: &Mesh, poses: Vec<Pose>, seed: u64, options: &ScanOptions) -> Scan {
    let caster = Caster::new(mesh, |_| true);
    let clear = Caster::new(mesh, |k| k != Kind::Glass);
    scan_with(house, mesh, [Sight::Rays(&caster), Sight::Rays(&clear)], poses, seed, options)
}

/// The same with chosen sights of the mesh: one for depth, one (through glass) for what is covered.
#[must_use]
pub fn scan_with(
    house: &House,
    mesh: &Mesh,
    [sight, clear]: [Sight<'_>; 2],
    poses: Vec<Pose>,
    seed: u64,
    options: &ScanOptions,
) -> Scan {
    let focal = 0.5 * f64::from(options.width) / (0.5 * options.hfov_deg).to_radians().tan();
    let camera = Camera::centred(options.width, options.height, focal);
    let coverage = observe(house, mesh, clear, &camera, &poses);
    let believed = drifted(&poses, &options.errors, seed);
    let (scale, tilt) = global_error(&options.errors, seed);
    let opinions = options.segmented.then(|| Opinions::new(house, mesh, seed));
    let looks: Vec<Look> = poses
        .par_iter()
        .zip(&believed)
        .enumerate()
        .map(|(index, (pose, at))| {
            let look_seed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(index as u64);
            let opinions = opinions.as_ref();
            Observer { mesh, sight, camera: &camera, options, opinions, seed: look_seed }.look(pose, at)
        })
        .collect();
    let rays = looks.iter().map(|look| &look.rays);
    let free = Grid::around(house, options.free_voxel_m).carve(rays, |p| moved(p, scale, &tilt));
    let semantics = options.segmented.then(|| {
        let scored: Vec<ScoredPoint> = looks.iter().flat_map(|look| &look.scored).copied().collect();
        Semantics::of_looks(&scored).moved(|p| moved(p, scale, &tilt))
    });
    let mut samples: Vec<Sample> = looks.into_iter().flat_map(|l| l.samples).collect();
    for sample in &mut samples {
        sample.p = moved(sample.p, scale, &tilt);
    }
    let cloud = fuse(samples, options.voxel_m as f32, options.min_samples);
    let (layout, unseen) = split_layout(house, &coverage);
    Scan { cloud, free, semantics, layout, unseen, coverage, poses, scale }
}

fn moved(p: V3, scale: f64, tilt: &Rotation) -> V3 {
    let q = tilt * crate::math::Point3::new(f64::from(p[0]), f64::from(p[1]), f64::from(p[2])) * scale;
    [q.x as f32, q.y as f32, q.z as f32]
}

/// The mesh of the house with people on free floor.
pub(super) fn with_people(house: &House, count: usize, rng: &mut ChaCha8Rng) -> Mesh {
    let mesh = house.mesh();
    if count == 0 {
        return mesh;
    }
    let mut builder = Builder::new();
    builder.mesh = mesh;
    for k in 0..count {
        let room = rng.random_range(0..house.plan.rooms.len());
        let polygon = house.plan.inner_polygon(room);
        let (low, high) = super::placement::bounds(&polygon);
        let size = [0.5, 0.32, rng.random_range(1.55..1.85)];
        for _ in 0..20 {
            let center =
                [rng.random_range(low[0]..high[0]), rng.random_range(low[1]..high[1]), 0.5 * size[2]];
            let person = Item {
                shape: Shape::Person,
                class: None,
                center,
                yaw: rng.random_range(0.0..std::f64::consts::TAU),
                size,
                mount: Mount::Floor,
                room,
                look: rng.random(),
                model: None,
            };
            let free = person.footprint(0.0).iter().all(|&p| super::plan::contains(&polygon, p))
                && house
                    .items
                    .iter()
                    .all(|i| i.room != room || i.plan_distance([center[0], center[1]]) > 0.35);
            if free {
                furniture::build(&mut builder, &person, house.items.len() + k);
                break;
            }
        }
    }
    // Charts of people own no item of the house.
    let items = house.items.len() as u32;
    for chart in &mut builder.mesh.charts {
        if chart.owner > items {
            chart.owner = 0;
        }
    }
    builder.mesh
}

/// What one view gave.
struct Look {
    samples: Vec<Sample>,
    scored: Vec<ScoredPoint>,
    rays: Rays,
}

struct Observer<'a> {
    mesh: &'a Mesh,
    sight: Sight<'a>,
    camera: &'a Camera,
    options: &'a ScanOptions,
    opinions: Option<&'a Opinions<'a>>,
    seed: u64,
}

impl Observer<'_> {
    fn look(&self, pose: &Pose, believed: &Pose) -> Look {
        let (w, h) = (self.options.width as usize, self.options.height as usize);
        let (view, at) = (View::new(self.camera, pose), View::new(self.camera, believed));
        let hits = self.sight.hits(self.camera, pose, REACH_M);
        let depth: Vec<f32> = hits.iter().map(|h| h.map_or(0.0, |h| h.t)).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let rays = Rays { eye: at.eye, ends: Vec::new() };
        let mut look = Look { samples: Vec::new(), scored: Vec::new(), rays };
        let place =
            |i: usize, hit: &Hit| add_scaled(view.eye, view.ray((i % w) as f32, (i / w) as f32), hit.t);
        let scores = self.opinions.map(|opinions| opinions.of_view(self.seed, &hits, [w, h], place));
        let range = self.options.max_range_m as f32;
        for i in 0..w * h {
            let (x, y) = ((i % w) as f32, (i / w) as f32);
            let Some(hit) = hits[i] else { continue };
            if hit.from_behind || hit.t > range {
                continue;
            }
            let measured = self.measure(&view, &hit, [w, h], i, &depth, &mut rng);
            let carve = i % self.options.carve_every.max(1) == 0;
            let ray = at.ray(x, y);
            let Some(d) = measured else {
                // Light passed at least close to the surface, unless it is blank and unmatched.
                continue;
            };
            let p = add_scaled(at.eye, ray, d);
            if carve {
                look.rays.ends.push((p, true));
            }
            if let Some(scores) = &scores
                && (i % w).is_multiple_of(SCORED_STEP)
                && (i / w).is_multiple_of(SCORED_STEP)
            {
                look.scored.push(ScoredPoint { position: p, scores: scores[i] });
            }
            look.samples.push(self.sample(&hit, p, ray, d, &mut rng));
        }
        look
    }

    /// The depth that the reconstruction gives, or none.
    fn measure(
        &self,
        view: &View,
        hit: &Hit,
        size: [usize; 2],
        i: usize,
        depth: &[f32],
        rng: &mut ChaCha8Rng,
    ) -> Option<f32> {
        let errors = &self.options.errors;
        let chart = &self.mesh.charts[hit.chart as usize];
        let material = &self.mesh.materials[chart.material as usize];
        let w = size[0];
        let (x, y) = ((i % w) as f32, (i / w) as f32);
        if material.kind == Kind::Sky {
            return None;
        }
        let exact = errors.holes == 0.0;
        let keep = if exact { 1.0 } else { kind_keeps(material.kind) };
        if keep < 1.0 && !rng.random_bool(keep) {
            return None;
        }
        let ray = view.ray(x, y);
        let p = add_scaled(view.eye, ray, hit.t);
        let cos = dot(chart.normal, ray).abs() / length(ray);
        if !exact {
            // Holes hang together on the surface: noise over surface coordinates against a level.
            let [s, t] = chart.coordinates(p);
            let blob = 0.5
                + 0.5
                    * smooth_noise(s * 2.2 + hit.chart as f32 * 3.7, t * 2.2, (self.seed >> 40) as u32 ^ 77);
            let blank = errors.holes * (1.0 - matchable(material.pattern));
            let steep = if cos < 0.2 { 0.5 * errors.holes } else { 0.0 };
            let far = 0.15 * errors.holes * f64::from(hit.t / 5.0);
            if f64::from(blob) < blank + steep + far || rng.random_bool((0.3 * blank + steep * 0.5).min(0.95))
            {
                return None;
            }
        }
        let mut d = hit.t;
        if errors.fliers > 0.0 {
            let neighbour = |j: usize| depth[j];
            let left = if !i.is_multiple_of(w) { neighbour(i - 1) } else { d };
            let up = if i >= w { neighbour(i - w) } else { d };
            for other in [left, up] {
                if other > 0.0 && (other - d).abs() > 0.08 * d && rng.random_bool(errors.fliers) {
                    d += (other - d) * rng.random_range(0.0..1.0_f32);
                }
            }
        }
        let z = f64::from(d);
        let undulation =
            errors.bias * f64::from(smooth_noise(x / w as f32 * 5.0, y / w as f32 * 5.0, self.seed as u32));
        let noise = errors.noise_m * z * z * gauss(rng) / f64::from(cos.max(0.35));
        let wrong = if material.kind == Kind::Mirror && !exact { rng.random_range(0.3..2.5) } else { 0.0 };
        Some((z * (1.0 + undulation) + noise + wrong) as f32)
    }

    fn sample(&self, hit: &Hit, p: V3, ray: V3, d: f32, rng: &mut ChaCha8Rng) -> Sample {
        let errors = &self.options.errors;
        let chart = &self.mesh.charts[hit.chart as usize];
        let color = self.mesh.materials[chart.material as usize].color;
        // A plain sky-from-above shading is enough for the colours of a cloud.
        let shade = 0.75 + 0.25 * chart.normal[2] + 0.1 * chart.normal[0];
        let rgb = std::array::from_fn(|c| {
            let level = 255.0 * (color[c] * shade).clamp(0.0, 1.0).powf(1.0 / 2.2);
            level + (errors.color * gauss(rng)) as f32
        });
        let wobble: V3 = std::array::from_fn(|_| (errors.normal_rad * gauss(rng)) as f32);
        let n = normalized([
            chart.normal[0] + wobble[0],
            chart.normal[1] + wobble[1],
            chart.normal[2] + wobble[2],
        ]);
        let n = if dot(n, ray) > 0.0 { n.map(|c| -c) } else { n };
        Sample { p, n, rgb, weight: 1.0 / (0.3 + d * d) }
    }
}

/// Averages samples per voxel; the order of points is that of their voxels.
fn fuse(samples: Vec<Sample>, voxel: f32, least: usize) -> Cloud<SceneFrame> {
    let key = |p: V3| {
        let k = p.map(|c| ((c / voxel).floor() as i64 + (1 << 20)) as u64);
        (k[2] << 42) | (k[1] << 21) | k[0]
    };
    let mut keyed: Vec<(u64, u32)> = samples.iter().enumerate().map(|(i, s)| (key(s.p), i as u32)).collect();
    keyed.par_sort_unstable();
    let mut points = Vec::new();
    let mut start = 0;
    while start < keyed.len() {
        let mut end = start + 1;
        while end < keyed.len() && keyed[end].0 == keyed[start].0 {
            end += 1;
        }
        if end - start >= least {
            points.push(mean_point(keyed[start..end].iter().map(|k| &samples[k.1 as usize])));
        }
        start = end;
    }
    Cloud::new(points)
}

fn mean_point<'a>(samples: impl Iterator<Item = &'a Sample>) -> CloudPoint {
    let (mut p, mut n, mut rgb, mut weight, mut count) =
        ([0.0f32; 3], [0.0f32; 3], [0.0f32; 3], 0.0f32, 0.0f32);
    for s in samples {
        for c in 0..3 {
            p[c] += s.weight * s.p[c];
            n[c] += s.weight * s.n[c];
            rgb[c] += s.weight * s.rgb[c];
        }
        weight += s.weight;
        count += 1.0;
    }
    CloudPoint {
        position: p.map(|c| c / weight),
        normal: normalized(n),
        rgb: rgb.map(|c| (c / weight).clamp(0.0, 255.0) as u8),
        weight: count,
    }
}

/// Scans a house into a folder: `cloud.ply`, `layout.txt`, `layout_unseen.txt`, `groundtruth_scene.tum`.
///
/// # Errors
/// [`Error`] when the house cannot be walked or a file cannot be written.
pub fn run_scan(
    seed: u64,
    house: &super::HouseOptions,
    options: &ScanOptions,
    out: &std::path::Path,
) -> Result<super::Summary, Error> {
    super::run::make_folder(out)?;
    let house = super::generate(seed, house);
    let scan = scan(&house, seed, options).ok_or(Error::NoWalk { seed, items: house.items.len() })?;
    crate::cloud::ply::write(&out.join("cloud.ply"), &scan.cloud)?;
    let focal = 0.5 * f64::from(options.width) / (0.5 * options.hfov_deg).to_radians().tan();
    let truth = super::truth::Truth {
        house: &house,
        camera: &Camera::centred(options.width, options.height, focal),
        fps: options.path.fps,
        poses: &scan.poses,
        every: 1,
        has_images: false,
        seen: &scan.layout,
        unseen: &scan.unseen,
    };
    truth.write(out)?;
    super::run::write_attribution(&house, out)?;
    Ok(super::Summary {
        rooms: house.plan.rooms.len(),
        rooms_walked: house.plan.rooms.len(),
        items: house.named_items().count(),
        frames: scan.poses.len(),
        path_m: scan
            .poses
            .windows(2)
            .map(|w| (w[1].translation.vector - w[0].translation.vector).norm())
            .sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::VoxelState;
    use crate::synth::house::{HouseOptions, generate};

    fn small() -> ScanOptions {
        ScanOptions {
            width: 64,
            height: 48,
            path: PathOptions { fps: 1.0, ..PathOptions::default() },
            ..ScanOptions::default()
        }
    }

    #[test]
    fn an_exact_scan_lies_on_the_surfaces() {
        let house = generate(4, &HouseOptions { max_rooms: 1, ..HouseOptions::default() });
        let options = ScanOptions { errors: ScanErrors::none(), voxel_m: 0.01, min_samples: 1, ..small() };
        let scan = scan(&house, 4, &options).expect("there is floor to walk on");
        assert!(scan.cloud.len() > 3000);
        let polygon = house.plan.inner_polygon(0);
        let ceiling = house.plan.ceiling_m as f32;
        for point in &scan.cloud.points {
            let [x, y, z] = point.position;
            assert!(z > -0.01 && z < ceiling + 0.01, "{point:?}");
            let p = [f64::from(x), f64::from(y)];
            let near = (0..polygon.len()).any(|i| {
                super::super::plan::point_segment_distance(p, polygon[i], polygon[(i + 1) % polygon.len()])
                    < 0.2
            });
            assert!(near || super::super::plan::contains(&polygon, p), "{point:?} lies outside");
        }
        // Where points are, space is not free; where the walk went, it is.
        let free = scan.poses.iter().filter(|pose| {
            let t = pose.translation.vector;
            scan.free.at([t.x, t.y, t.z]) != VoxelState::Occupied
        });
        assert_eq!(free.count(), scan.poses.len());
    }

    #[test]
    fn errors_grow_with_their_knobs_and_the_seed_decides() {
        let below = |scan: &Scan| scan.cloud.points.iter().filter(|p| p.position[2] < -0.02).count();
        let mut deepest = 0;
        for seed in 9..13 {
            let house = generate(seed, &HouseOptions { max_rooms: 2, ..HouseOptions::default() });
            let noisy = scan(&house, seed, &small()).expect("walkable");
            let again = scan(&house, seed, &small()).expect("walkable");
            assert_eq!(noisy.cloud.points, again.cloud.points);
            assert!(noisy.free == again.free);
            assert!(!noisy.layout.walls.is_empty());
            let exact = ScanOptions { errors: ScanErrors::none(), min_samples: 1, ..small() };
            assert_eq!(below(&scan(&house, seed, &exact).expect("walkable")), 0);
            deepest += below(&noisy);
        }
        assert!(deepest > 0, "errors put points below the floor");
    }
}
