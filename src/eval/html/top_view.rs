//! The top view: prediction over truth as SVG.
//!
//! Plan view of the scene frame, x to the right, y up, one grid cell a metre. The truth lies below in
//! wide pale strokes, the prediction above in thin strong ones, each coloured by what became of it.

use super::embed::escape;
use crate::eval::overlap::YawBox;
use crate::math::{Point2, Vec2};
use crate::scene::{BoxEntity, Layout, OpeningEntity, WallEntity};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Longer side of the drawing, pixels.
const SIDE_PX: f64 = 760.0;
/// Space around the layouts, metres.
const MARGIN_M: f64 = 0.5;
/// Largest extent that is drawn, metres: a runaway coordinate must not shrink everything to a dot.
const MAX_EXTENT_M: f64 = 200.0;

/// Half length of the ticks at a door's ends, metres.
const TICK_M: f64 = 0.15;

/// What became of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Predicted, with a truth.
    Matched,
    /// Predicted, without a truth.
    Unfounded,
    /// Predicted, matches only an ignored element.
    Ignored,
    /// Predicted or true, of a class that is not scored.
    Unscored,
    /// True, found.
    Truth,
    /// True, not found.
    Missed,
}

impl Status {
    /// All, in the order of the legend.
    pub const ALL: [Self; 6] =
        [Self::Matched, Self::Unfounded, Self::Ignored, Self::Truth, Self::Missed, Self::Unscored];

    /// Stroke colour (distinguishable with the common colour blindnesses).
    #[must_use]
    pub fn color(self) -> &'static str {
        match self {
            Self::Matched => "#0b7a4b",
            Self::Unfounded => "#d12d2d",
            Self::Ignored => "#7b6fb0",
            Self::Unscored => "#9aa5ad",
            Self::Truth => "#c9d3da",
            Self::Missed => "#f0a429",
        }
    }

    /// In words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Matched => "predicted, matches",
            Self::Unfounded => "predicted, no truth",
            Self::Ignored => "predicted, only an ignored element matches",
            Self::Unscored => "class not scored",
            Self::Truth => "truth, found",
            Self::Missed => "truth, missed",
        }
    }
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct TopView<'a> {
    /// The prediction.
    pub prediction: &'a Layout,
    /// The truth.
    pub truth: &'a Layout,
    /// The ignore list.
    pub ignored: Option<&'a Layout>,
    /// What became of the elements by name (`wall_3`; truths `truth:wall_3`); others are unscored.
    pub statuses: &'a BTreeMap<String, Status>,
}

/// Strokes of one layer, pixels.
struct Layer {
    wall: f64,
    opening: f64,
    object: f64,
    dash: &'static str,
    labels: bool,
}

const TRUTH_LAYER: Layer = Layer { wall: 9.0, opening: 13.0, object: 4.0, dash: "", labels: false };
const IGNORED_LAYER: Layer = Layer { wall: 2.0, opening: 4.0, object: 1.0, dash: "2 4", labels: false };
const PREDICTION_LAYER: Layer = Layer { wall: 3.0, opening: 6.0, object: 1.6, dash: "", labels: true };

/// The drawing as an SVG element.
#[must_use]
pub fn top_view(view: &TopView<'_>) -> String {
    let (low, high) = bounds(&[Some(view.prediction), Some(view.truth), view.ignored]);
    let extent = high - low;
    let scale = SIDE_PX / extent.x.max(extent.y);
    let (width, height) = (extent.x * scale, extent.y * scale);
    let mut svg = Svg { text: String::new(), low, high, scale };
    svg.grid();
    let status = |prefix: &str, id: &str| {
        view.statuses.get(&format!("{prefix}{id}")).copied().unwrap_or(Status::Unscored)
    };
    svg.layer(view.truth, &TRUTH_LAYER, &|id| status("truth:", id));
    if let Some(ignored) = view.ignored {
        svg.layer(ignored, &IGNORED_LAYER, &|_| Status::Unscored);
    }
    svg.layer(view.prediction, &PREDICTION_LAYER, &|id| status("", id));
    format!(
        "<svg viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         role=\"img\" aria-label=\"top view\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{}</svg>",
        svg.text
    )
}

/// Bounds of everything drawn, with the margin; a metre around the origin when there is nothing.
fn bounds(layouts: &[Option<&Layout>]) -> (Point2, Point2) {
    let mut points: Vec<Point2> = Vec::new();
    for layout in layouts.iter().flatten() {
        points.extend(layout.walls.iter().flat_map(|w| [w.a, w.b]).map(|p| Point2::new(p[0], p[1])));
        points.extend(layout.boxes.iter().flat_map(footprint));
    }
    points.retain(|p| p.coords.iter().all(|c| c.abs() <= MAX_EXTENT_M));
    let low = points.iter().fold(points.first().copied().unwrap_or_default(), |low, p| low.inf(p));
    let high = points.iter().fold(points.first().copied().unwrap_or_default(), |high, p| high.sup(p));
    let margin = Vec2::new(MARGIN_M, MARGIN_M);
    (low - margin, high + margin)
}

fn footprint(object: &BoxEntity) -> [Point2; 4] {
    YawBox { center: object.center, yaw: object.yaw, size: object.size }.footprint()
}

struct Svg {
    text: String,
    low: Point2,
    high: Point2,
    scale: f64,
}

impl Svg {
    fn pixel(&self, point: Point2) -> (f64, f64) {
        ((point.x - self.low.x) * self.scale, (self.high.y - point.y) * self.scale)
    }

    fn line(&mut self, from: Point2, to: Point2, stroke: &str) {
        let ((x1, y1), (x2, y2)) = (self.pixel(from), self.pixel(to));
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.text,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {stroke}/>"
        );
    }

    fn grid(&mut self) {
        let stroke = "stroke=\"#eef1f3\" stroke-width=\"1\"";
        let (low, high) = (self.low, self.high);
        for x in (low.x.ceil() as i64)..=(high.x.floor() as i64) {
            self.line(Point2::new(x as f64, low.y), Point2::new(x as f64, high.y), stroke);
        }
        for y in (low.y.ceil() as i64)..=(high.y.floor() as i64) {
            self.line(Point2::new(low.x, y as f64), Point2::new(high.x, y as f64), stroke);
        }
    }

    fn layer(&mut self, layout: &Layout, layer: &Layer, status: &dyn Fn(&str) -> Status) {
        let stroke = |id: &str, width: f64| {
            format!(
                "stroke=\"{}\" stroke-width=\"{width}\" stroke-dasharray=\"{}\" stroke-linecap=\"round\"",
                status(id).color(),
                layer.dash
            )
        };
        for object in &layout.boxes {
            let id = format!("bbox_{}", object.id);
            self.object(object, &stroke(&id, layer.object), status(&id).color(), layer.labels);
        }
        for wall in &layout.walls {
            let (a, b) = (Point2::new(wall.a[0], wall.a[1]), Point2::new(wall.b[0], wall.b[1]));
            self.line(a, b, &stroke(&format!("wall_{}", wall.id), layer.wall));
        }
        for (openings, kind) in [(&layout.doors, "door"), (&layout.windows, "window")] {
            for opening in openings {
                let wall = layout.walls.iter().find(|wall| wall.id == opening.wall);
                let id = format!("{kind}_{}", opening.id);
                let tick = (kind == "door").then(|| stroke(&id, 0.3 * layer.opening));
                self.opening(opening, wall, &stroke(&id, layer.opening), tick.as_deref());
            }
        }
    }

    /// A bar along the wall; a door has ticks at its ends.
    fn opening(&mut self, opening: &OpeningEntity, wall: Option<&WallEntity>, bar: &str, tick: Option<&str>) {
        let Some(wall) = wall else { return };
        let along = Vec2::new(wall.b[0] - wall.a[0], wall.b[1] - wall.a[1]);
        if along.norm() <= 0.0 {
            return;
        }
        let along = along.normalize();
        let (half, across) = (along * (0.5 * opening.width), Vec2::new(-along.y, along.x) * TICK_M);
        let center = Point2::new(opening.center[0], opening.center[1]);
        self.line(center - half, center + half, bar);
        for end in [center - half, center + half] {
            if let Some(tick) = tick {
                self.line(end - across, end + across, tick);
            }
        }
    }

    fn object(&mut self, object: &BoxEntity, stroke: &str, color: &str, label: bool) {
        let corners: Vec<String> = footprint(object)
            .map(|corner| {
                let (x, y) = self.pixel(corner);
                format!("{x:.1},{y:.1}")
            })
            .to_vec();
        let _ = writeln!(
            self.text,
            "<polygon points=\"{}\" fill=\"{color}\" fill-opacity=\"0.12\" {stroke}><title>{}</title></polygon>",
            corners.join(" "),
            escape(&format!("bbox_{} {}", object.id, object.class))
        );
        if label {
            let (x, y) = self.pixel(Point2::new(object.center[0], object.center[1]));
            let _ = writeln!(
                self.text,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"10\" text-anchor=\"middle\" fill=\"{color}\">{}</text>",
                escape(&object.class)
            );
        }
    }
}
