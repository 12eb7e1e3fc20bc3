//! Tests of the floor-plan metrics on plans whose answer is known.

use super::*;
use crate::scene::{Layout, ReadMode};

fn rectangle(x: f64, y: f64, width: f64, depth: f64) -> Polygon {
    [[x, y], [x + width, y], [x + width, y + depth], [x, y + depth]].map(Point2::from).to_vec()
}

/// Two rooms with a partition; the outer walls are not split, ends miss by centimetres.
const FLAT: &str = "wall_0=Wall(0,0,0,8,0,0,2.6,0.1)\nwall_1=Wall(8.03,0,0,8,4,0,2.6,0.1)\n\
    wall_2=Wall(8,4,0,0,4,0,2.6,0.1)\nwall_3=Wall(0,4.04,0,0,0,0,2.6,0.1)\nwall_4=Wall(5,0.05,0,5,3.95,0,2.6,0.1)\n\
    wall_5=Wall(5,2,0,6,2,0,2.6,0.1)\n";

#[test]
fn rooms_are_read_off_the_walls() {
    let (layout, _) = Layout::parse(FLAT, ReadMode::Strict).expect("good text");
    let rooms = rooms_of_walls(&layout);
    let mut areas: Vec<f64> = rooms.iter().map(|room| polygon::area(room)).collect();
    areas.sort_by(f64::total_cmp);
    assert_eq!(rooms.len(), 2, "the free wall bounds nothing");
    assert!((areas[0] - 12.0).abs() < 0.3 && (areas[1] - 20.0).abs() < 0.3, "{areas:?}");
    assert!(rooms.iter().all(|room| room.len() == 4), "{rooms:?}");
}

#[test]
fn a_plan_scores_full_against_itself() {
    let rooms = [rectangle(0.0, 0.0, 5.0, 4.0), rectangle(5.0, 0.0, 3.0, 4.0)];
    let score = score_plan(&rooms, &rooms);
    for reading in [&score.metric, &score.raster] {
        assert_eq!((reading.rooms.f1, reading.rooms.tp), (1.0, 2));
        assert!(reading.corners.iter().all(|c| c.corners.f1 == 1.0 && c.angles.f1 == 1.0));
    }
    assert!(score.table().contains("corners within 0.10 m"));
}

#[test]
fn corners_count_within_their_distance() {
    let truth = [rectangle(0.0, 0.0, 5.0, 4.0)];
    let score = score_plan(&[rectangle(0.1, 0.1, 5.0, 4.0)], &truth);
    assert_eq!(score.metric.corners[0].corners.tp, 0, "0.141 m is beyond 0.10 m");
    assert_eq!(score.metric.corners[1].corners.tp, 4);
    assert_eq!(score.raster.corners[0].corners.tp, 4);
}

#[test]
fn predictions_that_overlap_are_no_rooms() {
    let truth = [rectangle(0.0, 0.0, 5.0, 4.0)];
    let twice = [rectangle(0.0, 0.0, 5.0, 4.0), rectangle(0.2, 0.0, 4.5, 4.0)];
    let score = score_plan(&twice, &truth);
    assert_eq!((score.metric.rooms.tp, score.raster.rooms.tp), (0, 0));
}

#[test]
fn a_skewed_corner_is_a_corner_but_no_angle() {
    let truth = [rectangle(0.0, 0.0, 1.2, 1.2)];
    let mut skewed = rectangle(0.0, 0.0, 1.2, 1.2);
    skewed[2] = Point2::new(1.33, 1.33);
    let reading = score_plan(&[skewed], &truth).metric;
    assert_eq!((reading.corners[1].corners.tp, reading.corners[1].angles.tp), (4, 1));
}

#[test]
fn nothing_predicted_is_zero_and_no_panic() {
    let score = score_plan(&[], &[rectangle(0.0, 0.0, 5.0, 4.0)]);
    assert_eq!((score.metric.rooms.f1, score.raster.rooms.f1), (0.0, 0.0));
    assert!(rooms_of_walls(&Layout::default()).is_empty());
}
