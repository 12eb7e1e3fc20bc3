//! Drafts that no detector should write: the answer is a valid scene or a clear error, in time.

use super::repair::repaired;
use proptest::prelude::*;
use roomwright::layout::{Draft, DraftObject, DraftOpening, DraftRoom, DraftWall};
use roomwright::physics::{Options, make_consistent, parse_scene};
use roomwright::report::Reporter;
use roomwright::scene::{OpeningKind, Provenance, Source};

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
    (number(), number(), number(), number(), number(), number(), number(), number()).prop_map(
        |(ax, ay, bx, by, height, thickness, sigma, confidence)| DraftWall {
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
    ) {
        let draft = Draft { walls, openings, objects, rooms, ..Draft::default() };
        let scene = repaired(&draft);
        let text = scene.to_json();
        let read = parse_scene(&text).expect("what was written can be read");
        prop_assert_eq!(read.to_json(), text);
        let folder = tempfile::tempdir().expect("a temporary folder");
        for exporter in roomwright::export::exporters() {
            exporter.export(&scene, folder.path()).expect("every scene can be written");
        }
    }
}

/// `count` boxes at one place; classes and sizes differ so that they are no plain duplicates.
fn heap(count: usize, spread: f64) -> Draft {
    let square = [[-4.0, -4.0], [4.0, -4.0], [4.0, 4.0], [-4.0, 4.0]];
    let walls = (0..4)
        .map(|i| DraftWall {
            a: square[i],
            b: square[(i + 1) % 4],
            height: 2.5,
            thickness: 0.1,
            offset_sigma_m: 0.02,
            end_sigma_m: [0.02; 2],
            confidence: 1.0,
            observed_fraction: 1.0,
            source: Source::Detected,
        })
        .collect();
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
