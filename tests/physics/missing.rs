//! Rooms of which several walls were missed.

use super::repair::{object, repaired, square, wall};
use roomwright::layout::{Draft, DraftWall};
use roomwright::physics::check;
use roomwright::scene::{Scene, Source};

fn inferred(scene: &Scene) -> Vec<f64> {
    let unseen = scene.walls.iter().filter(|wall| wall.evidence.source == Source::Inferred);
    unseen.map(|wall| wall.evidence.confidence).collect()
}

/// A closed room of four metres, and one above it with a bevelled corner that lacks every other wall.
fn bevelled() -> Draft {
    let mut walls = square(4.0);
    walls.push(wall([0.0, 4.0], [0.0, 6.2]));
    walls.push(wall([1.4, 6.2], [1.4, 7.5]));
    walls.push(wall([3.0, 7.5], [4.0, 6.0]));
    let objects = vec![
        object("bed", [1.0, 5.2, 0.25], [1.5, 1.6, 0.5]),
        object("table", [3.0, 5.0, 0.36], [0.8, 0.8, 0.72]),
        object("cabinet", [2.3, 7.1, 0.5], [0.8, 0.5, 1.0]),
        object("chair", [2.2, 6.2, 0.4], [0.5, 0.5, 0.8]),
    ];
    Draft { walls, objects, ..Draft::default() }
}

#[test]
fn a_room_that_lacks_three_walls_is_closed_round_all_that_stands_in_it() {
    let scene = repaired(&bevelled());
    assert_eq!((scene.rooms.len(), inferred(&scene).len()), (2, 3), "{:?}", scene.findings);
    assert!(check(&scene, None).watertight.rooms.failing.is_empty());
    let area = scene.rooms.iter().map(|room| room.area_m2).fold(0.0, f64::max);
    assert!(area > 11.0, "the room above takes in everything: {area} m2");
    assert_eq!(scene.objects.len(), 4, "{:?}", scene.findings);
}

#[test]
fn a_likely_place_is_closed_even_when_most_of_it_was_not_seen() {
    let far = |x: f64| -> Vec<DraftWall> {
        let mut walls = square(4.0);
        walls.push(wall([x, 0.0], [x, 4.0]));
        walls
    };
    let objects = vec![
        object("bed", [6.0, 2.0, 0.25], [1.6, 2.0, 0.5]),
        object("table", [8.0, 1.0, 0.36], [1.2, 0.8, 0.72]),
        object("sofa", [9.5, 2.6, 0.4], [1.8, 0.8, 0.8]),
    ];
    let scene = repaired(&Draft { walls: far(10.8), objects, ..Draft::default() });
    assert_eq!((scene.rooms.len(), inferred(&scene).len()), (2, 2), "{:?}", scene.findings);
    assert!(inferred(&scene).iter().all(|&confidence| confidence < 0.25), "{:?}", inferred(&scene));
    assert!(scene.findings.iter().any(|f| f.code == "room-mostly-inferred"), "{:?}", scene.findings);
    // Nothing stands there: nothing asks for walls that nobody saw.
    let empty = repaired(&Draft { walls: far(10.8), ..Draft::default() });
    assert_eq!((empty.rooms.len(), inferred(&empty).len()), (1, 0), "{:?}", empty.findings);
}
