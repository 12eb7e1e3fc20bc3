//! The figures that a repair must reach on noisy drafts, and what it does to partial ones.

use super::drafts::{noisy, truth};
use roomwright::layout::{Draft, DraftObject, DraftRoom, DraftWall};
use roomwright::physics::{Options, check, make_consistent};
use roomwright::report::Reporter;
use roomwright::scene::{Provenance, Scene, Source, Support};

/// Houses that are repaired; seeds that no other test uses.
const SEEDS: std::ops::Range<u64> = 70_000..70_040;

pub fn repaired(draft: &Draft) -> Scene {
    make_consistent(draft, &Options::default(), Provenance::default(), &Reporter::default())
        .expect("a draft of this size has no error")
}

#[test]
fn the_truth_stays_as_it_is() {
    for seed in 71_000..71_010 {
        let draft = truth(seed);
        let scene = repaired(&draft);
        let figures = check(&scene, Some(&draft));
        let evidence = figures.evidence.as_ref().expect("a draft was given");
        assert_eq!(evidence.boxes_removed + evidence.walls_removed, 0, "seed {seed}\n{}", figures.table());
        assert!(
            evidence.boxes_max_m < 0.02 && evidence.walls_max_m < 0.005,
            "seed {seed}\n{}",
            figures.table()
        );
        assert_eq!(scene.rooms.len(), draft.rooms.len(), "seed {seed}");
    }
}

#[test]
fn nothing_leaves_without_a_finding() {
    for seed in SEEDS.take(10) {
        let draft = noisy(&truth(seed), seed);
        let scene = repaired(&draft);
        let gone = scene
            .findings
            .iter()
            .filter(|f| matches!(f.code.as_str(), "object-removed" | "object-merged" | "object-unusable"))
            .count();
        assert_eq!(draft.objects.len(), scene.objects.len() + gone, "seed {seed}");
    }
}

#[test]
fn the_same_draft_gives_the_same_bytes() {
    let draft = noisy(&truth(3), 3);
    assert_eq!(repaired(&draft).to_json(), repaired(&draft).to_json());
}

pub fn wall(a: [f64; 2], b: [f64; 2]) -> DraftWall {
    DraftWall {
        a,
        b,
        height: 2.5,
        thickness: 0.1,
        offset_sigma_m: 0.02,
        end_sigma_m: [0.05; 2],
        confidence: 0.9,
        observed_fraction: 0.8,
        source: Source::Detected,
    }
}

pub fn object(class: &str, center: [f64; 3], size: [f64; 3]) -> DraftObject {
    DraftObject {
        class: class.to_owned(),
        center,
        yaw: 0.0,
        size,
        sigma_m: 0.03,
        confidence: 0.9,
        observed_fraction: 0.5,
    }
}

#[test]
fn three_walls_get_a_fourth_and_say_so() {
    let walls =
        vec![wall([0.0, 0.0], [4.0, 0.02]), wall([4.0, 0.0], [4.03, 3.0]), wall([0.02, 3.0], [0.0, 0.0])];
    let scene = repaired(&Draft { walls, ..Draft::default() });
    assert_eq!((scene.rooms.len(), scene.walls.len()), (1, 4));
    assert!(scene.findings.iter().any(|f| f.code == "wall-inferred"));
    let inferred = scene.walls.iter().find(|w| w.evidence.source == Source::Inferred).expect("the fourth");
    assert!(inferred.evidence.confidence < 0.5 && inferred.evidence.observed_fraction == 0.0);
    assert!(check(&scene, None).watertight.rooms.failing.is_empty());
}

/// A wall that goes on beyond what was seen at its end `b`.
fn unfinished(a: [f64; 2], b: [f64; 2]) -> DraftWall {
    DraftWall { end_sigma_m: [0.05, 1.0], ..wall(a, b) }
}

#[test]
fn two_walls_whose_ends_were_seen_are_closed_with_low_confidence() {
    let walls = vec![wall([0.0, 0.0], [4.0, 0.0]), wall([0.0, 3.0], [0.0, 0.0])];
    let objects = vec![object("table", [2.0, 1.5, 0.36], [1.2, 0.8, 0.72])];
    let scene = repaired(&Draft { walls, objects, ..Draft::default() });
    assert_eq!((scene.walls.len(), scene.rooms.len()), (4, 1));
    let inferred: Vec<_> = scene.walls.iter().filter(|w| w.evidence.source == Source::Inferred).collect();
    assert_eq!(inferred.len(), 2);
    assert!(inferred.iter().all(|w| w.evidence.confidence <= 0.3), "{inferred:?}");
    assert_eq!(scene.findings.iter().filter(|f| f.code == "wall-inferred").count(), 2);
}

#[test]
fn two_walls_stay_open_and_things_still_stand() {
    let walls = vec![unfinished([0.0, 0.0], [4.0, 0.0]), unfinished([0.0, 0.0], [0.0, 3.0])];
    let objects = vec![
        object("table", [2.0, 1.5, 0.36], [1.2, 0.8, 0.72]),
        object("tv", [2.0, 0.09, 1.4], [1.0, 0.08, 0.6]),
    ];
    let scene = repaired(&Draft { walls, objects, ..Draft::default() });
    assert_eq!(scene.walls.len(), 2);
    assert_eq!(scene.rooms.len(), 1, "what was seen has a floor");
    assert!(scene.findings.iter().any(|f| f.code == "room-unclosed" && f.unresolved));
    assert!(scene.rooms[0].walls.iter().flatten().count() >= 2, "{:?}", scene.rooms[0]);
    let figures = check(&scene, None);
    assert_eq!(figures.collision.colliding, 0, "{}", figures.table());
    assert_eq!(figures.support.rate, 1.0, "{}", figures.table());
    assert!(matches!(scene.objects[1].support, Support::Wall(_)), "{:?}", scene.objects[1]);
}

#[test]
fn a_seen_interior_is_kept_where_walls_do_not_close() {
    let walls = vec![unfinished([0.0, 0.0], [4.0, 0.0]), unfinished([0.0, 0.0], [0.0, 3.0])];
    let room = DraftRoom {
        polygon: vec![[0.05, 0.05], [3.0, 0.05], [3.0, 2.5], [0.05, 2.5]],
        ceiling_z: Some(2.6),
        confidence: 0.7,
    };
    let scene = repaired(&Draft { walls, rooms: vec![room], ..Draft::default() });
    let room = &scene.rooms[0];
    assert!((room.ceiling_z - 2.6).abs() < 1e-9);
    assert!(room.polygon.contains(&[0.0, 0.0]), "the outline lies on the walls: {:?}", room.polygon);
    assert!(room.walls.contains(&None) && room.walls.iter().flatten().count() >= 2);
}

#[test]
fn an_empty_draft_is_an_empty_scene() {
    let scene = repaired(&Draft::default());
    assert!(scene.walls.is_empty() && scene.rooms.is_empty() && scene.objects.is_empty());
}

#[test]
fn piles_stand_on_one_another_and_carpets_do_not_lift() {
    let square = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]];
    let walls = (0..4).map(|i| wall(square[i], square[(i + 1) % 4])).collect();
    let objects = vec![
        object("carpet", [2.0, 2.0, 0.01], [2.0, 2.0, 0.02]),
        object("desk", [2.0, 2.0, 0.40], [1.4, 0.7, 0.74]),
        object("computer", [2.1, 2.0, 0.99], [0.5, 0.2, 0.4]),
        object("chair", [2.0, 1.45, 0.45], [0.5, 0.5, 0.9]),
    ];
    let scene = repaired(&Draft { walls, objects, ..Draft::default() });
    assert_eq!(scene.objects.len(), 4);
    assert_eq!(scene.objects[1].support, Support::Floor);
    assert_eq!(scene.objects[2].support, Support::Object(scene.objects[1].id.clone()));
    let figures = check(&scene, None);
    assert!(figures.collision.colliding == 0 && figures.support.rate == 1.0, "{}", figures.table());
    assert!(figures.stability.still.failing.is_empty(), "{}", figures.table());
}

pub fn square(size: f64) -> Vec<DraftWall> {
    let corners = [[0.0, 0.0], [size, 0.0], [size, size], [0.0, size]];
    (0..4).map(|i| wall(corners[i], corners[(i + 1) % 4])).collect()
}

#[test]
fn a_lone_box_beyond_the_walls_goes_but_a_furnished_place_stays() {
    let mut draft = Draft { walls: square(4.0), ..Draft::default() };
    draft.objects = vec![
        object("bed", [2.0, 2.0, 0.25], [1.6, 2.0, 0.5]),
        object("chair", [7.0, 2.0, 0.4], [0.5, 0.5, 0.8]),
    ];
    let scene = repaired(&draft);
    assert_eq!(scene.objects.len(), 1);
    assert!(
        scene
            .findings
            .iter()
            .any(|f| f.code == "object-removed" && f.message.contains("outside of all rooms"))
    );

    // The same chair beside a wall that goes on and a table is in a room that was not closed.
    draft.walls.push(unfinished([4.0, 4.0], [8.0, 4.0]));
    draft.objects.push(object("table", [6.0, 3.0, 0.36], [1.2, 0.8, 0.72]));
    let scene = repaired(&draft);
    assert_eq!(scene.objects.len(), 3, "{:?}", scene.findings);
    assert_eq!(scene.rooms.len(), 2);
    assert!(scene.rooms[1].walls.contains(&None));
    assert!(scene.findings.iter().any(|f| f.code == "room-unclosed"));
}

#[test]
fn a_closed_room_is_not_divided() {
    // An alcove and a half wall: both invite a wall that nobody saw.
    let corners =
        [[0.0, 0.0], [6.0, 0.0], [6.0, 4.0], [4.0, 4.0], [4.0, 5.2], [2.4, 5.2], [2.4, 4.0], [0.0, 4.0]];
    let mut walls: Vec<DraftWall> = (0..8).map(|i| wall(corners[i], corners[(i + 1) % 8])).collect();
    walls.push(wall([3.0, 0.0], [3.0, 1.5]));
    let objects = vec![
        object("chair", [3.2, 4.7, 0.4], [0.5, 0.5, 0.8]),
        object("sofa", [1.2, 1.0, 0.4], [2.0, 0.9, 0.8]),
        object("chair", [9.0, 9.0, 0.4], [0.5, 0.5, 0.8]),
    ];
    let scene = repaired(&Draft { walls, objects, ..Draft::default() });
    assert_eq!(scene.rooms.len(), 1);
    assert!(scene.walls.iter().all(|wall| wall.evidence.source == Source::Detected));
    assert!((scene.rooms[0].area_m2 - 24.0).abs() < 1.5, "{}", scene.rooms[0].area_m2);
}

#[test]
fn a_badly_measured_wall_gives_way_to_well_measured_furniture() {
    let mut walls = square(4.0);
    walls[0].a[1] = 0.1;
    walls[0].b[1] = 0.1;
    walls[0].offset_sigma_m = 0.1;
    walls.iter_mut().for_each(|wall| wall.end_sigma_m = [0.1; 2]);
    // The wall's face is at 0.15, the backs of the sofas are at 0.06.
    let objects = vec![
        object("sofa", [1.0, 0.46, 0.4], [1.6, 0.8, 0.8]),
        object("sofa", [3.0, 0.46, 0.4], [1.6, 0.8, 0.8]),
    ];
    let scene = repaired(&Draft { walls: walls.clone(), objects, ..Draft::default() });
    let wall = scene.walls.iter().find(|w| (w.a[1] - w.b[1]).abs() < 0.1 && w.a[1] < 1.0).expect("the wall");
    assert!(wall.a[1] < 0.08, "it moved towards 0.01: {:?}", wall.a);
    assert!(scene.objects.iter().all(|o| o.center[1] - 0.46 < 0.05), "{:?}", scene.objects);
    assert_eq!(check(&scene, None).collision.colliding, 0);

    // Nothing beside it, nothing moves.
    let scene = repaired(&Draft { walls, ..Draft::default() });
    let wall = scene.walls.iter().find(|w| (w.a[1] - w.b[1]).abs() < 0.1 && w.a[1] < 1.0).expect("the wall");
    assert!((wall.a[1] - 0.1).abs() < 0.06, "{:?}", wall.a);
}

#[test]
fn boxes_that_are_hardly_there_make_no_room_of_their_own() {
    let mut draft = Draft { walls: square(4.0), ..Draft::default() };
    draft.objects = vec![object("bed", [2.0, 2.0, 0.25], [1.6, 2.0, 0.5])];
    for (x, y) in [(5.0, 2.0), (6.0, 2.6), (6.5, 1.4), (5.5, 3.4)] {
        draft.objects.push(object("chair", [x, y, 0.4], [0.5, 0.5, 0.8]));
    }
    let rooms = |confidence: f64| {
        let mut draft = draft.clone();
        draft.objects[1..].iter_mut().for_each(|object| object.confidence = confidence);
        let scene = repaired(&draft);
        let gone = scene.findings.iter().filter(|f| f.code == "object-removed").count();
        assert_eq!(scene.objects.len() + gone, draft.objects.len());
        scene.rooms.len()
    };
    assert_eq!((rooms(0.55), rooms(0.95)), (1, 2));
}
