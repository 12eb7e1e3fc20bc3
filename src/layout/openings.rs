//! Doors and windows in the front view of a wall.
//!
//! A doorway is a run of columns without surface from the floor to door height, bounded by surface;
//! a window is a rectangular hole over a sill. Where the camera crossed the wall there is a passage
//! whatever the points say. A hole is told from an unseen part by free space, or, without it, by
//! what stands before the wall. Closed doors that lie in the wall's plane are found by their colour.
//! Frame: u along the wall from end a, z above the floor, metres.

use super::elevation::{Elevation, PIXEL_M, Patch};
use crate::scene::OpeningKind;

/// Widths of doorways, metres: narrowest toilet door to a wide opening between rooms.
const DOOR_WIDTH_M: (f64, f64) = (0.55, 3.2);
/// Heights of doorways, metres.
const DOOR_HEIGHT_M: (f64, f64) = (1.75, 2.6);
/// Door height when the top was not seen, metres (standard leaf with frame).
const PRIOR_DOOR_HEIGHT_M: f64 = 2.05;
/// Door width when only the crossing of the camera is known, metres.
const PRIOR_DOOR_WIDTH_M: f64 = 0.85;
/// Rows in which a doorway must be empty, metres: above door sills, below its top.
const DOOR_ROWS_M: (f64, f64) = (0.25, 1.75);
/// Largest share of surface in a column of a doorway (a leaf's edge, noise).
const MAX_DOOR_SURFACE: f64 = 0.2;
/// Smallest share of a column of a doorway that must be known to be empty.
const MIN_DOOR_EMPTY: f64 = 0.5;
/// Smallest window, metres.
const MIN_WINDOW_M: f64 = 0.35;
/// A window's sill is at least this high, metres (lower ones are doors).
const MIN_SILL_M: f64 = 0.15;
/// A window's top is at least this high, metres (below are gaps behind furniture).
const MIN_WINDOW_TOP_M: f64 = 1.3;
/// Distance from the ceiling under which a hole may as well be an unseen strip, metres.
const CEILING_STRIP_M: f64 = 0.12;
/// Share of a window's rectangle that must be open (mullions and frames take the rest).
const MIN_WINDOW_FILL: f64 = 0.55;
/// Share of a ring round a window that must be surface.
const MIN_WINDOW_RING: f64 = 0.5;
/// Mullions up to this width join two holes, metres.
const MULLION_M: f64 = 0.16;
/// Frames round the glass, metres: the opening is larger than the hole by this on each side.
const FRAME_M: f64 = 0.04;
/// Openings less sure than this are not reported.
const MIN_CONFIDENCE: f64 = 0.35;

/// An opening in wall coordinates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hole {
    /// Kind.
    pub kind: OpeningKind,
    /// Extent along the wall, metres.
    pub u: (f64, f64),
    /// Extent above the floor, metres.
    pub z: (f64, f64),
    /// One standard deviation of its edges, metres.
    pub sigma_m: f64,
    /// Probability, 0..1.
    pub confidence: f64,
    /// Share of the area that was observed, 0..1.
    pub observed_fraction: f64,
}

/// Half-open rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Box2 {
    pub columns: (usize, usize),
    pub rows: (usize, usize),
}

impl Box2 {
    pub(super) fn size(&self) -> (f64, f64) {
        ((self.columns.1 - self.columns.0) as f64 * PIXEL_M, (self.rows.1 - self.rows.0) as f64 * PIXEL_M)
    }

    fn touches(&self, other: &Self) -> bool {
        self.columns.0 < other.columns.1
            && other.columns.0 < self.columns.1
            && self.rows.0 < other.rows.1
            && other.rows.0 < self.rows.1
    }
}

/// Everything the search needs to know of a wall.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Front view.
    pub view: &'a Elevation,
    /// Where the camera crossed the wall, metres along it.
    pub crossings: &'a [f64],
    /// Rooms on both sides.
    pub between_rooms: bool,
    /// Free space was given.
    pub has_free_space: bool,
}

/// Finds the openings of one wall, doors first, each kind from end a to end b.
#[must_use]
pub fn find(context: &Context<'_>) -> Vec<Hole> {
    let mut doors = doorways(context);
    for &u in context.crossings {
        let known = doors.iter().any(|d| u >= d.0.u.0 - 0.1 && u <= d.0.u.1 + 0.1);
        if !known {
            doors.extend(walked(context, u));
        }
    }
    let taken: Vec<Box2> = doors.iter().map(|d| d.1).collect();
    let mut holes: Vec<Hole> = doors.into_iter().map(|d| d.0).collect();
    holes.sort_by(|a, b| a.u.0.total_cmp(&b.u.0));
    holes.extend(windows(context, &taken));
    holes.retain(|hole| hole.confidence >= MIN_CONFIDENCE);
    holes
}

fn pixel(length_m: f64) -> usize {
    (length_m / PIXEL_M).round() as usize
}

/// Surface share of a column of pixels beside an opening: looks up to 3 columns away.
fn jamb(view: &Elevation, column: Option<usize>, towards: i64, rows: (usize, usize)) -> f64 {
    let Some(first) = column else { return 0.7 };
    (0..4i64)
        .filter_map(|step| {
            let c = first as i64 + towards * step;
            (c >= 0 && (c as usize) < view.width)
                .then(|| view.share(Patch::Surface, (c as usize, c as usize + 1), rows))
        })
        .fold(0.0, f64::max)
}

fn open_share(view: &Elevation, columns: (usize, usize), rows: (usize, usize)) -> f64 {
    view.share(Patch::Through, columns, rows) + view.share(Patch::Empty, columns, rows)
}

fn doorways(context: &Context<'_>) -> Vec<(Hole, Box2)> {
    let view = context.view;
    let rows = (pixel(DOOR_ROWS_M.0), pixel(DOOR_ROWS_M.1).min(view.height));
    let open: Vec<bool> = (0..view.width)
        .map(|c| {
            view.share(Patch::Surface, (c, c + 1), rows) <= MAX_DOOR_SURFACE
                && open_share(view, (c, c + 1), rows) >= MIN_DOOR_EMPTY
        })
        .collect();
    let mut found = Vec::new();
    let mut c = 0;
    while c < open.len() {
        if !open[c] {
            c += 1;
            continue;
        }
        let start = c;
        // One missed column does not end a doorway.
        while c < open.len() && (open[c] || (c + 1 < open.len() && open[c + 1])) {
            c += 1;
        }
        found.extend(doorway(context, (start, c)));
    }
    found
}

/// Measures and judges one doorway.
fn doorway(context: &Context<'_>, columns: (usize, usize)) -> Option<(Hole, Box2)> {
    let view = context.view;
    let width = (columns.1 - columns.0) as f64 * PIXEL_M;
    if !(DOOR_WIDTH_M.0..=DOOR_WIDTH_M.1).contains(&width) {
        return None;
    }
    let rows = (pixel(DOOR_ROWS_M.0), pixel(DOOR_ROWS_M.1).min(view.height));
    let highest = pixel(DOOR_HEIGHT_M.1).min(view.height);
    let top =
        (pixel(DOOR_HEIGHT_M.0)..highest).find(|&r| view.share(Patch::Surface, columns, (r, r + 1)) >= 0.4);
    let lintel = top.map_or(0.0, |r| view.share(Patch::Surface, columns, (r, (r + 4).min(view.height))));
    let top_m = top.map_or(PRIOR_DOOR_HEIGHT_M.min(view.height as f64 * PIXEL_M), |r| r as f64 * PIXEL_M);
    let jambs = [
        jamb(view, columns.0.checked_sub(1), -1, rows),
        jamb(view, (columns.1 < view.width).then_some(columns.1), 1, rows),
    ];
    let through = view.share(Patch::Through, columns, rows);
    let open = open_share(view, columns, rows);
    let u = (columns.0 as f64 * PIXEL_M, columns.1 as f64 * PIXEL_M);
    let crossed = context.crossings.iter().any(|&c| c >= u.0 - 0.1 && c <= u.1 + 0.1);
    let bounded = 0.5 * (jambs[0].min(1.0) + jambs[1].min(1.0));
    let mut confidence = 0.1 + 0.3 * bounded + 0.3 * lintel + 0.35 * through + 0.1 * open;
    if !context.between_rooms {
        confidence -= 0.1;
    }
    if crossed {
        confidence = confidence.max(0.9);
    }
    let hole = Hole {
        kind: OpeningKind::Door,
        u,
        z: (0.0, top_m),
        sigma_m: if top.is_some() && bounded > 0.5 { PIXEL_M } else { 3.0 * PIXEL_M },
        confidence: confidence.clamp(0.0, 0.99),
        observed_fraction: if context.has_free_space { through } else { open },
    };
    Some((hole, Box2 { columns, rows: (0, pixel(top_m)) }))
}

/// The passage round a crossing of the camera that shows no clear gap.
fn walked(context: &Context<'_>, u: f64) -> Option<(Hole, Box2)> {
    let length = context.view.width as f64 * PIXEL_M;
    if length < DOOR_WIDTH_M.0 {
        return None;
    }
    let width = PRIOR_DOOR_WIDTH_M.min(length);
    let from = (u - 0.5 * width).clamp(0.0, length - width);
    let hole = Hole {
        kind: OpeningKind::Door,
        u: (from, from + width),
        z: (0.0, PRIOR_DOOR_HEIGHT_M.min(context.view.height as f64 * PIXEL_M)),
        sigma_m: 0.25,
        confidence: 0.6,
        observed_fraction: 0.2,
    };
    let columns = (pixel(from), pixel(from + width));
    Some((hole, Box2 { columns, rows: (0, pixel(hole.z.1)) }))
}

fn windows(context: &Context<'_>, taken: &[Box2]) -> Vec<Hole> {
    let view = context.view;
    let sill = pixel(MIN_SILL_M);
    let blocked = |c: usize, r: usize| {
        taken.iter().any(|b| c >= b.columns.0 && c < b.columns.1 && r >= b.rows.0 && r < b.rows.1)
    };
    let open: Vec<bool> = (0..view.height)
        .flat_map(|r| (0..view.width).map(move |c| (c, r)))
        .map(|(c, r)| r >= sill && !blocked(c, r) && matches!(view.at(c, r), Patch::Through | Patch::Empty))
        .collect();
    let mut boxes = components(&opened(&open, view.width, view.height), view.width, view.height);
    join_panes(&mut boxes);
    let mut found: Vec<Hole> = boxes.into_iter().filter_map(|b| window(context, &open, b)).collect();
    found.sort_by(|a, b| a.u.0.total_cmp(&b.u.0));
    found
}

/// Morphological opening with a 3 x 3 square: takes away specks and bridges of one pixel.
pub(super) fn opened(mask: &[bool], width: usize, height: usize) -> Vec<bool> {
    let all = |mask: &[bool], c: usize, r: usize, want: bool| {
        (r.saturating_sub(1)..(r + 2).min(height))
            .any(|y| (c.saturating_sub(1)..(c + 2).min(width)).any(|x| mask[y * width + x] == want))
    };
    let at = |k: usize| (k % width, k / width);
    let eroded: Vec<bool> = (0..mask.len()).map(|k| mask[k] && !all(mask, at(k).0, at(k).1, false)).collect();
    (0..mask.len()).map(|k| all(&eroded, at(k).0, at(k).1, true)).collect()
}

/// Bounding boxes of the 4-connected components, in order of their first pixel.
pub(super) fn components(mask: &[bool], width: usize, height: usize) -> Vec<Box2> {
    let mut seen = vec![false; mask.len()];
    let mut boxes = Vec::new();
    for start in 0..mask.len() {
        if !mask[start] || seen[start] {
            continue;
        }
        let mut found = Box2 { columns: (usize::MAX, 0), rows: (usize::MAX, 0) };
        let mut stack = vec![start];
        seen[start] = true;
        while let Some(k) = stack.pop() {
            let (c, r) = (k % width, k / width);
            found.columns = (found.columns.0.min(c), found.columns.1.max(c + 1));
            found.rows = (found.rows.0.min(r), found.rows.1.max(r + 1));
            let neighbours = [
                (c > 0).then(|| k - 1),
                (c + 1 < width).then(|| k + 1),
                (r > 0).then(|| k - width),
                (r + 1 < height).then(|| k + width),
            ];
            for next in neighbours.into_iter().flatten() {
                if mask[next] && !seen[next] {
                    seen[next] = true;
                    stack.push(next);
                }
            }
        }
        boxes.push(found);
    }
    boxes
}

/// Joins holes that only a mullion parts.
pub(super) fn join_panes(boxes: &mut Vec<Box2>) {
    let mullion = pixel(MULLION_M);
    let near = |a: (usize, usize), b: (usize, usize)| a.0 <= b.1 + mullion && b.0 <= a.1 + mullion;
    let shared = |a: (usize, usize), b: (usize, usize)| {
        let common = a.1.min(b.1).saturating_sub(a.0.max(b.0)) as f64;
        common >= 0.7 * (a.1 - a.0).max(b.1 - b.0) as f64
    };
    let mut i = 0;
    while i < boxes.len() {
        let partner = (i + 1..boxes.len()).find(|&j| {
            let (a, b) = (boxes[i], boxes[j]);
            (near(a.columns, b.columns) && shared(a.rows, b.rows))
                || (near(a.rows, b.rows) && shared(a.columns, b.columns))
        });
        match partner {
            Some(j) => {
                let b = boxes.remove(j);
                let a = &mut boxes[i];
                a.columns = (a.columns.0.min(b.columns.0), a.columns.1.max(b.columns.1));
                a.rows = (a.rows.0.min(b.rows.0), a.rows.1.max(b.rows.1));
                i = 0;
            }
            None => i += 1,
        }
    }
}

/// Judges one hole.
fn window(context: &Context<'_>, open: &[bool], hole: Box2) -> Option<Hole> {
    let view = context.view;
    let (width, height) = hole.size();
    if width < MIN_WINDOW_M || height < MIN_WINDOW_M {
        return None;
    }
    let (columns, rows) = (hole.columns, hole.rows);
    let filled = (rows.0..rows.1)
        .map(|r| (columns.0..columns.1).filter(|&c| open[r * view.width + c]).count())
        .sum::<usize>() as f64;
    let fill = filled / ((columns.1 - columns.0) * (rows.1 - rows.0)) as f64;
    let ring = ring_share(view, &hole);
    let top_m = rows.1 as f64 * PIXEL_M;
    if fill < MIN_WINDOW_FILL || ring < MIN_WINDOW_RING || top_m < MIN_WINDOW_TOP_M {
        return None;
    }
    let through = view.share(Patch::Through, columns, rows);
    let touches_ceiling = view.height as f64 * PIXEL_M - top_m < CEILING_STRIP_M;
    let doubt = f64::from(u8::from(context.between_rooms)) * 0.3 + f64::from(u8::from(touches_ceiling)) * 0.4;
    let confidence = 0.15 + 0.4 * ring + 0.25 * fill + 0.2 * through - doubt;
    let length = view.width as f64 * PIXEL_M;
    let top = view.height as f64 * PIXEL_M;
    Some(Hole {
        kind: OpeningKind::Window,
        u: (
            (columns.0 as f64 * PIXEL_M - FRAME_M).max(0.0),
            (columns.1 as f64 * PIXEL_M + FRAME_M).min(length),
        ),
        z: ((rows.0 as f64 * PIXEL_M - FRAME_M).max(0.0), (rows.1 as f64 * PIXEL_M + FRAME_M).min(top)),
        sigma_m: PIXEL_M,
        confidence: confidence.clamp(0.0, 0.95),
        observed_fraction: if context.has_free_space { through } else { fill },
    })
}

/// Share of surface in the ring of two pixels round a box, over what of it lies in the wall.
fn ring_share(view: &Elevation, hole: &Box2) -> f64 {
    let outer = Box2 {
        columns: (hole.columns.0.saturating_sub(2), (hole.columns.1 + 2).min(view.width)),
        rows: (hole.rows.0.saturating_sub(2), (hole.rows.1 + 2).min(view.height)),
    };
    let area = |b: &Box2| (b.columns.1 - b.columns.0) * (b.rows.1 - b.rows.0);
    let ring = area(&outer) - area(hole);
    let surface = view.count(Patch::Surface, outer.columns, outer.rows)
        - view.count(Patch::Surface, hole.columns, hole.rows);
    if ring == 0 || !outer.touches(hole) { 0.0 } else { surface as f64 / ring as f64 }
}
