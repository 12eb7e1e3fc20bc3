//! Flat things on a wall that the front view shows by colour or relief: pictures, screens, closed
//! doors.
//!
//! The wall's own colour is the median of its side; patches that differ in chroma, strongly in
//! brightness, or stand out of the plane form components; those that fill their rectangle are panels.
//! Limit: a panel of the wall's colour flush with the wall cannot be seen here. Frame: u along the
//! wall from end a, z above the floor, metres.

use super::draft::DraftObject;
use super::elevation::{Elevation, PIXEL_M, WallView};
use super::openings::{Box2, Hole, components, join_panes, opened};
use crate::scene::OpeningKind;

/// Relative deviation of a channel ratio from the wall's (after removing brightness).
const CHROMA_DEVIATION: f64 = 0.16;
/// Brightness relative to the wall's outside of which a patch differs.
const BRIGHTNESS_RANGE: (f64, f64) = (0.52, 1.6);
/// Relief that stands out, metres.
const MIN_RELIEF_M: f64 = 0.02;
/// … and in units of the noise of the faces.
const RELIEF_SIGMAS: f64 = 2.5;
/// Smallest panel side, metres.
const MIN_SIDE_M: f64 = 0.2;
/// Share of its rectangle that a panel must fill.
const MIN_FILL: f64 = 0.68;
/// Surface patches that a side must have to have a colour.
const MIN_PATCHES: usize = 60;
/// Sum of the channels under which a patch is black.
const MIN_BRIGHTNESS: f64 = 6.0;

/// A panel on one side of a wall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Panel {
    /// Extent along the wall, metres.
    pub u: (f64, f64),
    /// Extent above the floor, metres.
    pub z: (f64, f64),
    /// Share of the rectangle that differs from the wall, 0..1.
    pub fill: f64,
    /// Mean colour, sRGB.
    pub rgb: [f64; 3],
    /// Median relief towards the room, metres.
    pub relief_m: f64,
}

impl Panel {
    /// Width and height, metres.
    #[must_use]
    pub fn size(&self) -> (f64, f64) {
        (self.u.1 - self.u.0, self.z.1 - self.z.0)
    }

    /// Mean of the channels, 0..255.
    #[must_use]
    pub fn brightness(&self) -> f64 {
        self.rgb.iter().sum::<f64>() / 3.0
    }
}

/// Finds the panels of one side of a wall (0: ahead, 1: behind).
#[must_use]
pub fn find(view: &Elevation, side: usize, noise_m: f64) -> Vec<Panel> {
    let face = &view.sides[side];
    let surface: Vec<usize> = (0..face.count.len()).filter(|&k| face.count[k] > 0).collect();
    if surface.len() < MIN_PATCHES {
        return Vec::new();
    }
    let channel_median = |channel: usize| {
        let values: Vec<f64> = surface.iter().map(|&k| f64::from(face.rgb[k][channel])).collect();
        crate::math::median(&values).unwrap_or(0.0).max(1.0)
    };
    let own = [0, 1, 2].map(channel_median);
    let relief: Vec<f64> = surface.iter().map(|&k| f64::from(face.relief[k])).collect();
    let plane = crate::math::median(&relief).unwrap_or(0.0);
    let threshold = MIN_RELIEF_M.max(RELIEF_SIGMAS * noise_m);
    let mut mask = vec![false; face.count.len()];
    for &k in &surface {
        mask[k] = differs(face.rgb[k], &own) || f64::from(face.relief[k]) - plane > threshold;
    }
    let mut boxes =
        components(&opened(&filled(&mask, view), view.width, view.height), view.width, view.height);
    join_panes(&mut boxes);
    boxes.into_iter().filter_map(|found| measure(view, side, &mask, &found, plane)).collect()
}

fn differs(rgb: [u8; 3], own: &[f64; 3]) -> bool {
    let ratio = [0, 1, 2].map(|c| f64::from(rgb[c]) / own[c]);
    let brightness = ratio.iter().sum::<f64>() / 3.0;
    if rgb.iter().map(|&c| f64::from(c)).sum::<f64>() < MIN_BRIGHTNESS
        || brightness < BRIGHTNESS_RANGE.0
        || brightness > BRIGHTNESS_RANGE.1
    {
        return true;
    }
    ratio.iter().any(|r| (r / brightness - 1.0).abs() > CHROMA_DEVIATION)
}

/// Patches that were missed by a sparse scan take the majority of their neighbours.
fn filled(mask: &[bool], view: &Elevation) -> Vec<bool> {
    let (w, h) = (view.width, view.height);
    (0..mask.len())
        .map(|k| {
            let (x, y) = (k % w, k / w);
            let around = (y.saturating_sub(1)..(y + 2).min(h))
                .flat_map(|r| (x.saturating_sub(1)..(x + 2).min(w)).map(move |c| r * w + c))
                .filter(|&n| mask[n])
                .count();
            mask[k] || around >= 5
        })
        .collect()
}

fn measure(view: &Elevation, side: usize, mask: &[bool], found: &Box2, plane: f64) -> Option<Panel> {
    let face = &view.sides[side];
    let (width, height) = found.size();
    if width < MIN_SIDE_M || height < MIN_SIDE_M {
        return None;
    }
    let inside: Vec<usize> = (found.rows.0..found.rows.1)
        .flat_map(|r| (found.columns.0..found.columns.1).map(move |c| r * view.width + c))
        .filter(|&k| face.count[k] > 0)
        .collect();
    let different: Vec<usize> = inside.iter().copied().filter(|&k| mask[k]).collect();
    let all = (found.rows.1 - found.rows.0) * (found.columns.1 - found.columns.0);
    // Unseen patches neither speak for nor against; half of the panel must be seen.
    if different.is_empty() || inside.len() * 2 < all {
        return None;
    }
    let fill = different.len() as f64 / inside.len() as f64;
    let n = different.len() as f64;
    let relief: Vec<f64> = different.iter().map(|&k| f64::from(face.relief[k])).collect();
    let pixel = PIXEL_M;
    (fill >= MIN_FILL).then(|| Panel {
        u: (found.columns.0 as f64 * pixel, found.columns.1 as f64 * pixel),
        z: (found.rows.0 as f64 * pixel, found.rows.1 as f64 * pixel),
        fill,
        rgb: [0, 1, 2].map(|c| different.iter().map(|&k| f64::from(face.rgb[k][c])).sum::<f64>() / n),
        relief_m: crate::math::median(&relief).unwrap_or(plane) - plane,
    })
}

/// Closed doors among the panels.
#[must_use]
pub fn doors(panels: &[Panel]) -> Vec<Hole> {
    /// Width of a leaf with its frame, single to double, metres.
    const WIDTH_M: (f64, f64) = (0.6, 1.9);
    /// Height of the top, metres.
    const TOP_M: (f64, f64) = (1.8, 2.4);
    /// A door begins at the floor, metres (its foot may be hidden or in shadow).
    const MAX_FOOT_M: f64 = 0.45;
    /// Sure at best: colour alone may deceive (wall paper, a poster).
    const BEST: f64 = 0.8;
    panels
        .iter()
        .filter(|p| {
            let (width, _) = p.size();
            (WIDTH_M.0..=WIDTH_M.1).contains(&width)
                && (TOP_M.0..=TOP_M.1).contains(&p.z.1)
                && p.z.0 <= MAX_FOOT_M
        })
        .map(|p| Hole {
            kind: OpeningKind::Door,
            u: p.u,
            z: (0.0, p.z.1),
            sigma_m: PIXEL_M,
            confidence: BEST * p.fill,
            observed_fraction: p.fill * (p.z.1 - p.z.0) / p.z.1,
        })
        .collect()
}

/// Pictures and screens among the panels, as boxes on the face of a wall. `side` as in [`find`].
#[must_use]
pub fn hangings(panels: &[Panel], wall: &WallView, side: usize) -> Vec<DraftObject> {
    /// Height range in which things hang, metres.
    const RANGE_M: (f64, f64) = (0.55, 2.5);
    /// Largest side, metres.
    const MAX_SIDE_M: f64 = 2.2;
    /// Thickness of a picture, metres.
    const PICTURE_M: f64 = 0.03;
    /// A screen is darker than this (mean channel) and about 16:9.
    const SCREEN_BRIGHTNESS: f64 = 60.0;
    let sign = if side == 0 { 1.0 } else { -1.0 };
    // The box's first axis runs along the wall, its second one into the room.
    let outward = wall.line.normal * sign;
    let yaw = crate::math::wrap_angle(outward.y.atan2(outward.x) - std::f64::consts::FRAC_PI_2);
    panels
        .iter()
        .filter(|p| p.z.0 >= RANGE_M.0 && p.z.1 <= RANGE_M.1 && p.size().0.max(p.size().1) <= MAX_SIDE_M)
        .map(|p| {
            let (width, height) = p.size();
            let depth = p.relief_m.clamp(PICTURE_M, 0.12);
            let u = wall.line.along(&wall.a) + 0.5 * (p.u.0 + p.u.1);
            let center = wall.line.at(u) + outward * (0.5 * (wall.thickness + depth));
            let screen =
                p.brightness() < SCREEN_BRIGHTNESS && width > 0.6 && (1.3..2.2).contains(&(width / height));
            DraftObject {
                class: if screen { "tv" } else { "painting" }.to_owned(),
                center: [center.x, center.y, 0.5 * (p.z.0 + p.z.1)],
                yaw,
                size: [width, depth, height],
                sigma_m: PIXEL_M,
                confidence: 0.7 * p.fill,
                observed_fraction: p.fill,
            }
        })
        .collect()
}
