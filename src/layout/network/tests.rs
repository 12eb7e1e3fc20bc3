//! Maps painted as a perfect network would put them out, and the shipped network on a drawn house.

use super::maps::{BOX_CHANNELS, Grid, LAYERS, Maps};
use super::wall_things::tests::painted;
use super::wall_things::{DOOR, Faces, WINDOW};
use super::{boxes, doors_windows, wall_spans};
use crate::layout::draft::DraftWall;
use crate::layout::plan::Raster;
use crate::math::{Point2, Vec2};
use crate::scene::OpeningKind;
use crate::scene::classes::CLASSES;
use crate::scene::model::Source;

const CELLS: usize = 80;
const CELL_M: f64 = 0.1;

fn blank() -> Maps {
    let raster = Raster { origin: [-1.0, -1.0], pixel_m: CELL_M, width: CELLS, height: CELLS };
    let zeros = |channels| Grid::zeros(channels, CELLS, CELLS);
    Maps {
        raster,
        interior: zeros(1),
        wall_heat: zeros(1),
        wall: zeros(6),
        corner_heat: zeros(1),
        corner: zeros(2),
        opening_heat: zeros(2),
        opening: zeros(8),
        box_heat: zeros(CLASSES.len()),
        boxes: zeros(LAYERS * BOX_CHANNELS),
        scale: zeros(3),
    }
}

fn set(grid: &mut Grid, channel: usize, x: usize, y: usize, value: f64) {
    grid.values[(channel * grid.height + y) * grid.width + x] = value as f32;
}

fn paint_wall(maps: &mut Maps, a: Point2, b: Point2, thickness: f64) {
    let d = (b - a).normalize();
    for y in 0..CELLS {
        for x in 0..CELLS {
            let middle = maps.raster.center(x, y);
            let t = (middle - a).dot(&d).clamp(0.0, (b - a).norm());
            let off = (a + d * t - middle) / CELL_M;
            let heat = (-0.5 * off.norm_squared()).exp();
            if heat > maps.wall_heat.at(0, x, y) {
                set(&mut maps.wall_heat, 0, x, y, heat);
                let axis = [d.x * d.x - d.y * d.y, 2.0 * d.x * d.y];
                let values = [off.x, off.y, axis[0], axis[1], 2.5f64.ln(), thickness.ln()];
                for (channel, value) in values.into_iter().enumerate() {
                    set(&mut maps.wall, channel, x, y, value);
                }
            }
        }
    }
}

/// Writes a centre and its values into the cells around it, its own the hottest.
fn paint_point(
    maps: &Maps,
    heat: &mut Grid,
    channel: usize,
    p: Point2,
    mut write: impl FnMut(usize, usize, Vec2),
) {
    let (cx, cy) = maps.raster.cell(p.x, p.y).unwrap();
    for (dx, dy) in (-1i64..=1).flat_map(|dy| (-1i64..=1).map(move |dx| (dx, dy))) {
        let (x, y) = ((cx as i64 + dx) as usize, (cy as i64 + dy) as usize);
        let own = if dx == 0 && dy == 0 { 0.9 } else { 0.5 };
        set(heat, channel, x, y, own);
        write(x, y, (p - maps.raster.center(x, y)) / CELL_M);
    }
}

pub fn wall(a: [f64; 2], b: [f64; 2]) -> DraftWall {
    DraftWall {
        a,
        b,
        height: 2.5,
        thickness: 0.12,
        offset_sigma_m: 0.01,
        end_sigma_m: [0.03; 2],
        confidence: 1.0,
        observed_fraction: 1.0,
        source: Source::Detected,
    }
}

#[test]
fn painted_walls_come_back_within_a_centimetre_straight_and_oblique() {
    let mut maps = blank();
    let walls = [([0.03, 0.0], [4.0, 0.0]), ([4.0, 0.0], [4.0, 3.0]), ([4.0, 3.0], [0.02, 5.0])];
    for (a, b) in walls {
        paint_wall(&mut maps, a.into(), b.into(), 0.15);
    }
    let lines = wall_spans::find(&maps);
    assert_eq!(lines.len(), 3, "{lines:#?}");
    for (a, b) in walls {
        let middle = nalgebra::center(&Point2::from(a), &Point2::from(b));
        let along = (Point2::from(b) - Point2::from(a)).normalize();
        let off = |l: &crate::layout::wall_lines::WallLine| {
            l.line.distance(&middle).abs() + l.line.normal.dot(&along).abs()
        };
        let best = lines.iter().min_by(|p, q| off(p).total_cmp(&off(q))).unwrap();
        assert!(off(best) < 0.02, "{a:?}-{b:?}: {best:?}");
        assert!((best.thickness - 0.15).abs() < 0.01, "{best:?}");
    }
    assert!(wall_spans::find(&blank()).is_empty());
}

#[test]
fn an_opening_goes_to_the_nearest_parallel_wall_and_stays_in_it() {
    let mut maps = blank();
    let mut heat = maps.opening_heat.clone();
    let mut values = maps.opening.clone();
    // A door whose middle is 8 cm off its wall and 10 cm before its end: 0.9 m do not fit.
    let at = Point2::new(3.5, 0.08);
    paint_point(&maps, &mut heat, 0, at, |x, y, off| {
        let row = [off.x, off.y, 1.0, 0.9f64.ln(), 2.0f64.ln(), 1.0, 0.0, 2.0];
        row.into_iter().enumerate().for_each(|(c, v)| set(&mut values, c, x, y, v));
    });
    (maps.opening_heat, maps.opening) = (heat, values);
    let walls = [wall([0.0, 0.0], [3.6, 0.0]), wall([3.6, 0.0], [3.6, 3.0])];
    let (found, homeless) = doors_windows::find(&maps, &walls, &Faces::default());
    assert_eq!((found.len(), homeless), (1, 0));
    let door = &found[0].opening;
    assert_eq!((door.kind, door.wall_idx), (OpeningKind::Door, 0));
    assert!(door.center[1].abs() < 1e-6, "{door:?}");
    assert!(door.center[0] + 0.5 * door.width < 3.6 + 1e-6 && (door.width - 0.55).abs() < 0.01, "{door:?}");
    assert!((door.center[2] - 1.0).abs() < 1e-6 && (door.height - 2.0).abs() < 1e-5, "{door:?}");
    let (found, homeless) = doors_windows::find(&maps, &walls[1..], &Faces::default());
    assert_eq!((found.len(), homeless), (0, 1), "the only wall left runs across");
}

#[test]
fn boxes_turn_to_walls_touch_them_and_stand_on_the_floor() {
    let mut maps = blank();
    let class = CLASSES.iter().position(|c| *c == "wardrobe").unwrap();
    let mut heat = maps.box_heat.clone();
    let mut values = maps.boxes.clone();
    let yaw: f64 = 0.08;
    // Back side 4 cm before the face of the wall at y = 0 and 5 cm above the floor.
    paint_point(&maps, &mut heat, class, Point2::new(2.0, 0.4), |x, y, off| {
        let axis = [(2.0 * yaw).cos(), (2.0 * yaw).sin()];
        let size = [1.0f64, 0.6, 2.0].map(f64::ln);
        let row =
            [off.x, off.y, 1.05, size[0], size[1], size[2], axis[0], axis[1], yaw.cos(), yaw.sin(), 1.0];
        row.into_iter().enumerate().for_each(|(c, v)| set(&mut values, c, x, y, v));
    });
    (maps.box_heat, maps.boxes) = (heat, values);
    let found = boxes::find(&maps, &[wall([0.0, 0.0], [4.0, 0.0])], &Faces::default(), None, None);
    assert_eq!(found.len(), 1, "{found:#?}");
    let object = &found[0].object;
    assert_eq!(object.class, "wardrobe");
    assert!(object.yaw.abs() < 1e-6, "{object:?}");
    assert!(
        (object.center[1] - 0.5 * object.size[1] - 0.06).abs() < 1e-6,
        "the back is at the face: {object:?}"
    );
    assert!((object.center[1] + 0.5 * object.size[1] - 0.7).abs() < 1e-5, "the front stays: {object:?}");
    assert!((object.center[2] - 0.5 * object.size[2]).abs() < 1e-9, "it stands: {object:?}");
    assert!((object.size[2] - 2.05).abs() < 1e-5, "the top stays: {object:?}");
}

#[test]
fn the_elevation_moves_what_the_plan_shows_adds_what_it_misses_and_doubts_the_rest() {
    let mut maps = blank();
    let (mut heat, mut values) = (maps.opening_heat.clone(), maps.opening.clone());
    // The plan shows a door at 1 m, drawn 10 cm too far and too narrow, and one at 3 m that is none.
    for (x, width) in [(1.1, 0.7f64), (3.0, 0.9)] {
        paint_point(&maps, &mut heat, DOOR, Point2::new(x, 0.0), |x, y, off| {
            let row = [off.x, off.y, 1.0, width.ln(), 2.0f64.ln(), 1.0, 0.0, 2.0];
            row.into_iter().enumerate().for_each(|(c, v)| set(&mut values, c, x, y, v));
        });
    }
    (maps.opening_heat, maps.opening) = (heat, values);
    let wall = wall([0.0, 0.0], [6.0, 0.0]);
    let faces = painted(
        &wall,
        &[
            (DOOR, [1.0, 1.0], [0.9, 2.0, -0.06, 0.12], 0.95),
            (WINDOW, [4.5, 1.5], [1.2, 1.0, -0.06, 0.12], 0.8),
            (2, [2.0, 1.5], [0.6, 0.4, 0.02, 0.03], 0.7),
        ],
    );
    let (found, _) = doors_windows::find(&maps, std::slice::from_ref(&wall), &faces);
    let [door, other, window] = &found[..] else { panic!("{found:#?}") };
    assert!(
        (door.opening.center[0] - 1.0).abs() < 1e-5 && (door.opening.width - 0.9).abs() < 1e-5,
        "{door:?}"
    );
    assert!(door.clues.heat > 0.85 && (door.clues.elevation - 0.95).abs() < 1e-6, "{door:?}");
    assert_eq!((other.opening.kind, other.clues.elevation), (OpeningKind::Door, 0.0));
    assert_eq!(window.opening.kind, OpeningKind::Window);
    assert!(window.clues.heat < 0.05 && (window.clues.elevation - 0.8).abs() < 1e-6, "{window:?}");
    let objects = boxes::find(&maps, std::slice::from_ref(&wall), &faces, None, None);
    let [picture] = &objects[..] else { panic!("{objects:#?}") };
    assert_eq!(picture.object.class, "painting");
    // Its back is on the face, which looks to -y.
    assert!((picture.object.center[1] + 0.06 + 0.015).abs() < 1e-5, "{picture:?}");
}

#[test]
fn layers_name_classes_of_the_language() {
    let upper = CLASSES.iter().filter(|class| boxes::layer(class) == 1).count();
    let covering = CLASSES.iter().filter(|class| boxes::layer(class) == 2).count();
    assert_eq!((upper, covering), (13, 4), "every listed class is one of the language");
}

#[cfg(feature = "onnx")]
mod shipped {
    use crate::cloud::{Cloud, CloudPoint};
    use crate::layout::{DetectorInput, Draft, Options, detector};
    use crate::nn::Registry;
    use crate::report::Reporter;
    use crate::synth::{HouseOptions, ScanOptions, generate, scan};

    fn draft(cloud: &Cloud<crate::cloud::SceneFrame>) -> Draft {
        let options = Options { detector: "network".to_owned(), ..Options::default() };
        let input = DetectorInput::of_cloud(cloud);
        let registry = Registry::open(&[]).unwrap();
        detector(&options, &registry).unwrap().detect(&input, &Reporter::default()).unwrap()
    }

    #[test]
    fn the_same_cloud_gives_the_same_bytes_and_a_turned_one_the_same_scene() {
        let options =
            HouseOptions { max_rooms: 2, min_rooms: 2, random_pose: false, ..HouseOptions::default() };
        let house = generate(800_001, &options);
        let cloud = scan(&house, 1, &ScanOptions::default()).expect("a walk").cloud;
        let first = draft(&cloud);
        let text = |draft: &Draft| serde_json::to_string(draft).unwrap();
        assert_eq!(text(&first), text(&draft(&cloud)));
        assert!(first.walls.len() >= 6, "{:#?}", first.walls);
        for degrees in [90.0f64, 37.0] {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let plan = |x: f64, y: f64| [cos * x - sin * y, sin * x + cos * y];
            let vector = |[x, y, z]: [f32; 3]| {
                let [u, v] = plan(f64::from(x), f64::from(y));
                [u as f32, v as f32, z]
            };
            let turned =
                |p: &CloudPoint| CloudPoint { position: vector(p.position), normal: vector(p.normal), ..*p };
            let second = draft(&Cloud::new(cloud.points.iter().map(turned).collect()));
            assert_eq!(second.walls.len(), first.walls.len(), "turned by {degrees}");
            for wall in &first.walls {
                let ends = [wall.a, wall.b].map(|p| plan(p[0], p[1]));
                let gap = |p: [f64; 2], q: [f64; 2]| (p[0] - q[0]).hypot(p[1] - q[1]);
                let nearest = second
                    .walls
                    .iter()
                    .map(|w| {
                        let same = gap(w.a, ends[0]).max(gap(w.b, ends[1]));
                        same.min(gap(w.a, ends[1]).max(gap(w.b, ends[0])))
                    })
                    .fold(f64::INFINITY, f64::min);
                assert!(nearest < 0.03, "turned by {degrees}: {wall:?} is off by {nearest}");
            }
            let things = |draft: &Draft| -> Vec<(String, [f64; 3])> {
                let openings = draft.openings.iter().map(|o| (format!("{:?}", o.kind), o.center));
                openings.chain(draft.objects.iter().map(|o| (o.class.clone(), o.center))).collect()
            };
            let (known, found) = (things(&first), things(&second));
            assert_eq!(known.len(), found.len(), "turned by {degrees}");
            for (class, [x, y, z]) in &known {
                let [u, v] = plan(*x, *y);
                let is_near = |p: &[f64; 3]| (p[0] - u).hypot(p[1] - v).hypot(p[2] - z) < 0.03;
                assert!(
                    found.iter().any(|(other, p)| other == class && is_near(p)),
                    "turned by {degrees}: no {class} at {:?}",
                    [u, v, *z]
                );
            }
        }
    }

    #[test]
    fn what_a_segmentation_network_says_moves_the_heats_a_little_and_no_wall() {
        let options = HouseOptions { max_rooms: 1, random_pose: false, ..HouseOptions::default() };
        let house = generate(800_004, &options);
        let scan =
            scan(&house, 1, &ScanOptions { segmented: true, ..ScanOptions::default() }).expect("a walk");
        let semantics = scan.semantics.as_ref().expect("the views were segmented");
        assert!(semantics.points.len() > 1000, "{} places", semantics.points.len());
        let options = Options { detector: "network".to_owned(), ..Options::default() };
        let network = detector(&options, &Registry::open(&[]).unwrap()).unwrap();
        assert!(network.reads_semantics());
        let bare = DetectorInput::of_cloud(&scan.cloud);
        let [with, without] = [DetectorInput { semantics: Some(semantics), ..bare }, bare]
            .map(|input| network.detect(&input, &Reporter::default()).unwrap());
        assert_eq!(with.walls.len(), without.walls.len());
        let sure = |draft: &Draft| draft.objects.iter().map(|o| o.confidence).collect::<Vec<_>>();
        assert_ne!(sure(&with), sure(&without), "the scores reach the network");
    }
}
