//! What the elevation network finds on the faces of walls: `(faces, samples, what is known beside them) -> Faces`.
//!
//! Each face is drawn from the front ([`elevations`]) and read by a small network: centres, sizes and depths of doors,
//! windows and what hangs on walls or stands flat before them. The two networks are asked about each other's finds:
//! [`Faces::heat`] says how much the elevation speaks for a thing that the plan showed. Frame: plan of the maps, z
//! from the floor.

use super::elevations::{BOTTOM_M, CELL_M, CHANNELS, Face, ROWS, picture};
use super::maps::{Grid, sigmoid};
use super::pillars::Beside;
use crate::layout::draft::DraftObject;
use crate::layout::sample_index::SampleIndex;
use crate::math::Point2;
use crate::nn::{Clues, ElevationMaps, Error, Session, Tensor};
use rayon::prelude::*;

/// Classes of the elevation network; doors and windows first.
pub const CLASSES: [&str; 8] =
    ["door", "window", "painting", "mirror", "wall_decoration", "tv", "curtain", "air_conditioner"];
/// Index of doors.
pub const DOOR: usize = 0;
/// Index of windows.
pub const WINDOW: usize = 1;
/// Heat that says neither way.
pub const NO_OPINION: f64 = 0.5;
/// Channels that describe openings, and again as many for what hangs: offset 0..2, log sizes 2..4, distance from the
/// face 4, log depth 5, expected overlap 6.
const VALUES: usize = 7;
/// Lowest heat of a peak.
const MIN_HEAT: f64 = 0.1;
/// Sizes of things, metres.
const SIZE_M: (f64, f64) = (0.05, 6.0);
/// Depths of things, metres.
const DEPTH_M: (f64, f64) = (0.02, 0.6);
/// A thing has its centre at most this far from the middle of its cell, cells.
const REACH: f64 = 3.0;
/// Heat is looked for this far round a place, cells (two networks place the same thing so differently).
const NEAR: usize = 2;
/// A thing of the plan is before a face when its middle is at most this far from it, metres.
const BEFORE_M: f64 = 0.6;
/// ... behind it at most this (the middle of a wall),
const BEHIND_M: f64 = -0.3;
/// ... and within the wall's ends or this far beyond, metres.
const BEYOND_M: f64 = 0.2;

/// A thing on a face.
#[derive(Debug, Clone, PartialEq)]
pub struct WallThing {
    /// Index in [`CLASSES`].
    pub class: usize,
    /// Wall of the draft.
    pub wall_idx: usize,
    /// Where it is and how large; confidence and observed share are not yet known.
    pub object: DraftObject,
    /// Heat of its peak, 0..1.
    pub heat: f64,
    /// Overlap with the truth that the network expects, 0..1.
    pub overlap: f64,
}

/// A face that was read.
#[derive(Debug)]
struct Seen {
    wall_idx: usize,
    face: Face,
    first: f64,
    cell_m: f64,
    heat: Grid,
    values: Grid,
}

/// All faces that were read.
#[derive(Debug, Default)]
pub struct Faces {
    seen: Vec<Seen>,
    /// What was found on them, surest first within a class of a face.
    pub things: Vec<WallThing>,
}

/// Reads the faces of walls.
///
/// # Errors
/// When the network does not run or its outputs do not have the channels and sizes of an elevation network.
pub fn read(
    (session, spec): (&mut Session, &ElevationMaps),
    faces: &[(usize, Face)],
    samples: &SampleIndex<'_>,
    beside: Beside<'_>,
) -> Result<Faces, Error> {
    let pictures: Vec<(f64, usize, Vec<u8>)> = faces
        .par_iter()
        .map(|(_, face)| {
            let (first, columns) = face.columns(spec.multiple);
            (first, columns, picture(face, (first, columns), samples, beside, true))
        })
        .collect();
    let mut found = Faces::default();
    for ((wall_idx, face), (first, columns, bytes)) in faces.iter().zip(pictures) {
        let values = bytes.iter().map(|&v| f32::from(v) / 255.0).collect();
        let input = Tensor::f32(&[1, CHANNELS, ROWS, columns], values)
            .expect("because a picture has as many values as its shape");
        let outputs = session.run(&[(&spec.faces, &input)])?;
        let size = [ROWS, columns].map(|cells| cells / spec.stride);
        let grid = |name: &str, channels: usize| {
            let unfit = |cause: String| Error::Tensor {
                id: session.model().entry.id.clone(),
                name: name.to_owned(),
                cause,
            };
            let tensor = outputs.iter().find(|output| output.0 == name).map(|output| &output.1);
            let tensor = tensor.ok_or_else(|| unfit("the network does not give it".to_owned()))?;
            let wanted = [1, channels, size[0], size[1]];
            match tensor.as_f32() {
                Some(values) if tensor.shape == wanted => {
                    Ok(Grid { channels, width: size[1], height: size[0], values: values.to_vec() })
                }
                _ => Err(unfit(format!("the shape is {:?}, not {wanted:?}", tensor.shape))),
            }
        };
        let seen = Seen {
            wall_idx: *wall_idx,
            face: *face,
            first,
            cell_m: CELL_M * spec.stride as f64,
            heat: grid("heat", CLASSES.len())?,
            values: grid("values", 2 * VALUES)?,
        };
        found.things.extend(seen.things());
        found.seen.push(seen);
    }
    Ok(found)
}

impl Faces {
    /// Heat of a class round a place on one wall, or on any wall that the place lies before. `None` when no face
    /// shows the place.
    #[must_use]
    pub fn heat(&self, class: usize, wall_idx: Option<usize>, place: [f64; 3]) -> Option<f64> {
        let faces = self.seen.iter().filter(|seen| wall_idx.is_none_or(|index| index == seen.wall_idx));
        faces.filter_map(|seen| seen.heat_at(class, place)).max_by(f64::total_cmp)
    }
}

/// Adds what an elevation shows to what is known. Where both are the same thing the clearer elevation says where it is,
/// since the faces of one wall may both show it, and the plan's heat is kept.
pub(super) fn join<T>(
    all: &mut Vec<T>,
    mut seen: T,
    is_same: impl Fn(&T) -> bool,
    clues: fn(&mut T) -> &mut Clues,
) {
    match all.iter_mut().find(|known| is_same(known)) {
        Some(known) => {
            let (of_known, own) = (*clues(known), clues(&mut seen));
            if of_known.elevation <= own.elevation {
                own.heat = own.heat.max(of_known.heat);
                *known = seen;
            }
        }
        None => all.push(seen),
    }
}

impl Seen {
    /// Cell of a place that lies before the face.
    fn cell(&self, place: [f64; 3]) -> Option<(usize, usize)> {
        let p = Point2::new(place[0], place[1]);
        let (along, off) = (self.face.line.along(&p), self.face.line.distance(&p));
        let (start, end) = self.face.span;
        let is_before =
            off > BEHIND_M && off < BEFORE_M && along > start - BEYOND_M && along < end + BEYOND_M;
        let (x, y) = ((along - self.first) / self.cell_m, (place[2] - BOTTOM_M) / self.cell_m);
        let is_shown = x >= 0.0 && y >= 0.0 && x < self.heat.width as f64 && y < self.heat.height as f64;
        (is_before && is_shown).then_some((x as usize, y as usize))
    }

    fn heat_at(&self, class: usize, place: [f64; 3]) -> Option<f64> {
        let (x, y) = self.cell(place)?;
        let rows = y.saturating_sub(NEAR)..(y + NEAR + 1).min(self.heat.height);
        let columns = x.saturating_sub(NEAR)..(x + NEAR + 1).min(self.heat.width);
        rows.flat_map(|j| columns.clone().map(move |i| (i, j)))
            .map(|(i, j)| self.heat.at(class, i, j))
            .max_by(f64::total_cmp)
    }

    fn things(&self) -> Vec<WallThing> {
        let mut found = Vec::new();
        for (class, name) in CLASSES.iter().enumerate() {
            let first = if class > WINDOW { VALUES } else { 0 };
            for (x, y, heat) in self.heat.peaks(class, MIN_HEAT) {
                let value = |channel: usize| self.values.at(first + channel, x, y);
                let middle =
                    |cell: usize, channel: usize| cell as f64 + 0.5 + value(channel).clamp(-REACH, REACH);
                let along = self.first + middle(x, 0) * self.cell_m;
                let z = BOTTOM_M + middle(y, 1) * self.cell_m;
                let (start, end) = self.face.span;
                if !(along > start && along < end && z.is_finite()) {
                    continue;
                }
                let size = |channel: usize, (low, high): (f64, f64)| value(channel).exp().clamp(low, high);
                let (width, depth) = (size(2, SIZE_M), size(5, DEPTH_M));
                // What stands across hangs on another wall.
                if class > WINDOW && depth > width {
                    continue;
                }
                let off = value(4).clamp(BEHIND_M, BEFORE_M);
                let normal = self.face.line.normal;
                let center = self.face.line.at(along) + normal * off;
                let object = DraftObject {
                    class: (*name).to_owned(),
                    center: [center.x, center.y, z],
                    // The front looks into the room: -y of the box along the normal.
                    yaw: normal.x.atan2(-normal.y),
                    size: [width, depth, size(3, SIZE_M)],
                    sigma_m: 0.5 * self.cell_m,
                    confidence: 0.0,
                    observed_fraction: 0.0,
                };
                let overlap = sigmoid(value(6));
                found.push(WallThing { class, wall_idx: self.wall_idx, object, heat, overlap });
            }
        }
        found
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::layout::draft::DraftWall;

    /// One face of a wall with peaks as a perfect network would put them out: class, place along the face from its
    /// left end and height, (width, height, distance, depth), heat.
    pub fn painted(wall: &DraftWall, peaks: &[(usize, [f64; 2], [f64; 4], f64)]) -> Faces {
        let face = Face::of(Point2::from(wall.a), Point2::from(wall.b), wall.thickness, wall.height, false);
        let (first, columns) = face.columns(16);
        let (width, height, cell_m) = (columns / 2, ROWS / 2, 2.0 * CELL_M);
        let (mut heat, mut values) =
            (Grid::zeros(CLASSES.len(), width, height), Grid::zeros(2 * VALUES, width, height));
        for &(class, [along, z], [w, h, off, depth], level) in peaks {
            let (x, y) = ((face.span.0 + along - first) / cell_m, (z - BOTTOM_M) / cell_m);
            let cell = (y as usize) * width + x as usize;
            heat.values[class * width * height + cell] = level as f32;
            let row = [x - x.floor() - 0.5, y - y.floor() - 0.5, w.ln(), h.ln(), off, depth.ln(), 2.0];
            for (channel, value) in row.into_iter().enumerate() {
                let channel = if class > WINDOW { VALUES + channel } else { channel };
                values.values[channel * width * height + cell] = value as f32;
            }
        }
        let seen = Seen { wall_idx: 0, face, first, cell_m, heat, values };
        Faces { things: seen.things(), seen: vec![seen] }
    }

    #[test]
    fn a_picture_lies_on_its_wall_and_looks_into_the_room() {
        let wall = crate::layout::network::tests::wall([0.0, 0.0], [4.0, 0.0]);
        let faces = painted(&wall, &[(2, [1.5, 1.6], [0.8, 0.5, 0.02, 0.03], 0.9)]);
        let [thing] = &faces.things[..] else { panic!("{:?}", faces.things) };
        let object = &thing.object;
        // The face looks to -y; its left end is at x = 0.
        let wanted = [1.5, -0.08, 1.6];
        assert!((0..3).all(|k| (object.center[k] - wanted[k]).abs() < 1e-5), "{object:?}");
        assert!(object.yaw.abs() < 1e-9 && (object.size[0] - 0.8).abs() < 1e-5, "{object:?}");
        assert_eq!(object.class, "painting");
        assert!((faces.heat(2, None, object.center).unwrap() - 0.9).abs() < 1e-6);
        assert!((faces.heat(2, Some(0), [1.6, 0.0, 1.5]).unwrap() - 0.9).abs() < 1e-6, "beside the peak");
        assert_eq!(faces.heat(5, None, object.center), Some(0.0), "no screen there");
        assert_eq!(faces.heat(2, Some(1), object.center), None, "another wall");
        assert_eq!(faces.heat(2, None, [1.5, -2.0, 1.6]), None, "in the middle of the room");
    }
}
