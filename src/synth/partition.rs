//! A rectangle split into rooms: binary space partition by target areas, then shared nodes.
//!
//! Takes the wanted rooms, gives rectangles in which every room has a usable shape, and the nodes
//! (T-junctions included) that the rooms' loops share. Plan coordinates, metres.

use super::plan::RoomKind;
use super::polygon::distance;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Attempts at a partition before the rooms are made one size larger.
const SPLIT_ATTEMPTS: usize = 60;

#[derive(Clone, Copy)]
pub(super) struct Rect {
    pub(super) x: [f64; 2],
    pub(super) y: [f64; 2],
}

/// Splits an outline into rooms until every room has a usable shape.
pub(super) fn draw_rects(rng: &mut ChaCha8Rng, kinds: &[RoomKind]) -> (Vec<Rect>, Vec<RoomKind>) {
    let mut growth = 1.0;
    loop {
        for _ in 0..SPLIT_ATTEMPTS {
            let mut wanted: Vec<(RoomKind, f64)> = kinds
                .iter()
                .map(|&kind| {
                    let (low, high) = kind.area_m2();
                    (kind, growth * rng.random_range(low..high))
                })
                .collect();
            for i in (1..wanted.len()).rev() {
                wanted.swap(i, rng.random_range(0..=i));
            }
            let area: f64 = wanted.iter().map(|w| w.1).sum();
            let aspect: f64 = rng.random_range(1.0..1.7);
            let outline = Rect { x: [0.0, (area * aspect).sqrt()], y: [0.0, (area / aspect).sqrt()] };
            let mut placed = Vec::new();
            split(rng, outline, &wanted, &mut placed);
            let usable = placed.iter().all(|&(rect, kind)| {
                let (w, h) = (rect.x[1] - rect.x[0], rect.y[1] - rect.y[0]);
                w.min(h) > kind.min_side_m() && w.max(h) / w.min(h) < kind.max_aspect()
            });
            if usable && junctions_apart(&placed) {
                return placed.into_iter().unzip();
            }
        }
        growth *= 1.05;
    }
}

pub(super) fn split(
    rng: &mut ChaCha8Rng,
    rect: Rect,
    wanted: &[(RoomKind, f64)],
    placed: &mut Vec<(Rect, RoomKind)>,
) {
    if wanted.len() == 1 {
        placed.push((rect, wanted[0].0));
        return;
    }
    let total: f64 = wanted.iter().map(|w| w.1).sum();
    let mut first = 1;
    let mut sum = wanted[0].1;
    while first + 1 < wanted.len() && sum + 0.5 * wanted[first].1 < 0.5 * total {
        sum += wanted[first].1;
        first += 1;
    }
    let share = sum / total;
    let (w, h) = (rect.x[1] - rect.x[0], rect.y[1] - rect.y[0]);
    let along_x = if rng.random_bool(0.85) { w > h } else { w <= h };
    let (mut low, mut high) = (rect, rect);
    if along_x {
        let cut = rect.x[0] + share * w;
        low.x[1] = cut;
        high.x[0] = cut;
    } else {
        let cut = rect.y[0] + share * h;
        low.y[1] = cut;
        high.y[0] = cut;
    }
    split(rng, low, &wanted[..first], placed);
    split(rng, high, &wanted[first..], placed);
}

/// No two corners on one line lie closer than a doorway's width unless they are the same corner.
pub(super) fn junctions_apart(placed: &[(Rect, RoomKind)]) -> bool {
    let corners: Vec<[f64; 2]> = placed.iter().flat_map(|(rect, _)| rect_corners(rect)).collect();
    corners.iter().enumerate().all(|(i, p)| {
        corners[..i].iter().all(|q| {
            let d = distance(*p, *q);
            !(1e-9..=0.75).contains(&d)
        })
    })
}

pub(super) fn rect_corners(rect: &Rect) -> [[f64; 2]; 4] {
    [[rect.x[0], rect.y[0]], [rect.x[1], rect.y[0]], [rect.x[1], rect.y[1]], [rect.x[0], rect.y[1]]]
}

/// Nodes shared by the rectangles, and each rectangle's loop with the T-junctions on its sides.
pub(super) fn shared_nodes(rects: &[Rect]) -> (Vec<[f64; 2]>, Vec<Vec<usize>>) {
    let mut nodes: Vec<[f64; 2]> = Vec::new();
    for corner in rects.iter().flat_map(rect_corners) {
        if !nodes.iter().any(|n| distance(*n, corner) < 1e-9) {
            nodes.push(corner);
        }
    }
    let loops = rects
        .iter()
        .map(|rect| {
            let corners = rect_corners(rect);
            let mut ids = Vec::new();
            for side in 0..4 {
                let (a, b) = (corners[side], corners[(side + 1) % 4]);
                let length = distance(a, b);
                let mut on_side: Vec<(f64, usize)> = nodes
                    .iter()
                    .enumerate()
                    .filter(|(_, n)| (distance(a, **n) + distance(**n, b) - length).abs() < 1e-9)
                    .map(|(id, n)| (distance(a, *n), id))
                    .filter(|(along, _)| *along < length - 1e-9)
                    .collect();
                on_side.sort_by(|p, q| p.0.total_cmp(&q.0));
                ids.extend(on_side.into_iter().map(|(_, id)| id));
            }
            ids
        })
        .collect();
    (nodes, loops)
}
