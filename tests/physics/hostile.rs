//! Drafts that no detector should write: the answer is a valid scene or a clear error, in time.
//!
//! Numbers that are none, negative sizes, walls without length, everything said twice, heaps of boxes.
//! The bound of the work is no clock here but what limits it: more than 3,000 walls, 5,000 crossings of walls or
//! 50,000 boxes are refused (tested below); a spot keeps at most twelve neighbours a box, so that the pairs that are
//! solved grow with the boxes (`physics::objects::conflicts` tests that); each solve takes at most ten
//! steps of at most a hundred interior-point iterations, is repeated at most seven times, and the
//! closing of rooms ends after sixty rounds or ten million looks at pieces of wall (constants where they are used).

use super::drafts::truth;
use super::repair::repaired;
use proptest::prelude::*;
use roomwright::layout::{Draft, DraftObject, DraftOpening, DraftRoom, DraftWall};
use roomwright::physics::{Options, make_consistent, parse_scene};
use roomwright::report::Reporter;
use roomwright::scene::{OpeningKind, Provenance, Scene, Source};

/// Numbers as broken detectors write them.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        10 => -6.0..6.0f64,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(-1e300),
        1 => Just(0.0),
        1 => Just(1e-300),
    ]
}

fn wall() -> impl Strategy<Value = DraftWall> {
    let ends = prop_oneof![
        6 => (number(), number(), number(), number()),
        // No length.
        1 => (number(), number()).prop_map(|(x, y)| (x, y, x, y)),
    ];
    (ends, number(), number(), number(), number()).prop_map(
        |((ax, ay, bx, by), height, thickness, sigma, confidence)| DraftWall {
            a: [ax, ay],
            b: [bx, by],
            height,
            thickness,
            offset_sigma_m: sigma,
            end_sigma_m: [sigma, confidence],
            confidence,
            observed_fraction: confidence,
            source: Source::Detected,
        },
    )
}

fn opening() -> impl Strategy<Value = DraftOpening> {
    (0usize..12, number(), number(), number(), number(), number(), any::<bool>()).prop_map(
        |(wall_idx, x, y, z, width, height, door)| DraftOpening {
            kind: if door { OpeningKind::Door } else { OpeningKind::Window },
            wall_idx,
            center: [x, y, z],
            width,
            height,
            sigma_m: height,
            confidence: width,
            observed_fraction: z,
        },
    )
}

fn object() -> impl Strategy<Value = DraftObject> {
    let class = prop_oneof![
        Just("chair"),
        Just("table"),
        Just("painting"),
        Just("carpet"),
        Just("chandelier"),
        Just("wall"),
        Just("micro-wave_oven"),
        Just("pillow"),
        Just(""),
        Just("a b<&"),
    ];
    (class, number(), number(), number(), number(), number(), number(), number(), number()).prop_map(
        |(class, x, y, z, yaw, sx, sy, sz, sigma)| DraftObject {
            class: class.to_owned(),
            center: [x, y, z],
            yaw,
            size: [sx, sy, sz],
            sigma_m: sigma,
            confidence: sigma,
            observed_fraction: sz,
        },
    )
}

fn room() -> impl Strategy<Value = DraftRoom> {
    (prop::collection::vec([number(), number()], 0..6), number()).prop_map(|(polygon, z)| DraftRoom {
        polygon,
        ceiling_z: Some(z),
        confidence: z,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_draft_ends_in_a_valid_scene(
        walls in prop::collection::vec(wall(), 0..12),
        openings in prop::collection::vec(opening(), 0..6),
        objects in prop::collection::vec(object(), 0..20),
        rooms in prop::collection::vec(room(), 0..3),
        camera_path in prop::collection::vec([number(), number()], 0..5),
        twice in any::<bool>(),
    ) {
        let mut draft =
            Draft { walls, openings, objects, rooms, camera_path, ..Draft::default() };
        if twice {
            say_twice(&mut draft);
        }
        let scene = repaired(&draft);
        let text = scene.to_json();
        let read = parse_scene(&text).expect("what was written can be read");
        prop_assert_eq!(read.to_json(), text);
        let folder = tempfile::tempdir().expect("a temporary folder");
        for exporter in roomwright::export::exporters() {
            exporter.export(&scene, folder.path()).expect("every scene can be written");
        }
        let before = roomwright::physics::check_draft(&draft).expect("a draft of this size");
        prop_assert!(before.objects <= draft.objects.len());
        prop_assert!((0.0..=1.0).contains(&before.support.rate));
    }
}

proptest! {
    /// Short walls on top of one another: every end has several others within its reach.
    #[test]
    fn walls_on_one_spot_end_in_a_valid_scene(
        ends in prop::collection::vec(prop::array::uniform4(-0.7..0.7f64), 1..12),
        sigma in 0.0..0.5f64,
        openings in prop::collection::vec(opening(), 0..4),
        objects in prop::collection::vec(object(), 0..4),
        rooms in prop::collection::vec(room(), 0..2),
        camera_path in prop::collection::vec([number(), number()], 0..5),
    ) {
        let walls = ends.iter().map(|&[ax, ay, bx, by]| plain_wall([ax, ay], [bx, by], sigma)).collect();
        let scene =
            repaired(&Draft { walls, openings, objects, rooms, camera_path, ..Draft::default() });
        let told = ["wall-unusable", "walls-merged", "wall-removed"];
        let gone = scene.findings.iter().filter(|f| told.contains(&f.code.as_str())).count();
        prop_assert!(scene.walls.len() + gone >= ends.len(), "{} walls, {gone} findings", scene.walls.len());
        prop_assert_eq!(parse_scene(&scene.to_json()).expect("what was written can be read"), scene);
    }
}

/// Every element a second time, as where two runs were merged and identifiers are no longer unique.
fn say_twice(draft: &mut Draft) {
    draft.walls.extend_from_within(..);
    draft.openings.extend_from_within(..);
    draft.objects.extend_from_within(..);
    draft.rooms.extend_from_within(..);
}

#[test]
fn what_is_said_twice_is_there_once() {
    let draft = truth(9);
    let mut doubled = draft.clone();
    say_twice(&mut doubled);
    let (once, twice) = (repaired(&draft), repaired(&doubled));
    assert_eq!(once.walls.len(), twice.walls.len());
    assert_eq!(once.openings.len(), twice.openings.len());
    assert_eq!(once.rooms.len(), twice.rooms.len());
    assert_eq!(once.objects.len(), twice.objects.len());
    let merged = |code: &str| twice.findings.iter().filter(|f| f.code == code).count();
    assert!(merged("walls-merged") >= draft.walls.len());
    let gone = merged("object-merged") + merged("object-removed");
    assert_eq!(gone + twice.objects.len(), doubled.objects.len());
}

#[test]
fn walls_without_length_and_negative_sizes_are_left_out_with_a_finding_each() {
    let mut draft = heap(3, 2.0);
    draft.walls.push(DraftWall { b: draft.walls[0].a, ..draft.walls[0].clone() });
    draft.objects[1].size[0] = -0.4;
    draft.objects[2].center[1] = f64::NAN;
    let scene = repaired(&draft);
    assert_eq!((scene.walls.len(), scene.rooms.len(), scene.objects.len()), (4, 1, 1));
    let told = |code: &str| scene.findings.iter().filter(|f| f.code == code).count();
    assert_eq!((told("wall-unusable"), told("object-unusable")), (1, 2));
}

#[test]
fn merged_walls_have_the_numbers_of_the_draft_whatever_was_left_out_before() {
    let mut draft = heap(1, 0.0);
    draft.walls.insert(0, DraftWall { b: draft.walls[0].a, ..draft.walls[0].clone() });
    draft.walls.push(draft.walls[2].clone());
    let scene = repaired(&draft);
    let merged: Vec<_> = scene.findings.iter().filter(|f| f.code == "walls-merged").collect();
    let [finding] = &merged[..] else { panic!("{merged:?}") };
    assert_eq!(
        finding.elements.iter().map(|id| id.0.as_str()).collect::<Vec<_>>(),
        ["draft_wall_2", "draft_wall_5"]
    );
    assert!(finding.message.contains("walls 2 and 5"), "{}", finding.message);
}

/// A wall that is sure.
fn plain_wall(a: [f64; 2], b: [f64; 2], sigma: f64) -> DraftWall {
    DraftWall {
        a,
        b,
        height: 2.5,
        thickness: 0.1,
        offset_sigma_m: sigma,
        end_sigma_m: [sigma; 2],
        confidence: 1.0,
        observed_fraction: 1.0,
        source: Source::Detected,
    }
}

/// `count` boxes at one place; classes and sizes differ so that they are no plain duplicates.
fn heap(count: usize, spread: f64) -> Draft {
    let square = [[-4.0, -4.0], [4.0, -4.0], [4.0, 4.0], [-4.0, 4.0]];
    let walls = (0..4).map(|i| plain_wall(square[i], square[(i + 1) % 4], 0.02)).collect();
    let classes = ["chair", "table", "sofa", "bed", "cabinet", "plants"];
    let objects = (0..count)
        .map(|i| {
            let t = i as f64;
            DraftObject {
                class: classes[i % classes.len()].to_owned(),
                center: [spread * (t * 0.7).sin(), spread * (t * 1.3).cos(), 0.5],
                yaw: t * 0.01,
                size: [0.3 + 0.7 * (t * 0.37).sin().abs(), 0.3 + 0.7 * (t * 0.53).cos().abs(), 1.0],
                sigma_m: 0.05,
                confidence: 0.5 + 0.4 * (t * 0.11).sin(),
                observed_fraction: 0.5,
            }
        })
        .collect();
    Draft { walls, objects, ..Draft::default() }
}

#[test]
fn ten_thousand_boxes_on_one_spot_are_thinned_with_a_finding_each() {
    let draft = heap(10_000, 0.0);
    let scene = repaired(&draft);
    assert!(!scene.objects.is_empty());
    let gone =
        scene.findings.iter().filter(|f| f.code == "object-removed" || f.code == "object-merged").count();
    assert_eq!(scene.objects.len() + gone, 10_000);
    let figures = roomwright::physics::check(&scene, None);
    assert_eq!(figures.collision.colliding, 0, "{}", figures.table());
}

#[test]
fn a_crowded_room_still_has_no_penetration() {
    let scene = repaired(&heap(400, 3.5));
    let figures = roomwright::physics::check(&scene, None);
    assert_eq!(figures.collision.colliding, 0, "{}", figures.table());
    assert!(figures.support.rate >= 0.99, "{}", figures.table());
}

/// `count` walls each way, two metres apart, all across one another.
fn lattice(count: usize) -> Draft {
    let far = 2.0 * count as f64;
    let each = (0..count).map(|i| 2.0 * i as f64);
    let walls = each
        .flat_map(|at| [plain_wall([at, -1.0], [at, far], 0.02), plain_wall([-1.0, at], [far, at], 0.02)]);
    Draft { walls: walls.collect(), ..Draft::default() }
}

#[test]
fn the_search_for_missing_walls_ends_where_walls_cross_in_dozens_and_says_so() {
    let stopped = |scene: &Scene| scene.findings.iter().any(|f| f.code == "closing-stopped");
    let small = repaired(&lattice(4));
    assert!(!stopped(&small) && small.rooms.len() >= 9, "{} rooms", small.rooms.len());
    let large = repaired(&lattice(32));
    assert!(stopped(&large), "{:?}", large.findings);
    assert!(large.rooms.len() >= 31 * 31, "the rooms that are closed are there: {}", large.rooms.len());
}

#[test]
fn too_large_drafts_and_senseless_options_are_clear_errors() {
    let mut draft = heap(1, 0.0);
    draft.objects = vec![draft.objects[0].clone(); 60_000];
    let run = |draft: &Draft, options: &Options| {
        make_consistent(draft, options, Provenance::default(), &Reporter::default())
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    let message = run(&draft, &Options::default()).unwrap_err();
    assert!(message.contains("60000 objects"), "{message}");
    let message = run(&lattice(71), &Options::default()).unwrap_err();
    assert!(message.contains("5041 crossings of walls"), "{message}");
    let message = run(&heap(1, 0.0), &Options { settle_s: f64::NAN, ..Options::default() }).unwrap_err();
    assert!(message.contains("settle_s"), "{message}");
}

#[test]
fn broken_scene_files_name_what_is_wrong() {
    let text = repaired(&heap(2, 3.0)).to_json();
    assert!(parse_scene(&text).is_ok());
    for (from, to, told) in [
        ("\"version\": \"1.0\"", "\"version\": \"7.0\"", "version"),
        ("\"wall_001\",\n      \"a\"", "\"wall_000\",\n      \"a\"", "wall_000"),
        ("\"mass_kg\": ", "\"mass_kg\": -", "mass"),
        ("\"rooms\": [\n", "\"rooms\": [[\n", "schema"),
    ] {
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text, "`{from}` is not in the file");
        let message = parse_scene(&broken).unwrap_err().to_string();
        assert!(message.contains(told), "{message}");
    }
}
