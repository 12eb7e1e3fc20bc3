//! Tests of the layout text: round trips, the strict reader's reasons, the lenient reader's reports.

use super::*;
use proptest::prelude::*;

const GOOD: &str = "wall_0=Wall(0,0,0,4,0,0,2.6,0.12)\ndoor_0=Door(wall_0,1,0,1,0.9,2)\n\
                    window_0=Window(wall_0,3,0,1.4,1.2,1)\nbbox_0=Bbox(sofa,1,1,0.4,0.5,2,0.9,0.8)\n";

fn strict_error(text: &str) -> LayoutTextError {
    Layout::parse(text, ReadMode::Strict).expect_err("the text is bad")
}

#[test]
fn reads_and_writes_every_kind() {
    let (layout, touched) = Layout::parse(GOOD, ReadMode::Strict).expect("good text");
    assert!(touched.is_empty());
    assert_eq!(layout.doors[0].wall, 0);
    assert_eq!(layout.boxes[0].class, "sofa");
    let text = layout.to_text();
    assert!(text.starts_with("wall_0=Wall(0.000000,0.000000,0.000000,4.000000,"), "{text}");
    assert_eq!(Layout::parse(&text, ReadMode::Strict).expect("own text").0, layout);
}

#[test]
fn strict_names_line_and_reason() {
    let cases = [
        ("wall_0=Wall(0,0,0,4,0,0,2.6)", 1, "7 parameters, 8 needed"),
        ("wall_0=Wall(0,0,0,4,0,0,2.6,0,1)", 1, "9 parameters, 8 needed"),
        ("\n\nwall_0=Wall(0,0,0,4,x,0,2.6,0)", 3, "`x` is not a number"),
        ("wall_0=Wall(0,0,0,4,nan,0,2.6,0)", 1, "nan is not within"),
        ("wall_0=Wall(0,0,0,4,0,0,-2.6,0)", 1, "negative size -2.6"),
        ("wall_0=Wall(0,0,0,4,0,0,2.6,0) # my wall", 1, "after the closing parenthesis"),
        ("door_0=Door(wall_0,1,0,1,0.9,2)", 1, "no wall_0 stands above"),
        ("wall_0=Door(wall_0,1,0,1,0.9,2)", 1, "wall is not built by `Door`"),
        ("lamp_0=Lamp(1)", 1, "unknown kind `lamp`"),
        ("wall_x=Wall(0,0,0,4,0,0,2.6,0)", 1, "`x` is not a number of an entity"),
        ("hello", 1, "there is no `=`"),
        ("wall_0=Wall(0,0,0,4,0,0,1e300,0)", 1, "1e300 is not within"),
        ("bbox_0=Bbox(,1,1,0.4,0.5,2,0.9,0.8)", 1, "the first parameter is empty"),
    ];
    for (text, line, reason) in cases {
        let error = strict_error(text);
        assert_eq!(error.line, line, "{text}");
        assert!(error.reason.contains(reason), "{text}: {}", error.reason);
    }
    let repeated = strict_error(&format!("{GOOD}wall_0=Wall(0,0,0,0,4,0,2.6,0.12)"));
    assert_eq!((repeated.line, repeated.reason.as_str()), (5, "wall_0 stands above already"));
}

#[test]
fn a_door_above_its_wall_is_refused() {
    let error = strict_error("door_0=Door(wall_0,1,0,1,0.9,2)\nwall_0=Wall(0,0,0,4,0,0,2.6,0.12)");
    assert_eq!(error.line, 1);
}

#[test]
fn lenient_keeps_the_rest_and_reports_each_line() {
    let text = "wall_0=Wall(0,0,0,4,0,0,2.6,0.12)\nwall_0=Wall(4,0,0,4,3,0,2.6,0.12)\nrubbish\n\
                door_5=Door(wall_0,4,1,1,-0.9,2)\ndoor_6=Door(wall_7,4,1,1,0.9,2)\n\
                bbox_0=Bbox(sofa,1,1,0.4,0.5,-2,0.9,0.8)\n";
    let (layout, touched) = Layout::parse(text, ReadMode::Lenient).expect("lenient never fails");
    let summary: Vec<_> = touched.iter().map(|t| (t.line, t.action)).collect();
    use LineAction::{Dropped, Mended};
    assert_eq!(summary, [(2, Mended), (3, Dropped), (4, Mended), (5, Dropped), (6, Mended)]);
    assert_eq!(layout.walls.iter().map(|w| w.id).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(layout.doors[0].wall, 1, "the door names the latest wall_0 above it, now wall_1");
    assert!((layout.doors[0].width - 0.9).abs() < 1e-12 && (layout.boxes[0].size[0] - 2.0).abs() < 1e-12);
    Layout::parse(&layout.to_text(), ReadMode::Strict).expect("what is kept is sound");
}

#[test]
fn a_class_that_would_break_the_line_is_written_safely() {
    let (mut layout, _) = Layout::parse(GOOD, ReadMode::Strict).expect("good text");
    layout.boxes[0].class = "so,fa(\n=x)".to_owned();
    let (again, _) = Layout::parse(&layout.to_text(), ReadMode::Strict).expect("safe text");
    assert_eq!(again.boxes[0].class, "so_fa___x_");
}

fn number() -> impl Strategy<Value = f64> {
    // Micrometres, so that the fixed decimals hold the value exactly enough to compare texts.
    (-50_000_000_i64..50_000_000).prop_map(|micro| micro as f64 * 1e-6)
}

fn size() -> impl Strategy<Value = f64> {
    (0_i64..10_000_000).prop_map(|micro| micro as f64 * 1e-6)
}

fn layouts() -> impl Strategy<Value = Layout> {
    let wall = (prop::array::uniform3(number()), prop::array::uniform3(number()), size(), size());
    let opening = || (any::<prop::sample::Index>(), prop::array::uniform3(number()), size(), size());
    let object =
        ("[a-z][a-z_-]{0,12}", prop::array::uniform3(number()), number(), prop::array::uniform3(size()));
    let openings = || prop::collection::vec(opening(), 0..6);
    (prop::collection::vec(wall, 1..8), openings(), openings(), prop::collection::vec(object, 0..8)).prop_map(
        |(walls, doors, windows, boxes)| {
            let wall_count = walls.len();
            let opening = |(id, (wall, center, width, height)): (u32, (prop::sample::Index, _, _, _))| {
                OpeningEntity { id, wall: 3 * wall.index(wall_count) as u32, center, width, height }
            };
            Layout {
                walls: (0..)
                    .zip(walls)
                    .map(|(i, (a, b, height, thickness))| WallEntity { id: 3 * i, a, b, height, thickness })
                    .collect(),
                doors: (0..).zip(doors).map(opening).collect(),
                windows: (0..).zip(windows).map(opening).collect(),
                boxes: (0..)
                    .zip(boxes)
                    .map(|(id, (class, center, yaw, size))| BoxEntity { id, class, center, yaw, size })
                    .collect(),
            }
        },
    )
}

proptest! {
    #[test]
    fn round_trip_keeps_every_value(layout in layouts()) {
        let text = layout.to_text();
        let (again, touched) = Layout::parse(&text, ReadMode::Strict).expect("own text is sound");
        prop_assert!(touched.is_empty());
        prop_assert_eq!(again.to_text(), text);
        prop_assert_eq!(again.walls.len(), layout.walls.len());
        for (x, y) in again.boxes.iter().zip(&layout.boxes) {
            prop_assert_eq!(&x.class, &y.class);
            for k in 0..3 {
                prop_assert!((x.center[k] - y.center[k]).abs() <= 0.51e-6);
            }
        }
        for (x, y) in again.doors.iter().zip(&layout.doors) {
            prop_assert_eq!(x.wall, y.wall);
        }
    }

    #[test]
    fn no_text_panics_and_lenient_output_is_sound(text in "(wall_[0-3]=Wall\\([0-9,.e-]{0,24}\\)|door_0=Door\\(wall_[0-2],[0-9.,-]{0,20}\\)|\\PC{0,20}|\n){0,12}") {
        let _ = Layout::parse(&text, ReadMode::Strict);
        let (layout, _) = Layout::parse(&text, ReadMode::Lenient).expect("lenient never fails");
        prop_assert!(Layout::parse(&layout.to_text(), ReadMode::Strict).is_ok());
    }
}
