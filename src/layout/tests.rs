//! Property tests of the geometric detector on rooms with known answers, and the walls of the
//! measured sequences.

use super::plan::angle_difference;
use super::{DetectorInput, Draft, DraftWall, Error, Options, detector};
use crate::cloud::{Cloud, CloudPoint, SceneFrame};
use crate::math::{Point2, Point3, Vec2};
use crate::report::Reporter;
use crate::scene::OpeningKind;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

const CEILING: f64 = 2.5;
const STEP: f64 = 0.03;

/// A rectangle of surface: corner, two sides, normal.
type Sheet = ([f64; 3], [f64; 3], [f64; 3], [f64; 3]);

/// A hole in a wall: from, to along x or y, bottom, top.
type Cut = (f64, f64, f64, f64);

/// Samples a wall face over the segment a–b, less its holes; the room is on the left.
fn wall_face(points: &mut Vec<CloudPoint>, a: [f64; 2], b: [f64; 2], cuts: &[Cut]) {
    let length = (b[0] - a[0]).hypot(b[1] - a[1]);
    let d = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
    let normal = [-d[1], d[0]];
    for i in 0..=(length / STEP) as usize {
        for k in 0..=(CEILING / STEP) as usize {
            let (u, z) = (i as f64 * STEP, k as f64 * STEP);
            if cuts.iter().any(|c| u > c.0 && u < c.1 && z > c.2 && z < c.3) {
                continue;
            }
            points.push(point([a[0] + d[0] * u, a[1] + d[1] * u, z], [normal[0], normal[1], 0.0]));
        }
    }
}

fn point(p: [f64; 3], n: [f64; 3]) -> CloudPoint {
    CloudPoint { position: p.map(|v| v as f32), normal: n.map(|v| v as f32), rgb: [200; 3], weight: 4.0 }
}

fn sheet(points: &mut Vec<CloudPoint>, (origin, u, v, normal): Sheet) {
    let length = |w: [f64; 3]| (w[0] * w[0] + w[1] * w[1] + w[2] * w[2]).sqrt();
    let (nu, nv) = ((length(u) / STEP) as usize, (length(v) / STEP) as usize);
    for i in 0..=nu {
        for j in 0..=nv {
            let (s, t) = (i as f64 / nu as f64, j as f64 / nv as f64);
            points.push(point([0, 1, 2].map(|k| origin[k] + s * u[k] + t * v[k]), normal));
        }
    }
}

/// Floor, ceiling and inner faces of the rectangle `min`..`max`; cuts for south, east, north, west.
fn room(points: &mut Vec<CloudPoint>, min: [f64; 2], max: [f64; 2], cuts: [&[Cut]; 4]) {
    let (w, h) = (max[0] - min[0], max[1] - min[1]);
    sheet(points, ([min[0], min[1], 0.0], [w, 0.0, 0.0], [0.0, h, 0.0], [0.0, 0.0, 1.0]));
    sheet(points, ([min[0], min[1], CEILING], [w, 0.0, 0.0], [0.0, h, 0.0], [0.0, 0.0, -1.0]));
    wall_face(points, min, [max[0], min[1]], cuts[0]);
    wall_face(points, [max[0], min[1]], max, cuts[1]);
    wall_face(points, max, [min[0], max[1]], cuts[2]);
    wall_face(points, [min[0], max[1]], min, cuts[3]);
}

/// A closed box of furniture without its bottom.
fn furniture(points: &mut Vec<CloudPoint>, min: [f64; 3], max: [f64; 3]) {
    let d = [0, 1, 2].map(|k| max[k] - min[k]);
    sheet(points, ([min[0], min[1], max[2]], [d[0], 0.0, 0.0], [0.0, d[1], 0.0], [0.0, 0.0, 1.0]));
    sheet(points, (min, [d[0], 0.0, 0.0], [0.0, 0.0, d[2]], [0.0, -1.0, 0.0]));
    sheet(points, (min, [0.0, d[1], 0.0], [0.0, 0.0, d[2]], [-1.0, 0.0, 0.0]));
    sheet(points, ([max[0], min[1], min[2]], [0.0, d[1], 0.0], [0.0, 0.0, d[2]], [1.0, 0.0, 0.0]));
    sheet(points, ([min[0], max[1], min[2]], [d[0], 0.0, 0.0], [0.0, 0.0, d[2]], [0.0, 1.0, 0.0]));
}

/// Two rooms of 4.00 x 3.00 m and 3.00 x 3.00 m, parted by a wall of 0.12 m with a doorway of 0.90 m,
/// a window of 1.2 x 1.1 m in the south, a table of 1.6 x 0.9 x 0.74 m.
fn flat() -> Vec<CloudPoint> {
    let mut points = Vec::new();
    let door_east: Cut = (1.0, 1.9, -1.0, 2.05);
    let door_west: Cut = (1.1, 2.0, -1.0, 2.05);
    let window: Cut = (1.4, 2.6, 0.9, 2.0);
    room(&mut points, [0.0, 0.0], [4.0, 3.0], [&[window], &[door_east], &[], &[]]);
    room(&mut points, [4.12, 0.0], [7.12, 3.0], [&[], &[], &[], &[door_west]]);
    furniture(&mut points, [0.8, 1.2, 0.0], [2.4, 2.1, 0.74]);
    points
}

fn noisy(mut points: Vec<CloudPoint>, sigma: f64, seed: u64) -> Vec<CloudPoint> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for p in &mut points {
        for (k, value) in p.position.iter_mut().enumerate() {
            // Sum of 12 uniforms: normal enough.
            let gauss = (0..12).map(|_| rng.random_range(-0.5..0.5)).sum::<f64>();
            *value += (gauss * sigma) as f32;
            p.normal[k] = 0.0;
        }
    }
    points
}

fn moved(points: &[CloudPoint], angle: f64, shift: [f64; 2]) -> Vec<CloudPoint> {
    let turn = nalgebra::Rotation2::new(angle);
    points
        .iter()
        .map(|p| {
            let position = turn * Point2::new(f64::from(p.position[0]), f64::from(p.position[1]));
            let normal = turn * Vec2::new(f64::from(p.normal[0]), f64::from(p.normal[1]));
            CloudPoint {
                position: [(position.x + shift[0]) as f32, (position.y + shift[1]) as f32, p.position[2]],
                normal: [normal.x as f32, normal.y as f32, p.normal[2]],
                ..*p
            }
        })
        .collect()
}

fn geometric() -> Options {
    Options { detector: super::geometric::NAME.to_owned(), ..Options::default() }
}

fn no_models() -> crate::nn::Registry {
    crate::nn::Registry::open(&[]).unwrap()
}

fn detect(points: Vec<CloudPoint>) -> Draft {
    try_detect(points).unwrap()
}

fn try_detect(points: Vec<CloudPoint>) -> Result<Draft, Error> {
    let cloud: Cloud<SceneFrame> = Cloud::new(points);
    let input = DetectorInput::of_cloud(&cloud);
    detector(&geometric(), &no_models()).unwrap().detect(&input, &Reporter::default())
}

/// Largest distance of the ends of the expected wall from the best detected one.
fn end_error(draft: &Draft, a: [f64; 2], b: [f64; 2]) -> f64 {
    let gap = |p: [f64; 2], q: [f64; 2]| (p[0] - q[0]).hypot(p[1] - q[1]);
    draft
        .walls
        .iter()
        .map(|w| gap(w.a, a).max(gap(w.b, b)).min(gap(w.a, b).max(gap(w.b, a))))
        .fold(f64::INFINITY, f64::min)
}

/// Centre lines of the flat, split where the partition meets them.
const FLAT_WALLS: [([f64; 2], [f64; 2]); 7] = [
    ([-0.06, -0.06], [4.06, -0.06]),
    ([4.06, -0.06], [7.18, -0.06]),
    ([7.18, -0.06], [7.18, 3.06]),
    ([7.18, 3.06], [4.06, 3.06]),
    ([4.06, 3.06], [-0.06, 3.06]),
    ([-0.06, 3.06], [-0.06, -0.06]),
    ([4.06, -0.06], [4.06, 3.06]),
];

fn assert_flat(draft: &Draft, tolerance: f64, place: impl Fn([f64; 2]) -> [f64; 2]) {
    assert_eq!(draft.walls.len(), FLAT_WALLS.len(), "{:#?}", draft.walls);
    for (a, b) in FLAT_WALLS {
        let error = end_error(draft, place(a), place(b));
        assert!(error < tolerance, "wall {a:?}-{b:?} is off by {error}");
    }
    assert_eq!(draft.rooms.len(), 2);
}

#[test]
fn an_exact_cloud_gives_the_exact_flat() {
    let draft = detect(flat());
    assert_flat(&draft, 0.02, |p| p);
    assert!(
        draft.walls.iter().all(|w| (w.height - CEILING).abs() < 0.02 && (w.thickness - 0.12).abs() < 0.01)
    );
    assert!(draft.walls.iter().all(|w| w.confidence > 0.7 && w.observed_fraction > 0.5));
    let door: Vec<_> = draft.openings.iter().filter(|o| o.kind == OpeningKind::Door).collect();
    assert_eq!(door.len(), 1, "{:#?}", draft.openings);
    assert!((door[0].center[1] - 1.45).abs() < 0.06 && (door[0].width - 0.9).abs() < 0.1, "{door:?}");
    assert!((door[0].height - 2.05).abs() < 0.08);
    let window: Vec<_> = draft.openings.iter().filter(|o| o.kind == OpeningKind::Window).collect();
    assert_eq!(window.len(), 1, "{:#?}", draft.openings);
    assert!((window[0].center[0] - 2.0).abs() < 0.06 && (window[0].width - 1.2).abs() < 0.15);
    assert!((window[0].center[2] - 1.45).abs() < 0.06 && (window[0].height - 1.1).abs() < 0.15);
    assert_eq!(draft.objects.len(), 1, "{:#?}", draft.objects);
    let table = &draft.objects[0];
    assert_eq!(table.class, "dining_table");
    for (found, truth) in table.center.iter().zip([1.6, 1.65, 0.37]) {
        assert!((found - truth).abs() < 0.04, "{table:?}");
    }
    let long = table.size[0].max(table.size[1]);
    assert!((long - 1.6).abs() < 0.06 && (table.size[2] - 0.74).abs() < 0.04, "{table:?}");
}

#[test]
fn noise_gives_a_bounded_error() {
    for (seed, sigma) in [(1, 0.01), (2, 0.02), (3, 0.03)] {
        let draft = detect(noisy(flat(), sigma, seed));
        assert_flat(&draft, 0.03 + 2.0 * sigma, |p| p);
    }
}

#[test]
fn a_rigid_motion_in_plan_moves_the_layout_and_nothing_else() {
    let still = flat();
    for (angle, shift) in [(0.5 * PI, [0.0, 0.0]), (37f64.to_radians(), [3.3, -7.7]), (-1.1, [-20.0, 4.0])] {
        let draft = detect(moved(&still, angle, shift));
        let turn = nalgebra::Rotation2::new(angle);
        assert_flat(&draft, 0.03, |p| {
            let q = turn * Point2::from(p);
            [q.x + shift[0], q.y + shift[1]]
        });
        assert_eq!((draft.openings.len(), draft.objects.len()), (2, 1));
    }
}

#[test]
fn an_oblique_wall_stays_oblique() {
    let corners = [[0.0, 0.0], [5.0, 0.0], [5.0, 2.2], [3.6, 3.9], [0.0, 3.9]];
    let mut points = Vec::new();
    for k in 0..5 {
        wall_face(&mut points, corners[k], corners[(k + 1) % 5], &[]);
    }
    let polygon: Vec<Point2> = corners.iter().map(|c| Point2::new(c[0], c[1])).collect();
    for i in 0..170 {
        for j in 0..132 {
            let p = Point2::new(f64::from(i) * STEP, f64::from(j) * STEP);
            if super::plan::contains(&polygon, &p) {
                points.push(point([p.x, p.y, 0.0], [0.0, 0.0, 1.0]));
                points.push(point([p.x, p.y, CEILING], [0.0, 0.0, -1.0]));
            }
        }
    }
    let draft = detect(points);
    assert_eq!(draft.walls.len(), 5, "{:#?}", draft.walls);
    let angle = |w: &DraftWall| (w.b[1] - w.a[1]).atan2(w.b[0] - w.a[0]);
    let oblique = (3.9f64 - 2.2).atan2(3.6 - 5.0);
    assert!(draft.walls.iter().any(|w| angle_difference(angle(w), oblique, PI) < 0.01));
    assert_eq!(draft.rooms.len(), 1);
}

#[test]
fn a_walked_path_is_a_passage() {
    let cloud: Cloud<SceneFrame> = Cloud::new(flat());
    let path = [Point3::new(3.0, 1.5, 1.5), Point3::new(5.0, 1.4, 1.5)];
    let input = DetectorInput {
        cloud: &cloud,
        free_space: None,
        semantics: None,
        camera_path: &path,
        ceiling_height_m: None,
    };
    let draft = detector(&geometric(), &no_models()).unwrap().detect(&input, &Reporter::default()).unwrap();
    let door = draft.openings.iter().find(|o| o.kind == OpeningKind::Door).unwrap();
    assert!(door.confidence >= 0.9);
}

#[test]
fn two_seen_walls_are_two_walls_and_no_room_is_made_up() {
    let mut points = Vec::new();
    sheet(&mut points, ([0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0]));
    wall_face(&mut points, [3.0, 2.0], [0.0, 2.0], &[]);
    wall_face(&mut points, [0.0, 2.0], [0.0, 0.3], &[]);
    let draft = detect(points);
    assert_eq!(draft.walls.len(), 2, "{:#?}", draft.walls);
    assert!(end_error(&draft, [-0.06, 2.06], [3.0, 2.06]) < 0.1);
    assert!(draft.rooms.is_empty());
}

#[test]
fn bad_clouds_are_errors_and_bad_points_are_left_out() {
    assert!(matches!(try_detect(Vec::new()), Err(Error::TooFewPoints { .. })));
    let nan = vec![point([f64::NAN, 0.0, 0.0], [0.0; 3]); 5000];
    assert!(matches!(try_detect(nan), Err(Error::TooFewPoints { finite: 0, .. })));
    let mut points = flat();
    for k in 0..50 {
        points.push(point([f64::INFINITY, f64::from(k), 0.0], [0.0; 3]));
        points.push(point([0.0, 0.0, 1.0], [f64::NAN, 0.0, 0.0]));
    }
    assert_flat(&detect(points), 0.03, |p| p);
    let floor_only: Vec<CloudPoint> = flat().into_iter().filter(|p| p.position[2] == 0.0).collect();
    assert!(detect(floor_only).walls.is_empty());
    let unknown = Options { detector: "nonesuch".to_owned(), ..Options::default() };
    assert!(matches!(detector(&unknown, &no_models()), Err(Error::UnknownDetector { .. })));
}

#[test]
fn the_same_cloud_gives_the_same_bytes() {
    let text = |draft: &Draft| serde_json::to_string(draft).unwrap();
    let points = noisy(flat(), 0.02, 9);
    assert_eq!(text(&detect(points.clone())), text(&detect(points)));
}

/// From given poses and depth, the traced walls of a measured sequence are found.
fn assert_measured_walls(name: &str, walls: &[([f64; 2], [f64; 2])]) {
    let Some(sequence) = crate::cloud::measured::load(name) else { return };
    let reporter = Reporter::default();
    let options = crate::cloud::Options::default();
    let cloud = crate::cloud::fuse(&sequence.trajectory, &sequence.depths, &options, &reporter)
        .unwrap()
        .to_scene(&sequence.scene_from_world);
    let free = crate::cloud::free_space(&sequence.depths, &sequence.scene_from_world, &options, &reporter);
    let path: Vec<Point3> = sequence
        .trajectory
        .poses
        .iter()
        .map(|p| sequence.scene_from_world * Point3::from(p.world_from_camera.translation.vector))
        .collect();
    let input = DetectorInput {
        cloud: &cloud,
        free_space: free.as_ref(),
        semantics: None,
        camera_path: &path,
        ceiling_height_m: None,
    };
    let draft = detector(&geometric(), &no_models()).unwrap().detect(&input, &reporter).unwrap();
    for (a, b) in walls {
        let (a, b) = (Point2::from(*a), Point2::from(*b));
        let middle = nalgebra::center(&a, &b);
        let found = draft.walls.iter().find(|w| {
            let (p, q) = (Point2::from(w.a), Point2::from(w.b));
            let d = (q - p).normalize();
            let normal = Vec2::new(-d.y, d.x);
            let along = (middle - p).dot(&d);
            let angle = angle_difference(d.y.atan2(d.x), (b - a).y.atan2((b - a).x), PI);
            // The traced line is the visible face.
            let off = (normal.dot(&(middle - p)).abs() - 0.5 * w.thickness).abs();
            along > 0.0 && along < (q - p).norm() && angle < 3f64.to_radians() && off < 0.10
        });
        assert!(found.is_some(), "{name}: no wall near {a:?}-{b:?} in {:#?}", draft.walls);
    }
}

#[test]
fn walls_of_redkitchen_are_found_within_10_cm_and_3_degrees() {
    assert_measured_walls("redkitchen", &[([-2.42, 1.2], [-2.588, 3.45]), ([-2.588, 3.45], [2.42, 3.35])]);
}

#[test]
fn the_wall_of_icl_living_room_is_found_within_10_cm_and_3_degrees() {
    // The other traced side is a glass door without a point on it.
    assert_measured_walls("icl_living_room", &[([-0.94, 2.12], [1.875, 2.098])]);
}
