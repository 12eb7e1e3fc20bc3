//! The boundary of stage 7: what of a draft has usable numbers.
//!
//! Takes a [`Draft`] as any detector may write it, gives the same with finite, positive, bounded
//! numbers. Entries that mean nothing (a coordinate that is not a number, a wall without length) are
//! left out with a finding each; missing secondary numbers (height, thickness, sigma) are replaced
//! by named defaults.

use super::Error;
use super::findings::Findings;
use super::geometry::{UprightBox, line_crossing};
use crate::layout::{Draft, DraftObject, DraftRoom, DraftWall};
use crate::math::{Vec2, median};
use crate::scene::{ElementId, Evidence, OpeningKind, Source};

/// Farthest coordinate that is believed, metres (a dwelling is smaller; f32 keeps 0.1 mm there).
const MAX_COORDINATE_M: f64 = 1000.0;
/// Shorter walls cannot be told from noise, metres.
const MIN_WALL_M: f64 = 0.05;
/// Height of a wall when the draft gives none, metres (common minimum of dwellings).
const DEFAULT_HEIGHT_M: f64 = 2.5;
/// Lowest and highest wall that is believed, metres.
const HEIGHT_RANGE_M: (f64, f64) = (0.3, 20.0);
/// Thickness of a wall when the draft gives none, metres (light partition).
const DEFAULT_THICKNESS_M: f64 = 0.12;
/// Thinnest and thickest wall that is believed, metres.
const THICKNESS_RANGE_M: (f64, f64) = (0.02, 0.8);
/// One standard deviation where the draft gives none, metres.
const DEFAULT_SIGMA_M: f64 = 0.05;
/// Smallest and largest sigma that is believed, metres.
const SIGMA_RANGE_M: (f64, f64) = (0.002, 3.0);
/// Smallest and largest edge of an object, metres.
const SIZE_RANGE_M: (f64, f64) = (0.005, 20.0);
/// Smallest edge of an opening, metres.
const MIN_OPENING_M: f64 = 0.1;
/// The centre of a box is on its side of a wall when half of its depth is more than so many sigmas (half
/// of the wall's thickness comes on top).
const SIDE_SIGMAS: f64 = 2.0;
/// Most walls that are repaired (joining compares all pairs).
const MAX_WALLS: usize = 3000;
/// Most objects, openings and rooms that are repaired.
const MAX_ITEMS: usize = 50_000;

/// A wall with usable numbers.
#[derive(Debug, Clone)]
pub(crate) struct CleanWall {
    /// Number in the draft.
    pub draft: usize,
    pub a: Vec2,
    pub b: Vec2,
    pub height: f64,
    pub thickness: f64,
    pub offset_sigma: f64,
    pub end_sigma: [f64; 2],
    pub evidence: Evidence,
}

impl CleanWall {
    /// How it is called in findings.
    pub fn element(&self) -> ElementId {
        ElementId(format!("draft_wall_{}", self.draft))
    }
}

/// An opening with usable numbers; `wall` indexes [`Clean::walls`].
#[derive(Debug, Clone)]
pub(crate) struct CleanOpening {
    pub kind: OpeningKind,
    pub wall: usize,
    pub center: [f64; 3],
    pub width: f64,
    pub height: f64,
    pub evidence: Evidence,
}

/// An object with usable numbers.
#[derive(Debug, Clone)]
pub(crate) struct CleanObject {
    pub class: String,
    pub shape: UprightBox,
    pub evidence: Evidence,
}

impl CleanObject {
    /// It is deep enough to tell on which side of a wall it is: the centre of a picture or a curtain,
    /// measured to a few centimetres, may lie beyond the wall that it hangs on.
    pub fn side_is_known(&self) -> bool {
        0.5 * self.shape.size[0].min(self.shape.size[1]) > SIDE_SIGMAS * self.evidence.sigma_m
    }
}

/// A draft with usable numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clean {
    pub walls: Vec<CleanWall>,
    pub openings: Vec<CleanOpening>,
    pub objects: Vec<CleanObject>,
    pub rooms: Vec<DraftRoom>,
    pub camera_path: Vec<Vec2>,
}

/// Leaves out what has no meaning, each with a finding.
///
/// # Errors
/// [`Error::TooMany`] when the draft is too large to be a dwelling.
pub(crate) fn clean(draft: &Draft, findings: &mut Findings) -> Result<Clean, Error> {
    for (what, count, limit) in [
        ("walls", draft.walls.len(), MAX_WALLS),
        ("openings", draft.openings.len(), MAX_ITEMS),
        ("objects", draft.objects.len(), MAX_ITEMS),
        ("rooms", draft.rooms.len(), MAX_WALLS),
    ] {
        if count > limit {
            return Err(Error::TooMany { what, count, limit });
        }
    }
    let heights: Vec<f64> = draft.walls.iter().map(|w| w.height).filter(|&h| usable_height(h)).collect();
    let default_height = median(&heights).unwrap_or(DEFAULT_HEIGHT_M);
    let mut out = Clean::default();
    let mut index = vec![None; draft.walls.len()];
    for (i, wall) in draft.walls.iter().enumerate() {
        match clean_wall(i, wall, default_height) {
            Ok(wall) => {
                index[i] = Some(out.walls.len());
                out.walls.push(wall);
            }
            Err(why) => findings.dropped("wall-unusable", "wall", i, &why),
        }
    }
    for (i, opening) in draft.openings.iter().enumerate() {
        let wall = index.get(opening.wall_idx).copied().flatten();
        let numbers =
            [opening.center[0], opening.center[1], opening.center[2], opening.width, opening.height];
        match wall {
            None => findings.dropped(
                "opening-unusable",
                "opening",
                i,
                &format!("its wall {} does not exist", opening.wall_idx),
            ),
            Some(_)
                if !bounded(&numbers) || opening.width < MIN_OPENING_M || opening.height < MIN_OPENING_M =>
            {
                findings.dropped("opening-unusable", "opening", i, &format!("its numbers are {numbers:?}"));
            }
            Some(wall) => out.openings.push(CleanOpening {
                kind: opening.kind,
                wall,
                center: opening.center,
                width: opening.width,
                height: opening.height,
                evidence: evidence(
                    opening.confidence,
                    opening.sigma_m,
                    opening.observed_fraction,
                    out.walls[wall].evidence.source,
                ),
            }),
        }
    }
    out.camera_path = draft.camera_path.iter().filter(|p| bounded(&p[..])).map(|&p| Vec2::from(p)).collect();
    open_walked_walls(&mut out, findings);
    for (i, object) in draft.objects.iter().enumerate() {
        match clean_object(object) {
            Ok(object) => out.objects.push(object),
            Err(why) => findings.dropped("object-unusable", "object", i, &why),
        }
    }
    for (i, room) in draft.rooms.iter().enumerate() {
        let flat: Vec<f64> = room.polygon.iter().flatten().copied().collect();
        if room.polygon.len() >= 3 && bounded(&flat) {
            out.rooms.push(DraftRoom { confidence: share(room.confidence), ..room.clone() });
        } else {
            findings.dropped("room-unusable", "room", i, &format!("its polygon is {:?}", room.polygon));
        }
    }
    Ok(out)
}

fn clean_wall(draft: usize, wall: &DraftWall, default_height: f64) -> Result<CleanWall, String> {
    let numbers = [wall.a[0], wall.a[1], wall.b[0], wall.b[1]];
    if !bounded(&numbers) {
        return Err(format!("its ends are {numbers:?}"));
    }
    let (a, b) = (Vec2::from(wall.a), Vec2::from(wall.b));
    let length = (b - a).norm();
    if length < MIN_WALL_M {
        return Err(format!("it is {length:.3} m long, shorter than {MIN_WALL_M} m"));
    }
    let thickness = if wall.thickness.is_finite() && wall.thickness > 0.0 {
        wall.thickness.clamp(THICKNESS_RANGE_M.0, THICKNESS_RANGE_M.1)
    } else {
        DEFAULT_THICKNESS_M
    };
    let offset_sigma = sigma(wall.offset_sigma_m);
    Ok(CleanWall {
        draft,
        a,
        b,
        height: if usable_height(wall.height) { wall.height } else { default_height },
        thickness,
        offset_sigma,
        end_sigma: wall.end_sigma_m.map(sigma),
        evidence: evidence(wall.confidence, offset_sigma, wall.observed_fraction, wall.source),
    })
}

fn clean_object(object: &DraftObject) -> Result<CleanObject, String> {
    let [x, y, z] = object.center;
    let [sx, sy, sz] = object.size;
    let numbers = [x, y, z, sx, sy, sz, object.yaw];
    if !bounded(&numbers) {
        return Err(format!("its numbers (centre, size, yaw) are {numbers:?}"));
    }
    if object.size.iter().any(|&edge| edge <= 0.0 || edge > SIZE_RANGE_M.1) {
        return Err(format!("its sizes are {:?} m", object.size));
    }
    if !valid_class(&object.class) {
        return Err(format!("its class is `{}`; a class is letters, digits, `_`, `-`", object.class));
    }
    Ok(CleanObject {
        class: object.class.clone(),
        shape: UprightBox {
            center: object.center,
            size: object.size.map(|edge| edge.max(SIZE_RANGE_M.0)),
            yaw: crate::math::wrap_angle(object.yaw),
        },
        evidence: evidence(object.confidence, object.sigma_m, object.observed_fraction, Source::Detected),
    })
}

/// A class becomes part of an identifier in XML, USD and file names.
pub(crate) fn valid_class(class: &str) -> bool {
    !class.is_empty()
        && class.len() <= 64
        && class.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn usable_height(height: f64) -> bool {
    height >= HEIGHT_RANGE_M.0 && height <= HEIGHT_RANGE_M.1
}

fn bounded(numbers: &[f64]) -> bool {
    numbers.iter().all(|x| x.is_finite() && x.abs() <= MAX_COORDINATE_M)
}

fn sigma(value: f64) -> f64 {
    if value.is_finite() && value > 0.0 {
        value.clamp(SIGMA_RANGE_M.0, SIGMA_RANGE_M.1)
    } else {
        DEFAULT_SIGMA_M
    }
}

fn share(value: f64) -> f64 {
    if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 }
}

fn evidence(confidence: f64, sigma_m: f64, observed: f64, source: Source) -> Evidence {
    Evidence {
        confidence: share(confidence),
        sigma_m: sigma(sigma_m),
        observed_fraction: share(observed),
        source,
    }
}

impl Findings {
    fn dropped(&mut self, code: &str, kind: &str, index: usize, why: &str) {
        let element = ElementId(format!("draft_{kind}_{index}"));
        self.note(code, vec![element], format!("{kind} {index} of the draft was left out: {why}"), None);
    }
}

/// A crossing of the camera's way with a wall this near to an opening went through it, metres.
const WALKED_OPENING_SLACK_M: f64 = 0.3;
/// A crossing this near to a wall's end went round it, metres (noise of an end).
const WALKED_END_SLACK_M: f64 = 0.25;
/// A wall that was walked through and of which less than this share was seen is not there.
const MIN_WALKED_OBSERVED: f64 = 0.35;
/// Width and height of the passage in a wall that was seen and walked through all the same, metres
/// (a usual door leaf).
const PASSAGE_M: [f64; 2] = [0.85, 2.0];
/// Confidence of such a passage: the camera was there, its size is a guess.
const PASSAGE_CONFIDENCE: f64 = 0.6;

/// The camera cannot go through a wall: where it did, and no opening was detected, there is either a
/// passage (the wall was well seen) or no wall (it was hardly seen).
fn open_walked_walls(out: &mut Clean, findings: &mut Findings) {
    let mut phantom = vec![false; out.walls.len()];
    for (index, wall) in out.walls.iter().enumerate() {
        let length = (wall.b - wall.a).norm();
        let along = (wall.b - wall.a) / length.max(f64::MIN_POSITIVE);
        let crossings = out.camera_path.windows(2).filter_map(|step| {
            let (s, t) = line_crossing(wall.a, wall.b, step[0], step[1])?;
            let at = s * length;
            let inner = at > WALKED_END_SLACK_M && at < length - WALKED_END_SLACK_M;
            (inner && (0.0..1.0).contains(&t)).then_some(at)
        });
        for at in crossings {
            let through = |opening: &CleanOpening| {
                let center = (Vec2::new(opening.center[0], opening.center[1]) - wall.a).dot(&along);
                opening.wall == index && (center - at).abs() < 0.5 * opening.width + WALKED_OPENING_SLACK_M
            };
            if out.openings.iter().any(through) || phantom[index] {
                continue;
            }
            if wall.evidence.observed_fraction < MIN_WALKED_OBSERVED {
                phantom[index] = true;
                let seen = 100.0 * wall.evidence.observed_fraction;
                let why = format!("the camera went through it, and only {seen:.0} % of it was seen");
                findings.dropped("wall-walked-through", "wall", index, &why);
                continue;
            }
            let center = wall.a + along * at;
            out.openings.push(CleanOpening {
                kind: OpeningKind::Door,
                wall: index,
                center: [center.x, center.y, 0.5 * PASSAGE_M[1]],
                width: PASSAGE_M[0],
                height: PASSAGE_M[1],
                evidence: evidence(PASSAGE_CONFIDENCE, 0.5 * PASSAGE_M[0], 0.0, wall.evidence.source),
            });
        }
    }
    let mut kept = Vec::with_capacity(out.walls.len());
    let index: Vec<Option<usize>> = phantom
        .iter()
        .scan(0, |next, &gone| {
            Some((!gone).then(|| {
                *next += 1;
                *next - 1
            }))
        })
        .collect();
    for (wall, gone) in std::mem::take(&mut out.walls).into_iter().zip(&phantom) {
        if !gone {
            kept.push(wall);
        }
    }
    out.walls = kept;
    out.openings.retain_mut(|opening| index[opening.wall].map(|wall| opening.wall = wall).is_some());
}
